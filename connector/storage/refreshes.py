"""Who is refreshing which token, and for which provider nobody may: each answer is one atomic statement."""

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, select, update

from connector.domain import records as r
from connector.storage.rows import insert_into, one, record_columns
from connector.storage.schema import refresh_leases as leases
from connector.storage.schema import refresh_pauses as pauses

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

    def pause(self, provider: str, reason: str, now: datetime, until: datetime) -> bool:
        """Pause a provider, or go on pausing it; whether this began it."""
        row = {"provider": provider, "reason": reason, "since": now, "until": until}
        began = insert_into(self._sql, pauses).values(row).on_conflict_do_nothing(index_elements=["provider"])
        if self._sql.execute(began.returning(pauses.c.provider)).one_or_none() is not None:
            return True
        self._sql.execute(update(pauses).where(pauses.c.provider == provider).values(until=until))
        return False

    def paused(self, provider: str) -> r.Pause | None:
        """The provider's pause, until it is lifted."""
        chosen = select(*record_columns(pauses, r.Pause))
        return one(r.Pause, self._sql.execute(chosen.where(pauses.c.provider == provider)))

    def try_again(self, provider: str, now: datetime, until: datetime) -> bool:
        """Claim the one try that may be made when a pause has run out; it is prolonged for everybody else."""
        over = update(pauses).where(pauses.c.provider == provider, pauses.c.until <= now)
        return self._sql.execute(over.values(until=until)).rowcount == 1

    def lift(self, provider: str) -> bool:
        """End a pause for good; whether there was one."""
        return self._sql.execute(delete(pauses).where(pauses.c.provider == provider)).rowcount == 1


def _of(connection: str, scopes: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return leases.c.connection == connection, leases.c.scopes == scopes
