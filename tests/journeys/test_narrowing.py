"""Access tokens for one purpose's scopes, from servers that narrow, refuse to, or do not care (RFC 6749 section 6)."""

from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from connector import config, wiring
from connector.domain import history, inbox, publish
from connector.domain.calls import Caller, do
from connector.domain.errors import NotSetUp, Refused
from connector.domain.records import Pausing

AUTH = "https://www.googleapis.com/auth/"
READ = sorted([AUTH + "plus.pages.manage", AUTH + "plus.stream.read"])
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def sync(svc, people, page_of, world):
    def fetch(services=None):
        return inbox.sync(services or svc, people.member.actor, page_of(world.cafe)).threads

    return fetch


@pytest.fixture
def refreshes(google):
    """The scopes that each refresh named, oldest first; None where it named none."""

    def read():
        forms = [one["form"] for one in google.requests("token")]
        return [form.get("scope") for form in forms if form["grant_type"] == "refresh_token"]

    return read


def test_every_refresh_names_the_scopes_of_its_purpose_and_no_others(
    connect, google, sync, svc, people, page_of, world, refreshes, entries
):
    connected = connect()
    sync()
    publish.circles(svc, people.member.actor, page_of(world.cafe))
    caller = Caller(people.member.actor, wiring.PROVIDER, connected.id, "show-profile")
    do(svc, caller, svc.network(wiring.PROVIDER).api.account())
    catalogue = svc.network(wiring.PROVIDER).catalogue
    purposes = [one["purpose"] for one in entries("token:refreshed")]
    assert purposes == ["link-pages", "read-messages", "publish-to-circles", "show-profile"]
    assert [one.split() for one in refreshes()] == [sorted(catalogue.purpose(one).scopes) for one in purposes]


@pytest.mark.parametrize("fault", [None, "refuses_narrowing", "ignores_narrowing"])
def test_a_token_to_read_with_cannot_reply_where_the_server_narrows_and_is_used_to_read_alone_where_not(
    fault, connect, google, sync, svc, people, world
):
    connected = connect()
    if fault:
        google.fault("token", fault)
    sync()
    with svc.store.read() as tx:
        (row,) = [one for one in tx.tokens.access_tokens(connected.id) if one.scopes == " ".join(READ)]
        token = svc.vault.open(tx, row.customer, (row.connection, f"access {row.scopes}"), row.sealed).decode()
    address = f"activities/{world.cafe_post}/comments?onBehalfOf={world.cafe}"
    by_hand = google.by_hand(token, "POST", address, json={"object": {"originalContent": "Hello"}})
    assert by_hand.status_code == (200 if fault else 403)
    google.forget_requests()
    caller = Caller(people.member.actor, wiring.PROVIDER, connected.id, "reply-to-messages", world.cafe_post)
    do(svc, caller, svc.network(wiring.PROVIDER).api.reply(world.cafe, world.cafe_post, "From nine."))
    assert len(google.requests("token")) == 1  # the token to read with was not used


def test_a_server_that_refuses_to_narrow_is_asked_once_more_for_all_and_then_not_in_vain_for_a_day(
    connect, google, sync, svc, people, page_of, world, pass_time, refreshes, entries
):
    connect()
    google.forget_requests()
    google.fault("token", "refuses_narrowing")
    with capture_logs() as lines:
        assert sync() == 1
        assert refreshes() == [" ".join(READ), None]
        assert entries("token:refreshed")[-1]["reason"] == "not-narrowed"
        publish.circles(svc, people.member.actor, page_of(world.cafe))
        assert refreshes()[2:] == [None]
        assert entries("token:refreshed")[-1]["reason"] == "not-narrowed"
        pass_time(25 * 3600)
        sync()
    assert refreshes()[3:] == [" ".join(READ), None]
    assert [line["event"] for line in lines] == ["narrowing_refused"] * 2
    google.clear_faults()
    pass_time(25 * 3600)
    sync()
    assert refreshes()[5:] == [" ".join(READ)]
    assert entries("token:refreshed")[-1]["reason"] is None
    with svc.store.read() as tx:
        assert tx.pauses.get(wiring.PROVIDER, Pausing.NARROWING) is None


def test_invalid_scope_for_a_scope_that_is_gone_is_no_sign_of_a_server_that_does_not_narrow(
    connect, google, sync, svc, pass_time, refreshes
):
    connect()
    pass_time(4000)
    google.forget_requests()
    google.fault("token", "status", status=400, body={"error": "invalid_scope"}, times=1)
    google.fault("token", "missing_scope", scopes=[AUTH + "plus.stream.read"], times=1)
    with pytest.raises(Refused) as no:
        sync()
    assert (no.value.reason, refreshes()) == ("scope-lost", [" ".join(READ), None])
    with svc.store.read() as tx:
        assert tx.pauses.get(wiring.PROVIDER, Pausing.NARROWING) is None


@on_sqlite
def test_invalid_scope_twice_changes_nothing(connect, google, sync, pass_time, refreshes, svc):
    connect()
    pass_time(4000)
    google.forget_requests()
    google.fault("token", "status", status=400, body={"error": "invalid_scope"}, times=2)
    with pytest.raises(Exception, match="invalid_scope"):
        sync()
    assert len(refreshes()) == 2

    def no_wait(_seconds):
        raise AssertionError("the lease was not given back")

    assert sync(replace(svc, sleep=no_wait)) == 1


@on_sqlite
def test_a_server_that_ignores_narrowing_is_flagged_where_staff_look(connect, google, sync, svc, people, entries):
    connect()
    google.fault("token", "ignores_narrowing", times=1)
    sync()
    assert entries("token:refreshed")[-1]["reason"] == "wider-than-asked"
    seen = history.staff_list(svc, people.staff.actor, customer=people.member.customer)
    assert "wider-than-asked" in [one.reason for one in seen.entries if one.kind == "token:refreshed"]


@on_sqlite
def test_with_never_no_refresh_names_a_scope(connect, google, environ, open_services, sync, refreshes, entries):
    connect()
    google.forget_requests()
    never = open_services(config.load(environ | {"CONNECTOR_GOOGLE_NARROWING": "never"}))
    assert sync(never) == 1
    assert refreshes() == [None]
    assert entries("token:refreshed")[-1]["reason"] == "not-narrowed"


@on_sqlite
def test_another_word_for_narrowing_refuses_to_start(environ):
    with pytest.raises(NotSetUp, match="must be one of: ask, never"):
        config.load(environ | {"CONNECTOR_GOOGLE_NARROWING": "sometimes"})
