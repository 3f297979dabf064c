"""Google's error answers end in one known state each: what is sent, what is not, and what is told (R41, F23, F31)."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

import connector
from connector import wiring
from connector.domain import analyse, answering, grants, inbox, ledger, replies, revoke
from connector.domain.errors import (
    ConnectorError,
    GoogleBusy,
    GoogleRefused,
    NeedsConsent,
    QuotaSpent,
    Refused,
    Revoked,
    TokenRefused,
)
from connector.domain.records import ConnectionState, ReplyState
from connector.domain.trouble import Trouble

READ, INSERT = "plusPages.activities.list", "plusPages.comments.insert"
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def body(status, reason, domain="global"):
    """Google's error JSON of then."""
    return {"error": {"errors": [{"domain": domain, "reason": reason, "message": "Said so."}], "code": status}}


UNAUTHORIZED = {"status": 401, "body": body(401, "authError")}
RATE = {"status": 403, "body": body(403, "userRateLimitExceeded", "usageLimits")}
QUOTA = {"status": 403, "body": body(403, "dailyLimitExceeded", "usageLimits")}
DISABLED = {"status": 403, "body": body(403, "accessNotConfigured", "usageLimits")}


@pytest.fixture
def sync(svc, people, page_of, world):
    def fetch(services=None):
        return inbox.sync(services or svc, people.member.actor, page_of(world.cafe)).threads

    return fetch


@pytest.fixture
def reply(svc, people):
    """Answer a message of the café's post; `reply(services)`."""

    def send(services=None, key="key-1"):
        (line, *_) = inbox.threads(svc, people.member.actor)
        message = inbox.thread(svc, people.member.actor, line.id).messages[0]
        return replies.send(services or svc, people.member.actor, message.id, "From nine.", key=key)

    return send


@pytest.fixture
def waits(svc):
    """Services whose waiting takes no time, and how long each wait was to be."""
    slept = []
    return replace(svc, sleep=slept.append), slept


@pytest.fixture
def meanwhile(svc):
    """Services that do something once while they wait."""

    def services(act):
        todo = [act]

        def sleep(_seconds):
            if todo:
                todo.pop()()

        return replace(svc, sleep=sleep)

    return services


@pytest.fixture
def state(svc):
    def of(connection):
        with svc.store.read() as tx:
            return tx.connections.get_any(connection).state

    return of


@pytest.mark.parametrize(
    ("fault", "trouble", "status", "sends", "told"),
    [
        (RATE, Trouble.RATE_LIMITED, 429, 4, "at this pace"),
        ({"status": 429, "body": body(429, "rateLimitExceeded"), "headers": {"Retry-After": "120"}},
         Trouble.RATE_LIMITED, 429, 1, "Try again in 2 minutes."),
        (QUOTA, Trouble.QUOTA_SPENT, 503, 1, "for today is used up"),
        ({"status": 403, "body": body(403, "insufficientPermissions")},
         Trouble.SCOPE_INSUFFICIENT, 409, 1, "Connect the account again"),
        (DISABLED, Trouble.API_NOT_ENABLED, 503, 1, "no account has to be connected again"),
        ({"status": 404, "body": body(404, "notFound")}, Trouble.TARGET_GONE, 410, 1, "not at Google any more"),
        ({"status": 503, "body": body(503, "backendError")}, Trouble.SERVER_TROUBLE, 502, 1, "trouble of its own"),
        ({"status": 403, "body": body(403, "forbidden")}, Trouble.OTHER, 502, 1, "(403, forbidden)"),
    ],
    ids=["rate limit", "429 with Retry-After", "daily quota", "scope", "API disabled", "404", "backend", "other"],
)  # fmt: skip
def test_each_of_googles_errors_ends_in_its_own_state_without_a_refresh_and_asks_for_consent_for_a_scope_alone(
    fault, trouble, status, sends, told, connect, google, sync, waits, state, entries
):
    """F31: different outcomes, no needless refresh, no reconnect prompt except for scope."""
    connected = connect()
    sync()
    google.forget_requests()
    google.fault(READ, "status", **fault)
    services, _ = waits
    with pytest.raises(GoogleRefused) as no:
        sync(services)
    assert (no.value.trouble, no.value.status) == (trouble, status)
    assert told in no.value.public
    asks = "onnect" in no.value.public.replace("no account has to be connected again", "")
    assert asks is (trouble is Trouble.SCOPE_INSUFFICIENT)
    assert len(google.requests(READ)) == sends
    assert google.requests("token") == []
    assert state(connected.id) is ConnectionState.ACTIVE
    expected = "http-403" if trouble is Trouble.OTHER else trouble.value
    assert (entries()[-1]["decision"], entries()[-1]["reason"]) == ("failed", expected) or trouble in (
        Trouble.QUOTA_SPENT, Trouble.API_NOT_ENABLED,
    )  # fmt: skip
    assert entries("call:failed")[-1]["reason"] == expected
    assert entries("token:refused") == []


