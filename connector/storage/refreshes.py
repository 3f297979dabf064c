"""Who is refreshing which token: each answer is one atomic statement."""

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, select, update

from connector.domain import records as r
from connector.storage.rows import insert_into, one, record_columns
from connector.storage.schema import refresh_leases as leases

__all__ = ["RefreshRows"]


class RefreshRows:
    """`connector.domain.ports.Refreshes` in one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._sql = connection

    def take(self, connection: str, scopes: str, now: datetime, until: datetime) -> int | None:
        """Begin a lease unless another is live; its fencing number, which only ever goes up."""
        new = insert_into(self._sql, leases).values(connection=connection, scopes=scopes, fence=1, until=until)
        taken = new.on_conflict_do_update(
            index_elements=["connection", "scopes"],
            set_={"fence": leases.c.fence + 1, "until": new.excluded.until},
            where=leases.c.until.is_(None) | (leases.c.until <= now),
        )
        return self._sql.execute(taken.returning(leases.c.fence)).scalar_one_or_none()

    def lease(self, connection: str, scopes: str) -> r.Lease | None:
        """The newest lease, over or not."""
        chosen = select(*record_columns(leases, r.Lease))
        return one(r.Lease, self._sql.execute(chosen.where(*_of(connection, scopes))))

    def end(self, connection: str, scopes: str, fence: int, until: datetime | None = None) -> bool:
        """End that lease; whether it was still the newest. Holds its row until the transaction ends."""
        mine = update(leases).where(*_of(connection, scopes), leases.c.fence == fence)
        return self._sql.execute(mine.values(until=until)).rowcount == 1


def _of(connection: str, scopes: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return leases.c.connection == connection, leases.c.scopes == scopes
