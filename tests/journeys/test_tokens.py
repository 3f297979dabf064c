"""Tokens: narrowed to the purpose, fetched once, and never thrown away on a bad answer."""

import threading
from dataclasses import replace

import pytest

import connector
from connector.domain import inbox
from connector.domain.errors import GoogleRefused, NeedsConsent, NotSent, Refused
from connector.domain.records import ConnectionState

AUTH = "https://www.googleapis.com/auth/"
READ = sorted([AUTH + "plus.pages.manage", AUTH + "plus.stream.read"])
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def sync(svc, people, page_of, world):
    def fetch(services=None):
        return inbox.sync(services or svc, people.member.actor, page_of(world.cafe))

    return fetch


@pytest.fixture
def state(svc, people):
    def of(connection):
        with svc.store.read() as tx:
            return tx.connections.get(people.member.customer, connection).state

    return of


@on_sqlite
def test_a_token_fetched_to_read_carries_the_reading_scopes_alone(connect, google, sync):
    connect()
    sync()
    reads = google.requests("plusPages.activities.list") + google.requests("plusPages.comments.list")
    assert len(reads) == 2
    assert all(one["token_scopes"] == READ for one in reads)
    assert google.requests("token")[-1]["form"]["scope"].split() == READ


@on_sqlite
def test_google_itself_refuses_to_reply_with_a_token_that_was_fetched_to_read(
    connect, google, sync, svc, people, world
):
    connected = connect()
    sync()
    with svc.store.read() as tx:
        row = tx.tokens.get(connected.id, "access", " ".join(READ))
        token = svc.vault.open(tx, row.customer, (row.connection, f"access {row.scopes}"), row.sealed).decode()
    body = {"object": {"originalContent": "Hello"}}
    address = f"activities/{world.cafe_post}/comments?onBehalfOf={world.cafe}"
    answer = google.by_hand(token, "POST", address, json=body)
    assert (answer.status_code, answer.json()["error"]["errors"][0]["reason"]) == (403, "insufficientPermissions")
    assert google.by_hand(token, "GET", address).ok


def test_a_token_serves_until_it_is_about_to_end_and_is_then_fetched_once(connect, google, sync, pass_time):
    connect()
    sync()
    google.forget_requests()
    sync()
    pass_time(3599 - 301)
    sync()
    assert google.requests("token") == []
    pass_time(2)  # less than five minutes are left
    sync()
    sync()
    assert len(google.requests("token")) == 1


def test_many_calls_that_find_the_token_ended_fetch_one(connect, google, sync, pass_time, svc, people, page_of, world):
    from connector.domain import publish

    connect()
    pass_time(4000)
    google.forget_requests()
    together, ends = threading.Barrier(8), []

    def ask():
        together.wait()
        ends.append(len(publish.circles(svc, people.member.actor, page_of(world.cafe))))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ends == [2] * 8
    assert len(google.requests("token")) == 1


def test_a_grant_taken_back_at_google_needs_consent_and_is_told_once(
    connect, google, sync, pass_time, state, entries, world, _http
):
    connected = connect()
    _http.delete(f"{google.url}/test/grants/{world.anna}", timeout=30)
    pass_time(4000)
    google.forget_requests()
    for _ in range(3):
        with pytest.raises(NeedsConsent):
            sync()
    assert state(connected.id) is ConnectionState.NEEDS_CONSENT
    assert len(google.requests("token")) == 1
    assert google.api_requests() == []
    assert [one["reason"] for one in entries("token:refused")] == ["invalid_grant"]
    again = connect(replaces=connected.id, choose=False)
    assert (again.id, again.finished.state) == (connected.id, "complete")
    assert "prompt=consent" in again.asked
    assert sync().threads == 1


@on_sqlite
@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 500},
        {"kind": "status", "status": 503, "body": "<html>busy</html>"},
        {"kind": "status", "status": 429},
        {"kind": "drop_before"},
        {"kind": "drop_after"},
        {"kind": "truncate"},
        {"kind": "body", "body": "<html>ok</html>"},
        {"kind": "body", "body": '{"access_token": "a", "access_token": "b", "token_type": "Bearer", "expires_in": 1}'},
        {"kind": "body", "body": {"access_token": "a", "token_type": "Bearer", "expires_in": -1}},
        {"kind": "body", "body": {"access_token": "a", "token_type": "mac", "expires_in": 3599}},
        {"kind": "body", "body": {"access_token": "a" * 3000, "token_type": "Bearer", "expires_in": 3599}},
        {"kind": "body", "body": "x" * 70_000},
    ],
    ids=str,
)
def test_a_token_endpoint_in_trouble_changes_nothing_and_the_call_is_not_sent(
    fault, connect, google, sync, pass_time, state, entries
):
    connected = connect()
    pass_time(4000)
    google.forget_requests()
    google.fault("token", **fault)
    with pytest.raises((NotSent, GoogleRefused)) as no:
        sync()
    assert not isinstance(no.value, NeedsConsent)
    assert google.api_requests() == []
    assert len(google.requests("token")) == 1
    assert state(connected.id) is ConnectionState.ACTIVE
    assert entries()[-1]["decision"] == "failed"
    google.clear_faults()
    assert sync().threads == 1


