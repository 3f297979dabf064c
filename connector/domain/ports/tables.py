"""What is stored, a protocol for each kind of record. Each is reached through a transaction."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from connector.domain import records as r

__all__ = [
    "Accounts",
    "Authorizations",
    "Connections",
    "Inbox",
    "Keys",
    "Ledger",
    "LedgerFilter",
    "Pauses",
    "Programs",
    "Refreshes",
    "Tokens",
]


class Accounts(Protocol):
    """Customers, people, their sessions and one-time links."""

    def add_customer(self, customer: r.Customer) -> None: ...
    def customer(self, id: str) -> r.Customer | None: ...
    def customers(self) -> Sequence[r.Customer]: ...
    def add_person(self, person: r.Person) -> None:
        """Raises BadInput when the e-mail address (compared in lower case) is taken."""
        ...

    def person(self, id: str) -> r.Person | None: ...
    def person_by_email(self, email: str) -> r.Person | None: ...
    def members(self, customer: str) -> Sequence[r.Person]:
        """The customer's people, by name."""
        ...

    def lock(self, person: str) -> None:
        """Hold the person's row until the transaction ends (PostgreSQL; SQLite has one writer anyway)."""
        ...

    def set_may_not(self, person: str, purposes: tuple[str, ...]) -> None: ...
    def set_password(self, person: str, password_hash: str) -> None: ...
    def add_session(self, session: r.Session) -> None: ...
    def session(self, id_hash: str) -> r.Session | None: ...
    def touch_session(self, id_hash: str, seen_at: datetime) -> None: ...
    def end_session(self, id_hash: str) -> None: ...
    def add_link(self, link_hash: str, person: str, expires_at: datetime) -> None:
        """Keep the hash of a one-time link to set a password."""
        ...

    def link_open(self, link_hash: str, now: datetime) -> bool:
        """Whether the link could be consumed now."""
        ...

    def use_link(self, link_hash: str, now: datetime) -> str | None:
        """Consume the link in one atomic update; the person's id, or None when unknown, used or expired."""
        ...

    def person_of_link(self, link_hash: str, now: datetime) -> str | None:
        """Whom a link is for that could be used now; it stays as it is."""
        ...

    def add_attempt(self, key: str, at: datetime) -> None:
        """Count one failed sign-in against a key (a hash of name and address)."""
        ...

    def attempts_since(self, key: str, since: datetime) -> int: ...


class Authorizations(Protocol):
    """Authorization requests on their way."""

    def add(self, authorization: r.Authorization) -> None: ...
    def consume(self, state_hash: str, now: datetime) -> r.Authorization | None:
        """Mark as used in one atomic update, if unused and unexpired; the row, or None."""
        ...

    def find(self, state_hash: str) -> r.Authorization | None: ...
    def keep_disclosure(self, hash: str, provider: str, policy_version: str, text: str, at: datetime) -> None:
        """Keep a disclosure's canonical JSON by its SHA-256 (hex); the same one twice is kept once."""
        ...

    def disclosure(self, hash: str) -> str | None: ...


class Connections(Protocol):
    """Connections with their pages, grants and switches. `customer` is part of every look-up by id."""

    def add(self, connection: r.Connection) -> None: ...
    def get(self, customer: str, id: str) -> r.Connection | None: ...
    def get_any(self, id: str) -> r.Connection | None:
        """For staff and the system, who act for no one customer."""
        ...

    def of_customer(self, customer: str) -> Sequence[r.Connection]: ...
    def of_account(self, provider: str, account: str) -> Sequence[r.Connection]:
        """Every connection to that account, of all customers, that has not been revoked."""
        ...

    def waiting_at_google(self) -> Sequence[r.Connection]:
        """Ended connections whose removal at Google is still pending."""
        ...

    def update(self, connection: r.Connection) -> None: ...
    def lock(self, id: str) -> None:
        """Hold the connection's row until the transaction ends (PostgreSQL; SQLite has one writer anyway)."""
        ...

    def put_pages(self, pages: Sequence[r.Page]) -> None:
        """Insert new pages and update names of known ones (by connection and provider id); keeps `chosen` and id."""
        ...

    def choose_pages(self, connection: str, provider_ids: frozenset[str]) -> None:
        """Make exactly these pages the chosen ones."""
        ...

    def pages(self, connection: str) -> Sequence[r.Page]: ...
    def page(self, customer: str, id: str) -> r.Page | None: ...
    def chosen_pages(self, customer: str) -> Sequence[r.Page]:
        """Chosen pages of the customer's connections that are active or linking, by name."""
        ...

    def add_grant(self, grant: r.Grant) -> None: ...
    def grants(self, connection: str) -> Sequence[r.Grant]:
        """Newest first."""
        ...

    def all_grants(
        self, *, customer: str | None = None, scope: str | None = None, as_of: datetime | None = None
    ) -> Sequence[r.AsGranted]:
        """For the staff table, newest first. `as_of` leaves out grants given later; `scope` is a full URL granted."""
        ...

    def move_grants(self, from_connection: str, to_connection: str) -> None:
        """A renewed consent turned out to be for an account that is connected already."""
        ...

    def switches(self, connection: str) -> Mapping[str, r.Switch]: ...
    def set_switch(self, connection: str, switch: r.Switch) -> None: ...
    def lose_scopes(
        self, connection: str, scopes: Collection[str], since: datetime, until: datetime
    ) -> Collection[str]:
        """Scopes that the provider gives no longer, not to be asked for before `until`; those that are new in this."""
        ...

    def regain_scopes(self, connection: str, scopes: Collection[str] | None = None) -> Collection[str]:
        """Scopes that it gives; those of them that it did not. None stands for all."""
        ...

    def standing(self, customer: str, connection: str, person: str | None = None) -> r.Standing | None:
        """Everything the permit is decided by, as one snapshot; None when missing or another customer's.

        `person` is who asks, where what they may do counts.
        """
        ...


