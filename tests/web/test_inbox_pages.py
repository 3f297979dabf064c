"""Reading and answering messages."""

import re
from html import unescape

import pytest

from connector.domain.errors import (
    AlreadyDone,
    BadInput,
    GoogleRefused,
    NotSent,
    OutcomeUnknown,
    Refused,
    UnreadableAnswer,
)
from connector.domain.records import ReplyState

FORM = {"thread": "thr_1", "text": "From eight o'clock.", "key": "key-1"}
REPLY = "/inbox/messages/msg_1/reply"


def test_the_list_shows_who_wrote_what_where_and_what_is_unread(ada):
    text = ada.get("/inbox").text
    for words in ("Jonas Lindqvist", "Do you bake the rye loaf", "Mapleford Bakery", "2 unread", "line--unread"):
        assert words in text


def test_the_list_can_be_narrowed_to_one_page(ada):
    assert "Jonas Lindqvist" in ada.get("/inbox?page=pag_bakery").text
    assert "Jonas Lindqvist" not in ada.get("/inbox?page=pag_cakes").text


def test_an_empty_inbox_says_what_to_do_next(ada, world):
    world.threads = []
    assert "Nothing has been fetched yet" in ada.get("/inbox").text
    world.pages = []
    assert "No page is chosen" in ada.get("/inbox").text


def test_fetching_asks_for_every_chosen_page_and_tells_how_many_messages_are_new(ada, world):
    answer = ada.post("/inbox/sync")
    assert answer.headers["Location"] == "/inbox?notice=fetched&new=4"
    assert world.asked("sync") == [("pag_bakery",), ("pag_cakes",)]
    assert "4 new messages fetched." in ada.get(answer.headers["Location"]).text


def test_fetching_one_page_asks_for_no_other(ada, world):
    assert ada.post("/inbox/sync", {"page": "pag_cakes"}).status_code == 303
    assert world.asked("sync") == [("pag_cakes",)]


def test_fetching_a_foreign_page_reads_like_a_missing_page(ada, world):
    assert ada.post("/inbox/sync", {"page": "pag_foreign"}).status_code == 404
    assert not world.asked("sync")


def test_a_fetch_that_is_refused_says_why_and_keeps_the_inbox(ada, world):
    world.failing["sync"] = Refused("purpose-off", "Reading is switched off in Settings.")
    answer = ada.post("/inbox/sync")
    assert answer.status_code == 403
    assert "Reading is switched off in Settings." in answer.text
    assert "Jonas Lindqvist" in answer.text


def test_a_notice_holds_no_words_from_the_address(ada):
    text = ada.get("/inbox?notice=Call+0900-EVIL&new=<b>9</b>").text
    assert "EVIL" not in text
    assert "<b>9</b>" not in text


def test_a_reply_goes_out_with_the_forms_key_and_leads_to_itself(ada, world):
    answer = ada.post(REPLY, FORM)
    assert answer.headers["Location"] == "/inbox/thr_1?notice=replied#rep_1"
    assert world.asked("reply") == [("msg_1", "From eight o'clock.", "key-1")]


def test_every_form_on_a_page_has_a_key_of_its_own(ada, world, make_messages):
    world.thread = make_messages(3)
    keys = re.findall(r'name="key" value="([^"]+)"', ada.get("/inbox/thr_1").text)
    again = re.findall(r'name="key" value="([^"]+)"', ada.get("/inbox/thr_1").text)
    assert len({*keys, *again}) == 6


@pytest.mark.parametrize(
    "error",
    [
        BadInput("This reply has 9,000 characters; 4,000 is the most. Shorten it."),
        Refused("purpose-off", "Replying is switched off in Settings."),
        NotSent(),
        GoogleRefused(403, "forbidden"),
    ],
)
def test_a_reply_that_was_surely_not_posted_is_offered_again_with_its_text(ada, world, error):
    world.failing["reply"] = error
    answer = ada.post(REPLY, FORM)
    assert answer.status_code == error.status
    text = unescape(answer.text)
    assert error.public in text
    assert ">From eight o'clock.</textarea>" in text


@pytest.mark.parametrize(
    "error", [OutcomeUnknown(), AlreadyDone(), UnreadableAnswer("not JSON"), GoogleRefused(503, "backendError")]
)
def test_a_reply_that_may_have_been_posted_is_not_offered_again(ada, world, error):
    world.failing["reply"] = error
    answer = ada.post(REPLY, FORM)
    assert answer.status_code == error.status
    text = unescape(answer.text)
    assert error.public in text
    assert "From eight o'clock." not in text


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (ReplyState.SENDING, "sending"),
        (ReplyState.SENT, "sent"),
        (ReplyState.FAILED, "failed"),
        (ReplyState.UNKNOWN, "unknown"),
    ],
)
def test_the_state_of_a_reply_is_said_in_words(ada, world, make_messages, state, word):
    world.thread = make_messages(1, reply=state)
    assert re.search(rf"</span> {word}</span>", ada.get("/inbox/thr_1").text)


def test_where_replying_is_off_there_is_no_form_and_the_reason_is_said(ada, world, make_messages):
    world.thread = make_messages(1, may_reply=False, why_not="Replying is switched off in Settings.")
    text = ada.get("/inbox/thr_1").text
    assert "<textarea" not in text
    assert "Replying is switched off in Settings." in text


def test_a_field_that_comes_twice_is_refused(ada, world):
    assert ada.post(REPLY, FORM | {"text": ["one", "two"]}).status_code == 400
    assert not world.asked("reply")
