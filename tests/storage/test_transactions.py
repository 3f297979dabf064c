"""Transactions on pooled connections leave nothing of one in the next."""

import threading

import pytest


def test_a_listing_that_was_left_in_the_middle_does_not_hold_later_reads_to_its_moment(store, append):
    with store.write() as tx:
        for _ in range(3000):
            append(tx)
    with store.read() as tx:
        left = tx.ledger.all()
        next(left)
    with store.write() as tx:
        append(tx)
    with store.read() as tx:
        assert tx.ledger.count() == 3001
    left.close()


def test_what_failed_in_the_middle_is_gone_and_the_next_transaction_is_whole(store, append):
    for _ in range(3):
        with pytest.raises(RuntimeError), store.write() as tx:
            append(tx)
            raise RuntimeError("the action failed")
        with store.write() as tx:
            append(tx)
    with store.read() as tx:
        assert tx.ledger.count() == 3


def test_more_readers_than_connections_are_pooled_all_get_an_answer(store, append):
    with store.write() as tx:
        append(tx)
    together, counts = threading.Barrier(40), []

    def look() -> None:
        with store.read() as tx:
            found = tx.ledger.count()
            together.wait(timeout=30)
        counts.append(found)

    readers = [threading.Thread(target=look) for _ in range(40)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert counts == [1] * 40
    with store.write() as tx:
        append(tx)
    with store.read() as tx:
        assert tx.ledger.count() == 2


def test_a_store_that_was_closed_opens_again_when_it_is_used(store, append):
    with store.write() as tx:
        append(tx)
    store.close()
    with store.read() as tx:
        assert tx.ledger.count() == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_on_sqlite_only_a_write_that_may_be_forgotten_does_not_wait_for_the_disk(store):
    def setting(**how) -> int:
        with store.write(**how) as tx:
            return tx.connection.exec_driver_sql("PRAGMA synchronous").scalar_one()

    full, normal = 2, 1
    assert [setting(), setting(durable=False), setting(durable=False), setting()] == [full, normal, normal, full]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_on_postgresql_only_a_write_that_may_be_forgotten_does_not_wait_for_the_disk(store):
    def setting(**how) -> str:
        with store.write(**how) as tx:
            return tx.connection.exec_driver_sql("SHOW synchronous_commit").scalar_one()

    assert [setting(), setting(durable=False), setting()] == ["on", "off", "on"]


def test_a_write_that_does_not_wait_is_there_for_everybody_at_once(store, append):
    with store.write(durable=False) as tx:
        append(tx)
    with store.read() as tx:
        assert tx.ledger.count() == 1
