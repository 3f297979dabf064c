"""Guessing a password wears out, and for the guesser alone. A link that is none orders no work."""

from dataclasses import replace

import pytest

from connector.domain import people as accounts
from connector.domain.errors import BadInput

PASSWORD = "four-unrelated-words"


@pytest.fixture
def sign_in_from(svc, people):
    customer = people.member.customer
    _, link = accounts.add_person(
        svc, people.staff.actor, email="eve@harbour.example", name="Eve", role="member", customer=customer
    )
    accounts.accept_link(svc, link, PASSWORD)

    def go(address, password=PASSWORD):
        return accounts.sign_in(svc, "eve@harbour.example", password, address=address)

    return go


@pytest.mark.parametrize(
    ("guesses_from", "also_worn_out", "still_free"),
    [
        (["192.0.2.1"], "192.0.2.1", "192.0.2.2"),
        ([f"2001:db8:0:1::{n:x}" for n in range(1, 11)], "2001:db8:0:1:ffff::9", "2001:db8:0:2::1"),
    ],
)
def test_ten_wrong_guesses_wear_out_the_guessers_network_and_nobody_elses(
    sign_in_from, guesses_from, also_worn_out, still_free
):
    for number in range(10):
        with pytest.raises(accounts.SignInRefused):
            sign_in_from(guesses_from[number % len(guesses_from)], "wrong")
    with pytest.raises(accounts.SignInRefused):
        sign_in_from(also_worn_out)
    assert sign_in_from(still_free).person.name == "Eve"


def test_no_password_is_hashed_for_a_link_that_is_unknown_or_used(svc, people):
    hashed = []

    class Counting:
        def hash(self, password):
            hashed.append(password)
            return svc.passwords.hash(password)

    watched = replace(svc, passwords=Counting())
    customer = people.member.customer
    _, link = accounts.add_person(
        svc, people.staff.actor, email="zoe@harbour.example", name="Zoe", role="member", customer=customer
    )
    accounts.accept_link(watched, link, PASSWORD)
    for dead in (link, "never-was-one"):
        with pytest.raises(BadInput, match="Ask for a new one"):
            accounts.accept_link(watched, dead, PASSWORD)
    assert len(hashed) == 1
