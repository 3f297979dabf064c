"""Customers, people, sessions, links and failed sign-ins."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from connector.domain.errors import BadInput
from connector.domain.records import Customer, Person, Session

SECOND = timedelta(seconds=1)


@pytest.fixture
def ann(store, noon) -> Person:
    """A member of cus_a."""
    person = Person("per_a", "member", "cus_a", "Ann@Example.com", "Ann", "owner", "hash")
    with store.write() as tx:
        tx.accounts.add_customer(Customer("cus_a", "Customer A", noon))
        tx.accounts.add_person(person)
    return replace(person, email="ann@example.com")


def test_customers_come_back_by_name(store, noon):
    later, first = Customer("cus_1", "Zoo", noon), Customer("cus_2", "Abbey", noon)
    with store.write() as tx:
        tx.accounts.add_customer(later)
        tx.accounts.add_customer(first)
    with store.read() as tx:
        assert tx.accounts.customers() == [first, later]
        assert tx.accounts.customer("cus_1") == later
        assert tx.accounts.customer("cus_3") is None


def test_a_person_is_found_by_id_and_by_address_in_any_case(store, ann):
    with store.read() as tx:
        assert tx.accounts.person("per_a") == ann
        assert tx.accounts.person("per_b") is None
        assert tx.accounts.person_by_email("ANN@example.COM") == ann
        assert tx.accounts.person_by_email("bob@example.com") is None


def test_staff_have_no_customer(store):
    staff = Person("per_s", "staff", None, "s@example.com", "Sam", "auditor", None, disabled=True)
    with store.write() as tx:
        tx.accounts.add_person(staff)
        assert tx.accounts.person("per_s") == staff


def test_a_taken_address_is_refused_in_any_case_and_the_transaction_goes_on(store, ann):
    with store.write() as tx:
        with pytest.raises(BadInput, match="already in use"):
            tx.accounts.add_person(Person("per_b", "staff", None, "ANN@EXAMPLE.COM", "Bob", "admin", None))
        tx.accounts.set_password("per_a", "new hash")
    with store.read() as tx:
        assert tx.accounts.person("per_a") == replace(ann, password_hash="new hash")
        assert tx.accounts.person("per_b") is None


def test_a_member_of_no_known_customer_cannot_be_kept(store):
    with pytest.raises(IntegrityError), store.write() as tx:
        tx.accounts.add_person(Person("per_b", "member", "cus_x", "b@example.com", "Bob", "owner", None))


def test_a_session_is_kept_seen_and_ended(store, ann, noon):
    session = Session("5e55", "per_a", "csrf", noon, noon, noon + SECOND)
    with store.write() as tx:
        tx.accounts.add_session(session)
        assert tx.accounts.session("5e55") == session
        tx.accounts.touch_session("5e55", noon + SECOND)
        assert tx.accounts.session("5e55") == replace(session, seen_at=noon + SECOND)
        tx.accounts.end_session("5e55")
        assert tx.accounts.session("5e55") is None


def test_a_link_works_once_and_in_time(store, ann, noon):
    with store.write() as tx:
        tx.accounts.add_link("abc", "per_a", noon + SECOND)
        tx.accounts.add_link("old", "per_a", noon)
    with store.write() as tx:
        assert tx.accounts.use_link("old", noon) is None
        assert tx.accounts.use_link("unknown", noon) is None
        assert tx.accounts.use_link("abc", noon) == "per_a"
        assert tx.accounts.use_link("abc", noon) is None


def test_of_eight_who_use_a_link_at_once_one_gets_it(store, ann, noon):
    with store.write() as tx:
        tx.accounts.add_link("abc", "per_a", noon + SECOND)
    together, got = threading.Barrier(8, timeout=60), []

    def work():
        together.wait()
        with store.write() as tx:
            got.append(tx.accounts.use_link("abc", noon))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got, key=str) == [None] * 7 + ["per_a"]


def test_failed_sign_ins_are_counted_by_key_since_a_moment(store, noon):
    with store.write() as tx:
        for key, at in (("k", noon - SECOND), ("k", noon), ("k", noon + SECOND), ("other", noon)):
            tx.accounts.add_attempt(key, at)
        assert tx.accounts.attempts_since("k", noon) == 2
        assert tx.accounts.attempts_since("none", noon) == 0
