"""What the domain needs from outside, and nothing of how it is done. Adapters live in storage/ and google/."""

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, Literal, Protocol, TypeVar

from connector.domain import records as r
from connector.domain.errors import NotFound
from connector.domain.secret import AccessToken, AuthorizationCode, CodeVerifier, RefreshToken
from scopes import Catalogue, Router

__all__ = [
    "Accounts",
    "Author",
    "Authorizations",
    "Callback",
    "Circle",
    "Clock",
    "Connections",
    "FoundPage",
    "FoundProfile",
    "Inbox",
    "Keks",
    "Keys",
    "Ledger",
    "LedgerFilter",
    "Network",
    "OAuth",
    "Passwords",
    "Posted",
    "PostedComment",
    "ProviderApi",
    "Random",
    "Refreshes",
    "RevokeOutcome",
    "Scrubbed",
    "Sender",
    "Services",
    "Shreds",
    "Step",
    "Store",
    "TokenAnswer",
    "Tokens",
    "Tx",
    "Vault",
]

T = TypeVar("T")


class Clock(Protocol):
    """Time, passed in."""

    def now(self) -> datetime:
        """The time of day, aware, in UTC."""
        ...


class Random(Protocol):
    """Randomness, passed in; every value is from a CSPRNG with at least 128 bits."""

    def id(self, prefix: str) -> str:
        """A new opaque id such as `con_4g7…`."""
        ...

    def token(self) -> str:
        """A new URL-safe secret of 256 bits."""
        ...

    def bytes(self, count: int) -> bytes:
        """That many random bytes."""
        ...


# --- storage -------------------------------------------------------------------------------------------------------


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
    def set_password(self, person: str, password_hash: str) -> None: ...
    def add_session(self, session: r.Session) -> None: ...
    def session(self, id_hash: str) -> r.Session | None: ...
    def touch_session(self, id_hash: str, seen_at: datetime) -> None: ...
    def end_session(self, id_hash: str) -> None: ...
    def add_link(self, link_hash: str, person: str, expires_at: datetime) -> None:
        """Keep the hash of a one-time link to set a password."""
        ...

    def use_link(self, link_hash: str, now: datetime) -> str | None:
        """Consume the link in one atomic update; the person's id, or None when unknown, used or expired."""
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
    def standing(self, customer: str, connection: str) -> r.Standing | None:
        """Everything the permit is decided by, as one snapshot; None when missing or another customer's."""
        ...


class Tokens(Protocol):
    """Sealed tokens."""

    def put(self, row: r.TokenRow) -> None:
        """Insert or replace by connection, kind and scopes; `version` goes up by one."""
        ...

    def get(self, connection: str, kind: str, scopes: str) -> r.TokenRow | None: ...
    def access_tokens(self, connection: str) -> Sequence[r.TokenRow]: ...
    def destroy(self, connection: str) -> int:
        """Delete every token of the connection; how many there were."""
        ...

    def destroy_access(self, connection: str) -> int: ...
    def count(self) -> int:
        """Sealed tokens in the whole database."""
        ...


class Refreshes(Protocol):
    """Who is refreshing which token (R27), and for which provider nobody may (R29). Each method is atomic."""

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

    def pause(self, provider: str, reason: str, now: datetime, until: datetime) -> bool:
        """Pause a provider, or go on pausing it; whether this began it."""
        ...

    def paused(self, provider: str) -> r.Pause | None: ...
    def try_again(self, provider: str, now: datetime, until: datetime) -> bool:
        """Claim the one try that may be made when a pause has run out; it is prolonged for everybody else."""
        ...

    def lift(self, provider: str) -> bool:
        """End a pause for good; whether there was one."""
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


class Tx(Protocol):
    """One transaction. Leaving the block commits it; an exception rolls it back."""

    @property
    def accounts(self) -> Accounts: ...
    @property
    def authorizations(self) -> Authorizations: ...
    @property
    def connections(self) -> Connections: ...
    @property
    def tokens(self) -> Tokens: ...
    @property
    def refreshes(self) -> Refreshes: ...
    @property
    def ledger(self) -> Ledger: ...
    @property
    def inbox(self) -> Inbox: ...
    @property
    def keys(self) -> Keys: ...


@dataclass(frozen=True, slots=True)
class Scrubbed:
    """`done` is false when others used the database. `copies` of deleted keys in its files; None: not to be seen."""

    done: bool
    copies: int | None


