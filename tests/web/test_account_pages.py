"""Settings, and what was done with a customer's data."""

import pytest

from connector.domain.errors import Refused
from connector.domain.records import ConnectionState


def test_a_connected_account_shows_its_state_pages_purposes_and_switches(ada):
    text = ada.get("/settings").text
    for words in ("Ada Novak", "112233445566778899001", "Working.", "Mapleford Wedding Cakes", "Used 12 times"):
        assert words in text
    assert text.count('role="switch"') == text.count('aria-checked="true"') == 5


def test_a_purpose_without_its_permission_has_no_switch_and_a_way_to_ask_again(ada, world, make_connection):
    world.views = [make_connection({"show-profile": ("missing", "Off, because this permission was not given.")})]
    text = ada.get("/settings").text
    assert text.count('role="switch"') == 4
    assert "Off, because this permission was not given." in text
    assert "/connect/google-plus?replaces=con_one" in text


@pytest.mark.parametrize(("sent", "on"), [("1", True), ("0", False)])
def test_a_switch_is_a_form_that_says_which_way(ada, world, sent, on):
    answer = ada.post("/settings/connections/con_one/purposes/analyse", {"on": sent})
    assert answer.headers["Location"].endswith("#con_one-analyse")
    assert world.asked("switch") == [("con_one", "analyse", on)]


def test_a_switch_that_does_not_say_which_way_changes_nothing(ada, world):
    assert ada.post("/settings/connections/con_one/purposes/analyse").status_code == 400
    assert not world.asked("switch")


def test_switching_on_beyond_what_google_granted_is_refused_in_words(ada, world):
    world.failing["switch"] = Refused("scope-missing", "Google was not asked for all this needs.")
    answer = ada.post("/settings/connections/con_one/purposes/analyse", {"on": "1"})
    assert answer.status_code == 403
    assert "Google was not asked for all this needs." in answer.text


def test_ending_a_connection_asks_first_and_says_what_ends_and_what_remains(ada, world):
    text = ada.get("/settings/connections/con_one/revoke").text
    for words in ("What ends now", "Read messages stops at once.", "What remains", "The record of what was done stays"):
        assert words in text
    assert not world.asked("end")
    answer = ada.post("/settings/connections/con_one/revoke")
    assert answer.headers["Location"] == "/settings?notice=confirmed"
    assert world.asked("end") == [("con_one", "auto", None)]


def test_a_member_cannot_choose_what_happens_at_google_for_others(ada, world):
    ada.post("/settings/connections/con_one/revoke", {"at_google": "yes"})
    assert world.asked("end") == [("con_one", "auto", None)]


def test_another_organisation_on_the_same_account_is_told_but_never_named(ada, world, make_connection):
    world.views = [make_connection(shared=True)]
    assert "Another organisation here uses this Google account too" in ada.get("/settings").text
    assert "Harbour Events" not in ada.get("/settings/connections/con_one/revoke").text


@pytest.mark.parametrize("state", list(ConnectionState))
def test_a_connection_in_every_state_has_a_page(ada, world, make_connection, state):
    steps = {"linking": "resume", "active": "choose-pages", "needs_consent": "reconnect", "revoked": "connect"}
    world.views = [make_connection(state=state, next_step=steps.get(state), account=None, pages=())]
    assert ada.get("/settings").status_code == 200


def test_activity_begins_with_totals_and_tells_refusals_like_successes(ada):
    text = ada.get("/activity").text
    assert "41 answered, 2 refused" in text
    assert "No purpose covers this." in text
    assert text.count('class="entry"') == 3
    assert "/activity?before=7" in text


def test_activity_is_filtered_by_purpose_and_outcome_and_pages_by_index(ada, world):
    ada.get("/activity?purpose=analyse&decision=refused&before=40")
    assert world.asked("activity")[0][1] == {"purpose": "analyse", "decision": "refused", "before": 40}


@pytest.mark.parametrize("before", ["-1", "1e9", "x", "٣", "9" * 16])
def test_a_place_in_the_record_that_cannot_exist_is_refused(ada, before):
    assert ada.get("/activity", query_string={"before": before}).status_code == 400


def test_the_time_is_said_in_words_and_exactly_on_hover(ada):
    expected = '<time datetime="2026-05-03T14:05:09+00:00" title="3 May 2026, 14:05:09 UTC">3 May 2026, 14:05</time>'
    assert expected in ada.get("/activity").text
