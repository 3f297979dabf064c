"""THE PATH of one call to Google. Everything the connector does at a provider's API goes through `call`."""

import re
from dataclasses import dataclass, replace
from typing import TypeVar

import scopes
from connector.domain import grants, limits, pauses, refreshing, tokens
from connector.domain.answering import Answering
from connector.domain.errors import Refused
from connector.domain.ledger import OPERATOR, Entry, Settles
from connector.domain.plainjson import object_in
from connector.domain.ports import Services, Step
from connector.domain.records import Actor, Answer, Request
from connector.domain.secret import AccessToken
from scopes import Need, RoutedCall, Unroutable

__all__ = ["Ask", "Caller", "call", "do", "is_plain_header", "route"]

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
    within: frozenset[str] | None = None  # the purposes that who asks is limited to; None: no limit of their own


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

    The answer to a request that was not executed may be a fresh token or a wait, and the request once more
    (`answering`); the permit is asked for again before each. Any error that is left is an answer like any other.

    `settles` is state that commits together with the entries (a reply's, for example).

    Raises:
        Refused: the purpose, the grant, the page or what the member may do does not cover it, or (QuotaSpent) Google
            takes no call of ours today; no token was opened and nothing was done.
        NotFound: the connection is not this customer's.
        TokenRefused: Google gives no access token for it; nothing was sent.
        NotSent: Google cannot be reached, or (Paused) does not accept our own credentials; nothing was sent.
        OutcomeUnknown, UnreadableAnswer: it was sent, once, and what came of it is not known.
        LedgerUnwritable, KeyServiceDown: the record could not be written, or its key not be had: nothing was done.
        OutcomeUnrecorded: it may have been done; only its record could not be written.
    """
    network = svc.network(ask.provider)
    routed = route(network.router, ask.request)
    svc.vault.ready(svc.store, ask.actor.customer or OPERATOR)
    with Entry(svc, ask, routed, settles) as entry:
        if ask.within is not None and ask.purpose not in ask.within:
            raise Refused("purpose-not-allowed", "This program was not let in for that purpose. Nothing was sent.")
        try:
            need = scopes.require(network.catalogue, ask.purpose, routed, subject=ask.subject)
        except scopes.NotForPurpose as no:
            raise Refused.because(no.refusal) from None
        request, answering = limits.asking(ask.request, need), Answering(svc)
        while True:
            permit, token = _permitted(svc, ask, need)
            answer = network.sender.send(request, token)
            refusal = network.api.refusal(answer)
            if not answering.again(permit, token, refusal):
                return entry.answered(*limits.within(need, answer), refusal)


def _permitted(svc: Services, ask: Ask, need: Need) -> tuple[grants.Permit, AccessToken]:
    """The permit and its token, right before a request: what was switched off or ended while it waited is refused."""
    with svc.store.read() as tx:  # one snapshot: the token is the one that stood there when the permit was given
        permit = grants.permit(svc, tx, ask.actor, ask.connection, need)
        token = tokens.kept(svc, tx, permit)
    if permit.quota_back:
        pauses.quota_back(svc, ask.provider)
    if token is None:
        token = refreshing.fetched(svc, permit)
        with svc.store.read() as tx:
            permit = grants.permit(svc, tx, ask.actor, ask.connection, need)
    return permit, token


def do(svc: Services, caller: Caller, step: Step[T], settles: Settles | None = None) -> T:
    """Make a provider's step and read its answer.

    Raises: as `call`, and GoogleRefused or UnreadableAnswer by what the answer says.
    """
    return step.read(call(svc, caller.asks(step.request), settles))


def route(router: scopes.Router, request: Request) -> RoutedCall | Unroutable:
    """The operation that a request is, with its body; or why it is not surely one."""
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
    """The body, if it says that it is JSON and is one object that everybody reads alike."""
    kind = next((value for name, value in request.headers.items() if name.lower() == "content-type"), "")
    return object_in(request.body or b"") if _JSON.fullmatch(kind.lower()) else None


def is_plain_header(name: str, value: str) -> bool:
    """Whether a caller may set this header: one of a few, with a short printable value."""
    return name.lower() in PLAIN_HEADERS and bool(_PLAIN_VALUE.fullmatch(value))
