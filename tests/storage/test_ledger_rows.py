"""The ledger's rows: only appended, without gaps, whatever happens (R57)."""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from connector.domain.ports import LedgerFilter
from connector.domain.records import LedgerRow

INSERT = (
    "{verb} INTO ledger_entries (idx, id, kind, at, decision, owner, entry) "
    "VALUES ({index}, '{id}', 1, 0, 'done', 'operator', '')"
)
WRITER = """
import sys
from connector.domain.records import LedgerRow
from connector.storage import SqlStore, make_engine

url, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
store = SqlStore(make_engine(url))
print("ready", flush=True)
for number in range(count):
    with store.write() as tx:
        index = tx.ledger.next_index()
        columns = {"id": f"{name}-{number}", "kind": 1, "at": 0, "decision": "done"}
        tx.ledger.append(LedgerRow(index, b"x" * 3000, "operator", b"y" * 3000), columns)
store.close()
"""


def indexes(store):
    with store.read() as tx:
        return [row.index for row in tx.ledger.all()]


def writer(url, name, count):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, url, name, str(count)], env=environment, stdout=subprocess.PIPE
    )


def test_entries_come_back_as_they_were_written(store, append):
    with store.write() as tx:
        assert [append(tx), append(tx)] == [0, 1]
    with store.read() as tx:
        assert tx.ledger.entry(1) == LedgerRow(1, b'{"index":1}', "operator", b"sealed")
        assert tx.ledger.entry(2) is None
        assert tx.ledger.count() == 2
        assert [row.index for row in tx.ledger.all()] == [0, 1]


def test_a_rolled_back_entry_leaves_no_gap(store, append):
    with store.write() as tx:
        append(tx)
    with pytest.raises(RuntimeError), store.write() as tx:
        append(tx)
        raise RuntimeError("the action failed")
    with store.write() as tx:
        assert append(tx) == 1
    assert indexes(store) == [0, 1]


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM ledger_entries",
        "UPDATE ledger_entries SET decision = 'refused'",
        "UPDATE ledger_entries SET entry = sealed",
        "UPDATE ledger_entries SET idx = idx + 5",
        "UPDATE ledger_entries SET customer = 'cus_b'",
        "UPDATE ledger_entries SET sealed = entry",
        "UPDATE ledger_entries SET sealed = NULL, reason = 'x'",
        *(INSERT.format(verb="INSERT", index=index, id="z") for index in (7, -1, 0)),
    ],
)
def test_nobody_changes_removes_or_skips_an_entry(store, append, statement):
    with store.write() as tx:
        append(tx)
    with pytest.raises(IntegrityError, match="ledger entries are"), store.write() as tx:
        tx.connection.execute(text(statement))
    with store.read() as tx:
        assert tx.ledger.entry(0).sealed == b"sealed"
        assert tx.ledger.count() == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("index", "id"), [(0, "led_0"), (0, "led_9")])
def test_sqlites_replace_is_no_way_around(store, append, index, id):
    with store.write() as tx:
        append(tx)
    with pytest.raises(IntegrityError, match="only appended"), store.write() as tx:
        tx.connection.execute(text(INSERT.format(verb="INSERT OR REPLACE", index=index, id=id)))
    with store.read() as tx:
        assert tx.ledger.entry(0).sealed == b"sealed"


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_postgresqls_truncate_is_no_way_around(store, append):
    with store.write() as tx:
        append(tx)
    with pytest.raises(IntegrityError, match="never changed or deleted"), store.write() as tx:
        tx.connection.execute(text("TRUNCATE ledger_entries"))


def test_sealed_details_can_be_erased_and_the_entry_stays(store, append):
    with store.write() as tx:
        append(tx)
        tx.connection.execute(text("UPDATE ledger_entries SET sealed = NULL"))
    with store.read() as tx:
        assert tx.ledger.entry(0) == LedgerRow(0, b'{"index":0}', "operator", None)


