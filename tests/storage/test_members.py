"""What was taken from what a member may do, and where a permit reads it."""

from dataclasses import replace

import pytest
from sqlalchemy import insert, select

from connector.domain.records import Member, Person
from connector.storage.schema import people

pytestmark = pytest.mark.usefixtures("world")


@pytest.fixture
def member(store):
    person = Person("per_a", "member", "cus_a", "ana@a.example", "Ana", "member", None)
    with store.write() as tx:
        tx.accounts.add_person(person)
        tx.accounts.add_person(replace(person, id="per_z", email="zoe@a.example", name="Zoe", may_not=("publish",)))
        tx.accounts.add_person(replace(person, id="per_b", email="bo@b.example", name="Bo", customer="cus_b"))
    return person


def test_a_person_from_before_the_column_may_do_everything(store, member):
    row = {
        "id": "per_old",
        "kind": "member",
        "customer": "cus_a",
        "email": "old@a.example",
        "name": "Old",
        "role": "member",
        "disabled": False,
    }
    with store.write() as tx:
        tx.connection.execute(insert(people).values(row))
        assert tx.accounts.person("per_old").may_not == ()
        assert tx.connection.execute(select(people.c.may_not)).first() is not None


def test_members_are_those_of_the_customer_by_name(store, member):
    with store.read() as tx:
        assert [one.name for one in tx.accounts.members("cus_a")] == ["Ana", "Zoe"]
        assert [one.name for one in tx.accounts.members("cus_b")] == ["Bo"]
        assert tx.accounts.members("cus_x") == []


def test_what_was_taken_is_kept_and_replaced(store, member):
    with store.write() as tx:
        tx.accounts.lock("per_a")
        tx.accounts.set_may_not("per_a", ("reply", "publish"))
        assert tx.accounts.person("per_a").may_not == ("reply", "publish")
        tx.accounts.set_may_not("per_a", ())
        assert tx.accounts.person("per_a").may_not == ()
        assert tx.accounts.person("per_z").may_not == ("publish",)


def test_a_standing_tells_what_the_person_who_asks_may_do_in_the_same_snapshot(store, member):
    with store.read() as tx:
        assert tx.connections.standing("cus_a", "con_a").member is None
        assert tx.connections.standing("cus_a", "con_a", "per_none").member is None
        assert tx.connections.standing("cus_a", "con_a", "per_a").member == Member("cus_a", False, frozenset())
        assert tx.connections.standing("cus_a", "con_a", "per_z").member == Member(
            "cus_a", False, frozenset({"publish"})
        )
        assert tx.connections.standing("cus_a", "con_a", "per_b").member == Member("cus_b", False, frozenset())
        with_one = tx.connections.standing("cus_a", "con_a", "per_a")
        assert replace(with_one, member=None) == tx.connections.standing("cus_a", "con_a")
