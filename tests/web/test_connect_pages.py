"""The way to Google and back."""

from html import unescape

import pytest

import scopes
from connector.domain.connect import Finished
from connector.domain.errors import (
    AlreadyDone,
    CallbackRejected,
    LedgerUnwritable,
    NotFound,
    NotSent,
    OutcomeUnknown,
    TokenRefused,
    UnreadableAnswer,
)
from connector.web.stopped import REASONS

CATALOGUE = scopes.load("google-plus")
EVERY = [purpose.id for purpose in CATALOGUE.choosable()]
CALLBACK = "/connect/google-plus/callback?state=the-state&code=the-code"


def test_the_disclosure_says_everything_that_the_stored_disclosure_says(ada):
    text = " ".join(unescape(ada.get("/connect/google-plus").text).split())
    told = scopes.disclose(CATALOGUE, EVERY)
    assert len(told.asked_for) == 6
    for asked in told.asked_for:
        assert asked.label in text
        assert asked.short in text
        assert asked.reason in text
    for row in told.rows + told.included:
        assert row.title in text
        assert row.sentence in text
        assert row.example in text
        assert row.retention in text
        assert all(read in text for read in row.data_read)
    for line in told.we_never:
        assert line.removeprefix("We never ") in text
    assert told.policy_version in text
    assert text.count(' name="purpose"') == text.count("checked") == len(EVERY)


def test_continuing_asks_for_exactly_the_ticked_purposes(ada, world):
    answer = ada.post("/connect/google-plus", {"purpose": ["read-messages", "show-profile"]})
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("https://consent.example/")
    assert world.asked("start") == [("per_ada", "google-plus", ("read-messages", "show-profile"), None)]


def test_a_get_never_starts_an_authorization(ada, world):
    ada.get("/connect/google-plus")
    assert not world.asked("start")


def test_without_a_ticked_purpose_nothing_is_sent_and_the_page_says_so(ada, world):
    answer = ada.post("/connect/google-plus")
    assert answer.status_code == 400
    assert "No purpose is ticked" in answer.text
    assert "checked" not in answer.text
    assert not world.asked("start")


def test_an_unknown_purpose_is_refused(ada, world):
    assert ada.post("/connect/google-plus", {"purpose": ["read-messages", "everything"]}).status_code == 400
    assert not world.asked("start")


def test_without_javascript_a_button_shows_the_permissions_of_the_ticked_purposes(ada, world):
    answer = ada.post("/connect/google-plus", {"purpose": ["show-profile"], "show": "1"})
    assert answer.status_code == 200
    assert "1 of 6 permissions" in answer.text
    assert answer.text.count("checked") == 1
    assert not world.asked("start")


def test_renewing_a_connection_names_its_account_and_carries_it_along(ada, world):
    assert "Ask Google again for Ada Novak" in ada.get("/connect/google-plus?replaces=con_one").text
    ada.post("/connect/google-plus", {"purpose": EVERY, "replaces": "con_one"})
    assert world.asked("start")[0][3] == "con_one"


@pytest.mark.parametrize(
    ("finished", "target"),
    [
        (Finished("con_one", "complete", "", True), "/connect/google-plus/pages/con_one?notice=complete"),
        (Finished("con_one", "partial", "", True), "/connect/google-plus/pages/con_one?notice=partial"),
        (Finished("con_one", "nothing", "", False), "/settings?notice=nothing#con_one"),
        (Finished("con_one", "needs-consent", "", False), "/settings?notice=needs-consent#con_one"),
        (Finished("con_one", "interrupted", "", False), "/settings?notice=interrupted#con_one"),
        (Finished(None, "nothing", "", False), "/connect/google-plus/stopped?because=declined"),
    ],
)
def test_the_callback_leaves_its_address_for_a_page_that_says_how_it_ended(ada, world, finished, target):
    world.finished = finished
    answer = ada.get(CALLBACK)
    assert (answer.status_code, answer.headers["Location"]) == (303, target)
    assert "the-code" not in str(answer.headers)
    assert "the-code" not in answer.text
    assert ada.get(target).status_code in (200, 502)


