"""Destroying a customer's data keys (R20, F36, T8)."""

import json
import shutil
import sqlite3
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import make_url

from connector.domain import events, evidence, history, keys, ledger
from connector.domain.errors import BadInput, CannotOpen, NotSetUp
from connector.domain.records import Actor, ConnectionState
from connector.storage import ShredList
from connector.storage.engine import sqlite_module

VICTIM, OTHER = "cus_001", "cus_002"
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
ON_POSTGRESQL = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def rows_of(svc, owner):
    with svc.store.read() as tx:
        return tx.keys.of_owners([owner])


def note(svc, customer):
    with svc.store.write() as tx:
        return ledger.note(svc, tx, events.SIGNED_IN, actor=ledger.SYSTEM, customer=customer)


def copies(folder: Path, wanted: bytes) -> int:
    return sum(path.read_bytes().count(wanted) for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def on_sqlite(database_url):
    """The database's file; None on a server, whose files are its own."""
    return Path(make_url(database_url).database) if database_url.startswith("sqlite") else None


def test_after_a_shred_nothing_of_theirs_opens_and_everything_of_others_does(start, fill, kinds):
    svc, running = start(), start()
    values = fill(svc, 5)
    for customer in (VICTIM, OTHER):
        note(svc, customer)
    assert values.all_open(running)  # their keys are in this process's memory now
    done = keys.shred(svc, ledger.SYSTEM, VICTIM)
    assert (done.keys, done.scrubbed.done) == (1, True)
    for process in (svc, running, start()):
        with pytest.raises(CannotOpen, match="was destroyed"):
            values.opens(process, VICTIM)
        assert all(values.opens(process, owner) == owner.encode() for owner in values.sealed if owner != VICTIM)
    assert kinds(svc) == [events.KEYS_SHREDDED.id]
    assert rows_of(svc, VICTIM) == []


def test_the_record_still_verifies_and_the_lost_details_count_as_erased(start, fill):
    svc = start()
    fill(svc, 3)
    for customer in (VICTIM, OTHER):
        note(svc, customer)
    before = evidence.verify(svc)
    with svc.store.read() as tx:
        entries = [row.entry for row in tx.ledger.all()]
    keys.shred(svc, ledger.SYSTEM, VICTIM)
    after = evidence.verify(svc)
    assert (before.good, before.erased) == (True, 0)
    assert (after.good, after.erased, after.entries) == (True, 1, before.entries + 1)
    with svc.store.read() as tx:
        assert [row.entry for row in tx.ledger.all()][: len(entries)] == entries
    assert evidence.verify_lines(evidence.export(svc, ledger.SYSTEM)).good
    member = Actor(kind="member", id="per_1", name="Ann", customer=VICTIM)
    assert [entry.sentence for entry in history.activity(svc, member, VICTIM).entries] == [events.SIGNED_IN.plain]


def test_a_key_that_is_missing_but_was_never_shredded_is_a_problem(start, fill):
    svc = start()
    fill(svc, 3)
    note(svc, VICTIM)
    with svc.store.write() as tx:
        tx.keys.destroy(VICTIM, 1)
    svc.vault.forget(VICTIM)
    assert not evidence.verify(svc).good


def test_the_entry_about_a_shred_holds_no_personal_data(start, fill):
    svc = start()
    fill(svc, 3)
    keys.shred(svc, ledger.SYSTEM, VICTIM)
    last = [json.loads(line) for line in evidence.export(svc, ledger.SYSTEM)][-2]
    assert (last["entry"]["event"], last["entry"]["customer"]) == ("keys:shredded", None)
    assert last["details"] == {"actor": ledger.SYSTEM.name, "owner": VICTIM, "keys": 1}


@ON_SQLITE
def test_t8_no_byte_of_the_wrapped_keys_is_left_in_database_wal_or_temporary_files(
    start, fill, on_sqlite, tmp_path, monkeypatch
):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    for name in ("SQLITE_TMPDIR", "TMPDIR"):
        monkeypatch.setenv(name, str(temporary))
    svc = start()
    fill(svc, 400)
    wrapped = [row.wrapped for row in rows_of(svc, VICTIM)]
    keys.rotate(svc, ledger.SYSTEM, batch=50)  # rows move between pages, and older wraps are left behind
    wrapped += [row.wrapped for row in rows_of(svc, VICTIM)]
    other = rows_of(svc, OTHER)[0].wrapped
    assert copies(tmp_path, wrapped[-1]) > 0  # the search finds what is there
    done = keys.shred(svc, ledger.SYSTEM, VICTIM)
    assert (done.scrubbed.done, done.scrubbed.copies) == (True, 0)
    assert [copies(tmp_path, one) for one in wrapped] == [0, 0]
    # Nor any piece of one that is long enough to be no chance.
    pieces = [one[at : at + 16] for one in wrapped for at in range(0, len(one) - 15, 8)]
    assert sum(copies(tmp_path, piece) for piece in pieces) == 0
    assert copies(tmp_path, other) == 1
    assert on_sqlite.with_name(on_sqlite.name + "-wal").stat().st_size == 0


@ON_SQLITE
def test_deleting_the_row_alone_would_leave_the_key_in_the_files(start, fill, on_sqlite, tmp_path):
    """What the scrub is for."""
    svc = start()
    fill(svc, 50)
    wrapped = rows_of(svc, VICTIM)[0].wrapped
    with svc.store.write() as tx:
        tx.keys.destroy(VICTIM, 1)
    assert copies(tmp_path, wrapped) > 0
    assert svc.store.scrub([wrapped]).copies == 0
    assert copies(tmp_path, wrapped) == 0


@ON_SQLITE
def test_a_reader_in_the_way_is_told_and_a_second_shred_cleans_up(start, fill, on_sqlite, tmp_path, monkeypatch):
    svc = start()
    fill(svc, 50)
    wrapped = rows_of(svc, VICTIM)[0].wrapped
    svc.store.close()
    monkeypatch.setattr("connector.storage.engine._BUSY_SECONDS", 0.2)
    svc = start()
    reader = sqlite_module().connect(on_sqlite, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM data_keys").fetchone()
    done = keys.shred(svc, ledger.SYSTEM, VICTIM)
    assert not done.scrubbed.done
    reader.close()
    again = keys.shred(svc, ledger.SYSTEM, VICTIM)
    assert (again.keys, again.scrubbed.done) == (0, True)
    assert copies(tmp_path, wrapped) == 0


@ON_POSTGRESQL
def test_postgresql_keeps_no_copy_in_the_tables_file(start, fill):
    svc = start()
    fill(svc, 50)
    wrapped = rows_of(svc, VICTIM)[0].wrapped

    def file():
        with svc.store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as sql:
            sql.exec_driver_sql("CHECKPOINT")
            return bytes(sql.exec_driver_sql("SELECT pg_read_binary_file(pg_relation_filepath('data_keys'))").scalar())

    assert wrapped in file()
    done = keys.shred(svc, ledger.SYSTEM, VICTIM)
    assert (done.scrubbed.done, done.scrubbed.copies) == (True, None)
    assert wrapped not in file()


def test_f36_a_restored_backup_meets_the_shred_list_before_anything_is_opened(
    start, environ, fill, on_sqlite, tmp_path, kinds
):
    svc = start()
    values = fill(svc, 20)
    note(svc, VICTIM)
    yesterday = rows_of(svc, VICTIM)
    if on_sqlite is not None:
        with sqlite3.connect(on_sqlite) as live, sqlite3.connect(tmp_path / "yesterday.db") as backup:
            live.execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
            live.backup(backup)
        live.close()
        backup.close()
    keys.shred(svc, ledger.SYSTEM, VICTIM)
    svc.store.close()
    if on_sqlite is not None:
        for suffix in ("-wal", "-shm"):
            on_sqlite.with_name(on_sqlite.name + suffix).unlink(missing_ok=True)
        shutil.copyfile(tmp_path / "yesterday.db", on_sqlite)
        (tmp_path / "yesterday.db").unlink()
        assert yesterday[0].wrapped in on_sqlite.read_bytes()
    else:
        with svc.store.write() as tx:
            for row in yesterday:
                tx.keys.add(row)
    with svc.store.read() as tx, pytest.raises(CannotOpen):  # also in a process that was there all the time
        svc.vault.open(tx, VICTIM, (f"con_{VICTIM}", "refresh"), values.sealed[VICTIM])
    svc.store.close()
    restored = start()
    assert rows_of(restored, VICTIM) == []
    assert kinds(restored)[-1] == events.SHRED_APPLIED.id
    with pytest.raises(CannotOpen):
        values.opens(restored, VICTIM)
    assert values.opens(restored, OTHER) == OTHER.encode()
    assert evidence.verify(restored).good
    if on_sqlite is not None:
        assert copies(tmp_path, yesterday[0].wrapped) == 0
    count = len(kinds(restored))
    assert len(kinds(start())) == count  # once is enough


def test_a_backup_from_before_a_rotation_is_met_by_the_list_too(start, fill):
    """The wrapped bytes differ then; owner and version say which key it is."""
    svc = start()
    values = fill(svc, 3)
    old = rows_of(svc, VICTIM)
    keys.rotate(svc, ledger.SYSTEM)
    keys.shred(svc, ledger.SYSTEM, VICTIM)
    with svc.store.write() as tx:
        tx.keys.add(replace(old[0], kek="file-2"))
    fresh = start()
    assert rows_of(fresh, VICTIM) == []
    with pytest.raises(CannotOpen):
        values.opens(fresh, VICTIM)


def test_a_customer_who_comes_back_gets_a_key_of_a_new_version(start, fill):
    svc = start()
    values = fill(svc, 3)
    keys.shred(svc, ledger.SYSTEM, VICTIM)
    with svc.store.write() as tx:
        sealed = svc.vault.seal(tx, VICTIM, ("con", "refresh"), b"new")
    assert [row.version for row in rows_of(svc, VICTIM)] == [2]
    fresh = start()
    with fresh.store.read() as tx:
        assert fresh.vault.open(tx, VICTIM, ("con", "refresh"), sealed) == b"new"
    with pytest.raises(CannotOpen):
        values.opens(fresh, VICTIM)
    assert keys.shred(fresh, ledger.SYSTEM, VICTIM).keys == 1
    assert start().vault.shreds.owners() == {VICTIM: 2}


def test_a_process_that_is_killed_after_the_list_was_written_has_shredded(start, fill, kinds, monkeypatch):
    svc = start()
    values = fill(svc, 3)

    def killed(owner):
        raise KeyboardInterrupt

    monkeypatch.setattr(svc.vault, "forget", killed)
    with pytest.raises(KeyboardInterrupt):
        keys.shred(svc, ledger.SYSTEM, VICTIM)
    assert len(rows_of(svc, VICTIM)) == 1
    fresh = start()
    assert (rows_of(fresh, VICTIM), kinds(fresh)) == ([], [events.SHRED_APPLIED.id])
    with pytest.raises(CannotOpen):
        values.opens(fresh, VICTIM)


@pytest.mark.parametrize("state", [ConnectionState.ACTIVE, ConnectionState.LINKING, ConnectionState.NEEDS_CONSENT])
def test_who_still_has_a_connection_is_not_shredded(start, fill, folder, state):
    svc = start()
    values = fill(svc, 3)
    with svc.store.write() as tx:
        tx.connections.update(replace(tx.connections.get_any(f"con_{VICTIM}"), state=state))
    with pytest.raises(BadInput, match=f"connector revoke con_{VICTIM}"):
        keys.shred(svc, ledger.SYSTEM, VICTIM)
    assert values.all_open(start())
    assert not (folder / "shredded.jsonl").exists()


def test_whose_end_google_has_not_confirmed_is_shredded_only_when_told_so(start, fill):
    svc = start()
    values = fill(svc, 3)
    with svc.store.write() as tx:
        tx.connections.update(replace(tx.connections.get_any(f"con_{VICTIM}"), at_google="pending"))
    with pytest.raises(BadInput, match="connector revoke --pending"):
        keys.shred(svc, ledger.SYSTEM, VICTIM)
    assert values.all_open(svc)
    assert keys.shred(svc, ledger.SYSTEM, VICTIM, though_pending=True).keys == 1


@pytest.mark.parametrize("who", ["operator", "cus_nobody", ""])
def test_only_a_customer_with_keys_is_shredded(start, fill, who):
    svc = start()
    values = fill(svc, 3)
    with pytest.raises(BadInput):
        keys.shred(svc, ledger.SYSTEM, who)
    assert values.all_open(start())


class TestTheList:
    """The file outside the database."""

    def test_another_process_sees_what_is_added_at_once(self, tmp_path, clock):
        one, other = (ShredList(tmp_path / "keys" / "list") for _ in range(2))
        assert other.through("cus_a") == 0
        one.add("cus_a", 1, clock.now(), ["00"])
        one.add("cus_b", 3, clock.now(), ["01", "02"])
        one.add("cus_a", 2, clock.now(), ["03"])
        assert other.owners() == ShredList(tmp_path / "keys" / "list").owners() == {"cus_a": 2, "cus_b": 3}
        assert stat.S_IMODE((tmp_path / "keys" / "list").stat().st_mode) == 0o600
        assert len((tmp_path / "keys" / "list").read_text().splitlines()) == 3

    def test_a_list_that_is_put_back_to_an_older_state_undoes_nothing_in_a_running_process(self, tmp_path, clock):
        held = ShredList(tmp_path / "list")
        held.add("cus_a", 1, clock.now(), [])
        (tmp_path / "list").unlink()
        assert held.through("cus_a") == 1

    def test_a_line_that_a_power_failure_cut_off_is_none_and_the_next_one_stands_alone(self, tmp_path, clock):
        held = ShredList(tmp_path / "list")
        held.add("cus_a", 1, clock.now(), [])
        with (tmp_path / "list").open("a") as file:
            file.write('{"owner": "cus_b", "thr')
        assert ShredList(tmp_path / "list").owners() == {"cus_a": 1}
        held.add("cus_c", 1, clock.now(), [])
        assert ShredList(tmp_path / "list").owners() == {"cus_a": 1, "cus_c": 1}

    @pytest.mark.parametrize("line", ["nonsense", "{}", "[]", '{"owner": "cus_a", "through": "x"}', "\xff"])
    def test_a_line_that_cannot_be_read_stops_the_start(self, tmp_path, line):
        (tmp_path / "list").write_text(line + "\n", encoding="latin-1")
        with pytest.raises(NotSetUp, match="Line 1 of"):
            ShredList(tmp_path / "list")

    def test_a_list_that_cannot_be_written_destroys_nothing(self, start, fill, folder):
        svc = start()
        values = fill(svc, 2)
        (folder / "shredded.jsonl").symlink_to(folder / "elsewhere")
        with pytest.raises(NotSetUp, match="cannot be written"):
            keys.shred(svc, ledger.SYSTEM, VICTIM)
        (folder / "shredded.jsonl").unlink()
        assert values.all_open(start())
