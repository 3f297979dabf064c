"""T4: hundreds of hostile callbacks on the wire, of every kind we could think of; none is accepted, no code is traded.

A failure names the seed; `TEST_CALLBACK_SEED=… pytest tests/journeys/test_hostile_requests.py` makes the same requests
again. `hostile.py` is the list of kinds.
"""

import contextlib
import os
import socket
from collections import Counter
from dataclasses import replace
from random import Random
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest
from hostile import KINDS, Held
from hostile import written as honestly

import connector
from connector import server
from connector.domain import people as accounts
from connector.domain.records import Person

SEED = os.environ.get("TEST_CALLBACK_SEED", "T4")
HOW_MANY = 500
OURS = "127.0.0.1:8080"
TABLES = ("connections", "grants", "tokens", "pages", "switches", "people", "customers")

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def held(svc, people, go_to_google, come_back, sign_in, clock):
    """Everything that an attacker may have got hold of, and the cookies of everybody's browsers."""

    def answer(who, **more):
        return parse_qsl(urlsplit(go_to_google(who, **more)[1]).query)

    def someone(name, customer):
        person = Person(svc.random.id("per"), "member", customer, f"{name}@customer.example", name, "member", None)
        with svc.store.write() as tx:
            tx.accounts.add_person(person)
        return sign_in(person)

    expired = answer(people.member)
    clock.advance(601)
    window, gone = sign_in(people.member.person), sign_in(people.member.person)
    accounts.sign_out(svc, gone.session)
    colleague, removed = someone("cleo", people.harbour.id), someone("rob", people.harbour.id)
    moved = someone("mo", people.harbour.id)
    taken, declined = answer(people.member), answer(people.member, decision="deny")
    for query in (taken, declined):
        come_back("?" + urlencode(query))
    held = Held(
        honest=answer(people.member),
        second=answer(window),
        colleague=answer(colleague),
        stranger=answer(people.other),
        expired=expired,
        taken=taken,
        declined=declined,
        removed=answer(removed),
        moved=answer(moved),
        open_requests=[
            parse_qs(urlsplit(go_to_google()[0]).query)["state"][0] for _ in range(HOW_MANY // len(KINDS) + 1)
        ],
        cookies={
            "member": people.member.cookie,
            "window": window.cookie,
            "stranger": people.other.cookie,
            "staff": people.staff.cookie,
            "removed": removed.cookie,
            "moved": moved.cookie,
            "signed-out": gone.cookie,
        },
    )
    with svc.store.write() as tx:
        sql = tx.connection
        sql.exec_driver_sql(f"UPDATE people SET disabled = true WHERE id = '{removed.person.id}'")  # noqa: S608
        sql.exec_driver_sql(
            f"UPDATE people SET customer = '{people.tandem.id}' WHERE id = '{moved.person.id}'"  # noqa: S608
        )
    return held


@pytest.fixture
def send(svc, settings):
    """Send bytes to the pages as they are served, and read the whole answer."""
    network = svc.network("google-plus")
    both = replace(svc, networks={"google-plus": network, "other-network": network})
    app = connector.create_app(settings, both)
    listening = server.Listening("127.0.0.1", 0)

    def once(request):
        with socket.create_connection(("127.0.0.1", listening.port), timeout=10) as browser:
            answer = b""
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it may have read enough to answer
                browser.sendall(request)
            with contextlib.suppress(ConnectionResetError):
                while more := browser.recv(65536):
                    answer += more
        return answer.decode("utf-8", "replace")

    with server.Server(app, listening):
        yield once


@pytest.fixture
def standing(svc):
    """What is stored, but for the ledger and what stands for requests on their way."""

    def read():
        with svc.store.read() as tx:
            return {
                table: [tuple(row) for row in tx.connection.exec_driver_sql(f"SELECT * FROM {table}")]  # noqa: S608
                for table in TABLES
            }

    return read


def problems_of(name, answer, written):
    """What is wrong with how a hostile request ended: the answer, and the entries it left."""
    status, ends = answer.partition(" ")[2][:3], KINDS[name].ends
    if len(written) > 1:
        return "more than one entry"
    if "evil.example" in answer or "<script>alert" in answer:
        return "the answer repeats what was sent"
    if written:
        entry = written[0]
        if entry["event"] not in ("connect:refused", "connect:declined") or entry["decision"] != "refused":
            return f"the entry says {entry['event']}"
        if entry["reason"] not in ends:
            return f"the entry says {entry['reason']}"
        return None if status == "303" and "/stopped?because=" in answer else f"answered with {status}"
    if "already-done" in ends:
        return None if "/stopped?because=already-done" in answer else f"answered with {status}"
    return None if status in ends else f"answered with {status}, and no entry"


def test_t4_five_hundred_hostile_callbacks_are_refused_and_none_costs_a_token_request(
    held, send, standing, entries, google
):
    """F4, F5, F6, F7, F42."""
    google.forget_requests()
    before, seen, names, tried, problems = standing(), len(entries()), list(KINDS), Counter(), []
    for number in range(HOW_MANY):
        name = names[number % len(names)]
        sent = KINDS[name].make(held, Random(f"{SEED} {number}"))  # noqa: S311 — it has to be repeatable
        answer = send(sent.on_the_wire(OURS, held.cookies))
        written = entries()[seen:]
        seen += len(written)
        tried[name] += 1
        problem = problems_of(name, answer, written) or ("a token request" if google.requests("token") else None)
        if problem:
            problems.append((problem, name, number, sent.method, sent.path, sent.query[:100], sent.cookie))
    assert problems == [], f"seed {SEED!r}"
    assert standing() == before
    assert google.requests() == []
    assert len(tried) == len(KINDS) >= 30
    assert {kind.fault for kind in KINDS.values()} >= {"F4", "F5", "F6", "F7", "F42"}
    print(f"\n{HOW_MANY} hostile callbacks of {len(tried)} kinds, seed {SEED!r}: 0 accepted, 0 token requests")

    # And the answer that most of them were made from is still good, once, in the browser that asked.
    welcome = send(honestly(held.honest).on_the_wire(OURS, held.cookies))
    assert welcome.startswith("HTTP/1.1 303 ")
    assert "stopped" not in welcome
    assert [one["form"]["grant_type"] for one in google.requests("token")].count("authorization_code") == 1
