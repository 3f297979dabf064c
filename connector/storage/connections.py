"""Connections with their pages, grants and switches."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from connector.domain import records as r
from connector.domain.records import ConnectionState
from connector.storage.granted import all_grants
from connector.storage.rows import insert_into, one, record_columns, values
from connector.storage.schema import connections, grants, switches
from connector.storage.schema import lost_scopes as lost
from connector.storage.schema import pages as page_rows
from connector.storage.standing import standing

__all__ = ["ConnectionRows"]

_CONNECTION = select(*record_columns(connections, r.Connection))
_PAGE = select(*record_columns(page_rows, r.Page))
_GRANT = select(*record_columns(grants, r.Grant))
_SWITCH = select(*record_columns(switches, r.Switch))


class ConnectionRows:
    """`connector.domain.ports.Connections` in one transaction. A foreign id is a missing one (R49)."""

    def __init__(self, connection: Connection) -> None:
        self._sql = connection

    def add(self, connection: r.Connection) -> None:
        """Keep a new connection."""
        self._sql.execute(insert(connections), values(connection))

    def get(self, customer: str, id: str) -> r.Connection | None:
        """The customer's connection, or None."""
        wanted = _CONNECTION.where(connections.c.id == id, connections.c.customer == customer)
        return one(r.Connection, self._sql.execute(wanted))

    def get_any(self, id: str) -> r.Connection | None:
        """For staff and the system, who act for no one customer."""
        return one(r.Connection, self._sql.execute(_CONNECTION.where(connections.c.id == id)))

    def of_customer(self, customer: str) -> Sequence[r.Connection]:
        """All of the customer's, oldest first, ended ones too."""
        wanted = _CONNECTION.where(connections.c.customer == customer)
        rows = self._sql.execute(wanted.order_by(connections.c.created_at, connections.c.id))
        return [r.Connection(*row) for row in rows]

    def of_account(self, provider: str, account: str) -> Sequence[r.Connection]:
        """Every connection to that account, of all customers, that has not been revoked or merged; oldest first."""
        wanted = _CONNECTION.where(
            connections.c.provider == provider,
            connections.c.account == account,
            connections.c.state.not_in([ConnectionState.REVOKED, ConnectionState.MERGED]),
        )
        rows = self._sql.execute(wanted.order_by(connections.c.created_at, connections.c.id))
        return [r.Connection(*row) for row in rows]

    def waiting_at_google(self) -> Sequence[r.Connection]:
        """Ended connections whose removal at Google is still pending; the longest waiting first."""
        wanted = _CONNECTION.where(connections.c.at_google == "pending")
        rows = self._sql.execute(wanted.order_by(connections.c.ended_at, connections.c.id))
        return [r.Connection(*row) for row in rows]

    def update(self, connection: r.Connection) -> None:
        """Replace all but the id and the customer, who never change."""
        changed = values(connection, without=frozenset({"id", "customer"}))
        here = (connections.c.id == connection.id) & (connections.c.customer == connection.customer)
        self._sql.execute(update(connections).where(here).values(changed))

    def lock(self, id: str) -> None:
        """Hold the connection's row until the transaction ends (PostgreSQL; SQLite has one writer anyway)."""
        # `key_share` lets others go on adding rows that name the connection.
        self._sql.execute(select(connections.c.id).where(connections.c.id == id).with_for_update(key_share=True))

    def put_pages(self, pages: Sequence[r.Page]) -> None:
        """Insert new pages and update names of known ones (by connection and provider id); keeps `chosen` and id."""
        if not pages:
            return
        new = insert_into(self._sql, page_rows)
        kept = new.on_conflict_do_update(
            index_elements=["connection", "provider_id"], set_={"name": new.excluded["name"]}
        )
        self._sql.execute(kept, [values(page) for page in pages])

    def choose_pages(self, connection: str, provider_ids: frozenset[str]) -> None:
        """Make exactly these pages the chosen ones; an id that is not a page of the connection changes nothing."""
        chosen = page_rows.c.provider_id.in_(sorted(provider_ids))
        self._sql.execute(update(page_rows).where(page_rows.c.connection == connection).values(chosen=chosen))

    def pages(self, connection: str) -> Sequence[r.Page]:
        """All pages of the connection, by name."""
        rows = self._sql.execute(
            _PAGE.where(page_rows.c.connection == connection).order_by(page_rows.c.name, page_rows.c.id)
        )
        return [r.Page(*row) for row in rows]

    def page(self, customer: str, id: str) -> r.Page | None:
        """The customer's page, or None."""
        return one(r.Page, self._sql.execute(_PAGE.where(page_rows.c.id == id, page_rows.c.customer == customer)))

    def chosen_pages(self, customer: str) -> Sequence[r.Page]:
        """Chosen pages of the customer's connections that are active or linking, by name."""
        wanted = _PAGE.join(connections, connections.c.id == page_rows.c.connection).where(
            page_rows.c.customer == customer,
            page_rows.c.chosen,
            connections.c.state.in_([ConnectionState.ACTIVE, ConnectionState.LINKING]),
        )
        return [r.Page(*row) for row in self._sql.execute(wanted.order_by(page_rows.c.name, page_rows.c.id))]

    def add_grant(self, grant: r.Grant) -> None:
        """Keep a new grant."""
        self._sql.execute(insert(grants), values(grant))

    def grants(self, connection: str) -> Sequence[r.Grant]:
        """Newest first."""
        wanted = _GRANT.where(grants.c.connection == connection)
        return [r.Grant(*row) for row in self._sql.execute(wanted.order_by(grants.c.at.desc(), grants.c.seq.desc()))]

    def all_grants(
        self, *, customer: str | None = None, scope: str | None = None, as_of: datetime | None = None
    ) -> Sequence[r.AsGranted]:
        """For the staff table, newest first. `as_of` leaves out grants given later; `scope` is a full URL granted.

        With `as_of` every column tells that moment: what was current, what was switched on, what had been used.
        """
        return all_grants(self._sql, customer=customer, scope=scope, as_of=as_of)

    def move_grants(self, from_connection: str, to_connection: str) -> None:
        """A renewed consent turned out to be for an account that is connected already."""
        self._sql.execute(update(grants).where(grants.c.connection == from_connection).values(connection=to_connection))

    def switches(self, connection: str) -> Mapping[str, r.Switch]:
        """The newest switch of each purpose."""
        rows = self._sql.execute(_SWITCH.where(switches.c.connection == connection, switches.c.newest))
        return {switch.purpose: switch for switch in (r.Switch(*row) for row in rows)}

    def set_switch(self, connection: str, switch: r.Switch) -> None:
        """Turn a purpose on or off. Earlier switches stay, for the staff table's `as_of`."""
        same = (switches.c.connection == connection) & (switches.c.purpose == switch.purpose)
        self._sql.execute(update(switches).where(same, switches.c.newest).values(newest=False))
        self._sql.execute(insert(switches), values(switch) | {"connection": connection, "newest": True})

    def lose_scopes(
        self, connection: str, scopes: Collection[str], since: datetime, until: datetime
    ) -> Collection[str]:
        """Scopes that the provider gives no longer, not to be asked for before `until`; those that are new in this."""
        known = set(self._sql.execute(select(lost.c.scope).where(lost.c.connection == connection)).scalars())
        if scopes:
            new = insert_into(self._sql, lost)
            kept = new.on_conflict_do_update(
                index_elements=["connection", "scope"], set_={"until": new.excluded["until"]}
            )
            rows = [{"connection": connection, "scope": scope, "since": since, "until": until} for scope in scopes]
            self._sql.execute(kept, rows)
        return set(scopes) - known

    def regain_scopes(self, connection: str, scopes: Collection[str] | None = None) -> Collection[str]:
        """Scopes that it gives; those of them that it did not. None stands for all."""
        chosen = delete(lost).where(lost.c.connection == connection)
        if scopes is not None:
            chosen = chosen.where(lost.c.scope.in_(sorted(scopes)))
        return set(self._sql.execute(chosen.returning(lost.c.scope)).scalars())

    def standing(self, customer: str, connection: str, person: str | None = None) -> r.Standing | None:
        """Everything the permit is decided by, as one snapshot; None when missing or another customer's.

        `person` is who asks, where what they may do counts.
        """
        return standing(self._sql, customer, connection, person)
