"""Transactions, and the repositories in them."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cached_property
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DatabaseError, DataError, IntegrityError, NotSupportedError, ProgrammingError
from sqlalchemy.exc import TimeoutError as NoConnection

from connector.domain.errors import ConnectorError, LedgerUnwritable
from connector.domain.ports import Scrubbed, Tx
from connector.storage.accounts import AccountRows
from connector.storage.authorizations import AuthorizationRows
from connector.storage.connections import ConnectionRows
from connector.storage.engine import Kept, reading, writing
from connector.storage.group import GroupCommit
from connector.storage.inbox import InboxRows
from connector.storage.keys import KeyRows
from connector.storage.ledger import LedgerRows
from connector.storage.pauses import PauseRows
from connector.storage.programs import ProgramRows
from connector.storage.refreshes import RefreshRows
from connector.storage.scrub import scrub
from connector.storage.tokens import TokenRows

__all__ = ["SqlStore", "SqlTx"]

T = TypeVar("T")

_WAIT_SECONDS = 10
_MISTAKES = (IntegrityError, DataError, ProgrammingError, NotSupportedError)  # ours, and not the disk's or the server's


class SqlTx:
    """One transaction: `connector.domain.ports.Tx`."""

    def __init__(self, connection: Connection, *, writing: bool = False) -> None:
        self.connection, self.writing = connection, writing

    @cached_property
    def accounts(self) -> AccountRows:
        """Customers, people, sessions and links."""
        return AccountRows(self.connection)

    @cached_property
    def authorizations(self) -> AuthorizationRows:
        """Authorization requests on their way."""
        return AuthorizationRows(self.connection)

    @cached_property
    def connections(self) -> ConnectionRows:
        """Connections, pages, grants and switches."""
        return ConnectionRows(self.connection)

    @cached_property
    def tokens(self) -> TokenRows:
        """Sealed tokens."""
        return TokenRows(self.connection)

    @cached_property
    def refreshes(self) -> RefreshRows:
        """Leases to refresh."""
        return RefreshRows(self.connection)

    @cached_property
    def pauses(self) -> PauseRows:
        """What is not done at a provider for a while."""
        return PauseRows(self.connection)

    @cached_property
    def ledger(self) -> LedgerRows:
        """The record."""
        return LedgerRows(self.connection)

    @cached_property
    def inbox(self) -> InboxRows:
        """Threads, messages and replies."""
        return InboxRows(self.connection)

    @cached_property
    def keys(self) -> KeyRows:
        """Wrapped data keys."""
        return KeyRows(self.connection)

    @cached_property
    def programs(self) -> ProgramRows:
        """Programs and their secrets."""
        return ProgramRows(self.connection)


class SqlStore:
    """`connector.domain.ports.Store` on an engine from `make_engine`.

    SQLite writes begin with BEGIN IMMEDIATE, so a transaction that has begun can finish; the threads of this process
    take turns by a lock, because SQLite's own queue is a sleep. PostgreSQL writes are READ COMMITTED with explicit
    locks; reads are one REPEATABLE READ snapshot.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._reads = self._writes = Kept(engine)
        self._turn: AbstractContextManager[None] = nullcontext()
        self._group = GroupCommit(self.write)
        if engine.dialect.name == "postgresql":
            options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
            self._reads = Kept(engine.execution_options(**options))
        else:
            self._turn = _Turn()

    @contextmanager
    def read(self) -> Iterator[SqlTx]:
        """A consistent snapshot. Writing in it is an error.

        Raises:
            ConnectorError: when the database is broken, away or answers too late.
        """
        with _NOT_READ, reading(self._reads) as connection:
            yield SqlTx(connection)

    @contextmanager
    def write(self, *, durable: bool = True) -> Iterator[SqlTx]:
        """A unit of work, on disk when the block ends; not `durable`, soon after.

        Raises:
            LedgerUnwritable: when the database is locked for longer than ten seconds, full, read-only, broken or away.
        """
        with self._turn, _NOT_WRITTEN, writing(self._writes, durable=durable) as connection:
            yield SqlTx(connection, writing=True)

    def grouped(self, unit: Callable[[Tx], T], *, durable: bool = True) -> T:
        """A short unit of work in one transaction with those of other threads.

        Raises: what the unit raises, and as `write`.
        """
        return self._group.run(unit, durable=durable)

    def scrub(self, deleted: Sequence[bytes]) -> Scrubbed:
        """Remove what deleted data keys left in the database's files, and look for copies where they can be seen."""
        with self._turn:
            return scrub(self.engine, deleted)

    def close(self) -> None:
        """Close every connection that nobody uses."""
        self._reads.close()
        self._writes.close()
        self.engine.dispose()


class _Turn:
    """One writer of this process at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._writer: int | None = None

    def __enter__(self) -> None:
        me = threading.get_ident()
        if self._writer == me:
            raise RuntimeError("a write inside a write would wait for itself")
        if not self._lock.acquire(timeout=_WAIT_SECONDS):
            raise LedgerUnwritable("another thread has been writing for too long")
        self._writer = me

    def __exit__(self, *_error: object) -> None:
        self._writer = None
        self._lock.release()


class _Telling:
    """Tells the trouble of the disk or the server as an error of the domain; mistakes of ours stay as they are."""

    def __init__(self, told: type[ConnectorError], what: str) -> None:
        self._told, self._what = told, what

    def __enter__(self) -> None:
        """Nothing begins."""

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, (DatabaseError, NoConnection)) and not isinstance(error, _MISTAKES):
            raise self._told(f"{self._what} ({type(error).__name__})") from error


_NOT_READ = _Telling(ConnectorError, "the database could not be read")
_NOT_WRITTEN = _Telling(LedgerUnwritable, "the database did not take the write")
