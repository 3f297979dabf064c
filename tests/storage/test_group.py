"""Group commit: threads share a transaction and its wait for the disk, and nothing else."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from connector.domain import records as r
from connector.domain.errors import LedgerUnwritable
from connector.storage import SealedVault, SqlStore, make_engine

KILLED = Path(__file__).with_name("killed_groups.py")


class Broken(Exception):
    """What a unit raises on purpose."""


@pytest.fixture
def together(store):
    """Run these units as one group: `together(*units, **how)`; what each answered or raised, in their order."""

    def run(*units, durable=True):
        came: dict[int, object] = {}
        entered, go_on = threading.Event(), threading.Event()

        def first(_tx):
            entered.set()
            assert go_on.wait(30)

        def call(number, unit):
            try:
                came[number] = store.grouped(unit, durable=durable)
            except BaseException as error:  # noqa: BLE001 — whatever it is, the test looks at it
                came[number] = error

        threads = [threading.Thread(target=call, args=(-1, first))]
        threads[0].start()
        assert entered.wait(30)
        for number, unit in enumerate(units):
            threads.append(threading.Thread(target=call, args=(number, unit)))
            threads[-1].start()
            wait_until(lambda wanted=number + 1: len(store._group._waiting) == wanted)
        go_on.set()
        for thread in threads:
            thread.join(30)
            assert not thread.is_alive()
        return [came[number] for number in range(len(units))]

    return run


def wait_until(true) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def stored(store) -> list[str]:
    with store.read() as tx:
        return [json.loads(row.entry)["index"] for row in tx.ledger.all()]


def test_units_that_come_while_another_is_written_share_a_transaction(together, store, append):
    seen = []

    def unit(tx):
        seen.append(tx)
        return append(tx)

    assert together(unit, unit, unit) == [0, 1, 2]
    assert len({id(tx) for tx in seen}) == 1
    assert stored(store) == [0, 1, 2]


def test_a_unit_that_fails_raises_in_its_own_caller_and_the_others_are_committed(together, store, append):
    def fails(tx):
        append(tx)
        raise Broken

    first, failed, last = together(append, fails, append)
    assert isinstance(failed, Broken)
    assert (first, last) == (0, 1)
    assert stored(store) == [0, 1]


def test_a_unit_that_shared_with_one_that_failed_runs_again_and_counts_once(together, store, append):
    seen = []

    def counts(tx):
        seen.append(tx)
        return append(tx)

    def fails(tx):
        append(tx)
        raise Broken

    assert together(counts, fails)[0] == 0
    assert len(seen) == 2
    assert seen[0] is not seen[1]
    assert stored(store) == [0]


def test_a_commit_that_fails_fails_all_of_the_group_and_none_is_there(together, store, append, monkeypatch):
    commit = type(store.engine.dialect).do_commit
    rounds = iter([commit, None])  # the one before, then the group

    def commits(connection):
        then = next(rounds, commit)
        if then is None:
            raise store.engine.dialect.loaded_dbapi.OperationalError("disk I/O error")
        then(store.engine.dialect, connection)

    monkeypatch.setattr(store.engine.dialect, "do_commit", commits)
    came = together(append, append, append)
    assert [type(error) for error in came] == [LedgerUnwritable] * 3
    assert stored(store) == []
    assert store.grouped(append) == 0


def test_when_the_database_takes_nothing_more_the_rest_of_a_group_does_not_ask_again(together, append):
    asked = []

    def away(_tx):
        asked.append(1)
        raise LedgerUnwritable("the disk is gone")

    came = together(away, away, append, away)
    assert [type(error) for error in came] == [LedgerUnwritable] * 4
    assert len(asked) == 2  # in the group, and alone


def test_a_key_made_in_a_group_that_was_undone_is_never_sealed_with(
    together, store, vault, keks, shreds, clock, random
):
    place = ("con_a", "refresh")

    def seals(tx):
        return vault.seal(tx, "cus_a", place, b"token")

    def fails(tx):
        vault.seal(tx, "cus_a", place, b"other")
        raise Broken

    sealed, failed, again = together(seals, fails, seals)
    assert isinstance(failed, Broken)
    afresh = SealedVault(keks, shreds, random, clock)
    with store.read() as tx:
        assert [afresh.open(tx, "cus_a", place, value) for value in (sealed, again)] == [b"token", b"token"]
        assert tx.keys.count() == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_group_waits_for_the_disk_when_one_of_it_must(together, store):
    def setting(tx):
        return tx.connection.exec_driver_sql("PRAGMA synchronous").scalar_one()

    normal, full = 1, 2
    assert together(setting, setting, durable=False) == [normal, normal]
    assert together(setting, setting) == [full, full]
    assert store.grouped(setting, durable=False) == normal


def test_a_unit_inside_a_unit_is_a_mistake_that_is_told_at_once(store, append):
    with pytest.raises(RuntimeError, match="inside a"):
        store.grouped(lambda _tx: store.grouped(append))
    assert store.grouped(append) == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_unit_inside_a_write_is_a_mistake_that_is_told_at_once(store, append):
    with store.write(), pytest.raises(RuntimeError, match="inside a write"):
        store.grouped(append)
    assert store.grouped(append) == 0


def test_a_caller_that_is_interrupted_while_it_waits_holds_nobody_up(store, append):
    """Ctrl-C reaches the main thread, here while it waits for another's group."""
    entered, go_on, answers = threading.Event(), threading.Event(), []

    def first(tx):
        entered.set()
        assert go_on.wait(30)
        return append(tx)

    def interrupt(_number, _frame):
        raise KeyboardInterrupt

    def poke():
        wait_until(lambda: len(store._group._waiting) == 1)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGUSR1)
        wait_until(lambda: not store._group._waiting)
        go_on.set()

    before = signal.signal(signal.SIGUSR1, interrupt)
    threads = [threading.Thread(target=lambda: answers.append(store.grouped(first))), threading.Thread(target=poke)]
    try:
        threads[0].start()
        assert entered.wait(30)
        threads[1].start()
        with pytest.raises(KeyboardInterrupt):
            store.grouped(append)
    finally:
        signal.signal(signal.SIGUSR1, before)
        for thread in threads:
            thread.join(30)
    assert answers == [0]
    assert store.grouped(append) == 1


