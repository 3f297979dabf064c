import json

import pytest

from connector.domain.errors import TokenRefused, UnreadableAnswer
from connector.google.answers import read_token_answer, read_token_error

JSON = {"content-type": "application/json; charset=utf-8"}
GOOD = {
    "access_token": "ya29.good",
    "token_type": "Bearer",
    "expires_in": 3599,
    "refresh_token": "1//r",
    "scope": "a b",
}


def body(**changed: object) -> bytes:
    return json.dumps({key: value for key, value in (GOOD | changed).items() if value is not ...}).encode()


def test_a_good_answer_is_read_whole() -> None:
    answer = read_token_answer(200, JSON, body())
    assert answer.access.header() == {"Authorization": "Bearer ya29.good"}
    assert answer.refresh is not None
    assert answer.refresh.form_field() == "1//r"
    assert answer.scopes == ("a", "b")
    assert answer.expires_in == 3599


def test_scopes_keep_their_order_and_come_once() -> None:
    assert read_token_answer(200, JSON, body(scope="b a  b c")).scopes == ("b", "a", "c")


def test_an_answer_without_scope_does_not_say_and_an_empty_one_says_nothing_was_granted() -> None:
    assert read_token_answer(200, JSON, body(scope=...)).scopes is None
    assert read_token_answer(200, JSON, body(scope="")).scopes == ()


def test_an_answer_without_refresh_token_has_none() -> None:
    assert read_token_answer(200, JSON, body(refresh_token=...)).refresh is None


@pytest.mark.parametrize("kind", ["bearer", "BEARER", "Bearer"])
def test_the_token_type_is_bearer_in_any_case(kind: str) -> None:
    assert read_token_answer(200, JSON, body(token_type=kind)).expires_in == 3599


def test_tokens_may_have_exactly_googles_lengths() -> None:
    answer = read_token_answer(200, JSON, body(access_token="a" * 2048, refresh_token="r" * 512))
    assert answer.refresh is not None


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"null",
        b"[]",
        b'"ya29"',
        b"<html>ok</html>",
        body()[:-9],
        body() + b"{}",
        b"access_token=ya29&token_type=Bearer&expires_in=3600",
        b"[" * 60_000,
        b'{"a":' * 10_000,
        b'{"expires_in":' + b"9" * 10_000 + b"}",
        b"\xff\xfe" + body().decode().encode("utf-16-le"),
        b"\xef\xbb\xbf" + body(),
        body(access_token="\udcff").replace(b"\\udcff", b"\xff"),
        body().replace(b"3599", b"NaN"),
        body().replace(b'"scope"', b'"access_token"'),
        body()[:-1] + b', "token_type": "Bearer"}',
        body()[:-1] + b', "more": {"a": 1, "a": 2}}',
        body(error="invalid_grant"),
        body(access_token=...),
        body(access_token=None),
        body(access_token=""),
        body(access_token=["ya29"]),
        body(access_token=7),
        body(access_token="a" * 2049),
        body(access_token="ya29\r\nX-Evil: 1"),
        body(access_token="ya29 more"),
        body(access_token="ya29\x00"),
        body(access_token="ya29é"),
        body(refresh_token=None),
        body(refresh_token=""),
        body(refresh_token="r" * 513),
        body(refresh_token="1//r\n"),
        body(token_type=...),
        body(token_type="mac"),
        body(token_type=["Bearer"]),
        body(expires_in=...),
        body(expires_in=0),
        body(expires_in=-1),
        body(expires_in=86_401),
        body(expires_in=10**30),
        body(expires_in=3600.0),
        body(expires_in="3600"),
        body(expires_in=True),
        body(expires_in=None),
        body(scope=["a"]),
        body(scope=None),
        body(scope="a\nb"),
    ],
)
def test_an_answer_that_breaks_a_rule_is_refused(broken: bytes) -> None:
    """R12, F17."""
    with pytest.raises(UnreadableAnswer) as refused:
        read_token_answer(200, JSON, broken)
    assert "ya29" not in str(refused.value)
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


@pytest.mark.parametrize("kind", ["text/html", "text/json", "", "application/json-seq"])
def test_an_answer_of_another_content_type_is_refused(kind: str) -> None:
    with pytest.raises(UnreadableAnswer):
        read_token_answer(200, {"content-type": kind}, body())


@pytest.mark.parametrize(
    ("status", "answer", "code"),
    [
        (400, b'{"error": "invalid_grant", "error_description": "Bad ya29.secret"}', "invalid_grant"),
        (401, b'{"error": "invalid_client"}', "invalid_client"),
        (401, b'{"error": "deleted_client"}', "deleted_client"),
        (400, b'{"error": "unauthorized_client"}', "unauthorized_client"),
        (400, b'{"error": "admin_policy_enforced"}', "admin_policy_enforced"),
        (400, b'{"error": "ya29.secret"}', "unknown"),
        (400, b'{"error": {"status": "INVALID"}}', "unknown"),
        (400, b'{"error": ["invalid_grant"]}', "unknown"),
        (403, b"<html>ya29.secret</html>", "unknown"),
        (404, b"", "unknown"),
        (429, b'{"error": "invalid_grant"}', "temporary"),
        (408, b"", "temporary"),
        (500, b'{"error": "invalid_grant"}', "temporary"),
        (503, b"<html>", "temporary"),
    ],
)
def test_an_error_answer_is_a_word_of_a_fixed_set(status: int, answer: bytes, code: str) -> None:
    refused = read_token_error(status, answer)
    assert (refused.http_status, refused.code) == (status, code)
    assert "ya29" not in f"{refused} {refused.public} {refused!r}"


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (b'{"error": "invalid_grant"}', "invalid_grant"),
        (b'{"error": "invalid_grant", "error_subtype": "invalid_rapt"}', "invalid_rapt"),
        (b'{"error": "invalid_grant", "error_subtype": "ya29.secret"}', "invalid_grant"),
        (b'{"error": "invalid_grant", "error_subtype": ["invalid_rapt"]}', "invalid_grant"),
        (b'{"error": "ya29.secret"}', "unknown"),
    ],
)
def test_the_cause_of_an_error_is_its_subtype_where_that_is_a_word_of_a_fixed_set(answer: bytes, cause: str) -> None:
    assert read_token_error(400, answer).cause == cause


@pytest.mark.parametrize("status", [101, 201, 204, 302])
def test_a_status_that_is_neither_success_nor_error_is_refused(status: int) -> None:
    with pytest.raises(UnreadableAnswer):
        read_token_answer(status, JSON, body())


def test_an_error_answer_is_raised_by_the_reader_of_token_answers() -> None:
    with pytest.raises(TokenRefused):
        read_token_answer(400, JSON, b'{"error": "invalid_grant"}')
