"""The consent page: what Google shows, and what it sends back."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest


def _page(visitor, **more):
    return visitor.http.get(visitor.auth_url(**more))


def _decide(visitor, page, **form):
    id = re.search(r'name="request" value="([^"]+)"', page.text)[1]
    return visitor.http.post(f"{visitor.url}/o/oauth2/v2/auth", data={"request": id, **form}, allow_redirects=False)


def _query(answer):
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


def test_the_page_lists_each_scope_with_its_google_label_and_a_ticked_box(visitor):
    page = _page(visitor)
    assert page.status_code == 200
    assert page.text.count('type="checkbox" name="scope"') == 6
    assert page.text.count(" checked") == 6
    assert "View and manage activity and content for all the Google+ pages you administer" in page.text
    assert "stand-in" in page.text


def test_the_page_offers_each_account_and_a_hint_preselects_one(visitor):
    page = _page(visitor, login_hint="omar.haddad@example.com")
    assert f'name="account" value="{visitor.omar}" checked required' in page.text
    assert f'name="account" value="{visitor.ana}" required>' in page.text


def test_allowing_goes_back_with_state_code_scope_and_issuer(visitor):
    answer = _decide(visitor, _page(visitor), account=visitor.ana, scope=visitor.six, decision="allow")
    assert answer.status_code == 302
    back = _query(answer)
    assert back["state"] == "st-1"
    assert back["iss"] == visitor.url
    assert set(back["scope"].split()) == set(visitor.six)
    assert back["code"].startswith("4/")
    assert len(back["code"]) <= 256


def test_the_issuer_is_a_setting(visitor):
    visitor.http.post(f"{visitor.url}/test/settings", json={"issuer": "https://accounts.google.com"})
    assert visitor.consent()["iss"] == "https://accounts.google.com"


def test_an_unticked_scope_is_not_granted(visitor):
    page = _page(visitor)
    back = _query(_decide(visitor, page, account=visitor.ana, scope=visitor.six[:2], decision="allow"))
    answer = visitor.exchange(back["code"]).json()
    assert set(answer["scope"].split()) == set(visitor.six[:2])


def test_a_ticked_scope_that_was_not_asked_for_is_not_granted(visitor):
    back = visitor.consent(scopes=[*visitor.six, "https://www.googleapis.com/auth/plus.circles.write"])
    assert set(back["scope"].split()) == set(visitor.six)


def test_denying_goes_back_with_access_denied(visitor):
    back = _query(_decide(visitor, _page(visitor), decision="deny"))
    assert back == {"state": "st-1", "iss": visitor.url, "error": "access_denied"}


def test_allowing_nothing_is_denying(visitor):
    back = _query(_decide(visitor, _page(visitor), account=visitor.ana, decision="allow"))
    assert back["error"] == "access_denied"


def test_without_an_account_the_page_asks_again(visitor):
    answer = _decide(visitor, _page(visitor), scope=visitor.six, decision="allow")
    assert answer.status_code == 400
    assert "Choose an account" in answer.text


def test_a_request_is_decided_once(visitor):
    page = _page(visitor)
    assert _decide(visitor, page, account=visitor.ana, scope=visitor.six, decision="allow").status_code == 302
    again = _decide(visitor, page, account=visitor.ana, scope=visitor.six, decision="allow")
    assert again.status_code == 400
    assert "Location" not in again.headers


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"client_id": "nobody"}, "invalid_client"),
        ({"redirect_uri": "http://127.0.0.1:9/elsewhere"}, "redirect_uri_mismatch"),
        ({"scope": ""}, "invalid_request"),
        ({"scope": "https://www.googleapis.com/auth/nothing"}, "invalid_scope"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"access_type": "sometimes"}, "invalid_request"),
        ({"prompt": "none consent"}, "invalid_request"),
        ({"prompt": "shout"}, "invalid_request"),
        ({"code_challenge": "short", "code_challenge_method": "S256"}, "invalid_request"),
        ({"code_challenge": "x" * 43, "code_challenge_method": "S512"}, "invalid_request"),
    ],
)
def test_a_wrong_request_gets_an_error_page_and_no_redirect(visitor, asked, error):
    answer = visitor.http.get(visitor.auth_url(**asked), allow_redirects=False)
    assert answer.status_code == 400
    assert f"<code>{error}</code>" in answer.text
    assert "Location" not in answer.headers


def test_prompt_none_goes_back_with_interaction_required(visitor):
    answer = visitor.http.get(visitor.auth_url(prompt="none"), allow_redirects=False)
    assert answer.status_code == 302
    assert _query(answer) == {"state": "st-1", "iss": visitor.url, "error": "interaction_required"}


def test_hostile_parameters_are_shown_as_text(visitor):
    page = visitor.http.get(visitor.auth_url(redirect_uri="<script>alert(1)</script>"))
    assert "<script>" not in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
