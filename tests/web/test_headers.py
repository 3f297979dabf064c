"""What every answer tells the browser."""

import re

import pytest

from connector.web import WebSettings

PATHS = (
    "/",
    "/sign-in",
    "/welcome/one-time",
    "/inbox",
    "/inbox/thr_1",
    "/settings",
    "/settings/connections/con_one/revoke",
    "/activity",
    "/connect/google-plus",
    "/connect/google-plus/pages/con_one",
    "/connect/google-plus/callback?state=s&code=c",
    "/connect/google-plus/stopped?because=expired",
    "/admin/grants",
    "/no-such-page",
    "/healthz",
    "/readyz",
)


def policy_of(answer) -> dict[str, str]:
    return dict(part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; "))


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_forbids_framing_sniffing_referring_keeping_and_anything_from_elsewhere(ada, path):
    answer = ada.get(path)
    policy = policy_of(answer)
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == policy["object-src"] == "'none'"
    assert policy["style-src"] == policy["img-src"] == "'self'"
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "camera=()" in answer.headers["Permissions-Policy"]
    assert int(re.search(r"max-age=(\d+)", answer.headers["Strict-Transport-Security"])[1]) >= 365 * 86400


def test_scripts_run_by_a_nonce_that_is_new_in_every_answer(ada):
    first, second = ada.get("/inbox"), ada.get("/inbox")
    nonces = [re.search(r'nonce="([^"]+)"', answer.text)[1] for answer in (first, second)]
    assert policy_of(first)["script-src"] == f"'nonce-{nonces[0]}'"
    assert nonces[0] != nonces[1]


def test_a_page_without_a_script_allows_none(ada):
    assert policy_of(ada.get("/settings"))["script-src"] == "'none'"


def test_only_the_disclosure_page_may_lead_a_form_to_the_consent_page(ada):
    assert policy_of(ada.get("/connect/google-plus"))["form-action"] == "'self' https://consent.example"
    assert policy_of(ada.get("/settings"))["form-action"] == "'self'"


def test_static_files_are_kept_and_their_address_changes_with_their_bytes(ada):
    address = re.search(r'href="(/assets/style\.css\?v=[0-9a-f]{16})"', ada.get("/settings").text)[1]
    answer = ada.get(address)
    assert answer.status_code == 200
    assert "immutable" in answer.headers["Cache-Control"]
    answer.close()


def test_plain_http_on_loopback_sends_no_hsts_and_a_cookie_that_http_can_keep(world, make_app, browser):
    local = WebSettings(base_url="http://127.0.0.1:8000", trusted_hosts=("127.0.0.1",))
    client = make_app(world, local).test_client()
    client.set_cookie("session", "ada", domain="127.0.0.1")
    answer = client.get("/inbox", base_url="http://127.0.0.1:8000")
    assert answer.status_code == 200
    assert "Strict-Transport-Security" not in answer.headers


def test_no_answer_names_the_software_behind_it(ada):
    assert "Server" not in ada.get("/inbox").headers
    assert "X-Powered-By" not in ada.get("/inbox").headers