class Store(Protocol):
    """The database. No remote call is made inside a write transaction."""

    def read(self) -> AbstractContextManager[Tx]:
        """A consistent snapshot."""
        ...

    def write(self, *, durable: bool = True) -> AbstractContextManager[Tx]:
        """A unit of work: it is on disk when the block ends.

        One that is not `durable` is committed for everybody and outlives this process, but does not wait for the disk:
        a power failure within moments may undo it, unless a durable one came after it. For what may be forgotten.
        """
        ...

    def scrub(self, deleted: Sequence[bytes]) -> Scrubbed:
        """Remove what deleted data keys left in the database's files. Takes as long as the database is large."""
        ...

    def close(self) -> None:
        """Give every connection to the database back."""
        ...


class Keks(Protocol):
    """The key-encryption keys, kept outside the database."""

    def ids(self) -> Sequence[str]:
        """The keys in use, oldest first, as of now. The last is the one that wraps."""
        ...

    def make(self) -> str:
        """Make the next one; it outlives a crash when this returns. Its id."""
        ...

    def retire(self, id: str) -> None:
        """Take one out of use."""
        ...


class Shreds(Protocol):
    """Whose data keys were destroyed, kept outside the database: what a restored backup cannot undo (R20)."""

    def through(self, owner: str) -> int:
        """The newest version of the owner's data keys that was destroyed; 0 for none."""
        ...

    def owners(self) -> Mapping[str, int]:
        """Everybody whose keys were destroyed, with the version as of `through`."""
        ...

    def add(self, owner: str, through: int, at: datetime, fingerprints: Sequence[str]) -> None:
        """From when this returns, nothing of theirs up to that version opens, after a crash too."""
        ...


class Vault(Protocol):
    """Seals to an owner (customer id or `operator`) and a place; what was moved, edited or cut does not open."""

    def seal(self, tx: Tx, owner: str, place: tuple[str, str], plain: bytes) -> bytes:
        """Seal for `(connection or other id, field)`. Makes the owner's data key on first use, in this transaction."""
        ...

    def open(self, tx: Tx, owner: str, place: tuple[str, str], sealed: bytes) -> bytes:
        """Raises: CannotOpen."""
        ...

    @property
    def keks(self) -> Keks: ...
    @property
    def shreds(self) -> Shreds: ...
    def opens(self, row: r.KeyRow) -> bool:
        """Whether a wrapped data key opens under the key-encryption key that it names."""
        ...

    def rewrapped(self, row: r.KeyRow, kek: str) -> r.KeyRow:
        """The same data key under that key-encryption key. Raises: CannotOpen."""
        ...

    def shredded(self, owner: str, sealed: bytes) -> bool:
        """Whether the key that it was sealed under was destroyed on purpose."""
        ...

    def forget(self, owner: str) -> None:
        """Drop the owner's keys from this process's memory."""
        ...


class Passwords(Protocol):
    """argon2id (R54)."""

    def hash(self, password: str) -> str: ...
    def verify(self, password_hash: str | None, password: str) -> bool:
        """False for a wrong password; does the same work when there is no hash, so that timing tells nothing."""
        ...


# --- a provider ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """A checked token answer. `scopes` is None when the answer did not say (RFC 6749 section 5.1)."""

    access: AccessToken
    refresh: RefreshToken | None
    scopes: tuple[str, ...] | None
    expires_in: int  # seconds


RevokeOutcome = Literal["confirmed", "already-gone"]


@dataclass(frozen=True, slots=True)
class Callback:
    """What the browser brought back, checked for form: exactly one of `code` and `error` (a word of a fixed set)."""

    state: str
    code: AuthorizationCode | None
    error: str | None


