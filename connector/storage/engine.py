"""Engines for both databases, with the settings that durability and safety rest on (R64, R65)."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import structlog
from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine, event, make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from connector.domain.errors import NotSetUp

__all__ = ["Kept", "make_engine", "reading", "sqlite_module", "wal_is_safe", "writing"]

_HOW, _SYNC = "connector_begin", "connector_synchronous"  # kept with a connection: its next BEGIN, its setting
_BUSY_SECONDS = 10
_IDLE = 16  # SQLite connections that wait for their next use
_KEPT, _MORE = 10, 30  # PostgreSQL connections a process keeps, and may open beyond that for a moment
_POSTGRES_SETTINGS = (
    "-c statement_timeout=15000 -c lock_timeout=10000 -c idle_in_transaction_session_timeout=60000 -c timezone=UTC"
)

log = structlog.get_logger(__name__)


def sqlite_module() -> ModuleType:
    """The SQLite driver: the pysqlite3 wheel with its own SQLite, or the standard library's where there is no wheel."""
    try:
        return import_module("pysqlite3.dbapi2")
    except ImportError:
        return import_module("sqlite3")


def wal_is_safe(version: tuple[int, int, int]) -> bool:
    """Whether this SQLite keeps committed data in WAL mode (https://sqlite.org/wal.html#walresetbug).

    SQLite 3.7.0 to 3.51.2 can lose it; 3.51.3 does not, and the repair was carried back to 3.50.7 and 3.44.6.
    """
    return version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51, 0) or (3, 44, 6) <= version < (3, 45, 0)


def make_engine(url: str) -> Engine:
    """An engine for `sqlite:///path` or `postgresql://…`. The caller disposes of it.

    On SQLite nothing begins a transaction but SQLAlchemy's `begin`, which says BEGIN, or `writing`, which says BEGIN
    IMMEDIATE. The file is made readable by its owner only.

    Raises:
        NotSetUp: for any other database, for one in memory, or when the file's folder is missing.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite_engine(parsed)
    if parsed.get_backend_name() == "postgresql":
        return _postgres_engine(parsed)
    raise NotSetUp("The database must be sqlite:///PATH or postgresql://… . Change CONNECTOR_DATABASE_URL.")


class Kept:
    """The connections of an engine between their transactions.

    SQLite's stay as they are: SQLAlchemy's way from its pool and back costs more than a call's statements, and guards
    against a server that went away. The last one given back is the next one used, so a thread that is alone finds
    SQLite's own cache as it left it.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._idle: list[Connection] = []
        self._most = _IDLE if engine.dialect.name == "sqlite" else 0

    def take(self) -> Connection:
        """One without a transaction. Raises: sqlalchemy.exc.DBAPIError."""
        try:
            return self._idle.pop()
        except IndexError:
            return self._engine.connect()

    def give_back(self, connection: Connection) -> None:
        """For the next one. A connection in trouble is closed instead, which undoes what it had begun."""
        if len(self._idle) < self._most:
            self._idle.append(connection)
        else:
            connection.close()

    def close(self) -> None:
        """Close those that nobody uses."""
        while self._idle:
            self._idle.pop().close()


@contextmanager
def writing(kept: Kept, *, durable: bool = True) -> Iterator[Connection]:
    """A transaction as Engine.begin's; on SQLite it is the one writer from its BEGIN on.

    One that is not `durable` does not wait for the disk: the next durable one, or the checkpoint, takes it along.
    """
    connection = kept.take()
    try:
        connection.info[_HOW] = ("BEGIN IMMEDIATE", durable)
        with connection.begin():
            if not durable and connection.dialect.name == "postgresql":
                connection.exec_driver_sql("SET LOCAL synchronous_commit = off")
            yield connection
    except BaseException:
        connection.close()
        raise
    kept.give_back(connection)


