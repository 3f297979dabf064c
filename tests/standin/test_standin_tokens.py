"""Codes and tokens: Google's habits about when each lives and dies."""

import base64
import hashlib
import logging
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

VERIFIER = "v" * 50
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


def _error(answer):
    return answer.status_code, answer.json()["error"]


def test_a_token_answer_has_googles_shape(visitor):
    answer = visitor.exchange(visitor.consent()["code"])
    assert answer.headers["Content-Type"].startswith("application/json")
    token = answer.json()
    assert set(token) == {"access_token", "expires_in", "refresh_token", "scope", "token_type"}
    assert token["access_token"].startswith("ya29.")
    assert len(token["access_token"]) <= 2048
    assert token["refresh_token"].startswith("1//")
    assert len(token["refresh_token"]) <= 512
    assert (token["expires_in"], token["token_type"]) == (3599, "Bearer")


def test_the_scopes_come_back_in_another_order(visitor):
    granted = visitor.tokens()["scope"].split()
    assert set(granted) == set(visitor.six)
    assert granted != visitor.six


def test_a_code_works_once_and_its_second_use_kills_the_tokens(visitor):
    code = visitor.consent()["code"]
    first = visitor.exchange(code).json()
    again = visitor.exchange(code)
    assert again.status_code == 400
    assert again.json() == {"error": "invalid_grant", "error_description": "Bad Request"}
    assert visitor.get(first["access_token"], "people/me").status_code == 401
    assert _error(visitor.refresh(first["refresh_token"])) == (400, "invalid_grant")


def test_a_code_expires_after_ten_minutes(visitor):
    code = visitor.consent()["code"]
    visitor.http.post(f"{visitor.url}/test/clock", json={"advance": 601})
    assert _error(visitor.exchange(code)) == (400, "invalid_grant")


def test_a_code_of_another_client_is_refused(visitor):
    visitor.register("other")
    code = visitor.consent()["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": visitor.redirect_uri}
    assert _error(visitor.token("other", **form)) == (400, "invalid_grant")
    assert visitor.exchange(code).status_code == 200


def test_a_code_is_bound_to_its_redirect_uri(visitor):
    code = visitor.consent()["code"]
    answer = visitor.token(grant_type="authorization_code", code=code, redirect_uri="http://127.0.0.1:9/other")
    assert _error(answer) == (400, "redirect_uri_mismatch")


def test_the_secret_is_taken_in_the_header_or_in_the_body(visitor):
    form = {"grant_type": "authorization_code", "redirect_uri": visitor.redirect_uri}
    form |= {"client_id": visitor.client_id, "client_secret": visitor.secret, "code": visitor.consent()["code"]}
    assert visitor.http.post(f"{visitor.url}/token", data=form).status_code == 200
    assert visitor.exchange(visitor.consent()["code"]).status_code == 200


def test_a_wrong_secret_is_refused_and_the_code_lives_on(visitor):
    form = {"grant_type": "authorization_code", "code": visitor.consent()["code"], "redirect_uri": visitor.redirect_uri}
    wrong = visitor.http.post(f"{visitor.url}/token", data=form, auth=(visitor.client_id, "wrong"))
    assert wrong.status_code == 401
    assert wrong.json() == {"error": "invalid_client", "error_description": "Unauthorized"}
    unknown = visitor.http.post(f"{visitor.url}/token", data=form, auth=("nobody", "wrong"))
    assert unknown.json()["error_description"] == "The OAuth client was not found."
    assert visitor.token(**form).status_code == 200


def test_two_secrets_are_accepted_at_once(visitor):
    visitor.register(visitor.client_id, client_secret=["new", visitor.secret])
    for secret in ("new", visitor.secret):
        form = {"grant_type": "authorization_code", "redirect_uri": visitor.redirect_uri}
        form["code"] = visitor.consent()["code"]
        answer = visitor.http.post(f"{visitor.url}/token", data=form, auth=(visitor.client_id, secret))
        assert answer.status_code == 200


