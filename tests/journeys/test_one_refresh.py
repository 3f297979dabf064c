"""One refresh for everybody who finds a token ended, and what is believed of its answer (R26 to R30, F11 to F18)."""

import json
import os
import signal
import statistics
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from connector import wiring
from connector.domain import inbox, pauses, refreshing, revoke, tokens
from connector.domain.calls import Caller, do
from connector.domain.errors import (
    ConnectorError,
    LedgerUnwritable,
    NeedsConsent,
    NotSent,
    OutcomeUnknown,
    Paused,
    Refused,
    Revoked,
    TokenRefused,
)
from connector.domain.ledger import OPERATOR
from connector.domain.ports import LedgerFilter
from connector.domain.records import ConnectionState, Pausing
from connector.domain.secret import ClientSecret, RefreshToken

AUTH = "https://www.googleapis.com/auth/"
READ = " ".join(sorted([AUTH + "plus.pages.manage", AUTH + "plus.stream.read"]))
PROCESSES, THREADS = 4, 25
ROUNDS = int(os.environ.get("TEST_REFRESH_ROUNDS", "5"))  # tests/bench/bench_one_refresh.py asks for 50
LEASE = 30  # seconds: 20 for the endpoint, and the margin
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


class Meanwhile:
    """The authorization server; `act` happens once, between its answer and what comes of it."""

    def __init__(self, oauth, act):
        self._oauth, self._act = oauth, act

    def __getattr__(self, name):
        return getattr(self._oauth, name)

    def refresh(self, *given):
        try:
            return self._oauth.refresh(*given)
        finally:
            act, self._act = self._act, lambda: None
            act()


@pytest.fixture
def sync(svc, people, page_of, world):
    def fetch(services=None):
        return inbox.sync(services or svc, people.member.actor, page_of(world.cafe)).threads

    return fetch


@pytest.fixture
def meanwhile(svc):
    """Services of another thread or process, whose first refresh is overtaken by `act`."""

    def services(act):
        network = svc.network(wiring.PROVIDER)
        oauth = Meanwhile(network.oauth, act)
        return replace(svc, networks={wiring.PROVIDER: replace(network, oauth=oauth)})

    return services


@pytest.fixture
def stored(svc):
    """A stored token as it stands: its version and value; None when there is none."""

    def read(connection, kind="refresh", scopes=""):
        with svc.store.read() as tx:
            row = tx.tokens.get(connection, kind, scopes)
            place = (connection, f"{kind} {scopes}".strip())
            return None if row is None else (row.version, svc.vault.open(tx, row.customer, place, row.sealed))

    return read


@pytest.fixture
def state(svc):
    def of(connection):
        with svc.store.read() as tx:
            return tx.connections.get_any(connection).state

    return of


@pytest.fixture
def process(environ, people, clock):
    """Start a process that refreshes: `process(do=…)`. It is dead after the test."""
    with ExitStack() as stack:

        def start(**act):
            told = {"person": people.member.person.id, "now": clock.now().isoformat(), **act}
            command = [sys.executable, str(Path(__file__).with_name("refresher.py")), json.dumps(told)]
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
            child = stack.enter_context(subprocess.Popen(command, env={**os.environ, **environ}, **pipes))
            stack.callback(child.kill)
            return child

        yield start


class Waiter:
    """A thread that wants the same token while another caller is asking for it."""

    def __init__(self, svc, sync):
        self._svc, self._sync, self._looks, self._end = replace(svc, sleep=self._look), sync, threading.Event(), None
        self._thread = threading.Thread(target=self._run)

    def arrive(self):
        """Begin, and be waiting."""
        self._thread.start()
        assert self._looks.wait(10)

    def end(self):
        """How it ended: what it got, or its error."""
        self._thread.join()
        return self._end

    def _look(self, seconds):
        self._looks.set()
        time.sleep(seconds)

    def _run(self):
        try:
            self._end = self._sync(self._svc)
        except ConnectorError as no:
            self._end = no


@pytest.fixture
def waiter(svc, sync):
    return lambda: Waiter(svc, sync)


@pytest.fixture
def at_once(svc):
    """Services of a caller that will not wait: a lease that was not given back fails the test."""

    def no_wait(seconds):
        raise AssertionError("the lease was not given back")

    return replace(svc, sleep=no_wait)


