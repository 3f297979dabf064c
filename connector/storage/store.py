"""Transactions, and the repositories in them."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DatabaseError, DataError, IntegrityError, NotSupportedError, ProgrammingError
from sqlalchemy.exc import TimeoutError as NoConnection

from connector.domain.errors import ConnectorError, LedgerUnwritable
from connector.domain.ports import Scrubbed
from connector.storage.accounts import AccountRows
from connector.storage.authorizations import AuthorizationRows
from connector.storage.connections import ConnectionRows
from connector.storage.engine import reading, writing
from connector.storage.inbox import InboxRows
from connector.storage.keys import KeyRows
from connector.storage.ledger import LedgerRows
from connector.storage.refreshes import RefreshRows
from connector.storage.scrub import scrub
from connector.storage.tokens import TokenRows

__all__ = ["SqlStore", "SqlTx"]

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
        """Leases to refresh, and pauses."""
        return RefreshRows(self.connection)

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


class SqlStore:
    """`connector.domain.ports.Store` on an engine from `make_engine`.

    SQLite writes begin with BEGIN IMMEDIATE, so a transaction that has begun can finish; the threads of this process
    take turns by a lock, because SQLite's own queue is a sleep. PostgreSQL writes are READ COMMITTED with explicit
    locks; reads are one REPEATABLE READ snapshot.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._reads = engine
        self._turn: threading.Lock | None = threading.Lock()
        self._writer: int | None = None
        if engine.dialect.name == "postgresql":
            self._reads = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            self._turn = None

    @contextmanager
    def read(self) -> Iterator[SqlTx]:
        """A consistent snapshot. Writing in it is an error.

        Raises:
            ConnectorError: when the database is broken, away or answers too late.
        """
        with _or(ConnectorError, "the database could not be read"), reading(self._reads) as connection:
            yield SqlTx(connection)

    @contextmanager
    def write(self, *, durable: bool = True) -> Iterator[SqlTx]:
        """A unit of work, on disk when the block ends; not `durable`, soon after.

        Raises:
            LedgerUnwritable: when the database is locked for longer than ten seconds, full, read-only, broken or away.
        """
        with (
            self._in_turn(),
            _or(LedgerUnwritable, "the database did not take the write"),
            writing(self.engine, durable=durable) as connection,
        ):
            yield SqlTx(connection, writing=True)

    def scrub(self, deleted: Sequence[bytes]) -> Scrubbed:
        """Remove what deleted data keys left in the database's files, and look for copies where they can be seen."""
        with self._in_turn():
            return scrub(self.engine, deleted)

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        if self._turn is None:
            yield
            return
        me = threading.get_ident()
        if self._writer == me:
            raise RuntimeError("a write inside a write would wait for itself")
        if not self._turn.acquire(timeout=_WAIT_SECONDS):
            raise LedgerUnwritable("another thread has been writing for too long")
        self._writer = me
        try:
            yield
        finally:
            self._writer = None
            self._turn.release()


@contextmanager
def _or(told: type[ConnectorError], what: str) -> Iterator[None]:
    """Tell the trouble of the disk or the server as an error of the domain; mistakes of ours stay as they are."""
    try:
        yield
    except _MISTAKES:
        raise
    except (DatabaseError, NoConnection) as error:
        raise told(f"{what} ({type(error).__name__})") from error