@pytest.mark.parametrize("verifier", [None, "w" * 50])
def test_pkce_is_enforced_when_it_was_begun(visitor, verifier):
    code = visitor.consent(code_challenge=CHALLENGE, code_challenge_method="S256")["code"]
    form = {"code_verifier": verifier} if verifier else {}
    assert _error(visitor.exchange(code, **form)) == (400, "invalid_grant")


def test_the_right_verifier_opens_the_code(visitor):
    code = visitor.consent(code_challenge=CHALLENGE, code_challenge_method="S256")["code"]
    assert visitor.exchange(code, code_verifier=VERIFIER).status_code == 200


def test_without_a_method_the_challenge_is_plain(visitor):
    assert visitor.exchange(visitor.consent(code_challenge=VERIFIER)["code"], code_verifier=VERIFIER).status_code == 200
    code = visitor.consent(code_challenge=CHALLENGE)["code"]
    assert _error(visitor.exchange(code, code_verifier=VERIFIER)) == (400, "invalid_grant")


def test_a_verifier_without_a_challenge_is_refused(visitor):
    assert _error(visitor.exchange(visitor.consent()["code"], code_verifier=VERIFIER)) == (400, "invalid_grant")


def test_a_refresh_token_comes_on_the_first_consent_only(visitor):
    assert "refresh_token" in visitor.tokens()
    assert "refresh_token" not in visitor.tokens()
    assert "refresh_token" in visitor.tokens(account=visitor.omar)


@pytest.mark.parametrize("forced", [{"prompt": "consent"}, {"approval_prompt": "force"}])
def test_a_forced_consent_brings_another_refresh_token(visitor, forced):
    visitor.tokens()
    assert "refresh_token" in visitor.tokens(**forced)


def test_online_access_brings_no_refresh_token(visitor):
    assert "refresh_token" not in visitor.tokens(access_type="online", prompt="consent")


def test_after_a_revocation_the_next_consent_is_a_first_one(visitor):
    first = visitor.tokens()
    assert visitor.revoke(first["access_token"]).status_code == 200
    assert "refresh_token" in visitor.tokens()


def test_consenting_again_does_not_add_up_unless_asked_to(visitor):
    visitor.tokens(scope=visitor.six[0])
    apart = visitor.tokens(scope=visitor.six[1])
    assert apart["scope"].split() == [visitor.six[1]]
    visitor.revoke(apart["access_token"])
    visitor.tokens(scope=visitor.six[0])
    merged = visitor.tokens(scope=visitor.six[1], include_granted_scopes="true")
    assert set(merged["scope"].split()) == set(visitor.six[:2])


def test_a_refresh_gives_a_new_access_token_and_no_new_refresh_token(visitor):
    first = visitor.tokens()
    answer = visitor.refresh(first["refresh_token"]).json()
    assert set(answer) == {"access_token", "expires_in", "scope", "token_type"}
    assert answer["access_token"] != first["access_token"]
    assert set(answer["scope"].split()) == set(visitor.six)


def test_a_refresh_can_be_narrowed_and_the_next_is_whole_again(visitor):
    refresh = visitor.tokens()["refresh_token"]
    narrow = visitor.refresh(refresh, scope=visitor.six[5]).json()
    assert narrow["scope"] == visitor.six[5]
    assert visitor.get(narrow["access_token"], "people/me/people/pages").status_code == 403
    assert set(visitor.refresh(refresh).json()["scope"].split()) == set(visitor.six)


def test_a_refresh_cannot_be_widened(visitor):
    refresh = visitor.tokens(scopes=visitor.six[:1])["refresh_token"]
    assert _error(visitor.refresh(refresh, scope=visitor.six[1])) == (400, "invalid_scope")
    assert _error(visitor.refresh(refresh, scope="nonsense")) == (400, "invalid_scope")


def test_an_unknown_refresh_token_is_refused_in_googles_words(visitor):
    answer = visitor.refresh("1//never")
    assert answer.status_code == 400
    assert answer.json() == {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}


def test_an_unknown_grant_type_is_refused(visitor):
    assert _error(visitor.token(grant_type="password")) == (400, "unsupported_grant_type")
    assert _error(visitor.token()) == (400, "invalid_request")