@pytest.fixture
def again(svc, stored, people):
    """Store the refresh token of a connection once more, as another consent's."""

    def store(connection):
        _, value = stored(connection)
        with svc.store.write() as tx:
            tokens.store_refresh(svc, tx, people.member.customer, connection, RefreshToken(value.decode()))

    return store


def tell(child, line="go"):
    child.stdin.write(f"{line}\n")
    child.stdin.flush()


def test_a_hundred_callers_in_four_processes_cost_one_refresh(connect, google, svc, process, world, database_url):
    """T1, F11."""
    connected = connect()
    asked = tokens.scope_key(svc.network(wiring.PROVIDER).catalogue.scopes_for(["link-pages"]))
    children = [process(do="crowd", threads=THREADS, connection=connected.id) for _ in range(PROCESSES)]
    assert [child.stdout.readline() for child in children] == ["ready\n"] * PROCESSES
    upstream, took = [], []
    for _ in range(ROUNDS):
        with svc.store.write() as tx:
            row = tx.tokens.get(connected.id, "access", asked)
            tx.tokens.put(replace(row, expires_at=row.stored_at - timedelta(days=1)))
        google.forget_requests()
        google.fault("token", "delay", seconds=0.2, times=1)
        began = time.monotonic()
        for child in children:
            tell(child)
        answers = [answer for child in children for answer in json.loads(child.stdout.readline())]
        took.append(time.monotonic() - began)
        upstream.append(len(google.requests("token")))
        assert answers == [world.anna] * PROCESSES * THREADS
    assert upstream == [1] * ROUNDS
    print(
        f"\n{database_url.partition(':')[0]}: {ROUNDS} rounds of {PROCESSES} processes with {THREADS} threads, each a "
        f"gated call; upstream refreshes a round: {min(upstream)} to {max(upstream)}; "
        f"a round took {statistics.median(took):.2f} s (median; 0.2 s of it at the token endpoint), {max(took):.2f} s "
        "at most"
    )


def test_a_holder_that_is_stopped_past_its_lease_loses_it_and_its_result_is_discarded(
    connect, google, sync, pass_time, process, page_of, world, stored, state, entries
):
    """F12."""
    connected = connect()
    pass_time(4000)
    google.forget_requests()
    late = process(do="sync", page=page_of(world.cafe))
    assert late.stdout.readline() == "answered\n"
    late.send_signal(signal.SIGSTOP)
    pass_time(LEASE)
    assert sync() == 1
    newest = stored(connected.id, "access", READ)
    late.send_signal(signal.SIGCONT)
    tell(late)
    assert (late.stdout.readline(), late.wait()) == ("1\n", 0)
    assert stored(connected.id, "access", READ) == newest
    assert len(google.requests("token")) == 2
    assert state(connected.id) is ConnectionState.ACTIVE
    assert [one["reason"] for one in entries("token:refreshed")][-2:] == [None, "overtaken"]
    assert entries("token:refused") == []


def test_a_process_killed_between_googles_answer_and_the_commit_holds_the_next_up_until_its_lease_ends(
    connect, google, sync, svc, clock, pass_time, process, page_of, world
):
    """F13."""
    connect()
    pass_time(4000)
    google.forget_requests()
    child = process(do="sync", page=page_of(world.cafe))
    assert child.stdout.readline() == "answered\n"
    child.kill()
    child.wait()
    began, patient = clock.now(), replace(svc, sleep=clock.advance)
    with pytest.raises(NotSent):
        sync(patient)
    assert timedelta(seconds=refreshing.WAIT) <= clock.now() - began < timedelta(seconds=LEASE)
    assert len(google.requests("token")) == 1
    assert sync(patient) == 1
    assert timedelta(seconds=LEASE) <= clock.now() - began < timedelta(seconds=LEASE + 1)
    assert len(google.requests("token")) == 2


def test_a_lease_outlives_the_longest_call_that_the_endpoint_allows(svc):
    oauth = svc.network(wiring.PROVIDER).oauth
    assert oauth.longest == timedelta(seconds=20)
    assert oauth.longest + refreshing.MARGIN == timedelta(seconds=LEASE)


