"""The tables. Columns repeat the records' fields by name and in order, so a row turns into its record as it is.

What changes here needs a migration; a test compares the two on both engines.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from connector.domain.records import ConnectionState, Pausing, ReplyState
from connector.storage.columns import BIG, Moment, OneOf, Words

__all__ = [
    "attempts",
    "authorizations",
    "connections",
    "customers",
    "data_keys",
    "disclosures",
    "grants",
    "ledger_entries",
    "links",
    "lost_scopes",
    "messages",
    "metadata",
    "open_intents",
    "pages",
    "pauses",
    "people",
    "program_secrets",
    "programs",
    "refresh_leases",
    "replies",
    "sessions",
    "switches",
    "threads",
    "tokens",
]

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)


def _of_connection() -> ForeignKeyConstraint:
    """A row can only name a connection together with the customer it belongs to (R49)."""
    return ForeignKeyConstraint(["connection", "customer"], ["connections.id", "connections.customer"])


def _of_thread() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["thread", "customer"], ["threads.id", "threads.customer"])


def _sequence() -> Column[int]:
    """The order of insertion, which decides where two rows have the same time."""
    return Column("seq", BIG, primary_key=True, autoincrement=True)


customers = Table(
    "customers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
)

people = Table(
    "people",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("customer", Text, ForeignKey("customers.id"), index=True),
    Column("email", Text, nullable=False, unique=True),  # lower case
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("password_hash", Text),
    Column("disabled", Boolean, nullable=False),
    Column("may_not", Words, nullable=False, server_default=text("'[]'")),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id_hash", Text, primary_key=True),
    Column("person", Text, ForeignKey("people.id"), nullable=False, index=True),
    Column("csrf", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
)

links = Table(
    "links",
    metadata,
    Column("link_hash", Text, primary_key=True),
    Column("person", Text, ForeignKey("people.id"), nullable=False, index=True),
    Column("expires_at", Moment, nullable=False),
    Column("used_at", Moment),
)

attempts = Table(
    "attempts",
    metadata,
    _sequence(),
    Column("key", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Index(None, "key", "at"),
)

programs = Table(
    "programs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("customer", Text, ForeignKey("customers.id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("purposes", Words, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("used_at", Moment),
    Column("ended_at", Moment),
    Column("ended_by", Text),
)

program_secrets = Table(
    "program_secrets",
    metadata,
    Column("id", Text, primary_key=True),
    Column("program", Text, ForeignKey("programs.id"), nullable=False, index=True),
    Column("digest", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("used_at", Moment),
    Column("ended_at", Moment),
)

authorizations = Table(
    "authorizations",
    metadata,
    Column("state_hash", Text, primary_key=True),
    Column("session", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("customer", Text, ForeignKey("customers.id"), nullable=False, index=True),
    Column("provider", Text, nullable=False),
    Column("purposes", Words, nullable=False),
    Column("scopes", Words, nullable=False),
    Column("disclosure_hash", Text, nullable=False),
    Column("verifier_sealed", LargeBinary, nullable=False),
    Column("replaces", Text),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("used_at", Moment),
)

disclosures = Table(
    "disclosures",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("provider", Text, nullable=False),
    Column("policy_version", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("at", Moment, nullable=False),
)

connections = Table(
    "connections",
    metadata,
    Column("id", Text, primary_key=True),
    Column("customer", Text, ForeignKey("customers.id"), nullable=False, index=True),
    Column("provider", Text, nullable=False),
    Column("account", Text),
    Column("account_name", Text),
    Column("state", OneOf(ConnectionState), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("ended_at", Moment),
    Column("ended_by", Text),
    Column("at_google", Text),
    UniqueConstraint("id", "customer"),
    Index(None, "provider", "account"),
    Index(None, "at_google"),
)

pages = Table(
    "pages",
    metadata,
    Column("id", Text, primary_key=True),
    Column("connection", Text, nullable=False),
    Column("customer", Text, nullable=False, index=True),
    Column("provider_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("chosen", Boolean, nullable=False),
    UniqueConstraint("connection", "provider_id"),
    _of_connection(),
)

grants = Table(
    "grants",
    metadata,
    _sequence(),
    Column("id", Text, nullable=False, unique=True),
    Column("connection", Text, nullable=False),
    Column("customer", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("purposes", Words, nullable=False),
    Column("requested", Words, nullable=False),
    Column("granted", Words, nullable=False),
    Column("refused", Words, nullable=False),
    Column("extra", Words, nullable=False),
    Column("source", Text, nullable=False),
    Column("disclosure_hash", Text, nullable=False),
    Column("policy_version", Text, nullable=False),
    Column("renews", Text),
    Index(None, "connection", "at", "seq"),
    Index(None, "customer", "at"),
    Index(None, "at"),
    _of_connection(),
)

switches = Table(
    "switches",
    metadata,
    _sequence(),
    Column("connection", Text, ForeignKey("connections.id"), nullable=False),
    Column("purpose", Text, nullable=False),
    Column("on", Boolean, nullable=False),
    Column("at", Moment, nullable=False),
    Column("by", Text, nullable=False),
    Column("newest", Boolean, nullable=False),  # older ones stay, to know what was on at a moment in the past
    Index(
        "uq_switches_newest",
        "connection",
        "purpose",
        unique=True,
        sqlite_where=text("newest = 1"),
        postgresql_where=text("newest"),
    ),
    Index(None, "connection"),
)

tokens = Table(
    "tokens",
    metadata,
    Column("connection", Text, primary_key=True),
    Column("customer", Text, nullable=False, index=True),
    Column("kind", Text, primary_key=True),
    Column("scopes", Text, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("stored_at", Moment, nullable=False),
    Column("expires_at", Moment),
    Column("version", Integer, nullable=False),
    _of_connection(),
)

# What the newest grant holds and the provider gives no longer; before `until` it is not asked for again.
lost_scopes = Table(
    "lost_scopes",
    metadata,
    Column("connection", Text, ForeignKey("connections.id"), primary_key=True),
    Column("scope", Text, primary_key=True),
    Column("since", Moment, nullable=False),
    Column("until", Moment, nullable=False),
)

# Who asks the provider for a token right now; `until` is NULL when nobody does. A fence is never used twice.
refresh_leases = Table(
    "refresh_leases",
    metadata,
    Column("connection", Text, ForeignKey("connections.id"), primary_key=True),
    Column("scopes", Text, primary_key=True),
    Column("fence", BigInteger, nullable=False),
    Column("until", Moment),
)

pauses = Table(
    "pauses",
    metadata,
    Column("provider", Text, primary_key=True),
    Column("what", OneOf(Pausing), primary_key=True),
    Column("reason", Text, nullable=False),
    Column("since", Moment, nullable=False),
    Column("until", Moment, nullable=False),
    Column("credentials", Text, nullable=False),
)

data_keys = Table(
    "data_keys",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("kek", Text, nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    Column("created_at", Moment, nullable=False),
)

# Triggers (migrations/versions) hold the rest: indexes are contiguous from 0, nothing is deleted, and nothing is
# changed but `sealed`, which can only become NULL. There are no foreign keys: the record outlives what it names.
ledger_entries = Table(
    "ledger_entries",
    metadata,
    Column("idx", BIG, primary_key=True, autoincrement=False),
    Column("id", Text, nullable=False),
    Column("kind", Integer, nullable=False),
    Column("at", Moment, nullable=False),
    Column("customer", Text),
    Column("connection", Text),
    Column("actor", Text),
    Column("purpose", Text),
    Column("operation", Text),
    Column("decision", Text, nullable=False),
    Column("reason", Text),
    Column("intent", BIG),
    Column("owner", Text, nullable=False),
    Column("entry", LargeBinary, nullable=False),
    Column("sealed", LargeBinary),
    # NOTE: every index is pages to write twice a call. A page of a customer's entries and their totals share one.
    Index(None, "customer", "idx", "decision", "at"),
    Index(None, "connection", "purpose", "decision", "at"),
    Index(
        "ix_ledger_entries_intent",
        "intent",
        sqlite_where=text("intent IS NOT NULL"),
        postgresql_where=text("intent IS NOT NULL"),
    ),
)

# Which intents no entry closes yet; kept by triggers, so that finding them does not read the whole ledger.
open_intents = Table("open_intents", metadata, Column("idx", BIG, primary_key=True, autoincrement=False))

threads = Table(
    "threads",
    metadata,
    Column("id", Text, primary_key=True),
    Column("customer", Text, ForeignKey("customers.id"), nullable=False),
    Column("connection", Text, nullable=False),
    Column("page", Text, nullable=False),
    Column("provider_id", Text, nullable=False),
    Column("published_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    UniqueConstraint("page", "provider_id"),
    Index(None, "customer"),
    UniqueConstraint("id", "customer"),
    Index(None, "connection"),
    _of_connection(),
)

messages = Table(
    "messages",
    metadata,
    _sequence(),
    Column("id", Text, nullable=False, unique=True),
    Column("customer", Text, nullable=False),
    Column("thread", Text, nullable=False),
    Column("provider_id", Text, nullable=False),
    Column("published_at", Moment, nullable=False),
    Column("by_page", Boolean, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("read_at", Moment),
    UniqueConstraint("thread", "provider_id"),
    Index(None, "thread", "published_at"),
    _of_thread(),
)

replies = Table(
    "replies",
    metadata,
    _sequence(),
    Column("id", Text, nullable=False, unique=True),
    Column("customer", Text, nullable=False),
    Column("thread", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("text_hash", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("state", OneOf(ReplyState), nullable=False),
    Column("intent", BIG, index=True),
    Column("created_at", Moment, nullable=False),
    Column("settled_at", Moment),
    Column("provider_id", Text),
    UniqueConstraint("customer", "key"),
    Index(None, "thread", "created_at"),
    _of_thread(),
)
