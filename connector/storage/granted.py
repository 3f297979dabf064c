"""The staff table: who granted what, now or at a moment in the past."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, select

from connector.domain import records as r
from connector.storage.rows import record_columns
from connector.storage.schema import connections, customers, grants, ledger_entries, lost_scopes, switches
from connector.storage.standing import purposes_on

__all__ = ["all_grants"]

_GRANT = record_columns(grants, r.Grant)
_LINES = (
    select(customers.c.name, *_GRANT, *record_columns(connections, r.Connection))
    .join_from(grants, connections, connections.c.id == grants.c.connection)
    .join(customers, customers.c.id == grants.c.customer)
    .order_by(grants.c.at.desc(), grants.c.seq.desc())
)
_SWITCHES = (
    select(switches.c.connection, switches.c.purpose, switches.c.on)
    .join(connections, connections.c.id == switches.c.connection)
    .order_by(switches.c.seq)
)
_USES = select(
    ledger_entries.c.connection, ledger_entries.c.purpose, func.max(ledger_entries.c.at, type_=ledger_entries.c.at.type)
).where(
    ledger_entries.c.connection.is_not(None),
    ledger_entries.c.purpose.is_not(None),
    ledger_entries.c.decision == "answered",
)


def all_grants(
    sql: Connection, *, customer: str | None, scope: str | None, as_of: datetime | None
) -> Sequence[r.AsGranted]:
    """See `connector.domain.ports.Connections.all_grants`. Four statements, however many grants.

    `purposes_on` is empty for a grant that is not current: it allows nothing any more. `lost` is known of now alone.
    """
    lines = _LINES if customer is None else _LINES.where(grants.c.customer == customer)
    if as_of is not None:
        lines = lines.where(grants.c.at <= as_of)
    switched, used = _switched(sql, customer, as_of), _last_used(sql, customer, as_of)
    lost = _lost(sql) if as_of is None else {}
    seen: set[str] = set()
    answer = []
    for name, *row in sql.execute(lines):
        grant, connection = r.Grant(*row[: len(_GRANT)]), r.Connection(*row[len(_GRANT) :])
        current = connection.id not in seen and not _ended(connection, as_of)
        seen.add(connection.id)
        if scope is not None and scope not in grant.granted:
            continue
        answer.append(
            r.AsGranted(
                grant=grant,
                customer_name=name,
                connection=connection,
                current=current,
                purposes_on=purposes_on(grant.purposes, switched[connection.id]) if current else frozenset(),
                last_used=used[connection.id],
                lost=frozenset(lost.get(connection.id, ())) if current else frozenset(),
            )
        )
    return answer


def _ended(connection: r.Connection, as_of: datetime | None) -> bool:
    if connection.ended_at is None:
        return connection.state is r.ConnectionState.REVOKED
    return as_of is None or connection.ended_at <= as_of


def _switched(sql: Connection, customer: str | None, as_of: datetime | None) -> Mapping[str, Mapping[str, bool]]:
    """By connection and purpose: whether the newest switch, or the newest one then, is on."""
    wanted = _SWITCHES if customer is None else _SWITCHES.where(connections.c.customer == customer)
    wanted = wanted.where(switches.c.newest) if as_of is None else wanted.where(switches.c.at <= as_of)
    answer: defaultdict[str, dict[str, bool]] = defaultdict(dict)
    for connection, purpose, on in sql.execute(wanted):
        answer[connection][purpose] = on
    return answer


def _lost(sql: Connection) -> Mapping[str, set[str]]:
    """By connection: the scopes that the provider gives no longer. There are few."""
    answer: defaultdict[str, set[str]] = defaultdict(set)
    for connection, scope in sql.execute(select(lost_scopes.c.connection, lost_scopes.c.scope)):
        answer[connection].add(scope)
    return answer


def _last_used(sql: Connection, customer: str | None, as_of: datetime | None) -> Mapping[str, Mapping[str, datetime]]:
    """By connection and purpose: when the last answered call was."""
    wanted: Select[Any] = _USES
    if customer is not None:
        wanted = wanted.where(ledger_entries.c.customer == customer)
    if as_of is not None:
        wanted = wanted.where(ledger_entries.c.at <= as_of)
    answer: defaultdict[str, dict[str, datetime]] = defaultdict(dict)
    for connection, purpose, at in sql.execute(wanted.group_by(ledger_entries.c.connection, ledger_entries.c.purpose)):
        answer[connection][purpose] = at
    return answer