@pytest.mark.parametrize("by", ["access_token", "refresh_token"])
def test_revoking_any_token_ends_the_whole_grant(visitor, by):
    first, second = visitor.tokens(), visitor.tokens(prompt="consent")
    answer = visitor.revoke(first[by])
    assert (answer.status_code, answer.json()) == (200, {})
    assert _error(visitor.refresh(second["refresh_token"])) == (400, "invalid_grant")
    assert visitor.get(second["access_token"], "people/me").status_code == 401
    assert visitor.http.get(f"{visitor.url}/test/tokens").json()["grants"] == []


def test_revoking_reaches_the_other_clients_of_the_project_and_no_other_account(visitor):
    for name in ("web", "worker"):
        visitor.register(name, project="shop")
    code = visitor.consent(client_id="web")["code"]
    form = {"grant_type": "authorization_code", "redirect_uri": visitor.redirect_uri}
    web = visitor.token("web", code=code, **form).json()
    worker = visitor.token("worker", code=visitor.consent(client_id="worker")["code"], **form).json()
    elsewhere, omar = visitor.tokens(), visitor.tokens(account=visitor.omar)
    visitor.revoke(web["access_token"])
    assert visitor.get(worker["access_token"], "people/me").status_code == 401
    assert visitor.get(elsewhere["access_token"], "people/me").status_code == 200
    assert visitor.get(omar["access_token"], "people/me").status_code == 200


def test_an_unknown_token_cannot_be_revoked(visitor):
    answer = visitor.revoke("ya29.never")
    assert answer.status_code == 400
    assert answer.json() == {"error": "invalid_token", "error_description": "Token expired or revoked"}


def test_a_token_may_be_revoked_in_the_query_too(visitor):
    token = visitor.tokens()["access_token"]
    assert visitor.http.post(f"{visitor.url}/revoke", params={"token": token}).status_code == 200


def test_tokeninfo_says_whose_token_it_is_and_what_for(visitor):
    token = visitor.tokens()["access_token"]
    info = visitor.http.get(f"{visitor.url}/tokeninfo", params={"access_token": token}).json()
    assert (info["azp"], info["aud"], info["sub"]) == (visitor.client_id, visitor.client_id, visitor.ana)
    assert set(info["scope"].split()) == set(visitor.six)
    assert 3590 <= int(info["expires_in"]) <= 3599
    posted = visitor.http.post(f"{visitor.url}/tokeninfo", data={"access_token": token})
    assert posted.json()["exp"] == info["exp"]


def test_tokeninfo_of_an_expired_token_is_an_error(visitor):
    token = visitor.tokens()["access_token"]
    visitor.http.post(f"{visitor.url}/test/clock", json={"advance": 3600})
    assert _error(visitor.http.get(f"{visitor.url}/tokeninfo", params={"access_token": token})) == (
        400,
        "invalid_token",
    )


def test_the_oldest_of_more_than_a_hundred_refresh_tokens_dies(visitor):
    first = visitor.tokens()["refresh_token"]
    second = visitor.tokens(prompt="consent")["refresh_token"]
    for _ in range(99):
        visitor.tokens(prompt="consent")
    assert _error(visitor.refresh(first)) == (400, "invalid_grant")
    assert visitor.refresh(second).status_code == 200
    assert visitor.http.get(f"{visitor.url}/test/tokens").json()["live_refresh"] == 100


def test_of_two_exchanges_of_one_code_at_once_one_wins(visitor):
    code = visitor.consent()["code"]
    with ThreadPoolExecutor(8) as pool:
        answers = [answer.status_code for answer in pool.map(lambda _: _exchange_alone(visitor, code), range(8))]
    assert sorted(answers) == [200] + [400] * 7


def _exchange_alone(visitor, code):
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": visitor.redirect_uri}
    with requests.post(
        f"{visitor.url}/token", data=form, auth=(visitor.client_id, visitor.secret), timeout=20
    ) as answer:
        return answer


def test_no_token_reaches_a_log(visitor, caplog):
    with caplog.at_level(logging.DEBUG):
        token = visitor.tokens()
        visitor.refresh(token["refresh_token"])
    assert token["access_token"] not in caplog.text
    assert token["refresh_token"] not in caplog.text