def test_a_token_that_google_ended_early_is_forgotten_and_a_fresh_one_serves_the_same_call(
    connect, google, sync, entries
):
    connect()
    sync()
    google.advance(4000)  # there alone: here the token looks good
    google.forget_requests()
    assert sync() == 1
    assert [one["status"] for one in google.requests(READ)] == [401, 200]
    assert len(google.requests("token")) == 1
    assert entries()[-1]["decision"] == "answered"
    google.forget_requests()
    sync()
    assert google.requests("token") == []


def test_a_reply_that_met_an_ended_token_is_sent_again_and_posted_once(connect, google, sync, reply, world):
    connect()
    sync()
    google.fault(INSERT, "status", **UNAUTHORIZED, times=1)
    google.forget_requests()
    assert reply().state is ReplyState.SENT
    assert [one["status"] for one in google.requests(INSERT)] == [401, 200]
    assert [one["originalContent"] for one in google.comments(world.cafe_post)].count("From nine.") == 1


def test_a_second_401_is_the_answer_and_costs_one_refresh_a_call(connect, google, sync, state, entries):
    connected = connect()
    sync()
    google.fault(READ, "status", **UNAUTHORIZED)
    for _ in range(2):
        google.forget_requests()
        with pytest.raises(GoogleRefused) as no:
            sync()
        assert no.value.trouble is Trouble.TOKEN_ENDED
        assert len(google.requests(READ)) == 2
        assert len(google.requests("token")) == 1
        assert entries()[-1]["reason"] == "token-ended"
    assert state(connected.id) is ConnectionState.ACTIVE
    google.clear_faults()
    google.forget_requests()
    assert sync() == 1
    assert google.requests("token") == []


def test_a_token_that_another_has_replaced_meanwhile_is_used_and_not_forgotten(
    connect, google, sync, svc, people, world, page_of
):
    connect()
    sync()
    google.advance(4000)
    google.forget_requests()
    network = svc.network(wiring.PROVIDER)

    class Overtaken:
        """The sender; another caller gets the same 401 first."""

        def __init__(self):
            self.todo = [sync]

        def send(self, request, token):
            answer = network.sender.send(request, token)
            if self.todo:
                self.todo.pop()()
            return answer

    other = replace(svc, networks={wiring.PROVIDER: replace(network, sender=Overtaken())})
    assert sync(other) == 1
    assert len(google.requests("token")) == 1


def test_a_grant_that_was_taken_back_at_google_is_noticed_at_the_401(
    connect, google, sync, world, state, entries, _http
):
    connected = connect()
    sync()
    _http.delete(f"{google.url}/test/grants/{world.anna}", timeout=30)
    google.forget_requests()
    with pytest.raises(NeedsConsent):
        sync()
    assert (len(google.requests(READ)), len(google.requests("token"))) == (1, 1)
    assert state(connected.id) is ConnectionState.NEEDS_CONSENT
    assert entries()[-1]["reason"] == "needs-consent"


@on_sqlite
def test_a_401_while_no_fresh_token_can_be_had_does_not_send_the_ended_one_again(connect, google, sync, entries):
    connect()
    sync()
    google.fault(READ, "status", **UNAUTHORIZED)
    google.fault("token", "status", status=503)
    google.forget_requests()
    with pytest.raises(TokenRefused):
        sync()
    assert len(google.requests(READ)) == 1
    assert entries()[-1]["reason"] == "token-temporary"


@on_sqlite
def test_a_busy_google_is_asked_again_later_each_time_and_within_a_few_seconds(connect, google, sync, waits):
    connect()
    sync()
    services, slept = waits
    google.fault(READ, "status", **RATE, times=2)
    google.forget_requests()
    assert sync(services) == 1
    assert len(google.requests(READ)) == 3
    assert 0.25 <= slept[0] <= 0.5 <= slept[1] <= 1.0
    slept.clear()
    google.fault(READ, "status", **RATE)
    with pytest.raises(GoogleBusy):
        sync(services)
    assert sum(slept) <= answering.PATIENCE
    assert len(slept) == 3


@on_sqlite
@pytest.mark.parametrize("given", ["2", "Sat, 06 Oct 2018 12:00:02 GMT"])
def test_google_is_asked_again_when_it_says_if_that_is_soon(given, connect, google, sync, waits):
    connect()
    sync()
    services, slept = waits
    google.fault(READ, "status", status=429, body="busy", headers={"Retry-After": given}, times=1)
    assert sync(services) == 1
    (wait,) = slept
    assert 2.0 <= wait <= 2.5


