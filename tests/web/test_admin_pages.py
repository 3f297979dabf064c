"""What staff see, and what they do not."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

import scopes

SIX = tuple(privilege.scope for privilege in scopes.load("google-plus").privileges)
END = "/admin/connections/con_one/revoke"


def test_the_grants_table_names_customer_account_scopes_purposes_policy_and_last_use(sam):
    text = sam.get("/admin/grants").text
    for words in ("Mapleford Bakery", "Ada Novak", "24 March 2026", "5 of 5", "2018-10-06", "3 May 2026, 14:05"):
        assert words in text
    assert "1 grant for 1 connection of 1 customer." in text
    assert text.count("grants__scope") == 6


def test_each_scope_has_a_mark_and_the_word_for_it(sam, world, make_grant):
    world.rows = [make_grant(granted=SIX[:4], refused=SIX[4:5], requested=SIX[:5], extra=())]
    row = sam.get("/admin/grants").text.split("<tbody", 1)[1]
    marks = re.findall(r'<td class="grants__mark">.*?<span class="unseen">([^<]+)</span>', row)
    # Reading was used, and it needs stream.read and pages.manage.
    assert marks == [
        "granted, not used yet",
        "granted and used",
        "granted and used",
        "granted, not used yet",
        "refused at Google",
        "not asked",
    ]


def test_the_filters_are_customer_scope_and_a_moment_in_utc(sam, world):
    sam.get("/admin/grants?customer=cus_bakery&scope=plus.stream.read&as_of=2026-05-03T14:05")
    moment = datetime(2026, 5, 3, 14, 5, tzinfo=UTC)
    wanted = {"customer": "cus_bakery", "scope": "plus.stream.read", "as_of": moment}
    assert world.asked("listing") == [(wanted,)]


def test_a_day_alone_means_its_end(sam, world):
    sam.get("/admin/grants?as_of=2026-05-03")
    assert world.asked("listing")[0][0]["as_of"] == datetime(2026, 5, 3, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize("moment", ["yesterday", "0001-01-01T00:00%2B14:00", "9999-12-31T23:59-14:00"])
def test_a_moment_that_cannot_be_read_is_refused(sam, world, moment):
    assert sam.get(f"/admin/grants?as_of={moment}").status_code == 400
    assert not world.asked("listing")


def test_an_empty_table_says_so(sam, world):
    world.rows = []
    assert "No customer has connected an account yet." in sam.get("/admin/grants").text


def test_ending_a_customers_connection_needs_a_reason(sam, world):
    answer = sam.post(END, {"at_google": "no", "reason": "  "})
    assert answer.status_code == 400
    assert "A reason is missing" in answer.text
    assert re.search(r'value="no" checked', answer.text)
    assert not world.asked("end")


def test_a_reason_longer_than_the_form_takes_does_nothing(sam, world):
    answer = sam.post(END, {"at_google": "no", "reason": "x" * 501})
    assert answer.status_code == 400
    assert "Shorten it" in answer.text
    assert not world.asked("end")


@pytest.mark.parametrize("choice", ["auto", "yes", "no"])
def test_staff_choose_what_happens_at_google(sam, world, choice):
    answer = sam.post(END, {"at_google": choice, "reason": "The customer asked by letter."})
    assert answer.headers["Location"] == "/admin/grants?notice=confirmed"
    assert world.asked("end") == [("con_one", choice, "The customer asked by letter.")]


@pytest.mark.parametrize("choice", ["", "maybe", "YES"])
def test_another_choice_is_refused(sam, world, choice):
    assert sam.post(END, {"at_google": choice, "reason": "x"}).status_code == 400
    assert not world.asked("end")


def test_staff_are_shown_who_else_loses_access(sam, world):
    world.views = [replace(world.views[0], shared=True)]
    text = sam.get(END).text
    assert "Harbour Events" in text
    assert "they lose access too" in text


def test_the_ledger_says_how_many_entries_there_are_and_how_to_check_them(sam):
    text = sam.get("/admin/ledger").text
    assert "1,204 entries" in text
    assert "connector ledger verify" in text
    assert "#1203" in text
    assert "/admin/ledger?before=7" in text


def test_the_ledger_keeps_its_filters_on_the_way_to_older_entries(sam, world):
    text = sam.get("/admin/ledger?customer=cus_bakery&purpose=analyse&decision=refused").text
    assert world.asked("activity")[0][1] == {
        "customer": "cus_bakery", "purpose": "analyse", "decision": "refused", "before": None,
    }  # fmt: skip
    assert "/admin/ledger?customer=cus_bakery&amp;purpose=analyse&amp;decision=refused&amp;before=7" in text


def test_no_staff_page_shows_a_message_a_text_or_a_thread(app, sam):
    for path in ("/admin/grants", "/admin/ledger", END):
        text = sam.get(path).text
        assert "rye loaf" not in text
        assert "/inbox" not in text
