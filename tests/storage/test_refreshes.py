"""Leases to refresh a token, and pauses of a provider."""

import threading
from datetime import timedelta

import pytest

from connector.domain.records import Lease, Pause

LONG = timedelta(seconds=30)


@pytest.fixture
def take(store, world):
    def once(now, scopes="s1", connection="con_a"):
        with store.write() as tx:
            return tx.refreshes.take(connection, scopes, now, now + LONG)

    return once


@pytest.fixture
def end(store):
    def once(fence, until=None):
        with store.write() as tx:
            return tx.refreshes.end("con_a", "s1", fence, until)

    return once


@pytest.fixture
def lease(store):
    def read():
        with store.read() as tx:
            return tx.refreshes.lease("con_a", "s1")

    return read


def test_a_lease_is_one_holders_until_it_runs_out(take, lease, noon):
    assert lease() is None
    assert take(noon) == 1
    assert lease() == Lease(1, noon + LONG)
    assert take(noon) is None
    assert take(noon + LONG - timedelta(microseconds=1)) is None
    assert take(noon + LONG) == 2
    assert lease() == Lease(2, noon + 2 * LONG)


def test_leases_of_other_scopes_and_connections_do_not_meet(take, noon):
    assert [take(noon), take(noon, "s2"), take(noon, connection="con_b")] == [1, 1, 1]


def test_an_ended_lease_is_free_at_once_and_its_fence_is_never_used_again(take, end, lease, noon):
    assert end(take(noon)) is True
    assert lease() == Lease(1, None)
    assert take(noon) == 2
    assert end(1) is False
    assert lease() == Lease(2, noon + LONG)
    assert take(noon) is None


def test_a_lease_that_is_handed_over_reads_as_run_out(take, end, lease, noon):
    assert end(take(noon), until=noon) is True
    assert lease() == Lease(1, noon)
    assert take(noon) == 2


def test_of_many_who_reach_for_a_lease_at_once_one_gets_it(take, noon):
    for turn in range(5):
        together, got = threading.Barrier(8), []

        def reach(now=noon + turn * LONG, together=together, got=got):
            together.wait()
            got.append(take(now))

        threads = [threading.Thread(target=reach) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [fence for fence in got if fence] == [turn + 1]


def test_nobody_takes_a_lease_while_what_it_brought_is_being_committed(store, take, noon):
    fence, got = take(noon), []
    reach = threading.Thread(target=lambda: got.append(take(noon)))
    with store.write() as tx:
        assert tx.refreshes.end("con_a", "s1", fence)
        reach.start()
        reach.join(timeout=0.2)
        assert got == []
    reach.join()
    assert got == [fence + 1]


def test_a_pause_begins_once_and_goes_on_until_it_is_lifted(store, noon):
    with store.write() as tx:
        assert tx.refreshes.paused("google-plus") is None
        assert tx.refreshes.lift("google-plus") is False
        assert tx.refreshes.pause("google-plus", "invalid_client", noon, noon + LONG) is True
    with store.write() as tx:
        assert tx.refreshes.pause("google-plus", "deleted_client", noon + LONG, noon + 2 * LONG) is False
        assert tx.refreshes.paused("google-plus") == Pause("google-plus", "invalid_client", noon, noon + 2 * LONG)
        assert tx.refreshes.paused("youtube") is None
        assert tx.refreshes.lift("google-plus") is True
        assert tx.refreshes.paused("google-plus") is None


def test_when_a_pause_has_run_out_one_may_try(store, noon):
    over = noon + LONG
    with store.write() as tx:
        assert tx.refreshes.try_again("google-plus", noon, over) is False
        tx.refreshes.pause("google-plus", "invalid_client", noon, over)
        assert tx.refreshes.try_again("google-plus", over - timedelta(microseconds=1), over + LONG) is False
        assert tx.refreshes.try_again("google-plus", over, over + LONG) is True
        assert tx.refreshes.try_again("google-plus", over, over + LONG) is False
        assert tx.refreshes.try_again("google-plus", over + LONG, over + 2 * LONG) is True


def test_a_try_at_one_provider_leaves_anothers_pause_as_it_is(store, noon):
    over = noon + LONG
    with store.write() as tx:
        for provider in ("google-plus", "youtube"):
            tx.refreshes.pause(provider, "invalid_client", noon, over)
        assert tx.refreshes.try_again("google-plus", over, over + LONG) is True
        assert tx.refreshes.paused("youtube") == Pause("youtube", "invalid_client", noon, over)
        assert tx.refreshes.pause("google-plus", "invalid_client", noon, over + LONG) is False
        assert tx.refreshes.paused("youtube") == Pause("youtube", "invalid_client", noon, over)
        assert tx.refreshes.lift("google-plus") is True
        assert tx.refreshes.paused("youtube") is not None
