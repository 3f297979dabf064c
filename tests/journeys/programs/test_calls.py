"""A program reads and replies through the gate, and what it may not do is refused, recorded and never sent."""

import pytest

from connector.domain import events, grants, ledger, programs, revoke
from connector.domain.errors import LedgerUnwritable
from connector.domain.records import Actor

one_engine = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
OPERATOR = Actor("staff", "operator", "The operator")


def comments_of(world, page=None):
    return f"plusPages/v2/activities/{world.cafe_post}/comments?onBehalfOf={page or world.cafe}"


@pytest.fixture
def refused(acting, google, entries):
    """Nothing arrived at Google, and the newest entry says why: `refused(reply, 403, "purpose-off")`."""

    def check(reply, status, code, *, reason=None):
        assert (reply.status, reply.code) == (status, code), reply.body
        assert google.api_requests() == []
        outcome = entries()[-1]
        assert (outcome["decision"], outcome["reason"]) == ("refused", reason or code)
        assert (outcome["actor"], outcome["actor_kind"]) == (acting.client, "program")
        return outcome

    google.forget_requests()
    return check


def test_a_program_reads_and_replies_and_each_call_is_on_the_record_as_its_own(acting, google, world, entries):
    read = acting.google("GET", comments_of(world), headers={"Connector-Subject": world.cafe_post})
    assert (read.status, read.headers["connector-answer"]) == (200, "google")
    assert read.headers["content-type"].startswith("application/json")
    assert {item["id"] for item in read.json["items"]} == {one["id"] for one in google.comments(world.cafe_post)}
    said = {"object": {"originalContent": "We open at nine."}}
    sent = acting.google("POST", comments_of(world), "reply-to-messages", body=said)
    assert sent.status == 200, sent.body
    assert sent.json["id"] in {one["id"] for one in google.comments(world.cafe_post)}
    answered = entries("call:answered")[-2:]
    assert [entry["purpose"] for entry in answered] == ["read-messages", "reply-to-messages"]
    assert {(entry["actor_kind"], entry["actor"]) for entry in answered} == {("program", acting.client)}
    for name, value in (("cache-control", "no-store"), ("x-content-type-options", "nosniff")):
        assert read.headers[name] == value
    assert not {"set-cookie", "server", "x-powered-by"} & set(read.headers)


@one_engine
def test_googles_own_errors_come_back_as_they_are_and_marked_as_googles(acting, google, world):
    google.fault("*api", "status", status=412, body='{"error": {"code": 412}}', times=1)
    no = acting.google("GET", comments_of(world))
    assert (no.status, no.json["error"]["code"]) == (412, 412)
    assert no.headers["connector-answer"] == "google"


@one_engine
def test_what_the_purpose_does_not_cover_is_refused_though_google_would_allow_it(acting, google, world, refused):
    comment = google.comments(world.cafe_post)[0]["id"]
    google.forget_requests()
    reply = acting.google("DELETE", f"plusPages/v2/comments/{comment}?onBehalfOf={world.cafe}", "reply-to-messages")
    refused(reply, 403, "operation-not-in-purpose")
    refused(
        acting.google("POST", comments_of(world), body={"object": {"originalContent": "x"}}),
        403,
        "operation-not-in-purpose",
    )
    refused(acting.google("GET", comments_of(world, world.bikes)), 403, "page-not-chosen")
    refused(acting.google("GET", "plusPages/v2/people/me/activities/pages"), 403, "unroutable")


@one_engine
def test_a_purpose_beyond_the_programs_or_the_tokens_is_refused_and_recorded(acting, world, refused):
    narrow = acting.wire.token(acting.client, acting.secret, scope="read-messages").json
    assert narrow["scope"] == "read-messages"
    body = {"object": {"originalContent": "x"}}
    reply = acting.google("POST", comments_of(world), "reply-to-messages", body=body, token=narrow["access_token"])
    outcome = refused(reply, 403, "purpose-not-allowed")
    assert outcome["purpose"] == "reply-to-messages"
    assert reply.headers["www-authenticate"] == 'Bearer error="insufficient_scope"'
    refused(acting.google("GET", "plusPages/v2/people/me", "show-profile"), 403, "purpose-not-allowed")
    refused(acting.google("GET", "plusPages/v2/people/me", "made-up"), 403, "purpose-not-allowed")


@one_engine
def test_a_request_that_does_not_say_what_it_is_for_is_not_sent(acting, google, world):
    google.forget_requests()
    for purpose in (None, "", "two words", "a" * 65):
        assert acting.google("GET", comments_of(world), purpose).code == "bad-request"
    long = acting.google("GET", comments_of(world), headers={"Connector-Subject": "s" * 257})
    assert (long.status, long.code) == (400, "bad-request")
    assert acting.google("GET", comments_of(world), headers={"Connector-Subject": "f\xfc"}).code == "bad-request"
    assert google.api_requests() == []


