"""Engines: the settings that durability and safety rest on (R64, R65)."""

import stat
import threading
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import make_url
from structlog.testing import capture_logs

from connector.domain.errors import NotSetUp
from connector.storage import SqlStore, engine, make_engine


@pytest.mark.parametrize(
    ("version", "safe"),
    [
        ((3, 40, 1), False),
        ((3, 44, 5), False),
        ((3, 44, 6), True),
        ((3, 44, 9), True),
        ((3, 45, 0), False),
        ((3, 45, 9), False),
        ((3, 50, 6), False),
        ((3, 50, 7), True),
        ((3, 51, 0), False),
        ((3, 51, 2), False),
        ((3, 51, 3), True),
        ((3, 53, 4), True),
        ((4, 0, 0), True),
    ],
)
def test_wal_is_used_only_where_sqlite_keeps_what_was_committed(version, safe):
    assert engine.wal_is_safe(version) is safe


def test_every_sqlite_connection_has_the_settings_that_durability_needs(tmp_path):
    made = make_engine(f"sqlite:///{tmp_path / 'c.db'}")
    names = ("journal_mode", "synchronous", "busy_timeout", "foreign_keys", "secure_delete", "trusted_schema")
    with made.connect() as one, made.connect() as two:
        for connection in (one, two):
            found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in names}
            assert found == {
                "journal_mode": "wal",
                "synchronous": 2,
                "busy_timeout": 10_000,
                "foreign_keys": 1,
                "secure_delete": 1,
                "trusted_schema": 0,
            }
    made.dispose()


def test_an_sqlite_that_can_lose_commits_in_wal_gets_a_rollback_journal_and_a_warning(tmp_path, monkeypatch):
    monkeypatch.setattr(engine, "wal_is_safe", lambda _version: False)
    with capture_logs() as lines:
        made = make_engine(f"sqlite:///{tmp_path / 'c.db'}")
    with made.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "delete"
    made.dispose()
    assert [line["event"] for line in lines] == ["sqlite_without_wal"]


def test_the_database_file_and_its_journals_are_for_their_owner_only(tmp_path):
    path = tmp_path / "c.db"
    path.touch(mode=0o644)
    made = make_engine(f"sqlite:///{path}")
    with made.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (x)")
        modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in tmp_path.glob("c.db*")}
    made.dispose()
    assert modes == dict.fromkeys(("c.db", "c.db-wal", "c.db-shm"), 0o600)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://localhost/x"])
def test_other_databases_and_those_in_memory_are_refused(url):
    with pytest.raises(NotSetUp):
        make_engine(url)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(NotSetUp, match="nowhere"):
        make_engine(f"sqlite:///{tmp_path / 'nowhere' / 'c.db'}")


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_postgresql_gives_up_on_statements_locks_and_idle_transactions(store):
    names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "TimeZone")
    with store.engine.connect() as connection:
        found = [connection.exec_driver_sql(f"SHOW {name}").scalar_one() for name in names]
        assert found == ["15s", "10s", "1min", "UTC"]
        assert connection.exec_driver_sql("SHOW transaction_isolation").scalar_one() == "read committed"
    with store.read() as tx:
        assert tx.connection.exec_driver_sql("SHOW transaction_isolation").scalar_one() == "repeatable read"
        assert tx.connection.exec_driver_sql("SHOW transaction_read_only").scalar_one() == "on"


def test_forty_threads_at_once_all_get_their_turn(store):
    """Each thread holds a transaction while all the others ask for one, as short-lived request threads do."""
    problems, together = [], threading.Barrier(40, timeout=60)

    def work():
        try:
            together.wait()
            for _ in range(5):
                with store.read() as tx:
                    tx.keys.count()
                with store.write() as tx:
                    tx.accounts.add_attempt("k", at)
        except Exception as error:  # noqa: BLE001 — whatever it is, the test names it
            problems.append(error)

    at = datetime(2018, 10, 6, tzinfo=UTC)
    threads = [threading.Thread(target=work) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    with store.read() as tx:
        assert tx.accounts.attempts_since("k", at) == 200


def test_forty_open_reads_at_once_do_not_starve_each_other(store):
    with ExitStack() as stack:
        for _ in range(40):
            stack.enter_context(store.read()).keys.count()


def test_no_secret_of_the_address_is_in_the_engines_repr():
    made = make_engine("postgresql://user:hunter2@localhost/x")
    assert "hunter2" not in repr(made) + str(make_url("postgresql://user:hunter2@localhost/x"))
    made.dispose()


def test_a_relative_sqlite_path_works(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = SqlStore(make_engine("sqlite:///c.db"))
    with store.read():
        pass
    store.close()
    assert Path("c.db").exists()


def test_a_file_whose_journal_another_program_is_changing_is_waited_for(tmp_path):
    """Against that change SQLite's own waiting does not help: it says "locked" at once."""
    sqlite = engine.sqlite_module()
    refusals = [2]

    class Changing(sqlite.Connection):
        def execute(self, statement, *given):
            if statement == "PRAGMA journal_mode=wal" and refusals[0]:
                refusals[0] -= 1
                raise sqlite.OperationalError("database is locked")
            return super().execute(statement, *given)

    connection = sqlite.connect(tmp_path / "c.db", factory=Changing)
    assert engine._journal_mode(connection, "wal", sqlite.OperationalError) == "wal"
    assert refusals == [0]
    connection.close()
