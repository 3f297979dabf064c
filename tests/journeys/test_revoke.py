"""Ending a connection: use stops at once, Google is asked, and what is said of it is true."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from connector import wiring
from connector.domain import inbox, revoke
from connector.domain.errors import AlreadyDone, NotFound, Refused
from connector.domain.ledger import SYSTEM
from connector.domain.records import ConnectionState

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
DONE = "Nothing here uses the account any more."


class OpensNothing:
    """A vault that seals and fails the test when a token is opened."""

    def __init__(self, vault):
        self._vault = vault

    def ready(self, store, owner):
        self._vault.ready(store, owner)

    def seal(self, tx, owner, place, plain):
        return self._vault.seal(tx, owner, place, plain)

    def open(self, tx, owner, place, sealed):
        assert place[1].split()[0] not in ("refresh", "access"), "a token was opened"
        return self._vault.open(tx, owner, place, sealed)


@pytest.fixture
def tokens_held(svc):
    def count(connection=None):
        with svc.store.read() as tx:
            if connection is None:
                return tx.tokens.count()
            return len(tx.tokens.access_tokens(connection)) + bool(tx.tokens.get(connection, "refresh", ""))

    return count


@pytest.fixture
def sync(svc, people, page_of, world):
    def fetch(who=None, page=None, services=None):
        who = who or people.member
        return inbox.sync(services or svc, who.actor, page_of(page or world.cafe, who))

    return fetch


@pytest.fixture
def at_google(svc):
    def told(connection):
        with svc.store.read() as tx:
            return tx.connections.get_any(connection).at_google

    return told


@pytest.mark.parametrize("by", ["member", "staff"])
def test_after_an_end_no_token_is_left_at_either_end_and_no_call_is_made(
    by, connect, svc, people, google, sync, tokens_held, at_google, entries
):
    connected = connect()
    sync()
    told = revoke.end(svc, getattr(people, by).actor, connected.id, reason="asked by the customer")
    assert (told.state, told.sentence) == ("confirmed", f"{DONE} Google confirmed the removal.")
    assert (google.live(), tokens_held(), at_google(connected.id)) == (0, 0, "confirmed")
    google.forget_requests()
    with pytest.raises(Refused) as no:
        sync(services=replace(svc, vault=OpensNothing(svc.vault)))
    assert no.value.reason == "revoked"
    assert google.requests() == []
    kinds = [one["event"] for one in entries() if one["event"].startswith("revoke:")]
    assert kinds == ["revoke:done", "revoke:asked", "revoke:confirmed"]
    with pytest.raises(AlreadyDone):
        revoke.end(svc, people.member.actor, connected.id)


@on_sqlite
def test_google_is_asked_with_the_refresh_token_in_the_body_and_nothing_in_the_address(connect, svc, people, google):
    revoke.end(svc, people.member.actor, connect().id)
    (asked,) = google.requests("revoke")
    assert (asked["method"], asked["query"], asked["form"]["names"]) == ("POST", {}, ["token"])


def test_while_google_is_away_use_stops_and_the_removal_is_pending_until_it_is_confirmed(
    connect, svc, people, google, away, sync, tokens_held, at_google, entries
):
    connected = connect()
    told = revoke.end(away, people.member.actor, connected.id)
    assert told.state == "pending"
    assert told.sentence == f"{DONE} Removal at Google is pending; nothing here uses the account meanwhile."
    assert tokens_held(connected.id) > 0  # Google can only be asked with one of them
    with pytest.raises(Refused) as no:
        sync(services=replace(svc, vault=OpensNothing(svc.vault)))
    assert no.value.reason == "revoked"
    assert [one.id for one in revoke.pending(svc)] == [connected.id]
    assert [(one.id, told.state) for one, told in revoke.retry(away, SYSTEM)] == [(connected.id, "pending")]
    assert [(one.id, told.state) for one, told in revoke.retry(svc, SYSTEM)] == [(connected.id, "confirmed")]
    assert (google.live(), tokens_held(), at_google(connected.id)) == (0, 0, "confirmed")
    assert revoke.pending(svc) == []
    assert [one["decision"] for one in entries("revoke:pending")] == ["unknown", "unknown"]


@on_sqlite
@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 503},
        {"kind": "status", "status": 400, "body": {"error": "invalid_request"}},
        {"kind": "drop_before"},
        {"kind": "truncate"},
        {"kind": "body", "body": "<html>no</html>", "status": 500},
    ],
    ids=str,
)
def test_whatever_google_answers_but_yes_or_gone_leaves_it_pending(fault, connect, svc, people, google, tokens_held):
    connected = connect()
    google.fault("revoke", **fault, times=1)
    told = revoke.end(svc, people.member.actor, connected.id)
    assert told.state == "pending"
    ((_, again),) = revoke.retry(svc, SYSTEM)
    assert again.state in ("confirmed", "already-gone")
    assert tokens_held(connected.id) == 0


@on_sqlite
def test_an_answer_lost_after_google_forgot_is_found_out_by_asking_again(connect, svc, people, google, tokens_held):
    connected = connect()
    google.fault("revoke", "drop_after", times=1)
    assert revoke.end(svc, people.member.actor, connected.id).state == "pending"
    ((_, again),) = revoke.retry(svc, SYSTEM)
    assert (again.state, again.sentence) == ("already-gone", f"{DONE} Google had forgotten the permission already.")
    assert (google.live(), tokens_held(connected.id)) == (0, 0)


@on_sqlite
def test_a_permission_that_was_taken_back_at_google_before_is_told_as_gone(
    connect, svc, people, google, world, _http, tokens_held
):
    connected = connect()
    _http.delete(f"{google.url}/test/grants/{world.anna}", timeout=30)
    assert revoke.end(svc, people.member.actor, connected.id).state == "already-gone"
    assert tokens_held() == 0


def test_of_two_customers_with_one_account_the_first_to_leave_detaches_and_the_last_revokes(
    connect, svc, people, google, sync, tokens_held, pass_time, world
):
    mine, theirs = connect(), connect(people.other)
    told = revoke.end(svc, people.member.actor, mine.id)
    assert told.state == "kept"
    assert tokens_held(mine.id) == 0
    assert google.requests("revoke") == []
    pass_time(4000)
    assert sync(people.other, world.cafe).threads == 1
    told = revoke.end(svc, people.other.actor, theirs.id)
    assert told.state == "confirmed"
    assert (google.live(), tokens_held()) == (0, 0)


@on_sqlite
def test_a_customer_is_told_that_an_account_is_shared_and_staff_with_whom(connect, svc, people):
    mine, _ = connect(), connect(people.other)
    for_member = revoke.consequences(svc, people.member.actor, mine.id)
    assert (for_member.shared, for_member.shared_with) == (True, ())
    assert not any("Tandem" in line for line in (*for_member.stops, *for_member.remains))
    assert revoke.consequences(svc, people.staff.actor, mine.id).shared_with == ("Tandem Bikes",)


@on_sqlite
def test_a_member_cannot_end_another_organisations_use_and_staff_can(
    connect, svc, people, google, sync, world, pass_time
):
    mine, _ = connect(), connect(people.other)
    assert revoke.end(svc, people.member.actor, mine.id, at_google="yes").state == "kept"
    again = connect()
    assert revoke.end(svc, people.staff.actor, again.id, at_google="yes").state == "confirmed"
    assert google.live() == 0
    pass_time(4000)
    with pytest.raises(Refused) as no:
        sync(people.other, world.cafe)
    assert no.value.reason == "needs-consent"  # told, and not failing in silence


@on_sqlite
def test_an_end_that_leaves_google_alone_destroys_what_is_held_here(connect, svc, people, google, tokens_held):
    connected = connect()
    assert revoke.end(svc, people.staff.actor, connected.id, at_google="no").state == "kept"
    assert (tokens_held(), google.requests("revoke")) == (0, [])


@on_sqlite
def test_another_customers_connection_cannot_be_ended(connect, svc, people, google):
    theirs = connect(people.other)
    for act in (revoke.end, revoke.consequences):
        with pytest.raises(NotFound):
            act(svc, people.member.actor, theirs.id)
    assert google.live() > 0


@dataclass
class EndedMeanwhile:
    """The authorization server, with an end that lands while a refresh is on its way there, or on its way back."""

    oauth: Any
    moment: str
    end: Callable[[], object]

    def refresh(self, token, scopes):
        if self.moment == "on its way there":
            self.end()
        answer = self.oauth.refresh(token, scopes)
        if self.moment == "on its way back":
            self.end()
        return answer

    def __getattr__(self, name):
        return getattr(self.oauth, name)


@pytest.mark.parametrize("moment", ["on its way there", "on its way back"])
def test_an_end_during_a_refresh_leaves_no_stored_token_and_no_call(
    moment, connect, svc, people, google, sync, pass_time, tokens_held
):
    connected = connect()
    pass_time(4000)
    google.forget_requests()
    (network,) = svc.networks.values()
    oauth = EndedMeanwhile(network.oauth, moment, lambda: revoke.end(svc, people.member.actor, connected.id))
    using = replace(svc, networks={wiring.PROVIDER: replace(network, oauth=oauth)})
    with pytest.raises(Refused) as no:
        sync(services=using)
    assert no.value.reason in ("revoked", "needs-consent")
    assert (tokens_held(), google.live(), google.api_requests()) == (0, 0, [])
    with svc.store.read() as tx:
        assert tx.connections.get_any(connected.id).state is ConnectionState.REVOKED


def test_an_end_that_waits_for_google_is_not_undone_by_a_refresh_that_google_refuses(
    connect, svc, people, google, sync, pass_time, at_google
):
    connected = connect()
    pass_time(4000)
    google.fault("revoke", "status", status=503, times=1)
    google.fault("token", "status", status=400, body={"error": "invalid_grant"}, times=1)
    (network,) = svc.networks.values()
    end = EndedMeanwhile(network.oauth, "on its way there", lambda: revoke.end(svc, people.member.actor, connected.id))
    with pytest.raises(Refused):
        sync(services=replace(svc, networks={wiring.PROVIDER: replace(network, oauth=end)}))
    with svc.store.read() as tx:
        assert tx.connections.get_any(connected.id).state is ConnectionState.REVOKED
    assert at_google(connected.id) == "pending"


def test_a_retry_that_comes_second_does_not_change_what_the_first_was_told(
    connect, svc, people, away, at_google, google, entries
):
    connected = connect()
    revoke.end(away, people.member.actor, connected.id)
    (waiting,) = revoke.pending(svc)  # as two commands see it at once
    assert revoke.ask_google(svc, SYSTEM, waiting).state == "confirmed"
    google.forget_requests()
    assert revoke.ask_google(svc, SYSTEM, waiting).state == "confirmed"
    assert (google.requests("revoke"), at_google(connected.id)) == ([], "confirmed")
    assert len(entries("revoke:confirmed")) == 1
