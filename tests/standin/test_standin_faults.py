"""Faults: what a test can make go wrong, where, and for how long."""

import time

import pytest


def test_a_status_comes_instead_of_acting(visitor, token):
    post = visitor.newest_post(token)
    visitor.fault("plusPages.comments.insert", "status", status=503, headers={"Retry-After": "7"}, times=1)
    path, body = f"activities/{post['id']}/comments", {"object": {"originalContent": "ano"}}
    answer = visitor.call(token, "POST", path, body=body, onBehalfOf=visitor.cafe)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "7")
    assert answer.json()["error"]["errors"][0]["reason"] == "backendError"
    assert visitor.recorded()[-1] | {"at": ""} == visitor.recorded()[-1] | {"at": "", "acted": False, "status": 503}
    assert visitor.newest_post(token)["object"]["replies"] == post["object"]["replies"]
    assert visitor.call(token, "POST", path, body=body, onBehalfOf=visitor.cafe).status_code == 200


def test_a_status_can_have_any_body(visitor):
    body = {"error": "server_error", "secret": "echo"}
    visitor.fault("token", "status", status=500, body=body)
    answer = visitor.exchange(visitor.consent()["code"])
    assert (answer.status_code, answer.json()) == (500, body)


def test_a_body_replaces_the_answer_after_acting(visitor):
    visitor.fault("token", "body", body="<html>not JSON</html>", headers={"Content-Type": "text/html"}, times=1)
    code = visitor.consent()["code"]
    answer = visitor.exchange(code)
    assert (answer.status_code, answer.text) == (200, "<html>not JSON</html>")
    assert answer.headers["Content-Type"] == "text/html"
    assert visitor.exchange(code).json()["error"] == "invalid_grant"


def test_a_delay_comes_before_acting(visitor, token):
    visitor.fault("plusPages.people.get", "delay", seconds=0.2, times=1)
    begun = time.monotonic()
    assert visitor.get(token, "people/me").status_code == 200
    assert time.monotonic() - begun >= 0.2


def test_a_delay_and_a_status_go_together(visitor, token):
    visitor.fault("*api", "delay", seconds=0.05)
    visitor.fault("plusPages.people.get", "status", status=500)
    assert visitor.get(token, "people/me").status_code == 500


def test_missing_scope_narrows_the_token_and_says_so(visitor):
    visitor.fault("token", "missing_scope", scopes=visitor.six[1:2], times=1)
    answer = visitor.tokens()
    assert set(answer["scope"].split()) == set(visitor.six) - {visitor.six[1]}
    assert visitor.get(answer["access_token"], f"people/{visitor.cafe}/activities/user").status_code == 403


def test_extra_scope_widens_the_token_and_says_so(visitor):
    extra = "https://www.googleapis.com/auth/plus.circles.write"
    visitor.fault("token", "extra_scope", scopes=[extra], times=1)
    assert set(visitor.tokens()["scope"].split()) == {*visitor.six, extra}


def test_a_narrowed_refresh_can_be_answered_with_everything(visitor):
    token = visitor.tokens()
    visitor.fault("token", "ignores_narrowing", times=1)
    assert set(visitor.refresh(token["refresh_token"], scope=visitor.six[0]).json()["scope"].split()) == set(
        visitor.six
    )
    assert visitor.refresh(token["refresh_token"], scope=visitor.six[0]).json()["scope"] == visitor.six[0]


def test_a_narrowed_refresh_can_be_refused_while_one_for_everything_is_answered(visitor):
    token = visitor.tokens()
    visitor.fault("token", "refuses_narrowing")
    refused = visitor.refresh(token["refresh_token"], scope=visitor.six[0])
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_scope")
    for form in ({}, {"scope": " ".join(visitor.six)}):
        answer = visitor.refresh(token["refresh_token"], **form)
        assert set(answer.json()["scope"].split()) == set(visitor.six)


def test_no_scope_field_hides_it(visitor):
    visitor.fault("token", "no_scope_field", times=1)
    answer = visitor.tokens()
    assert "scope" not in answer
    assert visitor.get(answer["access_token"], f"people/{visitor.cafe}/activities/user").status_code == 200


def test_no_refresh_token_leaves_it_out(visitor):
    visitor.fault("token", "no_refresh_token", times=1)
    assert "refresh_token" not in visitor.tokens()


def test_missing_scope_on_a_method_is_insufficient_permission(visitor, token):
    visitor.fault("plusPages.people.get", "missing_scope", times=1)
    answer = visitor.get(token, "people/me")
    assert answer.json()["error"]["errors"][0]["reason"] == "insufficientPermissions"


@pytest.mark.parametrize("endpoint", ["revoke", "tokeninfo", "auth"])
def test_each_oauth_address_can_fail(visitor, token, endpoint):
    visitor.fault(endpoint, "status", status=502, times=1)
    address = visitor.auth_url() if endpoint == "auth" else f"{visitor.url}/{endpoint}?token={token}"
    verb = "POST" if endpoint == "revoke" else "GET"
    assert visitor.http.request(verb, address).status_code == 502
    assert visitor.get(token, "people/me").status_code == 200


def test_all_of_the_api_can_fail_and_oauth_go_on(visitor, token):
    visitor.fault("*api", "status", status=500)
    assert visitor.get(token, "people/me").status_code == 500
    assert visitor.get(token, "people/me/people/pages").status_code == 500
    assert "access_token" in visitor.tokens()


def test_a_fault_lasts_its_times_or_until_cleared(visitor, token):
    visitor.fault("plusPages.people.get", "status", status=500, times=2)
    assert [visitor.get(token, "people/me").status_code for _ in range(3)] == [500, 500, 200]
    visitor.fault("plusPages.people.get", "status", status=500)
    assert [visitor.get(token, "people/me").status_code for _ in range(3)] == [500] * 3
    assert len(visitor.http.get(f"{visitor.url}/test/faults").json()["faults"]) == 1
    visitor.http.delete(f"{visitor.url}/test/faults")
    assert visitor.get(token, "people/me").status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"endpoint": "nowhere", "kind": "status"},
        {"endpoint": "token", "kind": "explode"},
        {"endpoint": "revoke", "kind": "no_refresh_token"},
        {"endpoint": "revoke", "kind": "missing_scope"},
        {"endpoint": "token", "kind": "status", "status": 99},
        {"endpoint": "token", "kind": "status", "times": 0},
        {"endpoint": "token", "kind": "delay", "seconds": -1},
        {"endpoint": "token", "kind": "status", "colour": "red"},
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(visitor, wrong):
    answer = visitor.http.post(f"{visitor.url}/test/faults", json=wrong)
    assert answer.status_code == 400
    assert answer.json()["error"]
