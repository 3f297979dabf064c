"""The ledger's rows: appended, never changed, with contiguous indexes from 0 (R57)."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, insert, select, text

from connector.domain import records as r
from connector.domain.ports import LedgerFilter
from connector.storage.columns import as_moment, micros
from connector.storage.driver import Spelled
from connector.storage.schema import ledger_entries as entries
from connector.storage.schema import open_intents

__all__ = ["LedgerRows"]

_HEAD = 0x636F6E6E02  # PostgreSQL advisory lock: whoever holds it appends next
_LOCK = text("SELECT pg_advisory_xact_lock(:lock)")
_NEXT = select(func.coalesce(func.max(entries.c.idx) + 1, 0))
_HEAD_NEXT, _APPEND = Spelled(_NEXT), Spelled(insert(entries))  # every entry runs these two
_ROW = select(entries.c.idx, entries.c.entry, entries.c.owner, entries.c.sealed)
_ONE = _ROW.where(entries.c.idx == bindparam("idx"))
_CALLS = ("answered", "refused", "failed", "unknown")
_STREAMED = 1000  # rows held at a time


class LedgerRows:
    """`connector.domain.ports.Ledger` in one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._sql = connection
        self._next: int | None = None  # known once this transaction holds the head

    def next_index(self) -> int:
        """The index the next entry gets. Holds the ledger's head until the transaction ends."""
        if self._next is None:
            if self._sql.dialect.name == "postgresql":
                self._sql.execute(_LOCK, {"lock": _HEAD})  # SQLite's writer is alone already
            self._next = int((_HEAD_NEXT.first(self._sql, {}) or [0])[0])
        return self._next

    def append(self, row: r.LedgerRow, columns: Mapping[str, str | int | datetime | None]) -> None:
        """Add an entry. The database refuses an index that is not the next one.

        `columns` repeats fields of the entry for look-ups: id, kind (a number), at (an aware time, its ISO 8601 text,
        or microseconds since 1970), customer, connection, actor, purpose, operation, decision, reason, intent.
        """
        at = columns["at"]
        if at is None:
            raise ValueError("a ledger entry has a time")
        own = {"idx": row.index, "entry": row.entry, "owner": row.owner, "sealed": row.sealed}
        _APPEND.run(self._sql, {**columns, **own, "at": micros(as_moment(at))})
        self._next = row.index + 1

    def entries(self, wanted: LedgerFilter) -> Sequence[r.LedgerRow]:
        """Newest first."""
        chosen = _ROW.order_by(entries.c.idx.desc()).limit(wanted.limit)
        for name in ("customer", "connection", "purpose", "decision"):
            value = getattr(wanted, name)
            if value is not None:
                chosen = chosen.where(entries.c[name] == value)
        if wanted.before is not None:
            chosen = chosen.where(entries.c.idx < wanted.before)
        return [r.LedgerRow(*row) for row in self._sql.execute(chosen)]

    def entry(self, index: int) -> r.LedgerRow | None:
        """The entry, or None."""
        row = self._sql.execute(_ONE, {"idx": index}).one_or_none()
        return None if row is None else r.LedgerRow(*row)

    def all(self) -> Iterator[r.LedgerRow]:
        """Oldest first, streamed in bounded memory. To be read to its end before the transaction ends."""
        rows = self._sql.execute(_ROW.order_by(entries.c.idx), execution_options={"yield_per": _STREAMED})
        with rows:
            for row in rows:
                yield r.LedgerRow(*row)

    def count(self) -> int:
        """How many entries there are, which is the next index too."""
        return int(self._sql.execute(_NEXT).scalar_one())

    def outcomes_of(self, intents: Sequence[int]) -> Mapping[int, r.LedgerRow]:
        """The closing entries of these intents, by intent index; the newest where there are several."""
        if not intents:
            return {}
        wanted = _ROW.add_columns(entries.c.intent).where(entries.c.intent.in_(intents)).order_by(entries.c.idx)
        return {intent: r.LedgerRow(*row) for *row, intent in self._sql.execute(wanted)}

    def open_intents(self, before: datetime) -> Sequence[r.LedgerRow]:
        """Intents opened before that time that no entry closes, oldest first."""
        wanted = _ROW.where(entries.c.idx.in_(select(open_intents.c.idx)), entries.c.at < before)
        return [r.LedgerRow(*row) for row in self._sql.execute(wanted.order_by(entries.c.idx))]

    def uses(self, connection: str) -> Mapping[str, tuple[datetime, int]]:
        """Per purpose: when the last answered call was, and how many there were."""
        wanted = (
            select(entries.c.purpose, func.max(entries.c.at, type_=entries.c.at.type), func.count())
            .where(entries.c.connection == connection, entries.c.purpose.is_not(None), entries.c.decision == "answered")
            .group_by(entries.c.purpose)
        )
        return {purpose: (at, count) for purpose, at, count in self._sql.execute(wanted)}

    def totals(self, customer: str, since: datetime) -> Mapping[str, int]:
        """Calls at or after that time, counted by decision: answered, refused, failed, unknown."""
        wanted = (
            select(entries.c.decision, func.count().label("calls"))
            .where(entries.c.customer == customer, entries.c.at >= since, entries.c.decision.in_(_CALLS))
            .group_by(entries.c.decision)
        )
        return dict.fromkeys(_CALLS, 0) | {row.decision: row.calls for row in self._sql.execute(wanted)}
