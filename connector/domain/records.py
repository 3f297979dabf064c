"""The things the product keeps, as the domain sees them. Times are aware and in UTC; ids are opaque strings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from connector.domain.errors import NotFound

__all__ = [
    "Actor",
    "Answer",
    "AsGranted",
    "Authorization",
    "Connection",
    "ConnectionState",
    "Customer",
    "Details",
    "Grant",
    "KeyRow",
    "Lease",
    "LedgerRow",
    "Member",
    "Message",
    "Page",
    "Pause",
    "Pausing",
    "Person",
    "Program",
    "ProgramSecretRow",
    "Reply",
    "ReplyState",
    "Request",
    "Session",
    "Standing",
    "Switch",
    "Thread",
    "TokenRow",
]


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks. `customer` is the customer they act for; staff and the system have none of their own."""

    kind: Literal["member", "staff", "program", "system"]
    id: str
    name: str
    customer: str | None = None

    def acting_for(self) -> str:
        """The customer they act for. Raises: NotFound for those who act for none, such as staff."""
        if self.customer is None:
            raise NotFound(self.id)
        return self.customer


@dataclass(frozen=True, slots=True)
class Customer:
    """A tenant."""

    id: str
    name: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Person:
    """A member (with a customer) or one of the company's own staff (without)."""

    id: str
    kind: Literal["member", "staff"]
    customer: str | None
    email: str
    name: str
    role: str
    password_hash: str | None = field(repr=False)
    disabled: bool = False
    may_not: tuple[str, ...] = ()  # purposes that were taken from what they may do

    def actor(self) -> Actor:
        """This person as the one who asks."""
        return Actor(kind=self.kind, id=self.id, name=self.name, customer=self.customer)


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser. `id_hash` is SHA-256 (hex) of the cookie's value; the value itself is not stored."""

    id_hash: str
    person: str
    csrf: str = field(repr=False)
    created_at: datetime
    seen_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Authorization:
    """One authorization request on its way: good once, for ten minutes, for this browser, person and customer (R1)."""

    state_hash: str
    session: str
    person: str
    customer: str
    provider: str
    purposes: tuple[str, ...]
    scopes: tuple[str, ...]
    disclosure_hash: str
    verifier_sealed: bytes = field(repr=False)
    replaces: str | None  # the connection that this consent renews
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Program:
    """A program outside this process that acts for one customer, for these purposes at most."""

    id: str
    customer: str
    name: str
    purposes: tuple[str, ...]
    created_at: datetime
    created_by: str
    used_at: datetime | None = None  # when it was last given a token
    ended_at: datetime | None = None
    ended_by: str | None = None

    def actor(self) -> Actor:
        """This program as the one who asks."""
        return Actor(kind="program", id=self.id, name=self.name, customer=self.customer)


@dataclass(frozen=True, slots=True)
class ProgramSecretRow:
    """One of a program's secrets. `digest` is SHA-256 (hex) of the value; the value itself is not stored."""

    id: str
    program: str
    digest: str = field(repr=False)
    created_at: datetime
    used_at: datetime | None = None
    ended_at: datetime | None = None


class ConnectionState(StrEnum):
    """Where a connection is. Only `ACTIVE` and `LINKING` may call Google."""

    LINKING = "linking"  # tokens are stored, the account is not yet known
    ACTIVE = "active"
    NEEDS_CONSENT = "needs_consent"  # there is no refresh token to work with
    REVOKED = "revoked"
    MERGED = "merged"  # its consent turned out to renew another connection; kept for the record, shown nowhere


@dataclass(frozen=True, slots=True)
class Connection:
    """A customer's link to one Google account."""

    id: str
    customer: str
    provider: str
    account: str | None  # the provider's account id: a 21-digit string for Google
    account_name: str | None
    state: ConnectionState
    created_at: datetime
    created_by: str
    ended_at: datetime | None = None
    ended_by: str | None = None
    at_google: str | None = None  # after an end: pending, confirmed, already-gone, kept (others use the account)


@dataclass(frozen=True, slots=True)
class Page:
    """A page that the connected account administers. `provider_id` is Google's 21-digit id."""

    id: str
    connection: str
    customer: str
    provider_id: str
    name: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Grant:
    """What was asked, given and refused in one consent. Never changed once written."""

    id: str
    connection: str
    customer: str
    person: str
    at: datetime
    purposes: tuple[str, ...]
    requested: tuple[str, ...]
    granted: tuple[str, ...]
    refused: tuple[str, ...]
    extra: tuple[str, ...]
    source: Literal["answer", "assumed"]  # the token answer's scope field, or RFC 6749 section 5.1 when it had none
    disclosure_hash: str
    policy_version: str
    renews: str | None = None  # the connection that this consent was to renew


