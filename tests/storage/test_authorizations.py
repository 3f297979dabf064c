"""Authorization requests: good once, in time (R1)."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from connector.domain.records import Authorization, Customer

MINUTE = timedelta(minutes=1)


@pytest.fixture
def waiting(store, noon) -> Authorization:
    """A request on its way until ten minutes past noon."""
    authorization = Authorization(
        state_hash="5747e",
        session="5e55",
        person="per_a",
        customer="cus_a",
        provider="google_plus",
        purposes=("read-messages", "analyse"),
        scopes=("s2", "s1"),
        disclosure_hash="d1",
        verifier_sealed=b"\x00sealed",
        replaces=None,
        created_at=noon,
        expires_at=noon + 10 * MINUTE,
    )
    with store.write() as tx:
        tx.accounts.add_customer(Customer("cus_a", "Customer A", noon))
        tx.authorizations.add(authorization)
    return authorization


def test_a_request_comes_back_as_it_was_and_then_as_used(store, waiting, noon):
    used = replace(waiting, used_at=noon + MINUTE)
    with store.write() as tx:
        assert tx.authorizations.find("5747e") == waiting
        assert tx.authorizations.consume("5747e", noon + MINUTE) == used
        assert tx.authorizations.find("5747e") == used
        assert tx.authorizations.find("unknown") is None


def test_a_used_an_expired_and_an_unknown_state_are_not_accepted(store, waiting, noon):
    with store.write() as tx:
        assert tx.authorizations.consume("unknown", noon) is None
        assert tx.authorizations.consume("5747e", noon + 10 * MINUTE) is None
        assert tx.authorizations.consume("5747e", noon + 10 * MINUTE - timedelta(microseconds=1)) is not None
        assert tx.authorizations.consume("5747e", noon) is None


def test_of_eight_callbacks_with_one_state_exactly_one_gets_it(store, waiting, noon):
    together, got = threading.Barrier(8, timeout=60), []

    def work():
        together.wait()
        with store.write() as tx:
            got.append(tx.authorizations.consume("5747e", noon))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 8
    assert [found for found in got if found] == [replace(waiting, used_at=noon)]


def test_a_disclosure_is_kept_once(store, noon):
    with store.write() as tx:
        for text in ('{"a":1}', '{"never":"seen"}'):
            tx.authorizations.keep_disclosure("d1", "google_plus", "2018-10-06", text, noon)
    with store.read() as tx:
        assert tx.authorizations.disclosure("d1") == '{"a":1}'
        assert tx.authorizations.disclosure("d2") is None