def test_those_who_wait_for_a_refresh_that_fails_do_not_each_try_again(
    connect, google, sync, pass_time, meanwhile, waiter
):
    connect()
    pass_time(4000)
    google.forget_requests()
    google.fault("token", "status", status=503)
    waiters = [waiter() for _ in range(3)]
    with pytest.raises(TokenRefused):
        sync(meanwhile(lambda: [one.arrive() for one in waiters]))
    assert [str(one.end()) for one in waiters] == ["another refresh of this token has just failed"] * 3
    assert len(google.requests("token")) == 1
    google.clear_faults()
    assert sync() == 1


def test_those_who_wait_while_the_connection_is_lost_are_told_why(
    connect, google, sync, pass_time, meanwhile, waiter, world, _http
):
    connect()
    pass_time(4000)
    _http.delete(f"{google.url}/test/grants/{world.anna}", timeout=30)
    google.forget_requests()
    other = waiter()
    with pytest.raises(NeedsConsent):
        sync(meanwhile(other.arrive))
    assert isinstance(other.end(), NeedsConsent)
    assert len(google.requests("token")) == 1


def test_those_who_wait_while_our_credentials_are_not_known_are_told_that_it_is_our_side(
    connect, google, sync, pass_time, meanwhile, waiter
):
    connect()
    pass_time(4000)
    google.fault("token", "status", status=401, body={"error": "invalid_client"})
    other = waiter()
    with pytest.raises(Paused):
        sync(meanwhile(other.arrive))
    assert isinstance(other.end(), Paused)


def test_those_who_wait_take_over_when_the_token_that_was_sent_was_replaced(
    connect, google, sync, pass_time, meanwhile, waiter, again, monkeypatch
):
    connected = connect()
    pass_time(4000)
    google.forget_requests()
    other = waiter()
    monkeypatch.setattr(refreshing, "TRIES", 1)  # the first one does not ask again itself

    def overtake():
        other.arrive()
        again(connected.id)

    with pytest.raises(NotSent, match="overtaken"):
        sync(meanwhile(overtake))
    assert other.end() == 1
    assert len(google.requests("token")) == 2


def test_an_invalid_grant_for_a_token_that_was_replaced_meanwhile_is_not_believed(
    connect, google, sync, pass_time, meanwhile, state, entries, _http, world
):
    """F14: a new consent was stored while Google looked at the old one's token."""
    connected = connect()
    pass_time(4000)
    _http.delete(f"{google.url}/test/grants/{world.anna}", timeout=30)
    assert sync(meanwhile(lambda: connect(replaces=connected.id, choose=False))) == 1
    assert state(connected.id) is ConnectionState.ACTIVE
    assert entries("token:refused") == []


def test_a_late_invalid_grant_is_not_believed_when_another_has_taken_over(
    connect, google, sync, pass_time, meanwhile, state, entries
):
    connected = connect()
    pass_time(4000)
    google.forget_requests()
    google.fault("token", "status", status=400, body={"error": "invalid_grant"}, times=1)

    def overtake():
        pass_time(LEASE)
        assert sync() == 1

    assert sync(meanwhile(overtake)) == 1
    assert state(connected.id) is ConnectionState.ACTIVE
    assert entries("token:refused") == []
    assert len(google.requests("token")) == 2


def test_an_answer_got_with_a_token_that_was_replaced_meanwhile_is_asked_for_again(
    connect, google, sync, pass_time, meanwhile, again, stored, entries
):
    connected = connect()
    version, value = stored(connected.id)
    pass_time(4000)
    google.forget_requests()
    assert sync(meanwhile(lambda: again(connected.id))) == 1
    assert [one["reason"] for one in entries("token:refreshed")][-2:] == ["overtaken", None]
    assert stored(connected.id) == (version + 1, value)
    assert len(google.requests("token")) == 2


@on_sqlite
@pytest.mark.parametrize("google_forgets", [True, False])
def test_a_connection_that_is_ended_while_google_answers_gets_no_token(
    google_forgets, connect, google, sync, pass_time, meanwhile, stored, svc, people
):
    connected = connect()
    before = stored(connected.id)
    pass_time(4000)
    if not google_forgets:  # then the refresh token stays, to ask again with
        google.fault("revoke", "status", status=503)
    with pytest.raises(Revoked):
        sync(meanwhile(lambda: revoke.end(svc, people.member.actor, connected.id)))
    assert stored(connected.id) == (None if google_forgets else before)
    assert stored(connected.id, "access", READ) is None


