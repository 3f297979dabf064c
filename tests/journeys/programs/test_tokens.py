"""How a program gets a token, and every way in which it does not."""

import base64
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest

from connector.domain import ledger, programs
from connector.domain.errors import BadInput, LedgerUnwritable, NotFound
from connector.domain.records import Actor

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
OPERATOR = Actor("staff", "operator", "The operator")
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
GRANT = "grant_type=client_credentials"


@pytest.fixture
def program(add_program):
    return add_program()


@pytest.fixture
def ask(wire):
    """`ask(body, **headers)`: one token request as it is written."""

    def send(body, target="/api/oauth/token", **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return wire.send("POST", target, FORM | named, body.encode() if isinstance(body, str) else body)

    return send


def basic(client, secret):
    return "Basic " + base64.b64encode(f"{client}:{secret}".encode()).decode()


def refused(reply, status, error):
    assert (reply.status, reply.json["error"]) == (status, error), reply.body
    assert reply.headers["cache-control"] == "no-store"
    assert reply.headers["content-type"] == "application/json"
    return reply


def test_a_secret_in_the_header_or_in_the_form_gets_a_token_for_ten_minutes(ask, program, entries, people, svc):
    in_form = urlencode({"client_id": program[0], "client_secret": program[1]})
    for reply in (ask(GRANT, Authorization=basic(*program)), ask(f"{GRANT}&{in_form}")):
        assert reply.status == 200, reply.body
        token = reply.json
        assert (token["token_type"], token["expires_in"]) == ("Bearer", 600)
        assert token["scope"] == "read-messages reply-to-messages"
        assert set(token) == {"access_token", "token_type", "expires_in", "scope"}
        assert (reply.headers["cache-control"], reply.headers.get("pragma")) == ("no-store", "no-cache")
    given = entries("program:token")
    assert [(one["actor_kind"], one["actor"], one["customer"]) for one in given] == [
        ("program", program[0], people.harbour.id)
    ] * 2
    (view,) = programs.of_customer(svc, people.harbour.id)
    assert view.used_at == view.secrets[0].used_at == svc.clock.now()


def test_a_program_asks_for_less_and_never_for_more(ask, program, entries, people):
    key = basic(*program)
    less = ask(f"{GRANT}&scope=reply-to-messages", Authorization=key)
    assert less.json["scope"] == "reply-to-messages"
    for scope in ("analyse", "read-messages+analyse", "read-messages++reply-to-messages", "*", "READ-MESSAGES"):
        refused(ask(f"{GRANT}&scope={scope}", Authorization=key), 400, "invalid_scope")
        newest = entries()[-1]
        assert (newest["event"], newest["reason"]) == ("program:refused", "beyond-purposes")
        assert newest["customer"] == people.harbour.id


def test_an_unknown_program_an_ended_one_and_a_wrong_secret_are_told_the_same(
    ask, program, add_program, svc, entries, people
):
    ended = add_program()
    programs.end(svc, OPERATOR, ended[0])
    tries = [
        (program[0], "x" * 43), ("prg_" + "0" * 32, program[1]), ended, (program[1], program[0]), (program[0], ""),
        ("", program[1]), (program[0], program[1] + "x"), (program[0].upper(), program[1]),
    ]  # fmt: skip
    answers = [ask(GRANT, Authorization=basic(*one)) for one in tries]
    answers += [ask(f"{GRANT}&{urlencode({'client_id': one[0], 'client_secret': one[1]})}") for one in tries]
    answers += [ask(GRANT), ask(GRANT, Authorization="Basic !"), ask(GRANT, Authorization="Bearer abc")]
    answers += [ask(GRANT, Authorization="Basic " + base64.b64encode(b"\xff:\xfe").decode())]
    assert {(one.status, one.body, one.headers["www-authenticate"]) for one in answers} == {
        (401, answers[0].body, 'Basic realm="connector", charset="UTF-8"')
    }
    refused(answers[0], 401, "invalid_client")
    noted = entries("program:refused")
    assert len(noted) == len(answers)
    assert {one["reason"] for one in noted} == {"no-match"}
    assert {one["customer"] for one in noted} == {None, people.harbour.id}
    assert not [one for one in noted if program[1] in str(one)]


def test_wrong_secrets_wear_out_their_own_network_and_the_right_one_passes_all_the_same(ask, program, entries, wire):
    for _ in range(10):
        refused(ask(GRANT, Authorization=basic(program[0], "x" * 43)), 401, "invalid_client")
    worn = refused(ask(GRANT, Authorization=basic(program[0], "x" * 43)), 429, "invalid_client")
    assert worn.headers["retry-after"] == "600"
    assert entries("program:refused")[-1]["reason"] == "too-many"
    assert wire.token(*program).status == 200


@pytest.mark.parametrize("wrong", ["type", "twice", "query", "long", "chars", "two ways", "no grant", "json", "many"])
def test_a_request_that_could_be_meant_in_two_ways_is_refused(ask, program, wrong, entries):
    key, status = {"Authorization": basic(*program)}, 400
    in_form = urlencode({"client_id": program[0], "client_secret": program[1]})
    match wrong:
        case "type":
            reply = ask(GRANT, Content_Type="text/plain", **key)
        case "json":
            reply = ask('{"grant_type":"client_credentials"}', Content_Type="application/json", **key)
        case "twice":
            reply = ask(f"{GRANT}&scope=read-messages&scope=reply-to-messages", **key)
        case "query":
            reply = ask(GRANT, target=f"/api/oauth/token?{in_form}")
        case "long":
            reply, status = ask(f"{GRANT}&scope={'x' * 5000}", **key), 413
        case "chars":
            reply = ask(f"{GRANT}&scope=%00", **key)
        case "two ways":
            reply = ask(f"{GRANT}&{in_form}", **key)
        case "no grant":
            reply = ask("grant_type=&scope=read-messages", **key)
        case "many":
            reply = ask(GRANT + "".join(f"&a{n}=b" for n in range(20)), **key)
    refused(reply, status, "invalid_request")
    assert not entries("program:token")


def test_no_other_grant_is_known(ask, program):
    for grant in ("password", "authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:jwt-bearer"):
        body = urlencode({"grant_type": grant, "username": "a", "password": "b", "code": "c", "refresh_token": "d"})
        refused(ask(body, Authorization=basic(*program)), 400, "unsupported_grant_type")


def test_a_secret_is_changed_over_without_a_pause_and_the_ended_one_takes_its_tokens_along(
    wire, connect, program, svc, world, clock
):
    connection = connect().id
    rest = f"/api/v1/connections/{connection}/google/plusPages/v2/people/{world.cafe}?onBehalfOf={world.cafe}"

    def usable(token):
        reply = wire.send("GET", rest, {"Authorization": f"Bearer {token}", "Connector-Purpose": "read-messages"})
        return reply.status != 401

    before = wire.token(*program).json["access_token"]
    clock.advance(1)
    second = programs.add_secret(svc, OPERATOR, program[0]).shown_once()
    after = wire.token(program[0], second).json["access_token"]
    assert wire.token(*program).status == 200
    assert usable(before)
    assert usable(after)
    with pytest.raises(BadInput, match="2 secrets already"):
        programs.add_secret(svc, OPERATOR, program[0])
    newest, oldest = programs.one(svc, OPERATOR, program[0]).secrets
    programs.end_secret(svc, OPERATOR, oldest.id)
    assert wire.token(*program).status == 401
    assert not usable(before)
    assert usable(after)
    assert [one.id for one in programs.one(svc, OPERATOR, program[0]).secrets] == [newest.id]
    assert wire.token(program[0], programs.add_secret(svc, OPERATOR, program[0]).shown_once()).status == 200


def test_a_program_is_added_only_for_documented_purposes_of_a_known_customer(svc, people, entries):
    def add(**changed):
        given = {"customer": people.harbour.id, "name": "Answers", "purposes": ["read-messages"], **changed}
        return programs.add(svc, OPERATOR, **given)

    for changed in (
        {"purposes": []}, {"purposes": ["made-up"]}, {"purposes": ["link-pages"]}, {"name": " "}, {"name": "a" * 81},
        {"name": "a\nb"}, {"customer": "cus_x"},
    ):  # fmt: skip
        with pytest.raises(BadInput):
            add(**changed)
    assert not entries("program:added")
    made, secret = add(purposes=["reply-to-messages", "read-messages", "read-messages"])
    assert made.purposes == ("read-messages", "reply-to-messages")
    assert len(secret.shown_once()) >= 43
    assert secret.shown_once() not in f"{secret!r} {made!r}"


def test_members_end_their_own_programs_and_reach_no_others(svc, people, program, entries):
    for who in (people.other.actor, Actor("program", program[0], "Answers"), Actor("system", "system", "x")):
        for act in (programs.end, programs.one, programs.add_secret):
            with pytest.raises(NotFound):
                act(svc, who, program[0])
    assert programs.of_customer(svc, people.tandem.id) == ()
    programs.end(svc, people.member.actor, program[0])
    programs.end(svc, people.member.actor, program[0])
    assert len(entries("program:ended")) == 1
    (view,) = programs.of_customer(svc, people.harbour.id)
    assert view.ended_at == datetime(2018, 10, 6, 12, tzinfo=UTC)
    with pytest.raises(BadInput, match="was ended"):
        programs.add_secret(svc, OPERATOR, program[0])


def test_where_no_record_can_be_written_no_token_is_given(wire, program, svc, monkeypatch):
    def full(*_given, **_more):
        raise LedgerUnwritable("disk full")

    monkeypatch.setattr(ledger, "note", full)
    reply = wire.token(*program)
    assert (reply.status, reply.code) == (503, "record-unwritable")
    assert b"access_token" not in reply.body