@contextmanager
def reading(kept: Kept) -> Iterator[Connection]:
    """A snapshot that ends in a rollback.

    Raises: OperationalError at its end when something was written on SQLite; it is undone. (PRAGMA query_only would
    refuse it at once, but each change of it makes SQLite compile every statement anew.)
    """
    connection = kept.take()
    try:
        driver = connection.connection.driver_connection
        before = getattr(driver, "total_changes", 0)
        connection.begin()
        yield connection
        changed = getattr(driver, "total_changes", 0) != before
        connection.rollback()
        if changed:
            raise OperationalError(None, None, RuntimeError("something was written in a transaction that reads"))
    except BaseException:
        connection.close()
        raise
    kept.give_back(connection)


def _postgres_engine(url: URL) -> Engine:
    return create_engine(
        url.set(drivername="postgresql+psycopg"),
        connect_args={"options": _POSTGRES_SETTINGS, "connect_timeout": _BUSY_SECONDS},
        isolation_level="READ COMMITTED",
        pool_size=_KEPT,
        max_overflow=_MORE,
        pool_pre_ping=True,  # a restarted server costs one round trip here, not an error in a person's face
        hide_parameters=True,
    )


def _sqlite_engine(url: URL) -> Engine:
    if not url.database or url.database == ":memory:":
        raise NotSetUp("The database must be a file: one in memory is lost when the program ends.")
    _make_private(Path(url.database))
    sqlite = sqlite_module()
    safe = wal_is_safe(sqlite.sqlite_version_info)
    if not safe:
        log.warning("sqlite_without_wal", version=sqlite.sqlite_version, reason="WAL can lose commits in this version")
    engine = create_engine(
        url.set(drivername="sqlite+pysqlite"),
        module=sqlite,
        connect_args={"timeout": _BUSY_SECONDS, "isolation_level": None, "check_same_thread": False},
        poolclass=QueuePool,
        pool_size=16,
        max_overflow=-1,  # a thread never waits for a connection: SQLite itself lets readers in and queues writers
        pool_use_lifo=True,
        hide_parameters=True,
    )
    journal = "wal" if safe else "delete"

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _entry: ConnectionPoolEntry) -> None:
        connection.execute(f"PRAGMA busy_timeout={_BUSY_SECONDS * 1000}")
        mode = _journal_mode(connection, journal, sqlite.OperationalError)
        if mode != journal:
            raise NotSetUp(f"SQLite kept the journal mode {mode} where {journal} is needed. Stop its other programs.")
        for setting in ("synchronous=FULL", "foreign_keys=ON", "secure_delete=ON", "trusted_schema=OFF"):
            connection.execute(f"PRAGMA {setting}").close()

    def begin(connection: Any) -> None:
        how, durable = connection.info.pop(_HOW, ("BEGIN", True))
        # In WAL mode NORMAL loses only the newest commits, and only when the power goes: sqlite.org/pragma.html
        wanted = "FULL" if durable or not safe else "NORMAL"
        if connection.info.get(_SYNC, "FULL") != wanted:
            connection.driver_connection.execute(f"PRAGMA synchronous={wanted}").close()
            connection.info[_SYNC] = wanted
        connection.driver_connection.execute(how).close()

    # NOTE: not an event. An engine with any event of its connections pays for all of them, 100 µs a transaction.
    engine.dialect.do_begin = begin  # type: ignore[assignment, method-assign]
    return engine


def _journal_mode(connection: Any, wanted: str, locked: type[Exception]) -> str:
    """Ask for a journal mode; the mode there is. While another program changes it, SQLite says "locked" at once."""
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            (mode,) = connection.execute(f"PRAGMA journal_mode={wanted}").fetchone()
        except locked:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return str(mode)


def _make_private(path: Path) -> None:
    """Create the file for its owner only; SQLite gives its journals the same mode."""
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except FileNotFoundError:
        raise NotSetUp(f"The folder of the database {path} is missing. Create it, then try again.") from None
    if path.stat().st_mode & 0o077:
        path.chmod(0o600)
