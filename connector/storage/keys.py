"""Wrapped data keys."""

from sqlalchemy import Connection, bindparam, func, select

from connector.domain import records as r
from connector.storage.rows import insert_into, one, record_columns, values
from connector.storage.schema import data_keys

__all__ = ["KeyRows"]

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