@on_sqlite
@pytest.mark.parametrize(("given", "seconds"), [("3600", 3600.0), ("Sat, 06 Oct 2018 13:00:00 GMT", 3600.0)])
def test_a_longer_wait_fails_at_once_and_is_told(given, seconds, connect, google, sync, waits):
    connect()
    sync()
    services, slept = waits
    google.fault(READ, "status", status=429, body="busy", headers={"Retry-After": given})
    google.forget_requests()
    with pytest.raises(GoogleBusy) as no:
        sync(services)
    assert (no.value.retry_after, slept, len(google.requests(READ))) == (seconds, [], 1)
    assert no.value.public.endswith("Try again in 60 minutes.")


@on_sqlite
def test_googles_own_client_sees_a_429_as_such(connect, google, svc, people, world):
    from googleapiclient.errors import HttpError

    connected = connect()
    google.fault("plusPages.activities.get", "status", status=429, body="busy", headers={"Retry-After": "60"})
    with connector.use(connected.id, purpose="read-messages", actor=people.member.actor, svc=svc) as pages:
        with pytest.raises(HttpError) as no:
            pages.activities().get(activityId=world.cafe_post, onBehalfOf=world.cafe).execute()
        assert (no.value.status_code, no.value.resp["retry-after"]) == (429, "60")


def test_a_reply_that_met_a_busy_google_is_posted_once_or_not_at_all(connect, google, sync, reply, waits, world):
    connect()
    sync()
    services, _ = waits
    google.fault(INSERT, "status", **RATE, times=1)
    assert reply(services).state is ReplyState.SENT
    google.fault(INSERT, "status", **RATE)
    with pytest.raises(GoogleBusy):
        reply(services, "key-2")
    assert [one["originalContent"] for one in google.comments(world.cafe_post)].count("From nine.") == 1


def test_a_call_that_took_long_is_not_begun_again(connect, google, sync, svc, clock):
    connect()
    sync()
    google.fault(READ, "status", **RATE)
    google.forget_requests()
    with pytest.raises(GoogleBusy):
        sync(replace(svc, sleep=lambda _seconds: clock.advance(answering.SOON.total_seconds() + 1)))
    assert len(google.requests(READ)) == 2


def test_the_rounds_of_a_call_fit_into_the_ledgers_limit():
    one_round = 25 + 2 * (20 + 3.05) + 30 + 3.05
    assert answering.SOON + timedelta(seconds=answering.PATIENCE + one_round) < ledger.CALL_LIMIT


def test_a_purpose_switched_off_during_the_wait_stops_the_next_request(
    connect, google, sync, svc, people, meanwhile, entries
):
    """F23: no call starts after the commit."""
    connected = connect()
    sync()
    google.fault(READ, "status", **RATE)
    google.forget_requests()
    off = meanwhile(lambda: grants.switch(svc, people.member.actor, connected.id, "read-messages", on=False))
    with pytest.raises(Refused) as no:
        sync(off)
    assert no.value.reason == "purpose-off"
    assert len(google.requests(READ)) == 1
    assert (entries()[-1]["decision"], entries()[-1]["reason"]) == ("refused", "purpose-off")


def test_a_connection_ended_during_the_wait_stops_the_next_request(connect, google, sync, svc, people, meanwhile):
    """F23."""
    connected = connect()
    sync()
    google.fault(READ, "status", **RATE)
    google.forget_requests()
    with pytest.raises(Revoked):
        sync(meanwhile(lambda: revoke.end(svc, people.member.actor, connected.id)))
    assert len(google.requests(READ)) == 1


def test_a_purpose_switched_off_during_a_refresh_stops_the_request_that_waited_for_it(
    connect, google, sync, svc, people, pass_time
):
    """F23."""
    connected = connect()
    pass_time(4000)
    google.forget_requests()
    network = svc.network(wiring.PROVIDER)

    class Slow:
        def __getattr__(self, name):
            return getattr(network.oauth, name)

        def refresh(self, *given):
            grants.switch(svc, people.member.actor, connected.id, "read-messages", on=False)
            return network.oauth.refresh(*given)

    with pytest.raises(Refused) as no:
        sync(replace(svc, networks={wiring.PROVIDER: replace(network, oauth=Slow())}))
    assert no.value.reason == "purpose-off"
    assert google.requests(READ) == []