@dataclass(frozen=True, slots=True)
class AsGranted:
    """One line of the staff table: a grant with the names of what it belongs to and when it was last used."""

    grant: Grant
    customer_name: str
    connection: Connection
    current: bool  # the newest grant of a connection that has not ended
    purposes_on: frozenset[str]  # switched on; `grants.listing` leaves those whose scopes are granted too
    last_used: Mapping[str, datetime]  # purpose to the time of its last answered call
    lost: frozenset[str] = frozenset()  # granted, and given no longer


@dataclass(frozen=True, slots=True)
class Switch:
    """A purpose that a person turned on or off for one connection."""

    purpose: str
    on: bool
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Member:
    """What a person may do, as it stands at this moment."""

    customer: str | None
    disabled: bool
    may_not: frozenset[str]


@dataclass(frozen=True, slots=True)
class Standing:
    """All that decides whether a connection may do something, read in one snapshot."""

    connection: Connection
    granted: frozenset[str]  # scopes of the newest grant, less those that the provider gives no longer
    purposes_on: frozenset[str]
    chosen_pages: frozenset[str]  # provider ids
    policy_version: str
    quota_until: datetime | None = None  # the provider takes no call before; past: it may take calls again
    lost: Mapping[str, datetime] = field(default_factory=dict)  # what it gives no longer; when to ask for it again

    def worth_asking(self, now: datetime) -> frozenset[str]:
        """What a call may count on or ask for once more: an answer that was short is not believed for ever (F18)."""
        return self.granted.union(scope for scope, until in self.lost.items() if until <= now)

    member: Member | None = None  # who asks, if it was said and they are known


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A sealed token. `scopes` is sorted and space-joined; a refresh token's row has none."""

    connection: str
    customer: str
    kind: Literal["refresh", "access"]
    scopes: str
    sealed: bytes = field(repr=False)
    stored_at: datetime
    expires_at: datetime | None
    version: int


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to refresh one token. `until` is None when its holder ended it; a dead holder's just runs out."""

    fence: int
    until: datetime | None


class Pausing(StrEnum):
    """What is not done at a provider for a while."""

    REFRESHES = "refreshes"  # it does not accept our own credentials
    CALLS = "calls"  # its quota is spent
    NARROWING = "narrowing"  # it refuses a refresh for fewer scopes than were granted
    ALARM = "api-alarm"  # the operator was told that its API is not enabled


@dataclass(frozen=True, slots=True)
class Pause:
    """Why something is not done at a provider, and until when. What ends it is the rule's own matter."""

    provider: str
    what: Pausing
    reason: str
    since: datetime
    until: datetime
    credentials: str = ""  # the fingerprint of those that were not accepted


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A data key, wrapped by the key-encryption key named `kek`. `owner` is a customer id or `operator`."""

    owner: str
    version: int
    kek: str
    wrapped: bytes = field(repr=False)
    created_at: datetime


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One entry: the canonical bytes that are the record, and beside them the sealed details."""

    index: int
    entry: bytes  # RFC 8785 bytes
    owner: str  # whose key the details are sealed under: a customer id or `operator`
    sealed: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Thread:
    """A post on a page with the comments below it. `sealed` holds author and text."""

    id: str
    customer: str
    connection: str
    page: str
    provider_id: str
    published_at: datetime
    updated_at: datetime
    sealed: bytes = field(repr=False)
    unread: int = 0
    newest_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """A comment below a post. `sealed` holds author and text; `by_page` says the page itself wrote it."""

    id: str
    customer: str
    thread: str
    provider_id: str
    published_at: datetime
    by_page: bool
    sealed: bytes = field(repr=False)
    read_at: datetime | None = None


class ReplyState(StrEnum):
    """What is known of a reply at Google. `UNKNOWN` is never sent again on its own."""

    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply to a message, kept before it is sent. `text_hash` is SHA-256 (hex) of the text."""

    id: str
    customer: str
    thread: str
    message: str
    person: str
    key: str  # idempotency key, unique per customer
    text_hash: str
    sealed: bytes = field(repr=False)
    state: ReplyState
    intent: int | None  # index of the ledger entry opened for the call
    created_at: datetime
    settled_at: datetime | None = None
    provider_id: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request to the provider's API, without any credential. `url` is absolute."""

    verb: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: `headers` with lower-case names, `body` whole and at most the sender's limit in bytes."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def ok(self) -> bool:
        """Whether the provider did what was asked (2xx, or 304: nothing new)."""
        return 200 <= self.status < 300 or self.status == 304


Details = Mapping[str, Any]
