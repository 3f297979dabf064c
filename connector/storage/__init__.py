"""The database and the vault: adapters for `connector.domain.ports`, on SQLite and PostgreSQL."""

from connector.storage.engine import make_engine
from connector.storage.migrate import check_schema, upgrade
from connector.storage.store import SqlStore

__all__ = ["SqlStore", "check_schema", "make_engine", "upgrade"]
