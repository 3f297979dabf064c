"""Group commit: short units of work of several threads in one transaction, with one wait for the disk.

While a thread waits for the disk, others come. The first of them then leads: it runs all units that are there by now,
commits once and wakes their callers. Nobody waits for company, and no thread exists for it.
"""

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

from connector.domain.errors import LedgerUnwritable
from connector.domain.ports import Tx

__all__ = ["GroupCommit"]

T = TypeVar("T")


class Write(Protocol):
    """A transaction, as `connector.domain.ports.Store.write`."""

    def __call__(self, *, durable: bool) -> AbstractContextManager[Tx]: ...


class _Unit:
    """One caller's work, and what came of it."""

    __slots__ = ("awake", "durable", "error", "thread", "value", "work")

    def __init__(self, work: Callable[[Tx], Any], *, durable: bool) -> None:
        self.work, self.durable = work, durable
        self.value: Any = None
        self.error: BaseException | None = LedgerUnwritable("the thread that was writing stopped")
        self.thread = threading.get_ident()
        self.awake = threading.Lock()


class GroupCommit:
    """Runs units so that each is committed whole or not at all, and its caller learns of no other's failure.

    NOTE: there are no savepoints. A unit that fails undoes the transaction of its group, and then each of the group
    runs in a transaction of its own. So nothing that a unit saw of a failed one is left, neither in the database nor
    in what is kept by transaction: the vault's new keys, the ledger's next index.
    """

    def __init__(self, write: Write) -> None:
        self._write = write
        self._mutex = threading.Lock()
        self._waiting: list[_Unit] = []
        self._leader: _Unit | None = None

    def run(self, work: Callable[[Tx], T], *, durable: bool) -> T:
        """The work's answer, once it is committed. Raises: what the work raises, and as `write`."""
        unit = _Unit(work, durable=durable)
        with self._mutex:
            if self._leader is None:
                self._leader = unit
            elif self._leader.thread == unit.thread:
                raise RuntimeError("a unit inside a unit would wait for itself")
            else:
                unit.awake.acquire()
            self._waiting.append(unit)
        try:
            with unit.awake:  # until it is done, or to lead
                if self._leader is unit:
                    self._lead()
        finally:
            self._leave(unit)
        if unit.error is not None:
            raise unit.error
        return unit.value  # type: ignore[no-any-return]  # what this work answered

    def _lead(self) -> None:
        with self._mutex:
            group, self._waiting = self._waiting, []
        try:
            self._commit(group)
        finally:
            for unit in group:
                if unit is not self._leader:
                    unit.awake.release()

    def _leave(self, unit: _Unit) -> None:
        """Pass the lead on. One that was interrupted while it waited is not run any more."""
        with self._mutex:
            if unit in self._waiting:
                self._waiting.remove(unit)
            if self._leader is unit:
                self._leader = self._waiting[0] if self._waiting else None
                if self._leader is not None:
                    self._leader.awake.release()

    def _commit(self, group: Sequence[_Unit]) -> None:
        at: _Unit | None = None
        try:
            with self._write(durable=any(unit.durable for unit in group)) as tx:
                for at in group:
                    at.value = at.work(tx)
                at = None
        except Exception as error:  # noqa: BLE001 — each caller is told, whatever it is
            if at is not None and len(group) > 1:
                self._one_by_one([*(unit for unit in group if unit is not at), at])
                return
            for unit in group:
                unit.error = error
        else:
            for unit in group:
                unit.error = None

    def _one_by_one(self, group: Sequence[_Unit]) -> None:
        """The one that failed comes last. When the database takes nothing, no more wait for it to say so again."""
        for number, unit in enumerate(group, 1):
            self._commit([unit])
            if isinstance(unit.error, LedgerUnwritable):
                for rest in group[number:]:
                    rest.error = unit.error
                return
