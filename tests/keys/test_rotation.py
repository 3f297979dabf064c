"""Rotation of the key-encryption key (R19, F33)."""

import json
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from connector.domain import events, evidence, keys
from connector.domain.errors import CannotOpen
from connector.domain.ledger import SYSTEM

KILLS = 20


def by_kek(svc):
    with svc.store.read() as tx:
        return dict(tx.keys.by_kek())


def corrupt(svc, owner):
    """Flip the last byte of the owner's wrapped key."""
    with svc.store.write() as tx:
        row = tx.keys.get(owner)
        tx.keys.replace([(row, replace(row, wrapped=row.wrapped[:-1] + bytes([row.wrapped[-1] ^ 1])))])


def test_every_data_key_ends_under_the_new_key_and_everything_opens(start, folder, fill, kinds):
    svc = start()
    values, told = fill(svc, 25), []
    with svc.store.read() as tx:
        before = {row.owner: row.wrapped for row in tx.keys.page(("", 0), 100)}
    done = keys.rotate(svc, SYSTEM, lambda *progress: told.append(progress), batch=10)
    assert (done.current, done.resumed, done.rewrapped, done.stuck) == ("file-2", False, 26, [])
    assert done.retired == ["file-1"]
    assert told == [(10, 26), (20, 26), (26, 26)]
    assert by_kek(svc) == {"file-2": 26}
    assert sorted(path.name for path in folder.iterdir()) == ["kek-1.retired", "kek-2.key"]
    assert kinds(svc) == [events.ROTATION_BEGUN.id, events.KEK_RETIRED.id]
    for process in (svc, start()):
        assert values.all_open(process)
    with svc.store.read() as tx:
        assert all(row.wrapped != before.get(row.owner) for row in tx.keys.page(("", 0), 100))
    assert keys.status(svc).good
    assert evidence.verify(svc).good


def test_a_second_rotation_makes_the_next_key(start, fill):
    svc = start()
    values = fill(svc, 3)
    assert [keys.rotate(svc, SYSTEM).current for _ in range(3)] == ["file-2", "file-3", "file-4"]
    assert set(by_kek(svc)) == {"file-4"}
    assert values.all_open(start())


def test_a_process_that_runs_meanwhile_reads_on_and_seals_under_the_new_key(start, fill):
    running, other = start(), start()
    values = fill(running, 5)
    keys.rotate(other, SYSTEM)
    assert values.all_open(running)
    with running.store.write() as tx:
        sealed = running.vault.seal(tx, "cus_new", ("con", "refresh"), b"new")
        assert tx.keys.get("cus_new").kek == "file-2"
    with other.store.read() as tx:
        assert other.vault.open(tx, "cus_new", ("con", "refresh"), sealed) == b"new"


def test_a_key_that_is_being_made_under_the_old_one_is_waited_for(start, fill, folder):
    """A transaction that wrapped under the old key and is not committed keeps it from being retired."""
    running, other = start(), start()
    fill(running, 2)
    rotating = threading.Thread(target=keys.rotate, args=(other, SYSTEM))
    with running.store.write() as tx:
        sealed = running.vault.seal(tx, "cus_new", ("con", "refresh"), b"new")
        assert tx.keys.get("cus_new").kek == "file-1"
        rotating.start()
        rotating.join(0.3)
        assert rotating.is_alive()
        assert not (folder / "kek-1.retired").exists()
    rotating.join(60)
    assert set(by_kek(running)) == {"file-2"}
    fresh = start()
    with fresh.store.read() as tx:
        assert fresh.vault.open(tx, "cus_new", ("con", "refresh"), sealed) == b"new"


def test_a_rotation_that_was_interrupted_is_finished_before_a_new_one_begins(start, fill, monkeypatch):
    svc = start()
    values = fill(svc, 30)

    def killed(done, of):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        keys.rotate(svc, SYSTEM, killed, batch=10)
    assert by_kek(svc) == {"file-1": 21, "file-2": 10}
    assert values.all_open(start())
    assert not keys.status(svc).good
    done = keys.rotate(svc, SYSTEM)
    assert (done.current, done.resumed, done.rewrapped, done.retired) == ("file-2", True, 21, ["file-1"])
    assert values.all_open(start())


