"""Whatever goes wrong under /api is JSON with a stable code, and what the API is like stands in its own description."""

from dataclasses import replace

import pytest
from openapi_spec_validator import validate
from structlog.testing import capture_logs

import connector
import connector.domain.admitting
import connector.web.refusals
from connector.domain import grants
from connector.domain.errors import ConnectorError

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SECRET = "ya29.a-token-that-must-not-leak"
LIST = "/api/v1/connections"


class OfTokens(Exception):
    """An error whose text holds a token, as library errors sometimes do."""


def every_error():
    found, todo = [], [ConnectorError]
    while todo:
        kind = todo.pop()
        todo += [k for k in kind.__subclasses__() if k.__module__.startswith("connector.")]
        found.append(kind)
    return found


@pytest.fixture
def app(settings, svc):
    return connector.create_app(settings, svc)


@pytest.fixture
def client(app, settings, add_program):
    """`client(method, path, **more)` with a good token."""
    program, secret = add_program()
    web = app.test_client()
    form = {"grant_type": "client_credentials", "client_id": program, "client_secret": secret}
    token = web.post("/api/oauth/token", base_url=settings.base_url, data=form).get_json()["access_token"]

    def send(method, path, *, headers=None, bearer=True, **more):
        named = {"Authorization": f"Bearer {token}"} if bearer else {}
        return web.open(path, method=method, base_url=settings.base_url, headers=named | (headers or {}), **more)

    return send


def code_of(answer):
    assert answer.content_type == "application/problem+json"
    told = answer.get_json()
    assert told["status"] == answer.status_code
    return told["code"]


def test_every_error_of_the_domain_is_a_problem_with_its_words_and_no_secret(client, monkeypatch):
    for kind in every_error():
        error = kind.__new__(kind)
        Exception.__init__(error, f"for the operator: {SECRET}")
        error.public = "What happened, what was kept."
        if not isinstance(getattr(kind, "reason", None), property):
            error.reason = "a-reason"
        monkeypatch.setattr(grants, "overview", lambda *_, error=error: (_ for _ in ()).throw(error))
        answer = client("GET", LIST)
        assert 400 <= answer.status_code < 600, kind
        assert code_of(answer), kind
        assert answer.get_json()["detail"] == "What happened, what was kept.", kind
        assert SECRET not in answer.text, kind


def test_an_unexpected_error_shows_a_reference_that_the_log_has_too_and_nothing_else_of_it(client, monkeypatch):
    monkeypatch.setattr(grants, "overview", lambda *_: (_ for _ in ()).throw(OfTokens(SECRET)))
    with capture_logs() as lines:
        answer = client("GET", LIST)
    assert (answer.status_code, code_of(answer)) == (500, "internal")
    assert [(line["reference"], line["error"]) for line in lines] == [(answer.get_json()["reference"], "OfTokens")]
    assert SECRET not in answer.text + str(lines)


def test_addresses_and_methods_that_are_not_there_are_json_too(client):
    for path in (
        "/api",
        "/api/",
        "/api/v2/x",
        "/api/v1",
        "/api/v1/connections/",
        "/api//v1/connections",
        "/api/settings",
    ):
        answer = client("GET", path)
        assert (answer.status_code, code_of(answer)) == (404, "no-such-address"), path
        assert client("GET", path, bearer=False).status_code == 404
    wrong = client("POST", LIST)
    assert (wrong.status_code, code_of(wrong)) == (405, "method-not-allowed")
    assert "GET" in wrong.headers["Allow"]
    for method in ("OPTIONS", "TRACE"):
        assert client(method, LIST).status_code == 405
    assert code_of(client("GET", "/api/oauth/token")) == "method-not-allowed"
    assert client("GET", "/apis").content_type.startswith("text/html")


def test_a_host_that_is_not_ours_is_refused(client):
    for path in (LIST, "/api/oauth/token", "/api/v1/openapi.json", "/api/nothing"):
        answer = client("GET", path, headers={"Host": "evil.example"})
        assert (answer.status_code, code_of(answer)) == (400, "bad-request")
        assert "evil" not in answer.text


def test_every_answer_is_kept_nowhere_and_shown_as_no_page(client, monkeypatch):
    answers = [
        client("GET", LIST), client("GET", "/api/nothing"), client("POST", LIST), client("GET", "/api/v1/openapi.json"),
        client("POST", "/api/oauth/token", data=b""), client("GET", LIST, bearer=False),
        client("GET", LIST, headers={"Host": "evil.example"}),
    ]  # fmt: skip
    for answer in answers:
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'; sandbox"
        assert "Set-Cookie" not in answer.headers
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert "Strict-Transport-Security" not in answer.headers  # plain http on loopback


def test_over_tls_browsers_and_programs_are_told_to_stay_there(settings, svc):

    there = replace(settings, base_url="https://connector.example", trusted_hosts=("connector.example",))
    web = connector.create_app(there, svc).test_client()
    answer = web.get("/api/v1/openapi.json", base_url="https://connector.example")
    assert "max-age=63072000" in answer.headers["Strict-Transport-Security"]


def test_the_description_is_valid_and_holds_every_route_of_the_api_and_no_other(app, client):
    answer = client("GET", "/api/v1/openapi.json", bearer=False)
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    told = answer.get_json()
    validate(told)
    assert told["openapi"].startswith("3.1")
    routes = {
        (rule.rule.replace("rest:", "").replace("<", "{").replace(">", "}"), method.lower())
        for rule in app.extensions[connector.API].url_map.iter_rules()
        for method in rule.methods
        if method != "HEAD"
    }
    described = {(path, method) for path, item in told["paths"].items() for method in item if method != "parameters"}
    assert described == routes
    opened = {path for path, item in told["paths"].items() for one in item.values() if "security" in one}
    assert opened == {"/api/oauth/token", "/api/v1/openapi.json"}