@on_sqlite
def test_google_out_of_reach_is_told_as_not_sent_and_changes_nothing(connect, sync, pass_time, state, away, entries):
    connected = connect()
    pass_time(4000)
    with pytest.raises(NotSent):
        sync(away)
    assert (entries()[-1]["decision"], entries()[-1]["reason"]) == ("failed", "not-sent")
    assert state(connected.id) is ConnectionState.ACTIVE
    assert sync().threads == 1


def test_a_refresh_that_brings_a_new_refresh_token_keeps_the_new_one(connect, google, sync, pass_time, svc):
    connected = connect()
    pass_time(4000)
    answer = {"access_token": "ya29.new", "token_type": "Bearer", "expires_in": 3599, "refresh_token": "1//new"}
    google.fault("token", "body", body=answer, times=1)
    with pytest.raises(NeedsConsent):  # the made-up tokens are unknown at the API, and then at the token endpoint
        sync()
    with svc.store.read() as tx:
        row = tx.tokens.get(connected.id, "refresh", "")
        assert svc.vault.open(tx, row.customer, (connected.id, "refresh"), row.sealed) == b"1//new"


def test_a_refresh_without_a_refresh_token_in_the_answer_keeps_the_old_one(connect, sync, pass_time, svc):
    connected = connect()

    def held():
        with svc.store.read() as tx:
            row = tx.tokens.get(connected.id, "refresh", "")
            return svc.vault.open(tx, row.customer, (connected.id, "refresh"), row.sealed)

    before = held()
    for _ in range(3):
        pass_time(4000)
        sync()
    assert held() == before


@on_sqlite
def test_a_refresh_that_gives_less_than_the_purpose_needs_is_refused_as_lost(
    connect, google, sync, pass_time, entries, state
):
    connected = connect()
    pass_time(4000)
    google.forget_requests()
    google.fault("token", "missing_scope", scopes=[AUTH + "plus.stream.read"], times=1)
    with pytest.raises(Refused) as no:
        sync()
    assert no.value.reason == "scope-lost"
    assert google.api_requests() == []
    assert entries("call:refused")[-1]["reason"] == "scope-lost"
    assert state(connected.id) is ConnectionState.ACTIVE


@on_sqlite
def test_a_refresh_that_gives_more_than_asked_is_used_and_flagged(connect, google, sync, pass_time, entries):
    connect()
    pass_time(4000)
    google.fault("token", "extra_scope", scopes=[AUTH + "plus.stream.write"], times=1)
    sync()
    assert entries("token:refreshed")[-1]["reason"] == "wider-than-asked"


@on_sqlite
def test_without_a_refresh_token_the_consents_own_token_serves_nothing_beyond_its_hour(
    connect, google, svc, people, world, pass_time
):
    google.fault("token", "no_refresh_token", times=1)
    connected = connect()
    with (
        connector.use(connected.id, purpose="show-profile", actor=people.member.actor, svc=svc) as pages,
        pytest.raises(NeedsConsent),
    ):
        pages.people().get(userId="me").execute()


def test_a_stored_token_that_was_moved_to_another_customers_row_does_not_open(
    connect, google, svc, people, world, entries, page_of
):
    """Copy a row in the database and the vault refuses it: sealed to customer and connection (R18)."""
    mine, theirs = connect(), connect(people.other, account=world.ben)
    with svc.store.write() as tx:
        stolen = tx.tokens.get(theirs.id, "refresh", "")
        tx.tokens.destroy(mine.id)
        tx.tokens.put(replace(stolen, connection=mine.id, customer=people.member.customer))
    google.forget_requests()
    from connector.domain.errors import CannotOpen

    with pytest.raises(CannotOpen):
        inbox.sync(svc, people.member.actor, page_of(world.cafe))
    assert google.requests() == []
    assert entries()[-1]["reason"] == "cannot-open"
