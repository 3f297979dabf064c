"""Where a connection stands: read before every call to the provider, so in one statement."""

from collections.abc import Callable, Iterable, Mapping
from json import loads
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Text,
    bindparam,
    case,
    cast,
    func,
    literal,
    select,
    type_coerce,
)

from connector.domain import records as r
from connector.storage.columns import as_moment
from connector.storage.driver import Spelled
from connector.storage.rows import record_columns
from connector.storage.schema import connections, grants, lost_scopes, pages, pauses, people, switches

__all__ = ["purposes_on", "standing"]

_BETWEEN = "\n"  # in no purpose and no provider's page id

_newest_grant = (
    select(grants.c.seq)
    .where(grants.c.connection == connections.c.id)
    .order_by(grants.c.at.desc(), grants.c.seq.desc())
    .limit(1)
    .correlate(connections)
    .scalar_subquery()
)


def _statement(joined: Callable[..., ColumnElement[Any]]) -> Select[Any]:
    """One row with everything; `joined` is the engine's function that joins strings of several rows."""
    switched = case((switches.c.on, literal("+")), else_=literal("-")) + switches.c.purpose
    of_switches = select(joined(switched, literal(_BETWEEN))).where(
        switches.c.connection == connections.c.id, switches.c.newest
    )
    of_pages = select(joined(pages.c.provider_id, literal(_BETWEEN))).where(
        pages.c.connection == connections.c.id, pages.c.chosen
    )
    losing = cast(lost_scopes.c.until, Text) + literal(" ") + lost_scopes.c.scope
    of_lost = select(joined(losing, literal(_BETWEEN))).where(lost_scopes.c.connection == connections.c.id)
    quota = select(pauses.c.until).where(
        pauses.c.provider == connections.c.provider, pauses.c.what == literal(r.Pausing.CALLS.value, Text)
    )
    return (
        select(
            *record_columns(connections, r.Connection),
            type_coerce(grants.c.granted, Text),
            type_coerce(grants.c.purposes, Text),
            grants.c.policy_version,
            of_switches.correlate(connections).scalar_subquery(),
            of_pages.correlate(connections).scalar_subquery(),
            quota.correlate(connections).scalar_subquery(),
            of_lost.correlate(connections).scalar_subquery(),
            people.c.customer,
            people.c.disabled,
            type_coerce(people.c.may_not, Text),
        )
        .select_from(
            connections.outerjoin(grants, grants.c.seq == _newest_grant).outerjoin(
                people, people.c.id == bindparam("person")
            )
        )
        .where(connections.c.id == bindparam("connection"), connections.c.customer == bindparam("customer"))
    )


_STANDING = {
    "sqlite": Spelled(_statement(func.group_concat)),
    "postgresql": Spelled(_statement(func.string_agg)),
}


def standing(sql: Connection, customer: str, connection: str, person: str | None = None) -> r.Standing | None:
    """The connection with its newest grant's scopes, the purposes that are on and the chosen pages; and who asks.

    A connection without any grant has no scopes and only the purposes that were switched on. None when there is no
    such connection of that customer.
    """
    row = _STANDING[sql.dialect.name].first(
        sql, {"customer": customer, "connection": connection, "person": person or ""}
    )
    if row is None:
        return None
    *fields, granted, purposes, policy_version, switched, chosen, quota_until, losing, works_for, disabled, may_not = (
        row
    )
    switches = {word[1:]: word[0] == "+" for word in switched.split(_BETWEEN)} if switched else {}
    lost = {scope: as_moment(int(until)) for until, scope in map(str.split, losing.split(_BETWEEN))} if losing else {}
    return r.Standing(
        connection=r.Connection(*fields),
        granted=frozenset(loads(granted)).difference(lost) if granted else frozenset(),
        purposes_on=purposes_on(loads(purposes) if purposes else (), switches),
        chosen_pages=frozenset(chosen.split(_BETWEEN)) if chosen else frozenset(),
        policy_version=policy_version or "",
        quota_until=quota_until,
        lost=lost,
        member=None if may_not is None else r.Member(works_for, disabled, frozenset(loads(may_not))),
    )


def purposes_on(granted: Iterable[str], switched: Mapping[str, bool]) -> frozenset[str]:
    """The purposes that the newest grant names, less those whose newest switch is off, and those whose switch is on."""
    named = (purpose for purpose in granted if switched.get(purpose, True))
    return frozenset(named).union(purpose for purpose, on in switched.items() if on)
