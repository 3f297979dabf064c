"""Scopes that were granted and that Google gives no longer (F18)."""

import pytest

from connector.cli.record import _row
from connector.domain import grants, inbox, publish
from connector.domain.errors import Refused
from connector.domain.losing import AGAIN
from connector.domain.records import ConnectionState
from connector.web.granted import marked

AUTH = "https://www.googleapis.com/auth/"
STREAM = AUTH + "plus.stream.read"
NEED_IT = {"read-messages", "reply-to-messages", "publish-to-circles", "analyse"}


@pytest.fixture
def sync(svc, people, page_of, world):
    return lambda: inbox.sync(svc, people.member.actor, page_of(world.cafe)).threads


@pytest.fixture
def shown(svc, people):
    """A connection's purposes by state, as Settings shows them."""

    def see():
        (view,) = grants.overview(svc, people.member.customer)
        return view, {purpose.id: purpose for purpose in view.purposes}

    return see


@pytest.fixture
def lose(connect, google, sync, pass_time):
    """A connection that has just lost the scope to read."""

    def go():
        connected = connect()
        pass_time(4000)
        google.fault("token", "missing_scope", scopes=[STREAM], times=1)
        with pytest.raises(Refused) as no:
            sync()
        assert (no.value.reason, no.value.missing) == ("scope-lost", frozenset([STREAM]))
        google.forget_requests()
        return connected

    return go


def test_purposes_that_miss_a_lost_scope_read_missing_and_are_refused_before_google_is_asked(
    lose, google, sync, shown, entries, svc, people, page_of, world
):
    """F18."""
    connected = lose()
    view, purposes = shown()
    assert view.state is ConnectionState.ACTIVE
    assert view.next_step == "reconnect"
    assert {id for id, one in purposes.items() if one.state == "missing"} == NEED_IT
    assert "Google gives this permission no longer" in purposes["read-messages"].state_sentence
    assert purposes["show-profile"].state == "on"
    for call in (sync, lambda: publish.circles(svc, people.member.actor, page_of(world.cafe))):
        with pytest.raises(Refused) as no:
            call()
        assert no.value.reason == "scope-missing"
    with pytest.raises(Refused):
        grants.switch(svc, people.member.actor, connected.id, "read-messages", on=True)
    assert google.requests() == []
    (lost,) = entries("token:scopes-lost")
    assert (lost["customer"], lost["connection"]) == (people.member.customer, connected.id)


def test_after_a_while_a_call_asks_once_more_and_a_complete_answer_restores_it(
    lose, google, sync, shown, entries, pass_time
):
    """F18."""
    lose()
    pass_time(AGAIN.total_seconds() - 1)
    with pytest.raises(Refused):
        sync()
    assert google.requests() == []
    pass_time(1)
    google.fault("token", "missing_scope", scopes=[STREAM], times=1)
    with pytest.raises(Refused) as no:
        sync()
    assert no.value.reason == "scope-lost"
    google.forget_requests()
    with pytest.raises(Refused):
        sync()
    assert google.requests() == []
    assert len(entries("token:scopes-lost")) == 1
    pass_time(AGAIN.total_seconds())
    assert sync() == 1
    assert len(entries("token:scopes-back")) == 1
    _, purposes = shown()
    assert {one.state for one in purposes.values()} == {"on"}


def test_a_new_consent_restores_it_at_once_and_asks_google_for_a_new_refresh_token(lose, connect, sync, shown):
    """F18."""
    connected = lose()
    again = connect(replaces=connected.id, choose=False)
    assert "prompt=consent" in again.asked
    assert again.id == connected.id
    _, purposes = shown()
    assert {one.state for one in purposes.values()} == {"on"}
    assert sync() == 1


def test_an_answer_for_all_that_was_granted_tells_of_every_scope_that_is_gone(
    connect, google, sync, pass_time, shown, entries
):
    """F18, where the server does not narrow."""
    connect()
    pass_time(4000)
    google.fault("token", "refuses_narrowing")
    google.fault("token", "missing_scope", scopes=[AUTH + "plus.circles.read"], times=1)
    assert sync() == 1  # reading misses nothing
    _, purposes = shown()
    assert {id for id, one in purposes.items() if one.state == "missing"} == {"publish-to-circles"}
    assert len(entries("token:scopes-lost")) == 1


def test_an_answer_for_all_that_does_not_say_its_scopes_takes_none_away(connect, google, sync, pass_time, shown):
    connect()
    pass_time(4000)
    google.fault("token", "refuses_narrowing")
    google.fault("token", "no_scope_field", times=1)
    assert sync() == 1
    _, purposes = shown()
    assert {one.state for one in purposes.values()} == {"on"}


def test_staff_see_which_scope_is_given_no_longer(lose, svc, people):
    lose()
    table = grants.listing(svc, people.staff.actor)
    (row,) = table.rows
    assert row.purposes_on == {"show-profile"}
    marks = {one.scope: one.mark for one in marked(row, table.scopes, svc.network("google-plus").catalogue).scopes}
    assert [scope for scope, mark in marks.items() if mark == "lost"] == [STREAM]
    assert {_row(row, scope)["state"] for scope in row.grant.granted if scope != STREAM} == {"active"}
    assert _row(row, STREAM)["state"] == "lost"
