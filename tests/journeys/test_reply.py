"""A reply is sent once, and what is said of it afterwards is true."""

import threading

import pytest

from connector.domain import choosing, grants, inbox, replies, revoke
from connector.domain.errors import (
    AlreadyDone,
    BadInput,
    GoogleRefused,
    NotFound,
    NotSent,
    OutcomeUnknown,
    Refused,
    UnreadableAnswer,
)
from connector.domain.records import ReplyState

INSERT = "plusPages.comments.insert"
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def thread(svc, people, connect, page_of, world, google):
    """The café's thread, fetched."""
    connect()
    inbox.sync(svc, people.member.actor, page_of(world.cafe))
    (line,) = inbox.threads(svc, people.member.actor)
    google.forget_requests()
    return inbox.thread(svc, people.member.actor, line.id)


@pytest.fixture
def reply(svc, people, thread):
    def send(text="We open at nine.", *, key="k1", services=None, who=None, message=None):
        who = who or people.member
        return replies.send(services or svc, who.actor, message or thread.messages[0].id, text, key=key)

    return send


@pytest.fixture
def shown(svc, people, thread):
    """The replies to the first message as a person sees them."""

    def see():
        view = inbox.thread(svc, people.member.actor, thread.id)
        return [reply for message in view.messages for reply in message.replies]

    return see


def texts(google, world):
    return [one["originalContent"] for one in google.comments(world.cafe_post)]


def test_a_reply_stands_below_the_post_once_and_reads_sent(reply, shown, google, world, entries):
    sent = reply()
    assert (sent.state, sent.state_sentence, sent.by) == (ReplyState.SENT, "Sent.", "Mia Harbour")
    assert texts(google, world).count("We open at nine.") == 1
    assert len(google.requests(INSERT)) == 1
    assert google.comments(world.cafe_post)[-1]["actor"] == world.cafe
    assert [one.state for one in shown()] == [ReplyState.SENT]
    assert entries("call:answered")[-1]["operation"] == INSERT


@pytest.mark.parametrize(("kind", "stands"), [("drop_after", 1), ("drop_before", 0), ("truncate", 1)])
def test_when_no_whole_answer_came_a_reply_reads_unknown_and_is_never_sent_again(
    kind, stands, reply, shown, google, world, entries
):
    google.fault(INSERT, kind, times=1)
    with pytest.raises((OutcomeUnknown, UnreadableAnswer)) as no:
        reply()
    assert "not known" in no.value.public or "cannot be used" in no.value.public
    (view,) = shown()
    assert view.state is ReplyState.UNKNOWN
    assert view.state_sentence.startswith("Unknown: Google did not answer, so it may or may not be posted.")
    assert entries("call:unknown")[-1]["operation"] == INSERT
    again = reply()  # the button, pressed again
    assert (again.id, again.state) == (view.id, ReplyState.UNKNOWN)
    assert len(google.requests(INSERT)) == 1
    assert texts(google, world).count("We open at nine.") == stands


@on_sqlite
def test_a_server_error_after_a_reply_was_stored_reads_unknown(reply, shown, google, world):
    google.fault(INSERT, "body", status=503, body={"error": {"code": 503}}, times=1)
    with pytest.raises(GoogleRefused):
        reply()
    assert [one.state for one in shown()] == [ReplyState.UNKNOWN]
    assert texts(google, world).count("We open at nine.") == 1


def test_an_unknown_reply_is_found_by_fetching_messages_and_stands_once(
    reply, shown, svc, people, page_of, world, google, thread, entries
):
    google.fault(INSERT, "drop_after", times=1)
    with pytest.raises(OutcomeUnknown):
        reply()
    inbox.sync(svc, people.member.actor, page_of(world.cafe))
    assert [one.state for one in shown()] == [ReplyState.SENT]
    view = inbox.thread(svc, people.member.actor, thread.id)
    assert [one for one in view.messages if one.by_page] == []
    assert entries("reply:found")[-1]["purpose"] == "reply-to-messages"
    assert len(google.requests(INSERT)) == 1


def test_an_unknown_reply_that_did_not_arrive_stays_unknown(reply, shown, svc, people, page_of, world, google):
    google.fault(INSERT, "drop_before", times=1)
    with pytest.raises(OutcomeUnknown):
        reply()
    inbox.sync(svc, people.member.actor, page_of(world.cafe))
    assert [one.state for one in shown()] == [ReplyState.UNKNOWN]


@on_sqlite
def test_of_two_replies_with_one_text_only_the_one_at_google_counts_as_found(
    reply, shown, svc, people, page_of, world, google
):
    for key, fault in (("k1", "drop_after"), ("k2", "drop_before")):
        google.fault(INSERT, fault, times=1)
        with pytest.raises(OutcomeUnknown):
            reply(key=key)
    inbox.sync(svc, people.member.actor, page_of(world.cafe))
    assert sorted(one.state for one in shown()) == [ReplyState.SENT, ReplyState.UNKNOWN]


@on_sqlite
def test_a_key_that_came_before_for_another_message_is_refused(reply, thread):
    reply()
    with pytest.raises(BadInput):
        reply(message=thread.messages[1].id)


@pytest.mark.parametrize("status", [400, 403, 404, 412])
@on_sqlite
def test_a_clear_no_of_google_reads_failed(status, reply, shown, google, entries):
    google.fault(INSERT, "status", status=status, body="no", times=1)
    with pytest.raises(GoogleRefused):
        reply()
    (view,) = shown()
    assert (view.state, view.state_sentence) == (
        ReplyState.FAILED,
        "Not sent. Nothing was posted; you can write it again.",
    )
    reason = "target-gone" if status == 404 else f"http-{status}"
    assert (entries()[-1]["decision"], entries()[-1]["reason"]) == ("failed", reason)
    assert len(google.requests(INSERT)) == 1