def test_two_rotations_at_once_end_on_one_key(start, fill, folder):
    processes = [start(), start()]
    values, problems = fill(processes[0], 60), []

    def work(svc):
        try:
            keys.rotate(svc, SYSTEM, batch=5)
        except Exception as error:  # noqa: BLE001 — whatever it is, the test names it
            problems.append(error)

    threads = [threading.Thread(target=work, args=(svc,)) for svc in processes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    fresh = start()
    assert values.all_open(fresh)
    assert len(by_kek(fresh)) == 1
    assert set(by_kek(fresh)) == set(fresh.vault.keks.ids())


def test_a_row_that_does_not_open_is_left_reported_recorded_and_keeps_its_key(start, fill, folder, kinds):
    svc = start()
    values = fill(svc, 12)
    corrupt(svc, "cus_005")
    done = keys.rotate(svc, SYSTEM, batch=5)
    assert [(row.owner, row.kek) for row in done.stuck] == [("cus_005", "file-1")]
    assert (done.rewrapped, done.retired) == (12, [])
    assert kinds(svc) == [events.ROTATION_BEGUN.id, events.KEY_STUCK.id]
    assert (by_kek(svc)["file-1"], (folder / "kek-1.key").exists()) == (1, True)
    fresh = start()
    for owner in values.sealed:
        if owner == "cus_005":
            with pytest.raises(CannotOpen):
                values.opens(fresh, owner)
        else:
            assert values.opens(fresh, owner) == owner.encode()
    standing = keys.status(fresh)
    assert (standing.good, [row.owner for row in standing.stuck], standing.owners) == (False, ["cus_005"], 13)
    # It does not keep the others from a newer key, for when the old one is not to be trusted.
    again = keys.rotate(fresh, SYSTEM)
    assert (again.current, again.rewrapped, again.retired) == ("file-3", 12, ["file-2"])
    # What helps: its row from a backup, or a shred.
    keys.shred(fresh, SYSTEM, "cus_005")
    assert keys.rotate(fresh, SYSTEM).retired == ["file-1"]
    assert keys.status(fresh).good


def test_f33_rotations_killed_at_random_moments_leave_everything_readable_and_nothing_on_the_old_key(
    start, environ, fill, folder
):
    svc = start()
    sqlite = svc.store.engine.dialect.name == "sqlite"
    keys_held, batch = (10_000, 500) if sqlite else (300, 25)  # T7, and fewer where a server has to write each
    values, new, problems, over = fill(svc, keys_held), {}, [], threading.Event()

    def read():
        """Everything, over and over: in the process that started first, and in ones that start now."""
        rounds = 0
        while not over.is_set() or not rounds:
            for owner in values.sealed:
                svc.vault.forget(owner)
            for process in (svc, start()):
                if not values.all_open(process):
                    problems.append("a value says something else")
            rounds += 1

    def write():
        """New customers all the while."""
        number = 0
        while not over.is_set():
            owner = f"new_{number}"
            with svc.store.write() as tx:
                new[owner] = svc.vault.seal(tx, owner, ("con", "refresh"), owner.encode())
            number += 1
            over.wait(0.05)

    def noted(work):
        try:
            work()
        except Exception as error:  # noqa: BLE001 — whatever it is, the test names it
            problems.append(error)

    threads = [threading.Thread(target=noted, args=(work,)) for work in (read, write)]
    for thread in threads:
        thread.start()
    try:
        done = subprocess.run(
            [sys.executable, str(Path(__file__).with_name("killed_rotations.py")), str(KILLS), str(batch), "33"],
            env=environ, capture_output=True, text=True, check=False, timeout=150,
        )  # fmt: skip
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert (done.returncode, problems) == (0, []), done.stderr
    assert json.loads(done.stdout)["killed"] == KILLS
    fresh = start()
    last = keys.rotate(fresh, SYSTEM)
    assert last.stuck == []
    assert by_kek(fresh) == {last.current: keys_held + len(new) + 1}
    assert fresh.vault.keks.ids() == [last.current]
    assert values.all_open(start())
    with fresh.store.read() as tx:
        for owner, sealed in new.items():
            assert fresh.vault.open(tx, owner, ("con", "refresh"), sealed) == owner.encode()
    assert evidence.verify(fresh).good