def test_a_leader_that_is_interrupted_undoes_its_group_and_the_next_one_works(together, store, append):
    def stops(_tx):
        raise SystemExit

    came = together(stops, append)
    assert {type(one) for one in came} == {SystemExit, LedgerUnwritable}
    assert stored(store) == []
    assert store.grouped(append) == 0


@pytest.mark.parametrize("seed", range(3))
def test_many_threads_with_failures_all_get_exactly_what_is_theirs(store, append, seed, noon):
    threads, each = 8, 25
    answered, raised, mistakes = dict[str, int](), set[str](), []

    def work(number):
        chance = random.Random(f"{seed} {number}")  # noqa: S311
        for turn in range(each):
            name, fails = f"{number}.{turn}", chance.random() < 0.15

            def unit(tx, name=name, fails=fails):
                index = append(tx, reason=name)
                tx.accounts.add_customer(r.Customer(f"cus_{name}", str(index), noon))
                if fails:
                    raise Broken(name)
                return index

            try:
                answered[name] = store.grouped(unit, durable=chance.random() < 0.5)
            except Broken as error:
                raised.add(name)
                if not fails or str(error) != name:
                    mistakes.append(name)
            except BaseException as error:  # noqa: BLE001
                mistakes.append(repr(error))

    running = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join(120)
        assert not thread.is_alive()
    assert mistakes == []
    assert len(answered) + len(raised) == threads * each
    assert sorted(answered.values()) == stored(store) == list(range(len(answered)))
    with store.read() as tx:
        rows = tx.connection.exec_driver_sql("SELECT reason, idx FROM ledger_entries").all()
        assert dict(map(tuple, rows)) == answered
        assert {c.id: int(c.name) for c in tx.accounts.customers()} == {f"cus_{n}": i for n, i in answered.items()}


def test_killed_in_the_middle_of_groups_every_unit_is_whole_and_none_that_was_answered_is_missing(database_url):
    """kill -9, at moments that differ: a unit is an entry and a customer, and it is told of once it is committed."""
    chance, told = random.Random(5), set[str]()  # noqa: S311
    for number in range(4):
        command = [sys.executable, str(KILLED), database_url, str(number)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ) as process:
            told.add(process.stdout.readline().strip())  # it has begun
            time.sleep(chance.uniform(0.02, 0.2))
            process.kill()
            told |= {line.strip() for line in process.stdout if line.endswith("\n")}
    again = SqlStore(make_engine(database_url))
    with again.read() as tx:
        rows = tx.connection.exec_driver_sql("SELECT reason, idx FROM ledger_entries ORDER BY idx").all()
        customers = {customer.name for customer in tx.accounts.customers()}
    again.close()
    names = [name for name, _ in rows]
    assert [index for _, index in rows] == list(range(len(rows)))
    assert len(set(names)) == len(names)
    assert set(names) == customers
    assert told <= customers
    assert len(told) > 4
