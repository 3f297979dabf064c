"""The schema in the database is the schema in the program."""

import logging
import threading

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

from connector.domain.errors import NotSetUp
from connector.storage import check_schema, make_engine, upgrade
from connector.storage.schema import metadata


def test_the_migrated_schema_is_the_one_the_program_describes(store):
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"target_metadata": metadata})
        assert compare_metadata(context, metadata) == []


def test_upgrading_again_changes_nothing(store):
    before = _tables(store)
    upgrade(store.engine)
    check_schema(store.engine)
    assert _tables(store) == before


def test_a_database_that_was_never_set_up_says_so(tmp_path):
    engine = make_engine(f"sqlite:///{tmp_path / 'empty.db'}")
    with pytest.raises(NotSetUp, match=r"never set up\. Run: connector db upgrade"):
        check_schema(engine)
    engine.dispose()


@pytest.mark.parametrize(("revision", "said"), [("0001", "older"), ("9999", "newer")])
def test_another_schema_is_refused_with_what_to_do(store, revision, said):
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})
    with pytest.raises(NotSetUp, match=f"is {said} than this program"):
        check_schema(store.engine)


def test_an_upgrade_that_fails_half_way_leaves_nothing(tmp_path, monkeypatch):
    engine = make_engine(f"sqlite:///{tmp_path / 'half.db'}")
    real = command.upgrade

    def dies_at_the_end(config, revision):
        real(config, revision)
        raise RuntimeError("power cut")

    monkeypatch.setattr(command, "upgrade", dies_at_the_end)
    with pytest.raises(RuntimeError):
        upgrade(engine)
    assert inspect(engine).get_table_names() == []
    monkeypatch.undo()
    upgrade(engine)
    check_schema(engine)
    engine.dispose()


def test_two_upgrades_at_once_wait_for_each_other(tmp_path):
    engines = [make_engine(f"sqlite:///{tmp_path / 'two.db'}") for _ in range(2)]
    threads = [threading.Thread(target=upgrade, args=(engine,)) for engine in engines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check_schema(engines[0])
    for engine in engines:
        engine.dispose()


def test_migrating_leaves_logging_as_it_was(tmp_path):
    handlers, level = list(logging.root.handlers), logging.root.level
    engine = make_engine(f"sqlite:///{tmp_path / 'quiet.db'}")
    upgrade(engine)
    engine.dispose()
    assert (logging.root.handlers, logging.root.level) == (handlers, level)
    assert not logging.getLogger("sqlalchemy").disabled


def _tables(store):
    return sorted(inspect(store.engine).get_table_names())
