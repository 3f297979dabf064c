"""Durable ledger rows a second with 1, 8 and 32 callers, together and with a commit each, on SQLite and PostgreSQL.

Run by name: `python tests/bench/bench_ledger_append.py`. Each caller waits until its entry is on disk before the next.
"""

import argparse
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import postgres
import ways
from measuring import Spread, fdatasync

from connector.domain import events, ledger
from connector.domain.ports import Services, Tx

CALLERS = (1, 8, 32)
TOGETHER, EACH = "together", "a commit each"


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=7)
    arguments.add_argument("--rows", type=int, default=3000, help="in a round, by all callers")
    arguments.add_argument("--folder", type=Path, help="on the disk to measure; PostgreSQL's is the temporary folder's")
    asked = arguments.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.folder) as made, postgres.running() as server:
        print(f"{asked.rounds} rounds of {asked.rows:,} rows; both ways in every round, in turn")
        print(f"this disk, 4 KiB and fdatasync: append {fdatasync(Path(made), append=True)} µs")
        for title, url in (("SQLite", None), ("PostgreSQL", server)):
            if title == "PostgreSQL" and url is None:
                print("\nPostgreSQL: left out, it is not installed")
                continue
            with ways.product("http://127.0.0.1:9/", Path(made) / title, database=url) as svc:
                tell(title, svc, rounds=asked.rounds, rows=asked.rows)
        print(f"\nthis disk, at the end: append {fdatasync(Path(made), append=True)} µs")


def tell(title: str, svc: Services, *, rounds: int, rows: int) -> None:
    """A table for one database."""
    print(f"\n{title:28}{'rows/s':>30}{'wait, ms: median':>20}{'p99':>8}")
    by_way: dict[str, Callable[[], object]] = {
        TOGETHER: lambda: svc.store.grouped(lambda tx: entry(svc, tx)),
        EACH: lambda: alone(svc),
    }
    for callers in CALLERS:
        found: dict[str, list[float]] = {way: [] for way in by_way}
        waits: dict[str, list[float]] = {way: [] for way in by_way}
        for number in range(rounds):
            for way in sorted(by_way, reverse=bool(number % 2)):
                taken = appending(by_way[way], callers=callers, each=max(1, rows // callers))
                found[way].append(len(taken[1]) / taken[0])
                waits[way] += taken[1]
        for way in by_way:
            hundredths = statistics.quantiles(waits[way], n=100)
            of = f"{callers} caller{'s' if callers > 1 else ''}, {way}"
            print(f"{of:28}{Spread(found[way])!s:>30}{1e3 * hundredths[49]:>20.2f}{1e3 * hundredths[98]:>8.2f}")


def appending(one: Callable[[], object], *, callers: int, each: int) -> tuple[float, list[float]]:
    """Seconds for all, and what each row took."""
    ready, waits = threading.Barrier(callers + 1), list[float]()

    def work() -> None:
        mine = []
        ready.wait()
        for _ in range(each):
            begun = time.perf_counter()
            one()
            mine.append(time.perf_counter() - begun)
        waits.extend(mine)

    threads = [threading.Thread(target=work) for _ in range(callers)]
    for thread in threads:
        thread.start()
    ready.wait()
    begun = time.perf_counter()
    for thread in threads:
        thread.join()
    return time.perf_counter() - begun, waits


def alone(svc: Services) -> None:
    """An entry in a transaction of its own."""
    with svc.store.write() as tx:
        entry(svc, tx)


def entry(svc: Services, tx: Tx) -> int:
    """The intent of a call, as the path of one writes it."""
    return ledger.note(
        svc, tx, events.CALL_INTENT, actor=ways.ACTOR, customer=ways.CUSTOMER, connection=ways.CONNECTION,
        purpose=ways.PURPOSE, operation="plusPages.comments.list", decision="intent",
        details={"what": "list comments", "why": "", "subject": ways.POST, "parameters": ways.ASKED},
    )  # fmt: skip


if __name__ == "__main__":
    main()
