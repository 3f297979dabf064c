"""The permit: given for what holds at this moment, and refused for each thing that does not, one at a time."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

import scopes
from connector.domain import grants
from connector.domain.errors import NeedsConsent, NotFound, Refused, Revoked
from connector.domain.records import Actor, Connection, ConnectionState, Member, Standing

CATALOGUE = scopes.load("google-plus")
NOON = datetime(2018, 10, 8, 12, tzinfo=UTC)
PAGE = "200000000000000000001"
NEED = scopes.require(
    CATALOGUE,
    "read-messages",
    scopes.RoutedCall("plusPages.comments.list", {"activityId": "z12"}, {"onBehalfOf": PAGE}),
)
HELD = Standing(
    connection=Connection(
        "con_1", "cus_1", "google-plus", "1" * 21, "Ann", ConnectionState.ACTIVE, datetime(2018, 10, 6, tzinfo=UTC), "p"
    ),
    granted=NEED.scopes,
    purposes_on=frozenset({"read-messages"}),
    chosen_pages=frozenset({PAGE}),
    policy_version="2018-10-06",
    member=Member("cus_1", False, frozenset()),
)
MEMBER = Actor(kind="member", id="per_1", name="Mia", customer="cus_1")


@dataclass
class Connections:
    """One connection of one customer, and who asked for it."""

    standing_now: Standing
    asked: list[tuple[str, str]]

    def standing(self, customer: str, connection: str, person: str | None = None) -> Standing | None:
        self.asked.append((customer, connection))
        found = self.standing_now
        return found if (customer, connection) == (found.connection.customer, found.connection.id) else None


def permit(standing: Standing = HELD, actor: Actor = MEMBER, connection: str = "con_1") -> grants.Permit:
    asked: list[tuple[str, str]] = []
    networks = {"google-plus": SimpleNamespace(catalogue=CATALOGUE)}
    clock = SimpleNamespace(now=lambda: NOON)
    svc: Any = SimpleNamespace(network=lambda provider: networks[provider], clock=clock)
    tx: Any = SimpleNamespace(connections=Connections(standing, asked))
    try:
        return grants.permit(svc, tx, actor, connection, NEED)
    finally:
        assert all(customer == actor.customer for customer, _ in asked), "looked up for somebody else"


def in_state(state: ConnectionState) -> Standing:
    return replace(HELD, connection=replace(HELD.connection, state=state))


def test_a_permit_names_what_was_needed_and_the_connection_it_is_for() -> None:
    given = permit()
    assert (given.need, given.connection) == (NEED, HELD.connection)


def test_a_connection_whose_account_is_being_read_may_be_used_for_that() -> None:
    assert permit(in_state(ConnectionState.LINKING)).need == NEED


@pytest.mark.parametrize(
    ("actor", "connection"),
    [(MEMBER, "con_2"), (replace(MEMBER, customer="cus_2"), "con_1"), (MEMBER, "")],
)
def test_a_connection_of_nobody_or_of_another_customer_is_not_found(actor: Actor, connection: str) -> None:
    with pytest.raises(NotFound) as no:
        permit(actor=actor, connection=connection)
    assert str(no.value) == str(NotFound(connection))


@pytest.mark.parametrize("customer", [None, ""])
def test_who_acts_for_no_customer_finds_nothing_and_is_not_even_looked_up(customer: str | None) -> None:
    svc: Any = None
    tx: Any = SimpleNamespace(connections=None)  # asking it for anything would fail
    with pytest.raises(NotFound):
        grants.permit(svc, tx, replace(MEMBER, kind="staff", customer=customer), "con_1", NEED)


@pytest.mark.parametrize("state", [ConnectionState.REVOKED, ConnectionState.MERGED])
def test_an_ended_connection_gives_no_permit_whatever_it_still_holds(state: ConnectionState) -> None:
    with pytest.raises(Revoked):
        permit(in_state(state))


def test_a_connection_that_needs_consent_gives_no_permit() -> None:
    with pytest.raises(NeedsConsent):
        permit(in_state(ConnectionState.NEEDS_CONSENT))


@pytest.mark.parametrize(
    ("without", "reason"),
    [
        ({"granted": frozenset(sorted(NEED.scopes)[:1])}, "scope-missing"),
        ({"granted": frozenset()}, "scope-missing"),
        ({"purposes_on": frozenset({"analyse"})}, "purpose-off"),
        ({"purposes_on": frozenset()}, "purpose-off"),
        ({"chosen_pages": frozenset({"2" * 21})}, "page-not-chosen"),
        ({"chosen_pages": frozenset()}, "page-not-chosen"),
        ({"member": Member("cus_1", False, frozenset({"read-messages"}))}, "member-may-not"),
        ({"member": Member("cus_1", True, frozenset())}, "member-gone"),
        ({"member": Member("cus_2", False, frozenset())}, "member-gone"),
        ({"member": None}, "member-gone"),
    ],
)
def test_each_thing_that_does_not_hold_is_a_refusal_of_its_own(without: dict[str, Any], reason: str) -> None:
    with pytest.raises(Refused) as no:
        permit(replace(HELD, **without))
    assert no.value.reason == reason
    assert no.value.missing == (NEED.scopes - without["granted"] if reason == "scope-missing" else frozenset())