def test_the_callback_hands_on_every_parameter_repeated_ones_too(ada, world):
    ada.get("/connect/google-plus/callback?state=a&state=b&code=c")
    assert world.asked("finish")[0][2] == [("state", "a"), ("state", "b"), ("code", "c")]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (CallbackRejected("session"), "session"),
        (CallbackRejected("expired"), "expired"),
        (CallbackRejected("person"), "person"),
        (CallbackRejected("unknown-state"), "rejected"),
        (CallbackRejected("issuer"), "rejected"),
        (AlreadyDone(), "already-done"),
        (TokenRefused(400, "invalid_grant"), "google-refused"),
        (NotSent(), "not-sent"),
        (OutcomeUnknown(), "no-answer"),
        (UnreadableAnswer("not JSON"), "no-answer"),
        (LedgerUnwritable(), "failed"),
    ],
)
def test_every_failure_at_the_callback_ends_on_a_plain_page_away_from_the_code(ada, world, error, reason):
    world.failing["finish"] = error
    answer = ada.get(CALLBACK)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/connect/google-plus/stopped?because={reason}")
    page = ada.get(answer.headers["Location"])
    assert page.status_code == REASONS[reason].status
    assert REASONS[reason].happened in unescape(page.text)
    assert REASONS[reason].kept in unescape(page.text)


@pytest.mark.parametrize(
    "error", ["access_denied", "admin_policy_enforced", "org_internal", "redirect_uri_mismatch", "disallowed_useragent"]
)
def test_each_documented_error_of_google_has_its_own_words_and_googles_text_is_never_shown(ada, world, error):
    world.finished = Finished(None, "nothing", "", False)
    answer = ada.get(f"/connect/google-plus/callback?state=s&error={error}&error_description=Call+0900-EVIL")
    assert answer.headers["Location"] == f"/connect/google-plus/stopped?because={error}"
    page = ada.get(answer.headers["Location"]).text
    assert REASONS[error].title in unescape(page)
    assert "EVIL" not in page


def test_an_error_that_nobody_documented_is_not_repeated(ada, world):
    world.finished = Finished(None, "nothing", "", False)
    answer = ada.get("/connect/google-plus/callback?state=s&error=call_0900_evil")
    assert answer.headers["Location"] == "/connect/google-plus/stopped?because=declined"
    assert "evil" not in ada.get("/connect/google-plus/stopped?because=call_0900_evil").text


def test_a_callback_in_a_browser_without_a_session_is_refused_and_recorded_and_nothing_is_fetched(nobody, world):
    answer = nobody.get(CALLBACK)
    assert answer.headers["Location"] == "/connect/google-plus/stopped?because=session"
    assert world.asked("refuse_anonymous") == [("google-plus",)]
    assert not world.asked("finish")
    assert nobody.get(answer.headers["Location"]).status_code == 403


def test_a_callback_in_a_staff_browser_is_refused_like_a_strangers(sam, world):
    assert sam.get(CALLBACK).headers["Location"].endswith("because=session")
    assert not world.asked("finish")


def test_a_callback_of_a_network_that_is_not_set_up_is_a_missing_page(ada, world):
    world.failing["finish"] = NotFound("no-such")
    assert ada.get("/connect/no-such/callback?state=s&code=c").status_code == 404


def test_exactly_the_ticked_pages_are_chosen(ada, world):
    answer = ada.post("/connect/google-plus/pages/con_one", {"page": ["pag_cakes"]})
    assert answer.headers["Location"] == "/inbox?notice=pages-chosen"
    assert world.asked("choose_pages") == [("con_one", ("pag_cakes",))]


def test_choosing_no_page_is_a_choice_too(ada, world):
    answer = ada.post("/connect/google-plus/pages/con_one")
    assert answer.headers["Location"] == "/settings?notice=no-pages#con_one"
    assert world.asked("choose_pages") == [("con_one", ())]


def test_a_consent_whose_account_was_not_read_goes_on_from_settings(ada, world):
    answer = ada.post("/connect/google-plus/resume/con_one")
    assert answer.headers["Location"] == "/connect/google-plus/pages/con_one?notice=complete"
