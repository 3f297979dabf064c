"""The database and the vault: adapters for `connector.domain.ports`, on SQLite and PostgreSQL."""

from connector.storage.engine import make_engine
from connector.storage.kek import FileKeks
from connector.storage.kms import key_ring
from connector.storage.migrate import check_schema, upgrade
from connector.storage.passwords import Argon2Passwords
from connector.storage.shredded import ShredList
from connector.storage.store import SqlStore
from connector.storage.token_keys import FileTokenKeys
from connector.storage.vault import SealedVault

__all__ = [
    "Argon2Passwords",
    "FileKeks",
    "FileTokenKeys",
    "SealedVault",
    "ShredList",
    "SqlStore",
    "check_schema",
    "key_ring",
    "make_engine",
    "upgrade",
]
