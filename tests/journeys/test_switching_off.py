"""A purpose that is switched off, and a permission that is taken away, hold for every process at once (F23, R26)."""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connector.domain import grants, members

PROCESSES, THREADS = 4, {"analyse": 10, "publish-to-circles": 10, "show-profile": 5}  # a hundred callers
OPERATION = {"analyse": "plusPages.people.listByActivity", "publish-to-circles": "plusPages.circles.list"}
REASON = {"analyse": "purpose-off", "publish-to-circles": "member-may-not"}
EVENT = {"analyse": "purpose:off", "publish-to-circles": "member:may-not"}


@pytest.fixture
def crowd(environ, people, world):
    """Start the processes; `crowd(connection)` answers them. They are dead after the test."""
    with ExitStack() as stack:

        def start(connection):
            act = {
                "person": people.member.person.id, "connection": connection, "page": world.cafe,
                "post": world.cafe_post, "threads": THREADS,
            }  # fmt: skip
            command = [sys.executable, str(Path(__file__).with_name("callers.py")), json.dumps(act)]
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
            children = []
            for _ in range(PROCESSES):
                child = stack.enter_context(subprocess.Popen(command, env={**os.environ, **environ}, **pipes))
                stack.callback(child.kill)
                children.append(child)
            assert [child.stdout.readline() for child in children] == ["ready\n"] * PROCESSES
            return children

        yield start


def begin(children):
    for child in children:
        child.stdin.write("go\n")
        child.stdin.flush()


def results(children):
    return Counter(tuple(one) for child in children for one in json.loads(child.stdout.readline()))


def test_no_call_starts_after_the_commit_and_the_other_purpose_never_stops(
    connect, svc, people, google, crowd, entries
):
    """One purpose is switched off and another is taken from the member, while a hundred callers are at it."""
    google.set_time(datetime.now(UTC))
    connected, member = connect(), people.member
    children = crowd(connected.id)
    asking = {purpose: PROCESSES * threads for purpose, threads in THREADS.items()}

    begin(children)
    assert results(children) == {(purpose, "done"): count for purpose, count in asking.items()}

    google.forget_requests()
    begin(children)
    until(lambda: all(len(google.requests(operation)) >= 3 for operation in OPERATION.values()))
    grants.switch(svc, member.actor, connected.id, "analyse", on=False)
    members.allow(svc, member.actor, member.person.id, "publish-to-circles", on=False)
    during = results(children)
    assert during["show-profile", "done"] == asking["show-profile"]
    for purpose, operation in OPERATION.items():
        done = during[purpose, "done"]
        assert done >= 3
        assert done + during[purpose, REASON[purpose]] == asking[purpose]
        assert len(google.requests(operation)) == done

    # Those under way have ended, so from here on there is not one more at Google.
    google.forget_requests()
    begin(children)
    refused = {(purpose, reason): asking[purpose] for purpose, reason in REASON.items()}
    assert results(children) == {**refused, ("show-profile", "done"): asking["show-profile"]}
    assert {one["operation"] for one in google.api_requests()} == {"plusPages.people.get"}
    assert len(google.requests("plusPages.people.get")) == asking["show-profile"]

    # The ledger's order is the order of commits: whoever asked after the stop was refused.
    told = entries()
    outcomes = {entry["intent"]: entry for entry in told if entry["intent"] is not None}
    for purpose, event in EVENT.items():
        (at,) = [entry["index"] for entry in told if entry["event"] == event]
        later = [e for e in told if e["event"] == "call:intent" and e["purpose"] == purpose and e["index"] > at]
        assert len(later) >= asking[purpose]
        assert {(outcomes[e["index"]]["decision"], outcomes[e["index"]]["reason"]) for e in later} == {
            ("refused", REASON[purpose])
        }


def until(holds, seconds=20.0):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.002)
