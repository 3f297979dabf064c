"""A provider: its authorization server, its API, and what they answer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, Literal, Protocol, TypeVar

from connector.domain import records as r
from connector.domain.errors import GoogleRefused
from connector.domain.secret import AccessToken, AuthorizationCode, CodeVerifier, RefreshToken

T = TypeVar("T")

__all__ = [
    "Author",
    "Callback",
    "Circle",
    "FoundPage",
    "FoundProfile",
    "OAuth",
    "Posted",
    "PostedComment",
    "ProviderApi",
    "RevokeOutcome",
    "Sender",
    "Step",
    "TokenAnswer",
]


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
    def credentials(self) -> str:
        """A fingerprint of this app's own id and secrets, to tell whether they have changed."""
        ...

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

    def refusal(self, answer: r.Answer) -> GoogleRefused | None:
        """The error that an answer stands for, classified (R41) and not raised; None for an answer that is none."""
        ...

    def quota_resets_at(self, now: datetime) -> datetime:
        """When a quota that is spent begins anew."""
        ...

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