AGAIN = "Google has to be asked again."


@on_sqlite
@pytest.mark.parametrize(
    ("body", "cause", "told"),
    [
        ({"error": "invalid_grant", "error_description": "Token has been expired or revoked."}, "invalid_grant", AGAIN),
        ({"error": "invalid_grant", "error_description": "Bad Request"}, "invalid_grant", AGAIN),
        ({"error": "invalid_grant", "error_subtype": "ya29.secret"}, "invalid_grant", AGAIN),
        ({"error": "invalid_grant", "error_subtype": "invalid_rapt"}, "invalid_rapt", "sign in there again"),
        ({"error": "invalid_grant", "error_subtype": "rapt_required"}, "rapt_required", "sign in there again"),
        ({"error": "admin_policy_enforced"}, "admin_policy_enforced", "administrator"),
    ],
    ids=["expired or revoked", "clock skew", "a subtype we do not know", "invalid_rapt", "rapt_required", "admin"],
)
def test_the_cause_that_google_gives_is_told_and_noted_once(
    body, cause, told, connect, google, sync, pass_time, state, entries
):
    """F15."""
    connected = connect()
    pass_time(4000)
    google.forget_requests()
    google.fault("token", "status", status=400, body=body)
    with pytest.raises(NeedsConsent, match=told):
        sync()
    for _ in range(3):
        with pytest.raises(NeedsConsent):
            sync()
    assert state(connected.id) is ConnectionState.NEEDS_CONSENT
    assert [one["reason"] for one in entries("token:refused")] == [cause]
    assert len(google.requests("token")) == 1


@pytest.mark.parametrize("code", sorted(pauses.OUR_FAULT))
def test_credentials_of_ours_that_google_does_not_know_pause_everything_with_one_alarm_and_mark_nobody(
    code, connect, google, sync, svc, people, page_of, world, pass_time, state, entries
):
    """F16."""
    mine, theirs = connect(), connect(people.other, account=world.ben)
    held = [state(one.id) for one in (mine, theirs)]

    def other():
        return inbox.sync(svc, people.other.actor, page_of(world.bikes, people.other)).threads

    pass_time(4000)
    google.forget_requests()
    google.fault("token", "status", status=401, body={"error": code, "error_description": "Unauthorized"})
    with capture_logs() as lines:
        for call in (sync, other, sync, other):
            with pytest.raises(Paused) as no:
                call()
            assert "no account has to be connected again" in " ".join(no.value.public.split())
        assert len(google.requests("token")) == 1
        for _ in range(3):
            pass_time(60)
            for call in (other, sync):
                with pytest.raises(Paused):
                    call()
        assert len(google.requests("token")) == 4
    (alarm,) = entries("token:paused")
    assert (alarm["reason"], alarm["customer"]) == (code, None)
    with svc.store.read() as tx:
        (row,) = [row for row in tx.ledger.entries(LedgerFilter(limit=1000)) if row.index == alarm["index"]]
    assert row.owner == OPERATOR
    (line,) = [line for line in lines if line["event"] == "refresh_paused"]
    assert (line["log_level"], line["reason"], line["index"]) == ("error", code, alarm["index"])
    assert entries("call:failed")[-1]["reason"] == "paused"
    assert [state(one.id) for one in (mine, theirs)] == held == [ConnectionState.ACTIVE] * 2
    assert entries("token:refused") == []
    google.clear_faults()
    with pytest.raises(Paused):
        sync()
    pass_time(60)
    assert (sync(), other()) == (1, 1)
    assert len(entries("token:resumed")) == 1
    assert len(entries("token:paused")) == 1


def test_after_a_pause_one_tries_while_the_others_still_wait(
    connect, google, sync, svc, people, page_of, world, pass_time, meanwhile
):
    connect(), connect(people.other, account=world.ben)
    pass_time(4000)
    google.fault("token", "status", status=401, body={"error": "invalid_client"}, times=1)
    with pytest.raises(Paused):
        sync()
    pass_time(60)

    def meet():
        with pytest.raises(Paused):
            inbox.sync(svc, people.other.actor, page_of(world.bikes, people.other))

    assert sync(meanwhile(meet)) == 1
    assert inbox.sync(svc, people.other.actor, page_of(world.bikes, people.other)).threads == 1


