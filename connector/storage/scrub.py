"""Removing what deleted rows leave in a database's files: a deleted key is not a destroyed one (R20, finding 11)."""

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from connector.domain.ports import Scrubbed

__all__ = ["scrub"]

_BLOCK = 1 << 20  # bytes read at a time
_BESIDE = ("", "-wal", "-shm", "-journal")  # the files of a SQLite database


def scrub(engine: Engine, deleted: Sequence[bytes]) -> Scrubbed:
    """Rewrite where the deleted data keys were, then look for them in the files."""
    if engine.dialect.name == "postgresql":
        return Scrubbed(done=_rewrite_table(engine), copies=None)
    done = _rewrite_file(engine)
    database = engine.url.database or ""
    files = [Path(f"{database}{suffix}") for suffix in _BESIDE]
    return Scrubbed(done=done, copies=sum(_copies(path, deleted) for path in files if path.exists()))


def _rewrite_file(engine: Engine) -> bool:
    """The whole database anew, and an empty WAL.

    secure_delete zeroes a deleted row where it stands, but not what SQLite left behind when it moved that row between
    pages earlier; only VACUUM leaves nothing of either.
    """
    connection = engine.raw_connection()
    try:
        driver = connection.driver_connection
        assert driver is not None  # noqa: S101 — for the type checker
        driver.execute("VACUUM").close()
        busy = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    except engine.dialect.loaded_dbapi.OperationalError:
        return False
    finally:
        connection.close()
    return not busy


def _rewrite_table(engine: Engine) -> bool:
    """A new file for the table. The server's WAL, replicas and archives are its operator's."""
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM (FULL) data_keys")
    except OperationalError:
        return False
    return True


def _copies(path: Path, wanted: Sequence[bytes]) -> int:
    """How many of the wanted bytes the file holds, read a block at a time."""
    longest = max(map(len, wanted), default=0)
    found: set[tuple[int, int]] = set()
    with path.open("rb") as file:
        start, block = 0, b""
        while more := file.read(_BLOCK):
            block += more
            for number, one in enumerate(wanted):
                at = block.find(one)
                while at >= 0:
                    found.add((number, start + at))
                    at = block.find(one, at + 1)
            kept = block[-longest:] if longest else b""
            start, block = start + len(block) - len(kept), kept
    return len(found)