def test_a_spent_quota_stops_every_call_to_the_provider_until_midnight_in_california(
    connect, google, sync, svc, people, page_of, world, clock, pass_time, open_services, entries
):
    connect(), connect(people.other, account=world.ben)
    sync()
    google.fault(READ, "status", **QUOTA, times=1)

    def others(services):
        return inbox.sync(services, people.other.actor, page_of(world.bikes, people.other)).threads

    with capture_logs() as lines:
        with pytest.raises(GoogleRefused) as first:
            sync()
        assert "begins anew at midnight in California" in first.value.public
        google.forget_requests()
        for services in (svc, open_services()):  # another process knows it too
            for call in (sync, others):
                with pytest.raises(QuotaSpent) as no:
                    call(services)
                assert no.value.until == datetime(2018, 10, 7, 7, tzinfo=UTC)
                assert no.value.public.endswith("Nothing is sent before 7 October 2018, 07:00 UTC.")
        assert google.requests() == []
        assert (entries()[-1]["decision"], entries()[-1]["reason"]) == ("refused", "quota-spent")
        pass_time((datetime(2018, 10, 7, 7, tzinfo=UTC) - clock.now()).total_seconds() - 1)
        with pytest.raises(QuotaSpent):
            sync()
        pass_time(1)
        assert (sync(), others(svc)) == (1, 1)
    assert [one["reason"] for one in entries("quota:spent")] == ["dailyLimitExceeded"]
    assert len(entries("quota:back")) == 1
    told = [(line["event"], line["log_level"]) for line in lines]
    assert told == [("quota_spent", "error"), ("quota_back", "warning")]


@on_sqlite
def test_a_quota_that_is_spent_again_is_told_again(connect, google, sync, pass_time, entries):
    connect()
    google.fault(READ, "status", **QUOTA)
    for _ in range(2):
        with pytest.raises(GoogleRefused):
            sync()
        with pytest.raises(QuotaSpent):
            sync()
        pass_time(24 * 3600)
    assert (len(entries("quota:spent")), len(entries("quota:back"))) == (2, 1)


@on_sqlite
@pytest.mark.parametrize(("after_midnight", "minutes"), [(0, 10), (3599, 10), (3600, 23 * 60)])
def test_a_quota_that_is_spent_just_after_its_reset_does_not_stop_a_whole_day(
    after_midnight, minutes, connect, google, sync, clock, pass_time
):
    """Google's clock may be behind ours, and an answer may be to a request from before midnight."""
    connect()
    pass_time((datetime(2018, 10, 7, 7, tzinfo=UTC) - clock.now()).total_seconds() + after_midnight)
    google.fault(READ, "status", **QUOTA, times=1)
    with pytest.raises(GoogleRefused):
        sync()
    with pytest.raises(QuotaSpent) as no:
        sync()
    assert no.value.until - clock.now() == timedelta(minutes=minutes)


def test_an_api_that_is_not_enabled_alarms_the_operator_once_a_day_and_stops_nothing(
    connect, google, sync, pass_time, entries
):
    connect()
    google.fault(READ, "status", **DISABLED)
    with capture_logs() as lines:
        for _ in range(3):
            with pytest.raises(GoogleRefused):
                sync()
        assert len(entries("api:not-enabled")) == 1
        pass_time(24 * 3600)
        with pytest.raises(GoogleRefused):
            sync()
    (first, second) = entries("api:not-enabled")
    assert (first["customer"], first["reason"]) == (None, "accessNotConfigured")
    alarms = [line["index"] for line in lines if line["event"] == "api_not_enabled" and line["log_level"] == "error"]
    assert alarms == [first["index"], second["index"]]
    google.clear_faults()
    assert sync() == 1


@on_sqlite
def test_a_post_that_was_deleted_meanwhile_does_not_keep_the_others_from_being_read(
    connect, google, sync, svc, people, page_of, world
):
    connect()
    google.fault("plusPages.comments.list", "status", status=404, body=body(404, "notFound"))
    assert sync() == 1
    google.fault("plusPages.people.listByActivity", "status", status=404, body=body(404, "notFound"), times=1)
    assert analyse.analyse(svc, people.member.actor, page_of(world.cafe)) == ()
    google.fault("plusPages.media.get", "status", status=410, body=body(410, "notFound"), times=1)
    (figures,) = analyse.analyse(svc, people.member.actor, page_of(world.cafe))
    assert figures.photos == len(figures.post.photos) - 1


@on_sqlite
def test_a_reply_to_something_that_is_gone_says_so(connect, google, sync, reply, svc, people):
    connect()
    sync()
    google.fault(INSERT, "status", status=404, body=body(404, "notFound"))
    with pytest.raises(ConnectorError) as no:
        reply()
    assert (no.value.status, no.value.trouble) == (410, Trouble.TARGET_GONE)


@on_sqlite
def test_a_reply_that_met_server_trouble_is_unknown(connect, google, sync, reply, entries):
    connect()
    sync()
    google.fault(INSERT, "status", status=503, body=json.dumps(body(503, "backendError")))
    with pytest.raises(GoogleRefused) as no:
        reply()
    assert "look before you send it again" in no.value.public
    assert (entries()[-1]["decision"], entries()[-1]["reason"]) == ("unknown", "server-trouble")