@pytest.mark.parametrize("code", sorted(pauses.OUR_FAULT))
def test_credentials_that_google_does_not_know_at_the_code_exchange_raise_the_same_alarm(
    code, connect, google, sync, people, world, pass_time, entries
):
    """F16, at the exchange."""
    connect()
    pass_time(4000)
    google.fault("token", "status", status=401, body={"error": code})
    with capture_logs() as lines:
        for _ in range(2):
            with pytest.raises(Paused) as no:
                connect(people.other, account=world.ben)
            assert "The mistake is on our side" in no.value.public
        google.forget_requests()
        with pytest.raises(Paused):
            sync()
    assert google.requests("token") == []
    assert [one["reason"] for one in entries("token:paused")] == [code]
    assert [line["reason"] for line in lines if line["event"] == "refresh_paused"] == [code]
    assert [one["reason"] for one in entries("connect:failed")] == ["paused"] * 2
    google.clear_faults()
    connect(people.other, account=world.ben)  # an exchange that succeeds shows that Google knows us
    assert len(entries("token:resumed")) == 1
    assert sync() == 1


def test_a_pause_does_not_hold_for_credentials_that_were_changed_since(
    connect, google, sync, pass_time, settings, open_services, entries, svc
):
    connect()
    pass_time(4000)
    google.fault("token", "status", status=401, body={"error": "invalid_client"}, times=2)
    with pytest.raises(Paused):
        sync()
    other = open_services(replace(settings, google_client_secret=(ClientSecret("a-wrong-one"),)))
    with pytest.raises(Paused):  # tried, and no good either: that is a new alarm
        sync(other)
    assert len(entries("token:paused")) == 2
    google.forget_requests()
    with pytest.raises(Paused):
        sync(other)
    assert google.requests("token") == []
    assert sync() == 1  # no waiting: the pause is for the others now
    assert len(entries("token:resumed")) == 1
    with svc.store.read() as tx:
        assert tx.pauses.get(wiring.PROVIDER, Pausing.REFRESHES) is None


def test_what_is_kept_of_our_credentials_tells_that_they_changed_and_not_what_they_are(settings):
    def kept(**changed):
        return wiring.google_plus(replace(settings, **changed)).oauth.credentials

    one = kept()
    assert one == kept()
    secrets = tuple(ClientSecret(name) for name in ("one-secret", "other-secret"))
    others = [
        kept(google_client_id="another"),
        kept(google_client_secret=secrets[:1]),
        kept(google_client_secret=secrets),
        kept(google_token_uri="https://elsewhere.example/token"),
    ]
    assert len({one, *others}) == 5
    assert not any("secret" in print for print in others)


@on_sqlite
def test_a_try_after_a_pause_that_fails_in_passing_leaves_the_pause(connect, google, sync, pass_time, entries):
    connect()
    pass_time(4000)
    google.fault("token", "status", status=401, body={"error": "invalid_client"}, times=1)
    with pytest.raises(Paused):
        sync()
    google.fault("token", "status", status=503, times=1)
    pass_time(60)
    with pytest.raises(TokenRefused):
        sync()
    with pytest.raises(Paused):
        sync()
    assert entries("token:resumed") == []


@on_sqlite
def test_google_refusing_a_token_after_a_pause_shows_that_it_knows_us_again(
    connect, google, sync, pass_time, entries, state
):
    connected = connect()
    pass_time(4000)
    google.fault("token", "status", status=401, body={"error": "invalid_client"}, times=1)
    with pytest.raises(Paused):
        sync()
    google.fault("token", "status", status=400, body={"error": "invalid_grant"}, times=1)
    pass_time(60)
    with pytest.raises(NeedsConsent):
        sync()
    assert state(connected.id) is ConnectionState.NEEDS_CONSENT
    assert len(entries("token:resumed")) == 1


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
        {"kind": "body", "body": {"access_token": "a", "token_type": "Bearer", "expires_in": 10**9}},
        {"kind": "body", "body": {"access_token": "a", "token_type": "mac", "expires_in": 3599}},
        {"kind": "body", "body": "x" * 70_000},
    ],
    ids=str,
)
def test_an_endpoint_in_trouble_leaves_the_stored_tokens_as_they_are_and_the_way_free(
    fault, connect, google, sync, at_once, pass_time, stored, state
):
    """F17. How each is read is in tests/google/test_endpoint_faults.py."""
    connected = connect()
    sync()
    before = stored(connected.id), stored(connected.id, "access", READ)
    pass_time(4000)
    google.fault("token", times=1, **fault)
    with pytest.raises((NotSent, OutcomeUnknown, TokenRefused)):
        sync()
    assert (stored(connected.id), stored(connected.id, "access", READ)) == before
    assert state(connected.id) is ConnectionState.ACTIVE
    assert sync(at_once) == 1