def test_with_google_out_of_reach_a_reply_reads_failed_because_nothing_was_sent(
    reply, shown, google, away, entries, world
):
    with pytest.raises(NotSent) as no:
        reply(services=away)
    assert no.value.public == "Google cannot be reached right now. Nothing was sent. Try again in a moment."
    assert [one.state for one in shown()] == [ReplyState.FAILED]
    assert (entries()[-1]["decision"], entries()[-1]["reason"]) == ("failed", "not-sent")
    assert google.requests() == []
    assert reply(key="k2").state is ReplyState.SENT


def test_the_same_key_with_the_same_text_is_the_same_reply(reply, google, pass_time):
    first = reply()
    pass_time(600)
    assert reply().id == first.id
    assert len(google.requests(INSERT)) == 1


@on_sqlite
def test_the_same_key_with_another_text_is_turned_down(reply, google):
    reply()
    with pytest.raises(BadInput, match="another text"):
        reply("We open at ten.")
    assert len(google.requests(INSERT)) == 1


@on_sqlite
@pytest.mark.parametrize("key", ["", "a b", "k\x00", "k" * 201, "ключ"])
def test_a_key_that_is_no_short_plain_word_is_turned_down_and_nothing_is_sent(key, reply, google, shown):
    with pytest.raises(BadInput):
        reply(key=key)
    assert google.requests() == []
    assert shown() == []


def test_another_key_is_another_reply_even_with_the_same_text(reply, google):
    reply()
    reply(key="k2")
    assert len(google.requests(INSERT)) == 2


def test_two_presses_at_the_same_moment_send_one(reply, google, world, shown):
    together, ends = threading.Barrier(2), []

    def press():
        together.wait()
        try:
            ends.append(reply().id)
        except AlreadyDone:
            ends.append("being sent")

    threads = [threading.Thread(target=press) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ends) == 2
    assert len({end for end in ends if end != "being sent"}) == 1
    assert len(google.requests(INSERT)) == 1
    assert [one.state for one in shown()] == [ReplyState.SENT]


@on_sqlite
@pytest.mark.parametrize("text", ["", "   \n", "\x00", "a" * 10_001, "half \ud83c a pair"])
def test_a_text_that_cannot_be_a_reply_is_turned_down_and_nothing_is_sent(text, reply, google, shown):
    with pytest.raises(BadInput) as no:
        reply(text)
    assert no.value.public
    assert google.requests() == []
    assert shown() == []


@on_sqlite
def test_a_reply_arrives_as_it_was_written(reply, google, world):
    words = "„Grüße“ *not bold* <b>&amp;</b> 🍰\nSecond line"
    reply(words)
    assert google.comments(world.cafe_post)[-1]["originalContent"] == words


@on_sqlite
def test_another_customers_message_is_not_found(reply, people, google):
    with pytest.raises(NotFound):
        reply(who=people.other)
    assert google.requests() == []


def test_a_refused_reply_reads_failed_and_says_why_there_is_no_form(reply, shown, svc, people, google, thread, connect):
    with svc.store.read() as tx:
        (connection,) = tx.connections.of_customer(people.member.customer)
    grants.switch(svc, people.member.actor, connection.id, "reply-to-messages", on=False)
    with pytest.raises(Refused) as no:
        reply()
    assert no.value.reason == "purpose-off"
    assert [one.state for one in shown()] == [ReplyState.FAILED]
    view = inbox.thread(svc, people.member.actor, thread.id)
    assert (view.may_reply, view.why_not) == (False, "Replying is switched off in Settings.")
    revoke.end(svc, people.member.actor, connection.id)
    view = inbox.thread(svc, people.member.actor, thread.id)
    assert (view.may_reply, view.why_not) == (False, "The account behind this page is no longer connected.")
    assert google.requests(INSERT) == []


@on_sqlite
def test_hostile_text_is_shown_inert_and_marked(thread):
    hostile = thread.messages[1]
    kinds = {part.kind for part in hostile.text.parts}
    assert kinds == {"text", "mark", "link"}
    assert "<script>alert(1)</script>" in str(hostile.text)  # plain text, which pages escape
    assert [part.href for part in hostile.text.parts if part.kind == "link"] == ["https://evil.example/?q=1"]
    assert {part.text for part in hostile.text.parts if part.kind == "mark"} == {"[U+202E]", "[U+200B]"}
    assert not any("javascript:" in (part.href or "") for part in hostile.text.parts)


@on_sqlite
def test_fetching_twice_doubles_nothing_and_keeps_what_was_read(svc, people, thread, page_of, world):
    synced = inbox.sync(svc, people.member.actor, page_of(world.cafe))
    assert synced.new_messages == 0
    (line,) = inbox.threads(svc, people.member.actor)
    assert (line.id, line.messages, line.unread) == (thread.id, 2, 0)


@on_sqlite
def test_what_came_in_before_a_failure_stays(svc, people, connect, page_of, world, google):
    connect()
    google.fault("plusPages.comments.list", "status", status=500, times=1)
    with pytest.raises(GoogleRefused):
        inbox.sync(svc, people.member.actor, page_of(world.cafe))
    assert inbox.sync(svc, people.member.actor, page_of(world.cafe)).new_messages == 2


@on_sqlite
def test_messages_of_a_page_that_is_not_chosen_are_not_fetched(svc, people, connect, page_of, world, google):
    connected = connect()
    choosing.choose(svc, people.member.actor, connected.id, [page_of(world.roastery)])
    google.forget_requests()
    with pytest.raises(Refused) as no:
        inbox.sync(svc, people.member.actor, page_of(world.cafe))
    assert no.value.reason == "page-not-chosen"
    assert google.requests() == []
