"""kill -9 in the middle: after a restart nothing is half stored, and what is not known reads "unknown"."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from connector.domain import evidence, inbox, ledger, linking, replies, revoke
from connector.domain.errors import AlreadyDone
from connector.domain.records import ConnectionState, ReplyState

HELD = 120  # seconds that the other end holds an answer back; the process is dead long before
INSERT = "plusPages.comments.insert"


@pytest.fixture
def killed_during(environ, people, google, clock):
    """Do one act in a process of its own, and kill it while Google holds the answer to `endpoint` back."""

    def run(endpoint, **act):
        google.forget_requests()
        google.fault(endpoint, "delay", seconds=HELD, times=1)
        who = people.member
        told = {"person": who.person.id, "session": who.session.id_hash, **act}
        command = [
            sys.executable,
            str(Path(__file__).with_name("one_act.py")),
            clock.now().isoformat(),
            json.dumps(told),
        ]
        with subprocess.Popen(command, env={**os.environ, **environ}, stderr=subprocess.PIPE) as process:
            while not google.requests(endpoint):
                assert process.poll() is None, process.stderr.read().decode()
                time.sleep(0.01)
            process.kill()
        google.clear_faults()
        assert len(google.requests(endpoint)) == 1

    return run


@pytest.fixture
def restarted(open_services, clock, environ):
    """A new process, when the limit of a call has passed; the record holds before and after it is tidied."""

    def start():
        svc = open_services()
        before = evidence.verify(svc)
        assert before.good
        assert ledger.close_abandoned(svc) == 0  # it could still be running
        clock.advance(121)
        assert ledger.close_abandoned(svc) == len(before.open)
        assert ledger.close_abandoned(svc) == 0
        after = evidence.verify(svc)
        assert (after.good, after.open) == (True, [])
        said = subprocess.run(
            [Path(sys.executable).with_name("connector"), "ledger", "verify"],
            env={**os.environ, **environ}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (said.returncode, said.stderr) == (0, "")
        assert f"{after.entries} entries, 0 problems, 0 calls without an outcome" in said.stdout
        return svc

    return start


def test_killed_between_the_spent_code_and_the_stored_tokens_nothing_is_half_stored(
    go_to_google, killed_during, restarted, svc, people, entries, come_back, google
):
    _, brought = go_to_google()
    killed_during("token", do="finish", query=parse_qsl(urlsplit(brought).query))
    again = restarted()
    with again.store.read() as tx:
        assert tx.connections.of_customer(people.member.customer) == []
        assert tx.tokens.count() == 0
    (failed,) = entries("connect:failed")
    assert (failed["decision"], failed["reason"]) == ("unknown", "process-ended")
    google.forget_requests()
    with pytest.raises(AlreadyDone):
        come_back(brought)
    assert google.requests() == []


def test_killed_before_the_account_was_read_the_connection_goes_on_from_what_is_stored(
    go_to_google, killed_during, restarted, people, google
):
    _, brought = go_to_google()
    killed_during("plusPages.people.get", do="finish", query=parse_qsl(urlsplit(brought).query))
    again = restarted()
    with again.store.read() as tx:
        (connection,) = tx.connections.of_customer(people.member.customer)
    assert connection.state is ConnectionState.LINKING
    done = linking.resume(again, actor=people.member.actor, connection=connection.id)
    assert (done.connection, done.state) == (connection.id, "complete")


def test_killed_between_the_sent_reply_and_its_outcome_the_reply_reads_unknown_and_is_not_sent_again(
    connect, killed_during, restarted, svc, people, page_of, world, google, entries
):
    connect()
    inbox.sync(svc, people.member.actor, page_of(world.cafe))
    (line,) = inbox.threads(svc, people.member.actor)
    message = inbox.thread(svc, people.member.actor, line.id).messages[0]
    killed_during(INSERT, do="reply", message=message.id, text="We open at nine.", key="k1")
    (sending,) = inbox.thread(svc, people.member.actor, line.id).messages[0].replies
    assert sending.state is ReplyState.SENDING
    with pytest.raises(AlreadyDone):  # pressed again too soon
        replies.send(svc, people.member.actor, message.id, "We open at nine.", key="k1")
    again = restarted()
    (reply,) = inbox.thread(again, people.member.actor, line.id).messages[0].replies
    assert reply.state is ReplyState.UNKNOWN
    assert replies.send(again, people.member.actor, message.id, "We open at nine.", key="k1").id == reply.id
    assert len(google.requests(INSERT)) == 1
    unknown = entries("call:unknown")[-1]
    assert (unknown["operation"], unknown["reason"]) == (INSERT, "process-ended")


def test_killed_before_the_reply_was_sent_nothing_was_posted_and_it_still_reads_unknown(
    connect, killed_during, restarted, svc, people, page_of, world, google, pass_time
):
    """From here one cannot tell whether it was sent, so it is not said."""
    connect()
    inbox.sync(svc, people.member.actor, page_of(world.cafe))
    (line,) = inbox.threads(svc, people.member.actor)
    message = inbox.thread(svc, people.member.actor, line.id).messages[0]
    pass_time(4000)
    killed_during("token", do="reply", message=message.id, text="We open at nine.", key="k1")
    again = restarted()
    (reply,) = inbox.thread(again, people.member.actor, line.id).messages[0].replies
    assert reply.state is ReplyState.UNKNOWN
    assert google.requests(INSERT) == []


def test_killed_while_google_was_asked_to_forget_use_has_stopped_and_the_removal_waits(
    connect, killed_during, restarted, people, google
):
    connected = connect()
    killed_during("revoke", do="end", connection=connected.id)
    again = restarted()
    with again.store.read() as tx:
        ended = tx.connections.get_any(connected.id)
    assert (ended.state, ended.at_google) == (ConnectionState.REVOKED, "pending")
    ((_, told),) = revoke.retry(again, people.staff.actor)
    assert told.state == "confirmed"
    assert google.live() == 0
    with again.store.read() as tx:
        assert tx.tokens.count() == 0


def test_killed_during_a_refresh_the_next_call_fetches_again(
    connect, killed_during, restarted, people, page_of, world, pass_time
):
    connect()
    pass_time(4000)
    killed_during("token", do="sync", page=page_of(world.cafe))
    assert inbox.sync(restarted(), people.member.actor, page_of(world.cafe)).threads == 1
