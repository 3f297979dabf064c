"""A customer's token, ready for use, out of 10,000: the connector's permit and unsealing beside others' plain look-ups.

Run by name: `python tests/bench/bench_token_load.py`. Needs the project's `bench` extra; a library that is missing is
named, and its row left out.
"""

import argparse
import sqlite3
import statistics
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from random import Random

import ways
from measuring import fdatasync, in_rounds, spread
from peers import PEERS

import scopes
from connector import wiring
from connector.domain import grants, tokens
from connector.domain.ports import Services
from connector.domain.records import Actor, Connection, ConnectionState, Customer, Grant, Page
from connector.domain.secret import AccessToken
from scopes import RoutedCall

FLOOR, OURS = "raw SELECT of 200 bytes (floor)", "connector: permit and unsealed token"


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--customers", type=int, default=10_000)
    arguments.add_argument("--rounds", type=int, default=40)
    arguments.add_argument("--each", type=int, default=50, help="loads of each kind in a round")
    arguments.add_argument("--seed", type=int, default=1)
    asked = arguments.parse_args()
    chance = Random(asked.seed)  # noqa: S311
    with tempfile.TemporaryDirectory() as made, ExitStack() as stack:
        folder = Path(made)
        print(
            f"{asked.customers:,} customers on SQLite, seed {asked.seed}, {asked.rounds} rounds of {asked.each} loads"
        )
        print(f"this disk, 4 KiB and fdatasync, which no row waits for: {fdatasync(folder, append=True)} µs")
        svc = stack.enter_context(ways.product("http://127.0.0.1:9/", folder / "instance"))
        fill(svc, asked.customers)
        loads: dict[str, Callable[[int], object]] = {FLOOR: floor(folder, asked.customers)}
        loads[OURS] = lambda customer: ready(svc, customer)
        for name, peer in PEERS.items():
            try:
                loads[name] = stack.enter_context(peer(folder, asked.customers))
            except ImportError as missing:
                print(f"{name}: left out, {missing.name} is not installed. Run: pip install 'page-connector[bench]'")
        for customer in range(asked.customers):  # every data key once, as in a process that has run for a while
            ready(svc, customer)
        calls = {name: anyone(load, asked.customers, chance) for name, load in loads.items()}
        taken = in_rounds(calls, rounds=asked.rounds, each=asked.each, random=chance)
        print(f"\n{'':40}{'µs a load':>22}{'x floor':>10}{'x connector':>13}")
        for name, seconds in taken.items():
            floors, ours = (
                statistics.median(a / b for a, b in zip(seconds, taken[n], strict=True)) for n in (FLOOR, OURS)
            )
            print(f"{name:40}{spread(seconds)!s:>22}{floors:>10.1f}{ours:>13.2f}")


def anyone(load: Callable[[int], object], customers: int, chance: Random) -> Callable[[], object]:
    """A load of a customer drawn anew each time."""
    return lambda: load(chance.randrange(customers))


def floor(folder: Path, customers: int) -> Callable[[int], object]:
    """One indexed row, by a connection that is kept."""
    database = sqlite3.connect(folder / "floor.db")
    database.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, value BLOB)")
    database.executemany("INSERT INTO t VALUES (?, ?)", ((n, b"x" * 200) for n in range(customers)))
    database.commit()
    return lambda customer: database.execute("SELECT value FROM t WHERE id = ?", (customer,)).fetchone()


def fill(svc: Services, customers: int) -> None:
    """So many customers, each with a connection that may read messages, a page and a token."""
    catalogue, now = svc.network(wiring.PROVIDER).catalogue, svc.clock.now()
    wanted = tuple(catalogue.scopes_for([ways.PURPOSE]))
    for start in range(0, customers, 500):
        with svc.store.write(durable=False) as tx:
            for n in range(start, min(start + 500, customers)):
                customer, connection = f"cus_{n}", f"con_{n}"
                tx.accounts.add_customer(Customer(customer, "Bench", now))
                tx.connections.add(
                    Connection(connection, customer, wiring.PROVIDER, str(n), "Bench", ConnectionState.ACTIVE, now, "b")
                )
                tx.connections.put_pages([Page(f"pag_{n}", connection, customer, ways.PAGE, "Bench", chosen=True)])
                tx.connections.add_grant(
                    Grant(
                        id=f"gra_{n}", connection=connection, customer=customer, person="b", at=now,
                        purposes=(ways.PURPOSE,), requested=wanted, granted=wanted, refused=(), extra=(),
                        source="answer", disclosure_hash="-", policy_version=catalogue.policy_version,
                    )
                )  # fmt: skip
                token, key = AccessToken(svc.random.token() * 4), tokens.scope_key(frozenset(wanted))
                tokens.store_access(svc, tx, customer, connection, token, key, now + timedelta(hours=1))


def ready(svc: Services, number: int) -> object:
    """The purpose checked, the grant, switch and page found to hold, and the token unsealed."""
    asked = RoutedCall("plusPages.comments.list", {"activityId": ways.POST}, {"onBehalfOf": ways.PAGE}, upload=False)
    need = scopes.require(svc.network(wiring.PROVIDER).catalogue, ways.PURPOSE, asked)
    actor = Actor(kind="program", id="prg_bench", name="Benchmark", customer=f"cus_{number}")
    with svc.store.read() as tx:
        found = tokens.kept(svc, tx, grants.permit(svc, tx, actor, f"con_{number}", need))
    assert found is not None
    return found


if __name__ == "__main__":
    main()
