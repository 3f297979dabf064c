"""Threads, messages and replies; and that a foreign id is a missing one (R49)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from connector.domain.errors import AlreadyDone
from connector.domain.records import Message, Reply, ReplyState, Thread

MINUTE = timedelta(minutes=1)

pytestmark = pytest.mark.usefixtures("world")


@pytest.fixture
def post(noon) -> Thread:
    """A post on cus_a's page."""
    return Thread("thr_1", "cus_a", "con_a", "pag_a", "z12", noon, noon, b"post")


@pytest.fixture
def comment(noon) -> Message:
    """A stranger's comment below it, a minute later."""
    return Message("msg_1", "cus_a", "thr_1", "z12#1", noon + MINUTE, by_page=False, sealed=b"comment")


@pytest.fixture
def reply(noon) -> Reply:
    """A reply that is being sent."""
    return Reply(
        id="rep_1",
        customer="cus_a",
        thread="thr_1",
        message="msg_1",
        person="per_a",
        key="key-1",
        text_hash="abc",
        sealed=b"reply",
        state=ReplyState.SENDING,
        intent=None,
        created_at=noon,
    )


def test_a_thread_is_kept_once_and_keeps_its_id(store, post, noon):
    changed = replace(post, updated_at=noon + MINUTE, sealed=b"edited")
    with store.write() as tx:
        assert tx.inbox.put_thread(post) == post
        assert tx.inbox.put_thread(changed) == changed
        assert tx.inbox.thread("cus_a", "thr_1") == changed
        assert tx.inbox.thread_of("pag_a", "z12") == changed
        assert tx.inbox.thread_of("pag_b", "z12") is None


def test_what_was_sealed_for_another_id_does_not_overwrite_a_row(store, post, comment):
    """Two syncs that find the same post at once each seal it for an id of their own."""
    with store.write() as tx:
        tx.inbox.put_thread(post)
        tx.inbox.put_message(comment)
        assert tx.inbox.put_thread(replace(post, id="thr_2", sealed=b"for thr_2")).sealed == b"post"
        assert tx.inbox.put_message(replace(comment, id="msg_2", sealed=b"for msg_2")) == comment


def test_a_message_is_kept_once_and_keeps_its_id_and_when_it_was_read(store, post, comment, noon):
    with store.write() as tx:
        tx.inbox.put_thread(post)
        assert tx.inbox.put_message(comment) == comment
        tx.inbox.mark_read("cus_a", "thr_1", noon + 2 * MINUTE)
        read = replace(comment, sealed=b"edited", read_at=noon + 2 * MINUTE)
        assert tx.inbox.put_message(replace(comment, sealed=b"edited")) == read
        assert tx.inbox.message("cus_a", "msg_1") == read
        tx.inbox.mark_read("cus_a", "thr_1", noon + 3 * MINUTE)
        assert tx.inbox.message("cus_a", "msg_1") == read


def test_threads_come_newest_activity_first_with_unread_counts(store, post, comment, noon):
    quiet = replace(post, id="thr_2", provider_id="z13", published_at=noon + 2 * MINUTE)
    silent = replace(post, id="thr_3", provider_id="z14", published_at=noon - MINUTE)
    with store.write() as tx:
        for thread in (silent, post, quiet):
            tx.inbox.put_thread(thread)
        tx.inbox.put_message(comment)
        tx.inbox.put_message(replace(comment, id="msg_2", provider_id="z12#2", published_at=noon + 3 * MINUTE))
        tx.inbox.put_message(
            replace(comment, id="msg_3", provider_id="z12#3", published_at=noon + 3 * MINUTE, by_page=True)
        )
    with store.read() as tx:
        assert tx.inbox.threads("cus_a") == [replace(post, unread=2, newest_at=noon + 3 * MINUTE), quiet, silent]
        assert [thread.id for thread in tx.inbox.threads("cus_a", limit=1)] == ["thr_1"]
        assert len(tx.inbox.threads("cus_a", page="pag_a")) == 3
        assert tx.inbox.threads("cus_a", page="pag_b") == []
        assert tx.inbox.threads("cus_b") == []


def test_messages_and_replies_come_oldest_first_also_at_the_same_time(store, post, comment, reply):
    with store.write() as tx:
        tx.inbox.put_thread(post)
        for name in ("msg_9", "msg_1", "msg_5"):
            tx.inbox.put_message(replace(comment, id=name, provider_id=name))
        tx.inbox.put_message(replace(comment, id="msg_0", provider_id="0", published_at=post.published_at))
        for name in ("rep_9", "rep_1"):
            tx.inbox.add_reply(replace(reply, id=name, key=name))
    with store.read() as tx:
        assert [message.id for message in tx.inbox.messages("cus_a", "thr_1")] == ["msg_0", "msg_9", "msg_1", "msg_5"]
        assert [found.id for found in tx.inbox.replies("cus_a", "thr_1")] == ["rep_9", "rep_1"]


def test_another_customer_sees_and_changes_nothing(store, post, comment, reply, noon):
    with store.write() as tx:
        tx.inbox.put_thread(post)
        tx.inbox.put_message(comment)
        tx.inbox.add_reply(reply)
        tx.inbox.mark_read("cus_b", "thr_1", noon)
        assert tx.inbox.message("cus_a", "msg_1").read_at is None
        assert tx.inbox.thread("cus_b", "thr_1") is None
        assert tx.inbox.messages("cus_b", "thr_1") == []
        assert tx.inbox.message("cus_b", "msg_1") is None
        assert tx.inbox.reply("cus_b", "rep_1") is None
        assert tx.inbox.reply_by_key("cus_b", "key-1") is None
        assert tx.inbox.replies("cus_b", "thr_1") == []


def test_a_reply_is_kept_and_settled(store, post, reply, noon):
    with store.write() as tx:
        tx.inbox.put_thread(post)
        tx.inbox.add_reply(replace(reply, intent=7))
        assert tx.inbox.reply_of_intent(7) == replace(reply, intent=7)
        assert tx.inbox.reply_of_intent(8) is None
        tx.inbox.settle_reply("rep_1", ReplyState.SENT, noon + MINUTE, "z12#9")
        settled = replace(reply, intent=7, state=ReplyState.SENT, settled_at=noon + MINUTE, provider_id="z12#9")
        assert tx.inbox.reply("cus_a", "rep_1") == settled
        assert tx.inbox.reply_by_key("cus_a", "key-1") == settled


def test_a_key_is_used_once_by_a_customer_and_the_transaction_goes_on(store, post, reply):
    foreign = replace(post, id="thr_b", customer="cus_b", connection="con_b", page="pag_b")
    with store.write() as tx:
        tx.inbox.put_thread(post)
        tx.inbox.put_thread(foreign)
        tx.inbox.add_reply(reply)
        with pytest.raises(AlreadyDone):
            tx.inbox.add_reply(replace(reply, id="rep_2", text_hash="def"))
        tx.inbox.add_reply(replace(reply, id="rep_b", customer="cus_b", thread="thr_b"))
    with store.read() as tx:
        assert tx.inbox.reply_by_key("cus_a", "key-1") == reply
        assert tx.inbox.reply("cus_b", "rep_b") is not None
