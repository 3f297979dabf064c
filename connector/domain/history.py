"""Reading the ledger: what a customer sees of their data, and what staff see of everyone's."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from connector.domain import events, ledger
from connector.domain.errors import CannotOpen
from connector.domain.events import Event, kind_of
from connector.domain.ports import LedgerFilter, Services, Tx
from connector.domain.records import Actor, LedgerRow

__all__ = ["Activity", "EntryView", "activity", "staff_list"]

PERIOD = timedelta(days=30)
PAGE = 50  # entries on one page


@dataclass(frozen=True, slots=True)
class EntryView:
    """One line of a timeline: a call with its outcome, or another entry."""

    index: int
    at: datetime
    kind: str
    sentence: str
    who: str
    purpose: str | None
    operation: str | None
    decision: str
    reason: str | None
    reason_sentence: str | None
    connection: str | None


@dataclass(frozen=True, slots=True)
class Activity:
    """A page of a timeline, newest first, with the totals of the last 30 days. `next_before` leads to older ones."""

    entries: tuple[EntryView, ...]
    totals: Mapping[str, int]
    next_before: int | None
    count: int


def activity(
    svc: Services,
    actor: Actor,
    customer: str,
    *,
    purpose: str | None = None,
    decision: str | None = None,
    before: int | None = None,
) -> Activity:
    """What was done with one customer's data, in words, details included. For the customer's own members."""
    wanted = LedgerFilter(customer=customer, purpose=purpose, decision=decision, before=before, limit=PAGE)
    with svc.store.read() as tx:
        return _page(svc, tx, wanted, customer, open_details=actor.customer == customer)


def staff_list(
    svc: Services,
    actor: Actor,
    *,
    customer: str | None = None,
    purpose: str | None = None,
    decision: str | None = None,
    before: int | None = None,
) -> Activity:
    """The ledger as staff see it: who, what, when and why not, without names, texts or anything of the details.

    The look itself goes on the ledger.
    """
    wanted = LedgerFilter(customer=customer, purpose=purpose, decision=decision, before=before, limit=PAGE)
    with svc.store.write() as tx:
        ledger.note(
            svc, tx, events.STAFF_LEDGER, actor=actor,
            details={"customer": customer, "purpose": purpose, "decision": decision, "before": before},
        )  # fmt: skip
    with svc.store.read() as tx:
        return _page(svc, tx, wanted, customer, open_details=False)


def _page(svc: Services, tx: Tx, wanted: LedgerFilter, customer: str | None, *, open_details: bool) -> Activity:
    rows = list(tx.ledger.entries(replace(wanted, limit=wanted.limit + 1)))
    more = len(rows) > wanted.limit
    rows = rows[: wanted.limit]
    outcomes = tx.ledger.outcomes_of([row.index for row in rows])
    views = _views(svc, tx, rows, outcomes, open_details=open_details)
    since = svc.clock.now() - PERIOD
    totals = tx.ledger.totals(customer, since) if customer else {}
    return Activity(tuple(views), totals, rows[-1].index if more else None, tx.ledger.count())


def _views(
    svc: Services, tx: Tx, rows: Sequence[LedgerRow], outcomes: Mapping[int, LedgerRow], *, open_details: bool
) -> list[EntryView]:
    """An intent that has an outcome is told by the outcome; one without is in flight, or unknown past the limit."""
    views = []
    for row in rows:
        entry = json.loads(row.entry)
        if entry["decision"] == "intent" and row.index in outcomes:
            continue
        views.append(_view(svc, tx, row, entry, open_details=open_details))
    return views


def _view(svc: Services, tx: Tx, row: LedgerRow, entry: dict[str, Any], *, open_details: bool) -> EntryView:
    event = kind_of(entry["kind"])
    details = _details(svc, tx, row, entry) if open_details else {}
    at = datetime.fromisoformat(entry["time"])
    decision = entry["decision"]
    if decision == "intent":
        decision = "unknown" if svc.clock.now() - at > ledger.CALL_LIMIT else "in-flight"
    return EntryView(
        index=row.index,
        at=at,
        kind=event.name,
        sentence=_sentence(event, details),
        who=details.get("actor") or entry["actor"],
        purpose=entry["purpose"],
        operation=entry["operation"],
        decision=decision,
        reason=entry["reason"],
        reason_sentence=details.get("why") or None,
        connection=entry["connection"],
    )


def _details(svc: Services, tx: Tx, row: LedgerRow, entry: dict[str, Any]) -> dict[str, Any]:
    if row.sealed is None:
        return {}
    try:
        opened = svc.vault.open(tx, row.owner, (entry["id"], "ledger"), row.sealed)
    except CannotOpen:
        return {}
    details: dict[str, Any] = json.loads(opened)["details"]
    return details


def _sentence(event: Event, details: Mapping[str, Any]) -> str:
    if not details:
        return event.plain
    try:
        return event.sentence.format_map({name: str(value) for name, value in details.items()})
    except KeyError:
        return event.plain
