"""Every bad end has a calm page that tells nothing it should not."""

import re

import pytest
from structlog.testing import capture_logs

from connector.domain.errors import ConnectorError, GoogleBusy, GoogleRefused
from connector.domain.trouble import Trouble

SECRET = "ya29.a-token-that-must-not-leak"


class OfTokens(Exception):
    """An error whose text holds a token, as library errors sometimes do."""


def test_an_unexpected_error_shows_a_reference_that_the_log_has_too_and_nothing_else_of_it(ada, world):
    world.failing["overview"] = OfTokens(f"bad answer: {SECRET}")
    with capture_logs() as lines:
        answer = ada.get("/settings")
    assert answer.status_code == 500
    reference = re.search(r"<code>(err_\w+)</code>", answer.text)[1]
    assert SECRET not in answer.text
    assert "OfTokens" not in answer.text
    assert "Traceback" not in answer.text
    assert [(line["reference"], line["error"]) for line in lines] == [(reference, "OfTokens")]
    assert SECRET not in str(lines)


def every_error() -> list[type[ConnectorError]]:
    found, todo = [], [ConnectorError]
    while todo:
        kind = todo.pop()
        todo += [k for k in kind.__subclasses__() if k.__module__.startswith("connector.")]
        found.append(kind)
    return found


@pytest.mark.parametrize("kind", every_error(), ids=lambda kind: kind.__name__)
def test_every_error_of_the_domain_becomes_a_page_with_its_status_and_its_public_words(ada, world, kind):
    error = kind.__new__(kind)
    Exception.__init__(error, f"for the operator: {SECRET}")
    error.public = "What happened, what was kept, what to do."
    world.failing["overview"] = error
    answer = ada.get("/settings")
    assert answer.status_code == kind.status
    assert "What happened, what was kept, what to do." in answer.text
    assert SECRET not in answer.text


def test_a_busy_google_says_when_to_come_back(ada, world):
    world.failing["overview"] = GoogleBusy(429, "unknown", 89.5)
    answer = ada.get("/settings")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "90")
    assert "Try again in 2 minutes." in answer.text


def test_a_permission_that_google_misses_leads_to_where_google_is_asked_again(ada, world):
    world.failing["overview"] = GoogleRefused(403, "insufficientPermissions", Trouble.SCOPE_INSUFFICIENT)
    answer = ada.get("/settings")
    assert answer.status_code == 409
    assert 'href="/settings"' in answer.text


def test_something_that_is_gone_at_google_says_so(ada, world):
    world.failing["overview"] = GoogleRefused(404, "notFound", Trouble.TARGET_GONE)
    answer = ada.get("/settings")
    assert answer.status_code == 410
    assert "This is not at Google any more" in answer.text


def test_a_wrong_method_says_which_one_works(ada):
    answer = ada.post("/inbox")
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]
    assert "does not work that way" in answer.text


def test_a_body_over_64_kib_is_not_read(ada, world):
    answer = ada.post("/inbox/messages/msg_1/reply", {"text": "x" * 70_000, "thread": "thr_1", "key": "k"})
    assert answer.status_code == 413
    assert "64 KiB" in answer.text
    assert not world.asked("reply")


@pytest.mark.parametrize("host", ["evil.example", "connector.example.evil.example", "localhost"])
def test_a_request_for_another_host_is_refused(app, host):
    answer = app.test_client().get("/sign-in", headers={"Host": host}, base_url="https://connector.example")
    assert answer.status_code == 400
    assert host not in answer.text


def test_forwarded_headers_change_no_address_and_no_redirect(ada):
    spoof = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http", "Forwarded": "host=evil.example"}
    for path in ("/", "/inbox", "/connect/google-plus", "/connect/google-plus/callback?state=s&code=c"):
        answer = ada.get(path, headers=spoof)
        assert "evil.example" not in answer.text
        assert "evil.example" not in str(answer.headers)


def test_error_pages_need_neither_a_session_nor_the_store(ada, world):
    world.failing["of_cookie"] = OfTokens("the database is gone")
    with capture_logs():
        assert ada.get("/inbox").status_code == 500
    assert ada.get("/no-such-page").status_code == 404


def test_alive_and_ready_are_two_questions(app, nobody, store_down):
    assert nobody.get("/healthz").text == "ok\n"
    assert nobody.get("/readyz").status_code == 200
    store_down()
    assert nobody.get("/healthz").status_code == 200
    answer = nobody.get("/readyz")
    assert (answer.status_code, answer.text) == (503, "the store cannot be read\n")
