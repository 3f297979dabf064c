"""What goes out asks for the purpose's fields, and what comes in holds no more (8.2.3)."""

import json

import pytest

import scopes
from connector.domain import limits
from connector.domain.errors import UnreadableAnswer
from connector.domain.records import Answer, Request
from scopes import RoutedCall

CATALOGUE = scopes.load("google-plus")
ME = "https://www.googleapis.com/plusPages/v2/people/me"
NEED = scopes.require(CATALOGUE, "link-pages", RoutedCall("plusPages.people.get", {"userId": "me"}, {}))


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        (ME, f"{ME}?fields=id,displayName"),
        (f"{ME}?alt=json", f"{ME}?alt=json&fields=id,displayName"),
        (f"{ME}?alt=json&fields=id", f"{ME}?alt=json&fields=id"),
        (f"{ME}?fields=id&alt=json", f"{ME}?fields=id&alt=json"),
        # A value is not a name, whatever it looks like.
        (f"{ME}?pageToken=a?fields=b", f"{ME}?pageToken=a?fields=b&fields=id,displayName"),
        (f"{ME}?pageToken=fields=b", f"{ME}?pageToken=fields=b&fields=id,displayName"),
    ],
)
def test_a_request_asks_for_the_purposes_fields_unless_it_asks_for_fewer_itself(url, sent):
    assert limits.asking(Request("GET", url, {"accept": "x"}), NEED) == Request("GET", sent, {"accept": "x"})


def test_what_is_sent_still_routes_to_the_same_operation_and_stays_within_the_purpose():
    router = scopes.Router(CATALOGUE, CATALOGUE.root_url)
    for purpose in CATALOGUE.purposes:
        for rule in purpose.rules:
            operation = CATALOGUE.operations[rule.operation]
            path = operation.path
            for name, parameter in operation.parameters.items():
                value = rule.parameters.get(name, parameter.enum or ("z12",))[0].replace("$page", "1")
                path = path.replace(f"{{{name}}}", value)
            acting = "onBehalfOf=1" if rule.parameters.get("onBehalfOf", [""])[0] == "$page" else "alt=json"
            url = f"{CATALOGUE.root_url}{path}?{acting}"
            needs = [
                scopes.need(CATALOGUE, purpose.id, with_body(router.route(operation.verb, asked)), subject="z12")
                for asked in (url, f"{url}&fields={rule.fields.text}")
            ]
            assert needs[0] == needs[1], needs
            sent = limits.asking(Request(operation.verb, url), needs[0])
            assert router.route(operation.verb, sent.url).query["fields"] == rule.fields.text


def with_body(call):
    circle = {"items": [{"type": "circle", "id": "c"}]}
    bodies = {
        "plusPages.activities.insert": {"object": {"originalContent": "a"}, "access": circle},
        "plusPages.comments.insert": {"object": {"originalContent": "a"}},
    }
    return RoutedCall(call.operation, call.path, call.query, call.upload, bodies.get(call.operation))


def answer(body, status=200):
    return Answer(
        status, {"content-type": "application/json"}, body if isinstance(body, bytes) else json.dumps(body).encode()
    )


def test_an_answer_within_the_fields_is_passed_on_byte_for_byte():
    given = answer(b'{"id":"1",\n "displayName":"\\ud83d lone"}')
    assert limits.within(NEED, given) == (given, ())
    assert limits.within(NEED, given)[0] is given


def test_what_comes_beyond_the_fields_is_gone_and_named():
    kept, removed = limits.within(
        NEED, answer({"id": "1", "emails": [{"value": "ana@x.example"}], "displayName": "\ud83d"})
    )
    assert json.loads(kept.body) == {"id": "1", "displayName": "\ud83d"}
    assert removed == ("emails",)


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[]", b'"id"', b"<html>", b'{"id":"1"', b"\xff", b'{"id":NaN}', b'{"id":"1","id":"2"}',
     b'{"actor":{"a":1,"a":2}}', b"[" * 100_000],
)  # fmt: skip
def test_a_success_that_is_not_one_plain_object_is_unreadable(body):
    with pytest.raises(UnreadableAnswer):
        limits.within(NEED, answer(body))


def test_lists_in_lists_that_are_too_deep_to_look_over_are_unreadable(monkeypatch):
    deep = ["x"]
    for _ in range(100_000):  # a reader of JSON with a limit of its own, as in newer Pythons, may go deeper than we do
        deep = [deep]
    monkeypatch.setattr(limits, "object_in", lambda _body: {"id": deep})
    with pytest.raises(UnreadableAnswer):
        limits.within(NEED, answer({}))


@pytest.mark.parametrize("status", [301, 304, 400, 401, 404, 429, 500, 503])
def test_what_is_no_success_is_passed_on(status):
    given = answer(b"<html>", status)
    assert limits.within(NEED, given) == (given, ())
