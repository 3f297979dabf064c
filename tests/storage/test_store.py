"""Transactions: a snapshot to read, all or nothing to write, and a clear refusal when nothing can be written (R69)."""

from dataclasses import fields
from datetime import datetime, timedelta, timezone

import pytest
from sqlalchemy.exc import IntegrityError

from connector.domain import records as r
from connector.domain.errors import ConnectorError, LedgerUnwritable
from connector.storage import SqlStore, make_engine, schema


def customers(store):
    with store.read() as tx:
        return [customer.id for customer in tx.accounts.customers()]


def test_an_exception_undoes_the_whole_block(store, noon):
    with pytest.raises(RuntimeError), store.write() as tx:
        tx.accounts.add_customer(r.Customer("cus_a", "A", noon))
        raise RuntimeError("later in the same block")
    assert customers(store) == []


def test_a_read_sees_one_moment(store, noon):
    with store.read() as tx:
        assert tx.accounts.customers() == []
        with store.write() as other:
            other.accounts.add_customer(r.Customer("cus_a", "A", noon))
        assert tx.accounts.customers() == []
    assert customers(store) == ["cus_a"]


def test_a_read_cannot_write_and_the_next_write_can(store, noon):
    with pytest.raises(ConnectorError, match="could not be read"), store.read() as tx:
        tx.accounts.add_customer(r.Customer("cus_a", "A", noon))
    with store.write() as tx:
        tx.accounts.add_customer(r.Customer("cus_b", "B", noon))
    assert customers(store) == ["cus_b"]


def test_times_keep_their_microseconds_and_come_back_in_utc(store):
    east = datetime(1969, 7, 20, 22, 17, 40, 999_999, tzinfo=timezone(timedelta(hours=2)))
    with store.write() as tx:
        tx.accounts.add_customer(r.Customer("cus_a", "A", east))
        found = tx.accounts.customer("cus_a").created_at
    assert found == east
    assert found.utcoffset() == timedelta(0)


def test_a_time_without_its_zone_is_a_mistake(store, noon):
    with pytest.raises(Exception, match="offset-naive"), store.write() as tx:
        tx.accounts.add_customer(r.Customer("cus_a", "A", noon.replace(tzinfo=None)))


@pytest.mark.parametrize(
    ("table", "record"),
    [
        (schema.customers, r.Customer),
        (schema.people, r.Person),
        (schema.sessions, r.Session),
        (schema.authorizations, r.Authorization),
        (schema.connections, r.Connection),
        (schema.pages, r.Page),
        (schema.grants, r.Grant),
        (schema.tokens, r.TokenRow),
        (schema.data_keys, r.KeyRow),
        (schema.threads, r.Thread),
        (schema.messages, r.Message),
        (schema.replies, r.Reply),
    ],
)
def test_every_field_of_a_record_has_its_column(table, record):
    counted = {"unread", "newest_at"} if record is r.Thread else set()
    assert {field.name for field in fields(record)} - counted == {column.name for column in table.c} - {"seq"}


def test_a_mistake_of_ours_is_not_reported_as_a_full_disk(store, noon):
    with pytest.raises(IntegrityError), store.write() as tx:
        tx.accounts.add_customer(r.Customer("cus_a", "A", noon))
        tx.accounts.add_customer(r.Customer("cus_a", "A", noon))


def test_an_error_does_not_show_what_was_to_be_stored(store, noon):
    with pytest.raises(IntegrityError) as raised, store.write() as tx:
        tx.accounts.add_session(r.Session("5e55", "nobody", "csrf-secret", noon, noon, noon))
    assert "csrf-secret" not in str(raised.value).replace("csrf, ", "")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_full_disk_refuses_the_write_and_reads_go_on(store, noon):
    with store.write() as tx:
        tx.accounts.add_customer(r.Customer("cus_a", "A", noon))
        pages = tx.connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        tx.connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    with pytest.raises(LedgerUnwritable), store.write() as tx:
        tx.accounts.add_customer(r.Customer("cus_b", "B" * 100_000, noon))
    assert customers(store) == ["cus_a"]
    with store.write() as tx:
        tx.connection.exec_driver_sql("PRAGMA max_page_count=100000")
    with store.write() as tx:
        tx.accounts.add_customer(r.Customer("cus_b", "B" * 100_000, noon))
        assert tx.connection.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_database_that_another_program_holds_refuses_the_write(store, database_url, noon):
    elsewhere = SqlStore(make_engine(database_url))
    with elsewhere.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=1")
    with store.write(), pytest.raises(LedgerUnwritable), elsewhere.write() as tx:
        tx.accounts.add_customer(r.Customer("cus_a", "A", noon))
    elsewhere.close()
    assert customers(store) == []


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_connection_that_is_cut_refuses_the_write_and_the_next_one_works(store, noon):
    with pytest.raises(LedgerUnwritable), store.write() as tx:
        (pid,) = tx.connection.exec_driver_sql("SELECT pg_backend_pid()").one()
        with store.write() as other:
            other.connection.exec_driver_sql(f"SELECT pg_terminate_backend({pid})")
        tx.accounts.add_customer(r.Customer("cus_a", "A", noon))
    with store.write() as tx:
        tx.accounts.add_customer(r.Customer("cus_b", "B", noon))
    assert customers(store) == ["cus_b"]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_locked_connection_row_holds_others_back_but_not_rows_that_name_it(store, world, make_grant):
    with store.write() as tx:
        tx.connections.lock("con_a")
        with store.write() as other:
            other.connections.add_grant(make_grant("gra_2", "con_a", "cus_a"))
        with pytest.raises(LedgerUnwritable), store.write() as other:
            other.connection.exec_driver_sql("SET LOCAL lock_timeout = 50")
            other.connections.lock("con_a")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_write_inside_a_write_is_a_mistake_that_is_told_at_once(store):
    with store.write(), pytest.raises(RuntimeError, match="inside a write"), store.write():
        pass
    with store.write():
        pass


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_file_that_is_no_database_is_told_as_an_error_of_ours(tmp_path, database_url):
    path = tmp_path / "connector.db"
    path.write_bytes(b"not a database at all, but long enough to be looked at" * 100)
    broken = SqlStore(make_engine(database_url))
    with pytest.raises(ConnectorError), broken.read() as tx:
        tx.keys.count()
    with pytest.raises(LedgerUnwritable), broken.write():
        pass
    broken.close()