@pytest.mark.parametrize(
    "answer", [{"status": 503}, {"status": 401, "body": {"error": "invalid_client"}}], ids=["busy", "our fault"]
)
def test_while_no_new_token_can_be_had_the_one_before_serves_until_it_ends(
    answer, connect, google, sync, pass_time, meanwhile, waiter
):
    connect()
    assert sync() == 1
    pass_time(3599 - 60)
    google.fault("token", "status", **answer)
    other = waiter()
    assert sync(meanwhile(other.arrive)) == 1
    assert other.end() == 1
    assert sync() == 1
    pass_time(60)
    with pytest.raises((TokenRefused, Paused)):
        sync()


@on_sqlite
def test_google_out_of_reach_leaves_the_way_free(connect, sync, pass_time, away, at_once):
    connect()
    pass_time(4000)
    with pytest.raises(NotSent):
        sync(away)
    assert sync(at_once) == 1


ROTATED = {"access_token": "ya29.new", "token_type": "Bearer", "expires_in": 3599, "refresh_token": "1//new"}


def test_a_rotated_refresh_token_is_kept_and_scopes_that_went_missing_are_recorded(
    connect, google, sync, pass_time, stored, state, entries
):
    """F18."""
    connected = connect()
    (version, _), gone = stored(connected.id), AUTH + "plus.stream.read"
    pass_time(4000)
    google.fault("token", "body", body={**ROTATED, "scope": AUTH + "plus.pages.manage"}, times=1)
    with pytest.raises(Refused) as no:
        sync()
    assert (no.value.reason, no.value.missing) == ("scope-lost", frozenset([gone]))
    assert stored(connected.id) == (version + 1, b"1//new")
    assert stored(connected.id, "access", READ) is None
    assert entries("token:refreshed")[-1]["reason"] == "fewer-than-asked"
    assert entries("call:refused")[-1]["reason"] == "scope-lost"
    assert state(connected.id) is ConnectionState.ACTIVE


def test_a_rotated_refresh_token_the_access_token_and_the_entry_are_kept_together_or_not_at_all(
    connect, google, sync, pass_time, stored, entries, monkeypatch
):
    connected = connect()
    before, noted = stored(connected.id), len(entries("token:refreshed"))
    pass_time(4000)
    google.fault("token", "body", body=ROTATED, times=1)

    def full(*_given, **_more):
        raise LedgerUnwritable

    with monkeypatch.context() as patched:
        patched.setattr(refreshing.ledger, "note", _only(refreshing.ledger.note, "token:refreshed", full))
        with pytest.raises(LedgerUnwritable):
            sync()
    assert stored(connected.id) == before
    assert stored(connected.id, "access", READ) is None
    assert len(entries("token:refreshed")) == noted


def test_a_rotated_refresh_token_never_replaces_one_that_came_meanwhile(
    connect, google, sync, pass_time, svc, people, stored, meanwhile
):
    connected = connect()
    pass_time(4000)
    google.fault("token", "body", body=ROTATED, times=1)

    def newer():
        with svc.store.write() as tx:
            tokens.store_refresh(svc, tx, people.member.customer, connected.id, RefreshToken("1//newer"))

    with pytest.raises(NeedsConsent):  # the stand-in never gave out the newer one
        sync(meanwhile(newer))
    assert stored(connected.id)[1] == b"1//newer"
    assert stored(connected.id, "access", READ) is None


