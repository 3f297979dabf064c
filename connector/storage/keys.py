"""Wrapped data keys."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Select, bindparam, delete, func, select, text, tuple_, update

from connector.domain import records as r
from connector.storage.rows import insert_into, one, record_columns, values
from connector.storage.schema import data_keys

__all__ = ["KeyRows"]

_KEKS = 0x636F6E6E09  # PostgreSQL advisory lock: shared by who uses the newest key, alone for who changes the set
_HOLD = text("SELECT pg_advisory_xact_lock_shared(:lock)")
_CHANGE = text("SELECT pg_advisory_xact_lock(:lock)")
_MANY = 500  # names in one statement

_ROW = select(*record_columns(data_keys, r.KeyRow)).order_by(data_keys.c.owner, data_keys.c.version)
_REPLACE = (
    update(data_keys)
    .where(data_keys.c.owner == bindparam("old_owner"), data_keys.c.version == bindparam("old_version"))
    .where(data_keys.c.kek == bindparam("old_kek"), data_keys.c.wrapped == bindparam("old_wrapped"))
)
_OF_OWNER = select(*record_columns(data_keys, r.KeyRow)).where(data_keys.c.owner == bindparam("owner"))
_NEWEST = _OF_OWNER.order_by(data_keys.c.version.desc()).limit(1)
_ONE = _OF_OWNER.where(data_keys.c.version == bindparam("version"))


class KeyRows:
    """`connector.domain.ports.Keys` in one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._sql = connection

    def get(self, owner: str, version: int | None = None) -> r.KeyRow | None:
        """That version, or the newest."""
        if version is None:
            return one(r.KeyRow, self._sql.execute(_NEWEST, {"owner": owner}))
        return one(r.KeyRow, self._sql.execute(_ONE, {"owner": owner, "version": version}))

    def add(self, row: r.KeyRow) -> None:
        """Keep a new key. Where the same owner and version is kept already, that one stays: read it back."""
        new = insert_into(self._sql, data_keys)
        self._sql.execute(new.on_conflict_do_nothing(index_elements=["owner", "version"]), values(row))

    def count(self) -> int:
        """Keys in the whole database."""
        return self._sql.execute(select(func.count()).select_from(data_keys)).scalar_one()

    def by_kek(self) -> Mapping[str, int]:
        """How many keys each key-encryption key wraps."""
        wanted = select(data_keys.c.kek, func.count().label("keys")).group_by(data_keys.c.kek)
        return {row.kek: row.keys for row in self._sql.execute(wanted)}

    def under(self, kek: str, limit: int) -> Sequence[r.KeyRow]:
        """Some of the keys that it wraps."""
        return self._rows(_ROW.where(data_keys.c.kek == kek).limit(limit))

    def of_owners(self, owners: Collection[str]) -> Sequence[r.KeyRow]:
        """Every version of every key of theirs."""
        names, found = sorted(owners), list[r.KeyRow]()
        for start in range(0, len(names), _MANY):
            found += self._rows(_ROW.where(data_keys.c.owner.in_(names[start : start + _MANY])))
        return found

    def page(self, after: tuple[str, int], limit: int, *, not_under: str | None = None) -> Sequence[r.KeyRow]:
        """The next keys by owner and version; with `not_under`, without those which that one wraps."""
        wanted = _ROW.where(tuple_(data_keys.c.owner, data_keys.c.version) > tuple_(*after)).limit(limit)
        return self._rows(wanted if not_under is None else wanted.where(data_keys.c.kek != not_under))

    def replace(self, pairs: Sequence[tuple[r.KeyRow, r.KeyRow]]) -> None:
        """Store the same data keys as another one wraps them, each if it still is as it was read."""
        if pairs:
            self._sql.execute(_REPLACE, [
                {"old_owner": old.owner, "old_version": old.version, "old_kek": old.kek, "old_wrapped": old.wrapped,
                 "kek": new.kek, "wrapped": new.wrapped}
                for old, new in pairs
            ])  # fmt: skip

    def destroy(self, owner: str, through: int) -> int:
        """Delete the owner's keys up to that version; how many there were. `Store.scrub` removes what that leaves."""
        gone = delete(data_keys).where(data_keys.c.owner == owner, data_keys.c.version <= through)
        return self._sql.execute(gone).rowcount

    def hold_keks(self) -> None:
        """Until this transaction ends no key-encryption key is made or retired."""
        if self._sql.dialect.name == "postgresql":
            self._sql.execute(_HOLD, {"lock": _KEKS})  # SQLite's writer is alone already

    def change_keks(self) -> None:
        """Wait for every transaction that holds the key-encryption keys, and keep others out until this one ends.

        NOTE: take no other lock after it, the ledger's head included. A holder may be waiting for that.
        """
        if self._sql.dialect.name == "postgresql":
            self._sql.execute(_CHANGE, {"lock": _KEKS})

    def _rows(self, wanted: Select[Any]) -> Sequence[r.KeyRow]:
        return [r.KeyRow(*row) for row in self._sql.execute(wanted)]
