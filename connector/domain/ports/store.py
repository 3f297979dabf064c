"""The database: transactions, and the tables they reach."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol, TypeVar

from connector.domain.ports.tables import (
    Accounts,
    Authorizations,
    Connections,
    Inbox,
    Keys,
    Ledger,
    Pauses,
    Programs,
    Refreshes,
    Tokens,
)

__all__ = ["Scrubbed", "Store", "Tx"]

T = TypeVar("T")


class Tx(Protocol):
    """One transaction. Leaving the block commits it; an exception rolls it back."""

    @property
    def writing(self) -> bool: ...
    @property
    def accounts(self) -> Accounts: ...
    @property
    def authorizations(self) -> Authorizations: ...
    @property
    def connections(self) -> Connections: ...
    @property
    def tokens(self) -> Tokens: ...
    @property
    def refreshes(self) -> Refreshes: ...
    @property
    def pauses(self) -> Pauses: ...
    @property
    def ledger(self) -> Ledger: ...
    @property
    def inbox(self) -> Inbox: ...
    @property
    def keys(self) -> Keys: ...
    @property
    def programs(self) -> Programs: ...


@dataclass(frozen=True, slots=True)
class Scrubbed:
    """`done` is false when others used the database. `copies` of deleted keys in its files; None: not to be seen."""

    done: bool
    copies: int | None


class Store(Protocol):
    """The database. No remote call is made inside a write transaction."""

    def read(self) -> AbstractContextManager[Tx]:
        """A consistent snapshot."""
        ...

    def write(self, *, durable: bool = True) -> AbstractContextManager[Tx]:
        """A unit of work: it is on disk when the block ends.

        One that is not `durable` is committed for everybody and outlives this process, but does not wait for the disk:
        a power failure within moments may undo it, unless a durable one came after it. For what may be forgotten.
        """
        ...

    def grouped(self, unit: Callable[[Tx], T], *, durable: bool = True) -> T:
        """The unit's answer, committed as by `write`, in one transaction with what other threads bring meanwhile.

        For what is short and frequent. The unit may run in another thread, and again from its beginning when one that
        shared its transaction failed: what it changes besides the database is set anew each time.
        """
        ...

    def scrub(self, deleted: Sequence[bytes]) -> Scrubbed:
        """Remove what deleted data keys left in the database's files. Takes as long as the database is large."""
        ...

    def close(self) -> None:
        """Give every connection to the database back."""
        ...