def test_eight_threads_leave_no_gap(store, append):
    problems = []

    def work(name):
        try:
            for number in range(20):
                with store.write() as tx:
                    append(tx, id=f"{name}-{number}")
        except Exception as error:  # noqa: BLE001 — whatever it is, the test names it
            problems.append(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcdefgh"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert indexes(store) == list(range(160))


def test_two_processes_leave_no_gap(store, database_url):
    running = [writer(database_url, name, 150) for name in "ab"]
    for process in running:
        with process:
            assert process.communicate(timeout=60) == (b"ready\n", None)
    assert indexes(store) == list(range(300))


def test_writers_killed_at_any_moment_leave_whole_entries_without_gaps(store, database_url, append):
    with ExitStack() as stack:
        running = [stack.enter_context(writer(database_url, name, 1_000_000)) for name in "abcd"]
        stack.callback(lambda: [process.kill() for process in running])
        for process in running:
            assert process.stdout.readline() == b"ready\n"
        for number, process in enumerate(running):
            time.sleep(0.1 + number * 0.017)  # a different point of the loop each time
            process.send_signal(signal.SIGKILL)
    with store.write() as tx:
        last = append(tx)
    found = indexes(store)
    assert found == list(range(last + 1))
    assert len(found) > len(running)
    if store.engine.dialect.name == "sqlite":
        with store.read() as tx:
            assert tx.connection.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"


def test_what_one_transaction_appends_is_numbered_on(store, append):
    with store.write() as tx:
        assert tx.ledger.next_index() == tx.ledger.next_index() == 0
        assert [append(tx) for _ in range(3)] == [0, 1, 2]
        assert tx.ledger.next_index() == 3


def test_the_newest_entries_come_first_page_by_page(store, append):
    with store.write() as tx:
        for number in range(7):
            append(tx, customer="cus_a" if number % 2 else "cus_b")
    with store.read() as tx:
        wanted = LedgerFilter(customer="cus_a", limit=2)
        first = tx.ledger.entries(wanted)
        second = tx.ledger.entries(replace(wanted, before=first[-1].index))
        assert [[row.index for row in page] for page in (first, second)] == [[5, 3], [1]]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (LedgerFilter(), [3, 2, 1, 0]),
        (LedgerFilter(connection="con_a"), [2, 0]),
        (LedgerFilter(purpose="analyse"), [1, 0]),
        (LedgerFilter(decision="refused"), [3, 2]),
        (LedgerFilter(connection="con_a", decision="refused"), [2]),
        (LedgerFilter(customer="cus_b"), []),
    ],
)
def test_a_filter_shows_what_matches_all_of_it(store, append, wanted, found):
    with store.write() as tx:
        append(tx, connection="con_a", purpose="analyse", decision="answered", customer="cus_a")
        append(tx, connection="con_b", purpose="analyse", decision="answered", customer="cus_a")
        append(tx, connection="con_a", purpose="show-profile", decision="refused", customer="cus_a")
        append(tx, decision="refused")
    with store.read() as tx:
        assert [row.index for row in tx.ledger.entries(wanted)] == found


def test_an_intent_is_open_until_an_entry_closes_it(store, append, noon):
    with store.write() as tx:
        for _ in range(3):
            append(tx, decision="intent")
        append(tx, decision="answered", intent=1)
    with store.read() as tx:
        assert [row.index for row in tx.ledger.open_intents(noon + timedelta(microseconds=1))] == [0, 2]
        assert tx.ledger.open_intents(noon) == []
        assert {intent: row.index for intent, row in tx.ledger.outcomes_of([0, 1, 2]).items()} == {1: 3}
        assert tx.ledger.outcomes_of([]) == {}


def test_a_later_finding_about_an_intent_is_its_outcome(store, append):
    with store.write() as tx:
        append(tx, decision="intent")
        append(tx, decision="unknown", intent=0)
        append(tx, decision="answered", intent=0)
    with store.read() as tx:
        assert tx.ledger.outcomes_of([0])[0].index == 2


def test_uses_count_answered_calls_for_a_purpose(store, append, noon):
    later = noon + timedelta(hours=1)
    with store.write() as tx:
        append(tx, connection="con_a", purpose="analyse", decision="answered")
        append(tx, connection="con_a", purpose="analyse", decision="answered", at=later.isoformat())
        append(tx, connection="con_a", purpose="analyse", decision="refused", at=later.isoformat())
        append(tx, connection="con_a", purpose="show-profile", decision="intent")
        append(tx, connection="con_a", decision="done")
        append(tx, connection="con_b", purpose="analyse", decision="answered")
    with store.read() as tx:
        assert tx.ledger.uses("con_a") == {"analyse": (later, 2)}


def test_totals_count_a_customers_calls_by_decision(store, append, noon):
    with store.write() as tx:
        append(tx, customer="cus_a", decision="answered", at=(noon - timedelta(seconds=1)).isoformat())
        for decision in ("intent", "answered", "answered", "refused", "done"):
            append(tx, customer="cus_a", decision=decision)
        append(tx, customer="cus_b", decision="failed")
    with store.read() as tx:
        assert tx.ledger.totals("cus_a", noon) == {"answered": 2, "refused": 1, "failed": 0, "unknown": 0}


def test_a_long_ledger_is_streamed(store, append):
    with store.write() as tx:
        for _ in range(2_500):
            append(tx)
    assert indexes(store) == list(range(2_500))
    with store.read() as tx:
        rows = tx.ledger.all()
        assert next(rows).index == 0
        rows.close()
