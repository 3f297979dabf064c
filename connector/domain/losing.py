"""Scopes that were granted and that the provider gives no longer (F18).

A token answer that is short narrows what is known to be granted: purposes that miss a scope read "missing", and their
calls are refused before anything is asked. It is not believed for ever: after a while a call asks once more, and an
answer that holds the scope, or a new consent, restores it.
"""

from collections.abc import Collection
from datetime import timedelta

from connector.domain import events, ledger
from connector.domain.events import Event
from connector.domain.grants import Permit
from connector.domain.ports import Services, Tx

__all__ = ["AGAIN", "compare"]

AGAIN = timedelta(hours=1)  # a lost scope is not asked for sooner


def compare(svc: Services, tx: Tx, permit: Permit, *, asked: frozenset[str], given: frozenset[str]) -> None:
    """Keep what an answer says of the scopes that were asked for; none asked for means all that were granted."""
    connection, now = permit.connection, svc.clock.now()
    if not asked:
        standing = tx.connections.standing(connection.customer, connection.id)
        asked = standing.granted.union(standing.lost) if standing else frozenset()
    lost = tx.connections.lose_scopes(connection.id, asked - given, now, now + AGAIN)
    back = tx.connections.regain_scopes(connection.id, given)
    _note(svc, tx, permit, events.SCOPES_LOST, lost)
    _note(svc, tx, permit, events.SCOPES_BACK, back)


def _note(svc: Services, tx: Tx, permit: Permit, event: Event, scopes: Collection[str]) -> None:
    if not scopes:
        return
    catalogue = svc.network(permit.connection.provider).catalogue
    labels = [privilege.label for privilege in catalogue.privileges if privilege.scope in scopes]
    ledger.note(
        svc, tx, event, actor=ledger.SYSTEM, customer=permit.connection.customer, connection=permit.connection.id,
        details={"permissions": "; ".join(labels), "scopes": sorted(scopes)},
    )  # fmt: skip
