"""THE PATH of one call to Google. Everything the connector does at a provider's API goes through `call`."""

import json
import re
from dataclasses import dataclass, replace
from typing import TypeVar

import scopes
from connector.domain import grants, refreshing, tokens
from connector.domain.errors import Refused
from connector.domain.ledger import OPERATOR, Entry, Settles
from connector.domain.ports import Services, Step
from connector.domain.records import Actor, Answer, Request
from scopes import RoutedCall, Unroutable

__all__ = ["Ask", "Caller", "call", "do", "is_plain_header"]

T = TypeVar("T")

# A request says what it is by its verb and address. Any other header could make it another one, or carry a credential.
PLAIN_HEADERS = frozenset({"accept", "content-type", "if-match", "if-none-match"})
_JSON = re.compile(r"application/json(; ?charset=utf-8)?")
_PLAIN_VALUE = re.compile(r"[ -~]{0,1024}")


@dataclass(frozen=True, slots=True)
class Ask:
    """Who asks what of which connection, for which purpose, and about what (`subject`: a message or post)."""

    actor: Actor
    provider: str
    connection: str
    purpose: str
    request: Request
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """All of an ask but the request: one piece of work may need several calls."""

    actor: Actor
    provider: str
    connection: str
    purpose: str
    subject: str | None = None

    def asks(self, request: Request) -> Ask:
        """This caller's ask for one request."""
        return Ask(self.actor, self.provider, self.connection, self.purpose, request, self.subject)


def call(svc: Services, ask: Ask, settles: Settles | None = None) -> Answer:
    """Do one operation for one stated purpose, and leave a record either way.

    `settles` is state that commits together with the entries (a reply's, for example).

    Raises:
        Refused: the purpose, the grant or the page does not cover it; no token was opened and nothing was sent.
        NotFound: the connection is not this customer's.
        TokenRefused: Google gives no access token for it; nothing was sent.
        NotSent: Google cannot be reached, or (Paused) does not accept our own credentials; nothing was sent.
        OutcomeUnknown, UnreadableAnswer: it was sent, once, and what came of it is not known.
        LedgerUnwritable, KeyServiceDown: the record could not be written, or its key not be had: nothing was done.
    """
    network = svc.network(ask.provider)
    routed = _routed(network.router, ask.request)
    svc.vault.ready(svc.store, ask.actor.customer or OPERATOR)
    with Entry(svc, ask, routed, settles) as entry:
        try:
            need = scopes.require(network.catalogue, ask.purpose, routed)
        except scopes.NotForPurpose as no:
            raise Refused.because(no.refusal) from None
        with svc.store.read() as tx:  # one snapshot: the token is the one that stood there when the permit was given
            permit = grants.permit(svc, tx, ask.actor, ask.connection, need)
            token = tokens.kept(svc, tx, permit)
        token = token or refreshing.fetched(svc, permit)
        return entry.answered(network.sender.send(ask.request, token))


def do(svc: Services, caller: Caller, step: Step[T], settles: Settles | None = None) -> T:
    """Make a provider's step and read its answer.

    Raises: as `call`, and GoogleRefused or UnreadableAnswer by what the answer says.
    """
    return step.read(call(svc, caller.asks(step.request), settles))


def _routed(router: scopes.Router, request: Request) -> RoutedCall | Unroutable:
    if not all(is_plain_header(name, value) for name, value in request.headers.items()):
        return Unroutable("disguised-header")
    if request.body and request.verb == "GET":
        return Unroutable("body-on-get")  # nothing documented reads it, so what it would mean is anyone's guess
    routed = router.route(request.verb, request.url)
    if not request.body or isinstance(routed, Unroutable) or routed.upload:  # no purpose covers an upload
        return routed
    body = _json_object(request)
    return Unroutable("body-not-json") if body is None else replace(routed, body=body)


def _json_object(request: Request) -> dict[str, object] | None:
    """The body, if it is one JSON object in UTF-8 that everybody reads alike: no name twice, no number that is none."""
    kind = next((value for name, value in request.headers.items() if name.lower() == "content-type"), "")
    if _JSON.fullmatch(kind.lower()) is None:
        return None
    try:
        found = json.loads((request.body or b"").decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _no_number(_word: str) -> None:
    raise ValueError("not a number in JSON")


def is_plain_header(name: str, value: str) -> bool:
    """Whether a caller may set this header: one of a few, with a short printable value."""
    return name.lower() in PLAIN_HEADERS and bool(_PLAIN_VALUE.fullmatch(value))
