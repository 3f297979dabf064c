"""What is not done at a provider for a while: each answer is one atomic statement."""

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, select, update

from connector.domain import records as r
from connector.storage.rows import insert_into, one, record_columns, values
from connector.storage.schema import pauses

__all__ = ["PauseRows"]


class PauseRows:
    """`connector.domain.ports.Pauses` in one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._sql = connection

    def begin(self, pause: r.Pause) -> bool:
        """Keep it, unless there is one already; whether this began it."""
        new = insert_into(self._sql, pauses).values(values(pause))
        began = new.on_conflict_do_nothing(index_elements=["provider", "what"]).returning(pauses.c.provider)
        return self._sql.execute(began).one_or_none() is not None

    def get(self, provider: str, what: r.Pausing) -> r.Pause | None:
        """The pause, run out or not, until it is lifted."""
        chosen = select(*record_columns(pauses, r.Pause))
        return one(r.Pause, self._sql.execute(chosen.where(*_of(provider, what))))

    def claim(self, provider: str, what: r.Pausing, now: datetime, until: datetime) -> bool:
        """Be the one who acts when a pause has run out; it is prolonged for everybody else."""
        over = update(pauses).where(*_of(provider, what), pauses.c.until <= now)
        return self._sql.execute(over.values(until=until)).rowcount == 1

    def lift(self, provider: str, what: r.Pausing, *, over: datetime | None = None) -> bool:
        """End a pause, with `over` (now) only one that has run out; whether there was one."""
        chosen = delete(pauses).where(*_of(provider, what))
        return self._sql.execute(chosen if over is None else chosen.where(pauses.c.until <= over)).rowcount == 1


def _of(provider: str, what: r.Pausing) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return pauses.c.provider == provider, pauses.c.what == what
