"""The database and the vault: adapters for `connector.domain.ports`, on SQLite and PostgreSQL."""

from connector.storage.engine import make_engine
from connector.storage.kek import FileKek
from connector.storage.migrate import check_schema, upgrade
from connector.storage.passwords import Argon2Passwords
from connector.storage.store import SqlStore
from connector.storage.vault import SealedVault

__all__ = ["Argon2Passwords", "FileKek", "SealedVault", "SqlStore", "check_schema", "make_engine", "upgrade"]