class Tokens(Protocol):
    """Sealed tokens."""

    def put(self, row: r.TokenRow) -> None:
        """Insert or replace by connection, kind and scopes; `version` goes up by one."""
        ...

    def get(self, connection: str, kind: str, scopes: str) -> r.TokenRow | None: ...
    def access_tokens(self, connection: str) -> Sequence[r.TokenRow]: ...
    def drop(self, row: r.TokenRow) -> bool:
        """Delete that token, unless another has been stored in its place; whether it was there."""
        ...

    def destroy(self, connection: str) -> int:
        """Delete every token of the connection; how many there were."""
        ...

    def destroy_access(self, connection: str) -> int: ...
    def count(self) -> int:
        """Sealed tokens in the whole database."""
        ...


class Refreshes(Protocol):
    """Who is refreshing which token (R27). Each method is atomic."""

    def take(self, connection: str, scopes: str, now: datetime, until: datetime) -> int | None:
        """Begin a lease unless another is live; its fencing number, which only ever goes up."""
        ...

    def lease(self, connection: str, scopes: str) -> r.Lease | None:
        """The newest lease, over or not."""
        ...

    def end(self, connection: str, scopes: str, fence: int, until: datetime | None = None) -> bool:
        """End that lease; whether it was still the newest. Nobody takes one until the transaction ends.

        With `until` (now), those who wait for it take over, as when it runs out; without, they know that it is done.
        """
        ...


class Pauses(Protocol):
    """What is not done at a provider for a while, on every process (R29, R41). Each method is atomic."""

    def begin(self, pause: r.Pause) -> bool:
        """Keep it, unless there is one already; whether this began it."""
        ...

    def get(self, provider: str, what: r.Pausing) -> r.Pause | None:
        """The pause, run out or not, until it is lifted."""
        ...

    def claim(self, provider: str, what: r.Pausing, now: datetime, until: datetime) -> bool:
        """Be the one who acts when a pause has run out; it is prolonged for everybody else."""
        ...

    def lift(self, provider: str, what: r.Pausing, *, over: datetime | None = None) -> bool:
        """End a pause, with `over` (now) only one that has run out; whether there was one."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerFilter:
    """What a reader wants to see. `before` is an index (keyset paging)."""

    customer: str | None = None
    connection: str | None = None
    purpose: str | None = None
    decision: str | None = None
    before: int | None = None
    limit: int = 50


class Ledger(Protocol):
    """Entries, only ever appended, with contiguous indexes from 0."""

    def next_index(self) -> int:
        """The index the next entry gets. Holds the ledger's head until the transaction ends."""
        ...

    def append(self, row: r.LedgerRow, columns: Mapping[str, str | int | None]) -> None:
        """Add an entry. `columns` repeats fields of the entry for look-ups: id, kind, at, customer, connection,
        actor, purpose, operation, decision, reason, intent."""
        ...

    def entries(self, wanted: LedgerFilter) -> Sequence[r.LedgerRow]:
        """Newest first."""
        ...

    def entry(self, index: int) -> r.LedgerRow | None: ...
    def all(self) -> Iterator[r.LedgerRow]:
        """Oldest first, streamed in bounded memory."""
        ...

    def count(self) -> int: ...
    def outcomes_of(self, intents: Sequence[int]) -> Mapping[int, r.LedgerRow]:
        """The closing entries of these intents, by intent index."""
        ...

    def open_intents(self, before: datetime) -> Sequence[r.LedgerRow]:
        """Intents opened before that time that no entry closes."""
        ...

    def uses(self, connection: str) -> Mapping[str, tuple[datetime, int]]:
        """Per purpose: when the last answered call was, and how many there were."""
        ...

    def totals(self, customer: str, since: datetime) -> Mapping[str, int]:
        """Calls since then, counted by decision: answered, refused, failed, unknown."""
        ...


