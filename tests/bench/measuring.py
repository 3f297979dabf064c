"""Rounds, medians and spreads, and what the disk takes: beside every durable figure stands this disk's fdatasync."""

import os
import statistics
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from random import Random

__all__ = ["Spread", "fdatasync", "in_rounds", "per_second", "spread", "syncing"]

Call = Callable[[], object]


class Spread:
    """Median and quartiles."""

    def __init__(self, values: Sequence[float]) -> None:
        self.low, self.median, self.high = statistics.quantiles(values, n=4)

    def __str__(self) -> str:
        return f"{self.median:,.0f} [{self.low:,.0f}-{self.high:,.0f}]"


def spread(seconds: Sequence[float]) -> Spread:
    """Of seconds, in microseconds."""
    return Spread([1e6 * one for one in seconds])


def in_rounds(
    calls: Mapping[str, Call], *, rounds: int, each: int, random: Random, costly: Collection[str] = ()
) -> dict[str, list[float]]:
    """Seconds a call took, by name, one mean a round. Every round makes all calls, in an order drawn anew.

    Values of the same round stand at the same place, so differences can be taken in pairs. What is costly is called a
    fifth as often in a round.
    """
    often = {name: max(1, each // 5) if name in costly else each for name in calls}
    for name, call in calls.items():  # caches, pools and kept connections
        for _ in range(often[name]):
            call()
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name in random.sample(list(calls), len(calls)):
            call = calls[name]
            begun = time.perf_counter()
            for _ in range(often[name]):
                call()
            taken[name].append((time.perf_counter() - begun) / often[name])
    return taken


def per_second(way: Callable[[], AbstractContextManager[Call]], *, threads: int, each: int) -> float:
    """Calls a second of several threads at once, each of which opens the way for itself and keeps it."""
    ready = threading.Barrier(threads + 1)
    done = threading.Barrier(threads + 1)

    def work() -> None:
        with way() as call:
            call()
            ready.wait()
            for _ in range(each):
                call()
            done.wait()

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    ready.wait()
    begun = time.perf_counter()
    done.wait()
    taken = time.perf_counter() - begun
    for worker in workers:
        worker.join()
    return threads * each / taken


@contextmanager
def syncing(folder: Path, *, append: bool) -> Iterator[Call]:
    """Writes 4 KiB and waits for this folder's disk (os.fdatasync): over what is there, or at the end."""
    path = folder / "fdatasync"
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | (os.O_APPEND if append else 0), 0o600)

    def write() -> None:
        os.pwrite(handle, b"+" * 4096, 0)
        os.fdatasync(handle)

    try:
        write()
        yield write
    finally:
        os.close(handle)
        path.unlink()


def fdatasync(folder: Path, *, append: bool, times: int = 1000) -> Spread:
    """What that takes."""
    taken = []
    with syncing(folder, append=append) as write:
        for _ in range(times):
            begun = time.perf_counter()
            write()
            taken.append(time.perf_counter() - begun)
    return spread(taken)