class OAuth(Protocol):
    """The provider's authorization server."""

    @property
    def issuer(self) -> str: ...

    @property
    def longest(self) -> timedelta:
        """How long `exchange` or `refresh` can take at most."""
        ...

    def authorization_url(
        self, *, state: str, verifier: CodeVerifier, scopes: Sequence[str], ask_again: bool, account: str | None
    ) -> str:
        """Where to send the browser. `ask_again` is Google's `prompt=consent`."""
        ...

    def read_callback(self, query: Sequence[tuple[str, str]]) -> Callback:
        """Check the redirect's parameters, issuer included (RFC 9207). Raises: CallbackRejected."""
        ...

    def exchange(self, code: AuthorizationCode, verifier: CodeVerifier, scopes: Sequence[str]) -> TokenAnswer:
        """Trade the code, once. Raises: TokenRefused, NotSent, OutcomeUnknown, UnreadableAnswer."""
        ...

    def refresh(self, token: RefreshToken, scopes: Sequence[str]) -> TokenAnswer:
        """A fresh access token for these scopes. Raises as `exchange`."""
        ...

    def revoke(self, token: RefreshToken | AccessToken) -> RevokeOutcome:
        """End the whole grant. Raises: NotSent, OutcomeUnknown, TokenRefused."""
        ...


class Sender(Protocol):
    """Sends one request to the provider's API, once."""

    def send(self, request: r.Request, token: AccessToken) -> r.Answer:
        """Any status is an answer. Raises: NotSent, OutcomeUnknown, UnreadableAnswer."""
        ...


@dataclass(frozen=True, slots=True)
class Step(Generic[T]):
    """A request to make and how to read its answer, without anything sent yet.

    `read` raises GoogleRefused for an error answer and UnreadableAnswer for one that breaks the format.
    """

    request: r.Request
    read: Callable[[r.Answer], T]


@dataclass(frozen=True, slots=True)
class FoundProfile:
    """A person or page as the provider shows it."""

    id: str
    name: str
    url: str | None
    picture: str | None


@dataclass(frozen=True, slots=True)
class FoundPage:
    """A page that the account administers."""

    provider_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote something, as the provider names them."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class PostedComment:
    """`text` is plain text as the author wrote it, or the received HTML reduced to text."""

    provider_id: str
    author: Author
    text: str
    published_at: datetime


@dataclass(frozen=True, slots=True)
class Posted:
    """A post; `comments` is how many it has."""

    provider_id: str
    author: Author
    text: str
    published_at: datetime
    updated_at: datetime
    comments: int
    photos: tuple[str, ...] = ()  # media ids of attached photos


@dataclass(frozen=True, slots=True)
class Circle:
    """A circle of a page and how many are in it."""

    id: str
    name: str
    people: int


class ProviderApi(Protocol):
    """The provider's own small module: builds requests and reads answers, and sends nothing."""

    reply_limit: int  # characters a reply may have

    def account(self) -> Step[FoundProfile]: ...
    def profile_of(self, page: str) -> Step[FoundProfile]: ...
    def pages(self, cursor: str | None = None) -> Step[tuple[tuple[FoundPage, ...], str | None]]: ...
    def posts(self, page: str, cursor: str | None = None) -> Step[tuple[tuple[Posted, ...], str | None]]: ...
    def post(self, page: str, post: str) -> Step[Posted]: ...
    def comments(
        self, page: str, post: str, cursor: str | None = None
    ) -> Step[tuple[tuple[PostedComment, ...], str | None]]: ...
    def reply(self, page: str, post: str, text: str) -> Step[PostedComment]: ...
    def circles(self, page: str, cursor: str | None = None) -> Step[tuple[tuple[Circle, ...], str | None]]: ...
    def publish(self, page: str, text: str, circles: Sequence[str]) -> Step[Posted]: ...
    def reactions(
        self, page: str, post: str, kind: str, cursor: str | None = None
    ) -> Step[tuple[tuple[Author, ...], str | None]]:
        """Who gave a +1 (`plusoners`) or shared (`resharers`)."""
        ...

    def photo(self, page: str, media: str) -> Step[Mapping[str, int | str]]: ...


@dataclass(frozen=True, slots=True)
class Network:
    """One provider, ready to use."""

    catalogue: Catalogue
    router: Router
    oauth: OAuth
    sender: Sender
    api: ProviderApi


@dataclass(frozen=True, slots=True)
class Services:
    """Everything a rule may use, looked up at the edge and passed in."""

    store: Store
    vault: Vault
    passwords: Passwords
    clock: Clock
    random: Random
    networks: Mapping[str, Network]
    base_url: str
    sleep: Callable[[float], object] = time.sleep  # seconds

    def network(self, provider: str) -> Network:
        """Raises: NotFound for a provider that is not set up."""
        try:
            return self.networks[provider]
        except KeyError:
            raise NotFound(provider) from None