@one_engine
def test_what_the_customer_switches_off_is_off_for_the_next_call_and_an_ended_connection_is_gone(
    acting, svc, people, world, google, refused
):
    grants.switch(svc, people.member.actor, acting.connection, "read-messages", on=False)
    refused(acting.google("GET", comments_of(world)), 403, "purpose-off")
    revoke.end(svc, people.member.actor, acting.connection)
    google.forget_requests()
    refused(acting.google("GET", comments_of(world)), 410, "connection-ended", reason="revoked")
    assert acting.wire.send("GET", "/api/v1/connections", {"Authorization": f"Bearer {acting.token}"}).json == {
        "connections": []
    }


def test_another_customers_connection_reads_like_one_that_nobody_has(acting, connect, people, world, svc, google):
    theirs = connect(people.other, account=world.ben).id
    google.forget_requests()
    answers = [
        acting.google("GET", comments_of(world), connection=connection)
        for connection in (theirs, svc.random.id("con"), "con_%00", "..")
    ]
    assert {(one.status, one.code, one.body) for one in answers} == {(404, "not-found", answers[0].body)}
    assert google.api_requests() == []
    listed = acting.wire.send("GET", "/api/v1/connections", {"Authorization": f"Bearer {acting.token}"})
    assert theirs.encode() not in listed.body


@one_engine
def test_a_program_is_shown_what_it_needs_to_begin_and_no_more(acting, world):
    listed = acting.wire.send("GET", "/api/v1/connections", {"Authorization": f"Bearer {acting.token}"}).json
    (found,) = listed["connections"]
    assert (found["id"], found["provider"], found["state"]) == (acting.connection, "google-plus", "active")
    assert {page["id"] for page in found["pages"]} == {world.cafe, world.roastery}
    assert found["purposes"] == [
        {"id": "read-messages", "state": "on"},
        {"id": "reply-to-messages", "state": "on"},
    ]
    assert set(found) == {"id", "provider", "account_name", "state", "pages", "purposes"}


@one_engine
def test_an_ended_program_is_refused_at_its_next_call_and_that_is_recorded(acting, svc, people, world, google, entries):
    assert acting.google("GET", comments_of(world)).status == 200
    programs.end(svc, people.member.actor, acting.client)
    google.forget_requests()
    reply = acting.google("GET", comments_of(world))
    assert (reply.status, reply.code) == (401, "program-ended")
    assert google.api_requests() == []
    newest = entries()[-1]
    assert (newest["event"], newest["reason"], newest["customer"]) == ("program:refused", "ended", people.harbour.id)
    assert acting.wire.token(acting.client, acting.secret).json["error"] == "invalid_client"


@one_engine
def test_a_post_is_sent_once_and_where_no_answer_came_that_is_what_is_said(acting, google, world, entries):
    body = {"object": {"originalContent": "Once."}}
    google.fault("*api", "drop_after", times=1)
    google.forget_requests()
    lost = acting.google("POST", comments_of(world), "reply-to-messages", body=body)
    assert (lost.status, lost.code) == (502, "outcome-unknown")
    assert "may have been done" in lost.json["advice"]
    assert "retry-after" not in lost.headers
    assert len(google.api_requests()) == 1
    assert entries()[-1]["decision"] == "unknown"
    google.clear_faults()
    google.fault("*api", "drop_after", times=1)
    read = acting.google("GET", comments_of(world))
    assert (read.status, read.code) == (502, "outcome-unknown")
    assert "may have been done" not in read.json["advice"]


@one_engine
def test_a_body_that_is_too_long_or_is_no_json_object_goes_nowhere(acting, google, world, refused):
    long = acting.google("POST", comments_of(world), "reply-to-messages", body=b'{"a":"' + b"x" * 70_000 + b'"}')
    assert (long.status, long.code) == (413, "too-large")
    assert google.api_requests() == []
    for body in (b"[]", b'{"a":1,"a":2}', b"\xff", b'{"object":'):
        refused(acting.google("POST", comments_of(world), "reply-to-messages", body=body), 403, "unroutable")
    plain = acting.google(
        "POST", comments_of(world), "reply-to-messages", body=b"{}", headers={"Content-Type": "text/plain"}
    )
    refused(plain, 403, "unroutable")


@one_engine
def test_google_out_of_reach_says_that_nothing_was_sent_and_when_to_try_again(to_nobody, world, entries):
    reply = to_nobody.google("GET", comments_of(world))
    assert (reply.status, reply.code, reply.headers["retry-after"]) == (503, "google-unreachable", "30")
    assert entries()[-1]["reason"] == "not-sent"


@one_engine
def test_an_outcome_that_cannot_be_recorded_is_not_told_as_something_that_was_not_done(
    acting, google, world, monkeypatch
):
    plain = ledger.note

    def full(svc, tx, event, **more):
        if event is events.CALL_ANSWERED:
            raise LedgerUnwritable("the disk is full")
        return plain(svc, tx, event, **more)

    monkeypatch.setattr(ledger, "note", full)
    google.forget_requests()
    said = {"object": {"originalContent": "Once."}}
    reply = acting.google("POST", comments_of(world), "reply-to-messages", body=said)
    assert (reply.status, reply.code) == (502, "outcome-unknown")
    assert len(google.api_requests()) == 1
    assert "retry-after" not in reply.headers
