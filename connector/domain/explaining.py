"""Whether a request would be allowed, and why not, in words: asked of the same rule as the gate, and nothing is sent.

Without a connection the purpose alone is judged. With one, its grant, its switches and its pages as they stand now.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import scopes
from connector.domain import events, grants, ledger
from connector.domain.calls import route
from connector.domain.errors import NotFound, Refused
from connector.domain.ports import Network, Services
from connector.domain.records import Actor, Request, Standing
from scopes import Catalogue, Need, Refusal, RoutedCall, Rule, Unroutable

__all__ = ["Explained", "Held", "Question", "ScopeHeld", "explain", "explain_on"]

Held = Literal["yes", "no", "not asked"]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked about. `url` may begin at the path; `body` is the request's JSON, if it has one."""

    purpose: str
    verb: str
    url: str
    body: bytes | None = None
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class ScopeHeld:
    """A permission or a page that the request needs, and whether the connection has it."""

    name: str  # Google's words for a permission; a page's provider id
    short: str  # the scope's last part; empty for a page
    held: Held


@dataclass(frozen=True, slots=True)
class Explained:
    """The answer. What could not be told, because the rule said no before, is empty or None."""

    allowed: bool
    reason: str | None
    sentence: str
    purpose: str
    operation: str | None
    does: str | None  # what the operation does, to be read after "to"
    scopes: tuple[ScopeHeld, ...]
    pages: tuple[ScopeHeld, ...]
    fields: str | None
    subject: str | None  # the parameter that the subject has to agree with
    on: Held  # whether the purpose is switched on
    connection: str | None


def explain(catalogue: Catalogue, router: scopes.Router, question: Question) -> Explained:
    """The answer as far as the purpose alone decides."""
    return _told(catalogue, question, _routed(router, question), None, None)


def explain_on(svc: Services, actor: Actor, question: Question, connection: str | None, provider: str) -> Explained:
    """The answer for a customer's connection, or for none; that it was asked goes on the ledger.

    For staff and the operator. Raises: NotFound for an unknown connection or provider.
    """
    with svc.store.write() as tx:
        found = tx.connections.get_any(connection) if connection else None
        if connection and found is None:
            raise NotFound(connection)
        network: Network = svc.network(found.provider if found else provider)
        standing = tx.connections.standing(found.customer, found.id) if found else None
        judge = None if standing is None else functools.partial(_judged, svc, standing)
        answer = _told(network.catalogue, question, _routed(network.router, question), standing, connection, judge)
        ledger.note(
            svc, tx, events.STAFF_EXPLAINED, actor=actor,
            details={"purpose": question.purpose[:ledger.MOST_ID], "operation": answer.operation,
                     "connection": connection, "allowed": answer.allowed, "reason": answer.reason},
        )  # fmt: skip
    return answer


def _routed(router: scopes.Router, question: Question) -> RoutedCall | Unroutable:
    headers = {"content-type": "application/json"} if question.body else {}
    url = f"{router.root_url}{question.url[1:]}" if question.url.startswith("/") else question.url
    return route(router, Request(question.verb, url, headers, question.body or None))


def _told(
    catalogue: Catalogue,
    question: Question,
    call: RoutedCall | Unroutable,
    standing: Standing | None,
    connection: str | None,
    judge: Callable[[Need], Need | Refusal] | None = None,
) -> Explained:
    operation = call.operation if isinstance(call, RoutedCall) else None
    need = scopes.need(catalogue, question.purpose, call, subject=question.subject)
    answer = need if isinstance(need, Refusal) or judge is None else judge(need)
    rule = catalogue.rule(question.purpose, operation) if operation else None
    fields = need.fields if isinstance(need, Need) else rule.fields if rule else None
    refusal = answer if isinstance(answer, Refusal) else None
    return Explained(
        allowed=refusal is None,
        reason=refusal.reason if refusal else None,
        sentence=refusal.sentence if refusal else _YES[standing is None],
        purpose=_title(catalogue, question.purpose),
        operation=operation,
        does=catalogue.titles.get(operation or ""),
        scopes=_scopes(catalogue, question.purpose, rule, standing),
        pages=_pages(need, standing),
        fields=fields.text if fields else None,
        subject=rule.subject if rule else None,
        on=_on(catalogue, question.purpose, standing),
        connection=connection,
    )


_YES = {
    True: "The purpose covers this. Whether it is sent is up to the connection, and to what the member may do.",
    False: "This would be sent, if the member who asks may do it.",
}


def _judged(svc: Services, standing: Standing, need: Need) -> Need | Refusal:
    """As the permit judges it, as a value."""
    try:
        return grants.held(svc, standing, need)
    except Refused as no:
        return Refusal(no.reason, no.public, no.missing)


def _title(catalogue: Catalogue, purpose: str) -> str:
    try:
        return catalogue.purpose(purpose).title
    except scopes.UnknownPurpose:
        return purpose


def _scopes(catalogue: Catalogue, purpose: str, rule: Rule | None, standing: Standing | None) -> tuple[ScopeHeld, ...]:
    """What a call for the purpose needs; nothing where the purpose does not cover it."""
    if rule is None:
        return ()
    needed = catalogue.purpose(purpose).scopes
    return tuple(
        ScopeHeld(p.label, p.short, _word(None if standing is None else p.scope in standing.granted))
        for p in catalogue.privileges
        if p.scope in needed
    )


def _pages(need: Need | Refusal, standing: Standing | None) -> tuple[ScopeHeld, ...]:
    pages = sorted(need.pages) if isinstance(need, Need) else []
    return tuple(
        ScopeHeld(page, "", _word(None if standing is None else page in standing.chosen_pages)) for page in pages
    )


def _on(catalogue: Catalogue, purpose: str, standing: Standing | None) -> Held:
    try:
        switches = catalogue.enabled_by(purpose)
    except scopes.UnknownPurpose:
        return "not asked"
    return _word(None if standing is None else not switches.isdisjoint(standing.purposes_on))


def _word(holds: bool | None) -> Held:
    return "not asked" if holds is None else "yes" if holds else "no"