class Inbox(Protocol):
    """Threads, messages and replies of a customer's pages."""

    def put_thread(self, thread: r.Thread) -> r.Thread:
        """Insert, or update by page and provider id; the stored thread, with its lasting id."""
        ...

    def put_message(self, message: r.Message) -> r.Message:
        """Insert, or update by thread and provider id (keeps id and read_at)."""
        ...

    def threads(self, customer: str, page: str | None = None, limit: int = 100) -> Sequence[r.Thread]:
        """Newest activity first, with unread counts."""
        ...

    def thread(self, customer: str, id: str) -> r.Thread | None: ...
    def thread_of(self, page: str, provider_id: str) -> r.Thread | None:
        """The thread of a provider's post on a page of ours."""
        ...

    def messages(self, customer: str, thread: str) -> Sequence[r.Message]:
        """Oldest first."""
        ...

    def message(self, customer: str, id: str) -> r.Message | None: ...
    def mark_read(self, customer: str, thread: str, at: datetime) -> None: ...
    def add_reply(self, reply: r.Reply) -> None: ...
    def reply(self, customer: str, id: str) -> r.Reply | None: ...
    def reply_by_key(self, customer: str, key: str) -> r.Reply | None: ...
    def replies(self, customer: str, thread: str) -> Sequence[r.Reply]:
        """Oldest first."""
        ...

    def reply_of_intent(self, intent: int) -> r.Reply | None: ...
    def settle_reply(self, id: str, state: r.ReplyState, at: datetime, provider_id: str | None) -> None: ...


class Keys(Protocol):
    """Wrapped data keys."""

    def get(self, owner: str, version: int | None = None) -> r.KeyRow | None:
        """That version, or the newest."""
        ...

    def add(self, row: r.KeyRow) -> None: ...
    def count(self) -> int: ...
    def by_kek(self) -> Mapping[str, int]:
        """How many keys each key-encryption key wraps."""
        ...

    def under(self, kek: str, limit: int) -> Sequence[r.KeyRow]:
        """Some of the keys that it wraps."""
        ...

    def of_owners(self, owners: Collection[str]) -> Sequence[r.KeyRow]:
        """Every version of every key of theirs."""
        ...

    def page(self, after: tuple[str, int], limit: int, *, not_under: str | None = None) -> Sequence[r.KeyRow]:
        """The next keys by owner and version; with `not_under`, without those which that one wraps."""
        ...

    def replace(self, pairs: Sequence[tuple[r.KeyRow, r.KeyRow]]) -> None:
        """Store the same data keys as another one wraps them, each if it still is as it was read."""
        ...

    def destroy(self, owner: str, through: int) -> int:
        """Delete the owner's keys up to that version; how many there were. `Store.scrub` removes what that leaves."""
        ...

    def hold_keks(self) -> None:
        """Until this transaction ends no key-encryption key is made or retired."""
        ...

    def change_keks(self) -> None:
        """Wait for every transaction that holds the key-encryption keys, and keep others out until this one ends.

        NOTE: take no other lock after it, the ledger's head included. A holder may be waiting for that.
        """
        ...


class Programs(Protocol):
    """Programs that act for a customer, and their secrets."""

    def add(self, program: r.Program) -> None: ...
    def get(self, id: str) -> r.Program | None: ...
    def locked(self, id: str) -> r.Program | None:
        """As `get`; nobody changes it or adds a secret until this transaction ends."""
        ...

    def listed(self, customer: str | None = None) -> Sequence[r.Program]:
        """One customer's or all, newest first, ended ones included."""
        ...

    def end(self, id: str, at: datetime, by: str) -> None: ...
    def used(self, id: str, secret: str, at: datetime) -> None:
        """Note that it was given a token for that secret."""
        ...

    def add_secret(self, secret: r.ProgramSecretRow) -> None: ...
    def secret(self, id: str) -> r.ProgramSecretRow | None: ...
    def secrets(self, program: str) -> Sequence[r.ProgramSecretRow]:
        """Those that are not ended, newest first."""
        ...

    def end_secret(self, id: str, at: datetime) -> None: ...