def test_two_scope_sets_of_a_connection_do_not_wait_for_each_other(
    connect, google, sync, svc, people, pass_time, meanwhile
):
    connected = connect()
    pass_time(4000)
    google.forget_requests()

    def other():
        caller = Caller(people.member.actor, wiring.PROVIDER, connected.id, "show-profile")
        do(svc, caller, svc.network(wiring.PROVIDER).api.account())

    assert sync(meanwhile(other)) == 1
    assert len(google.requests("token")) == 2


def _only(real, name, instead):
    """`ledger.note` that fails for one kind of entry."""

    def note(svc, tx, event, **more):
        return (instead if event.name == name else real)(svc, tx, event, **more)

    return note


@on_sqlite
def test_what_the_record_says_of_a_refresh(connect, google, sync, pass_time, svc, people, entries, monkeypatch):
    """Each entry names the connection, whose it is and the purpose; its details say what was asked, given and why."""
    connected = connect()
    noted, note = [], refreshing.ledger.note
    monkeypatch.setattr(
        refreshing.ledger,
        "note",
        lambda svc, tx, event, **more: noted.append((event.name, more)) or note(svc, tx, event, **more),
    )
    about = {"customer": people.member.customer, "connection": connected.id, "purpose": "read-messages"}
    asked = READ.split()

    def last(name):
        (entry,) = [one for one in entries(name) if one["index"] == entries(name)[-1]["index"]]
        (told,) = [more["details"] for event, more in noted if event == name]
        noted.clear()
        return {key: entry[key] for key in about}, entry["actor"], entry["decision"], entry["reason"], told

    pass_time(4000)
    sync()
    told = {"asked": asked, "needed": asked}
    assert last("token:refreshed") == (about, "system", "done", None, {**told, "given": asked})
    pass_time(4000)
    google.fault("token", "body", body={**ROTATED, "scope": asked[0]}, times=1)
    with pytest.raises(Refused) as lost:
        sync()
    assert lost.value.public == "Google gave less than this purpose needs. Connect the account again."
    assert last("token:refreshed") == (
        about, "system", "done", "fewer-than-asked", {**told, "given": asked[:1]}
    )  # fmt: skip
    pass_time(4000)
    google.fault("token", "status", status=401, body={"error": "invalid_client"}, times=1)
    with pytest.raises(Paused, match="refreshing is paused: invalid_client"):
        sync()
    nobody = dict.fromkeys(about)
    assert last("token:paused") == (nobody, "system", "failed", "invalid_client", {"code": "invalid_client"})
    with pytest.raises(Paused, match="refreshing is paused: invalid_client"):
        sync()
    noted.clear()
    pass_time(60)
    body = {"error": "invalid_grant", "error_subtype": "invalid_rapt"}
    google.fault("token", "status", status=400, body=body, times=1)
    with pytest.raises(NeedsConsent):
        sync()
    (resumed,) = entries("token:resumed")
    assert ({key: resumed[key] for key in about}, resumed["actor"]) == (nobody, "system")
    noted = [one for one in noted if one[0] != "token:resumed"]
    assert last("token:refused") == (
        about, "system", "done", "invalid_rapt", {"code": "invalid_rapt", "error": "invalid_grant"}
    )  # fmt: skip


@on_sqlite
@pytest.mark.parametrize(("chance", "part"), [(b"\x00", 0.5), (b"\xff", 1.0)])
def test_who_waits_looks_after_steps_that_grow_and_gives_up_after_25_seconds(
    chance, part, connect, sync, svc, clock, pass_time
):
    connected, looks = connect(), []
    pass_time(4000)
    with svc.store.write() as tx:
        now = clock.now()
        assert tx.refreshes.take(connected.id, READ, now, now + timedelta(hours=1)) == 1

    class Chance:
        def __getattr__(self, name):
            return getattr(svc.random, name)

        def bytes(self, count):
            return chance if count == 1 else svc.random.bytes(count)

    with pytest.raises(NotSent, match=r"^another refresh of this token does not end$"):
        sync(replace(svc, sleep=looks.append, random=Chance()))
    assert looks[:5] == pytest.approx([part * step for step in (0.025, 0.05, 0.1, 0.2, 0.2)])
    assert sum(looks[:-1]) < refreshing.WAIT <= sum(looks)
