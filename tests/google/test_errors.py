"""The one classifier of Google's error answers, as a table (R41)."""

import json
from datetime import UTC, datetime

import pytest

from connector.domain.errors import GoogleBusy
from connector.domain.records import Answer
from connector.domain.trouble import TOLD, Trouble, in_words
from connector.google.errors import REASONS, classify, quota_resets_at, read_error, refusal_of, retry_after

DATE = "Sat, 06 Oct 2018 12:00:00 GMT"


def old_form(status, reason, domain="global"):
    return {"error": {"errors": [{"domain": domain, "reason": reason, "message": "x"}], "code": status}}


def new_form(status, reason):
    info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": "googleapis.com"}
    return {"error": {"code": status, "status": "PERMISSION_DENIED", "details": [{"@type": "x"}, info]}}


def answer(status, body=b"", **headers):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, raw)


@pytest.mark.parametrize(
    ("status", "body", "trouble"),
    [
        (401, old_form(401, "authError"), Trouble.TOKEN_ENDED),
        (401, old_form(401, "required"), Trouble.TOKEN_ENDED),
        (401, b"<html>", Trouble.TOKEN_ENDED),
        (401, old_form(401, "rateLimitExceeded"), Trouble.TOKEN_ENDED),
        (403, old_form(403, "rateLimitExceeded", "usageLimits"), Trouble.RATE_LIMITED),
        (403, old_form(403, "userRateLimitExceeded", "usageLimits"), Trouble.RATE_LIMITED),
        (429, old_form(429, "rateLimitExceeded", "usageLimits"), Trouble.RATE_LIMITED),
        (429, new_form(429, "RATE_LIMIT_EXCEEDED"), Trouble.RATE_LIMITED),
        (429, b"<html>slow down</html>", Trouble.RATE_LIMITED),
        (429, old_form(429, "notFound"), Trouble.RATE_LIMITED),
        (429, old_form(429, "backendError"), Trouble.RATE_LIMITED),
        (429, old_form(429, "insufficientPermissions"), Trouble.RATE_LIMITED),
        (404, old_form(404, "backendError"), Trouble.TARGET_GONE),
        (403, old_form(403, "backendError"), Trouble.SERVER_TROUBLE),
        (403, old_form(403, "dailyLimitExceeded", "usageLimits"), Trouble.QUOTA_SPENT),
        (403, old_form(403, "quotaExceeded", "youtube.quota"), Trouble.QUOTA_SPENT),
        (429, old_form(429, "dailyLimitExceeded", "usageLimits"), Trouble.QUOTA_SPENT),
        (403, old_form(403, "insufficientPermissions"), Trouble.SCOPE_INSUFFICIENT),
        (403, new_form(403, "ACCESS_TOKEN_SCOPE_INSUFFICIENT"), Trouble.SCOPE_INSUFFICIENT),
        (403, old_form(403, "accessNotConfigured", "usageLimits"), Trouble.API_NOT_ENABLED),
        (403, new_form(403, "SERVICE_DISABLED"), Trouble.API_NOT_ENABLED),
        (404, old_form(404, "notFound"), Trouble.TARGET_GONE),
        (410, b"", Trouble.TARGET_GONE),
        (404, b"<html>", Trouble.TARGET_GONE),
        (500, b"", Trouble.SERVER_TROUBLE),
        (503, old_form(503, "backendError"), Trouble.SERVER_TROUBLE),
        (503, old_form(503, "rateLimitExceeded"), Trouble.SERVER_TROUBLE),
        (599, b"", Trouble.SERVER_TROUBLE),
        (400, old_form(400, "backendError"), Trouble.SERVER_TROUBLE),
        (403, old_form(403, "forbidden"), Trouble.OTHER),
        (403, b"", Trouble.OTHER),
        (403, old_form(403, "somethingNew"), Trouble.OTHER),
        (403, {"error": "insufficientPermissions"}, Trouble.OTHER),
        (403, {"error": {"message": "rateLimitExceeded"}}, Trouble.OTHER),
        (400, old_form(400, "invalidParameter"), Trouble.OTHER),
        (400, old_form(400, "insufficientPermissions"), Trouble.OTHER),
        (400, old_form(400, "rateLimitExceeded"), Trouble.OTHER),
        (412, old_form(412, "conditionNotMet"), Trouble.OTHER),
        (451, b"", Trouble.OTHER),
    ],
)
def test_every_error_answer_is_of_one_class(status, body, trouble):
    assert read_error(answer(status, body)).trouble is trouble


def test_no_status_and_reason_falls_out_of_the_set():
    for status in range(400, 600):
        for reason in (*REASONS, "unknown"):
            assert isinstance(classify(status, reason), Trouble)
    assert set(TOLD) == set(Trouble)


@pytest.mark.parametrize("status", [200, 204, 302, 304])
def test_what_is_no_error_is_of_no_class(status):
    assert refusal_of(answer(status, old_form(status, "rateLimitExceeded"))) is None


@pytest.mark.parametrize(
    ("given", "date", "seconds"),
    [
        ("7", DATE, 7.0),
        ("0", DATE, 0.0),
        (" 7 ", DATE, 7.0),
        ("Sat, 06 Oct 2018 12:00:09 GMT", DATE, 9.0),
        ("Saturday, 06-Oct-18 12:00:09 GMT", DATE, 9.0),
        ("Sat, 06 Oct 2018 11:00:00 GMT", DATE, 0.0),
        ("Sat, 06 Oct 2038 12:00:00 GMT", DATE, 86400.0),
        ("999999999999", DATE, 86400.0),
        ("9" * 400, DATE, None),
        ("-7", DATE, None),
        ("7.5", DATE, None),
        ("1e3", DATE, None),
        ("٣", DATE, None),
        ("soon", DATE, None),
        ("", DATE, None),
        ("Sat, 06 Oct 2018 12:00:09", DATE, None),
        ("Sat, 06 Oct 2018 12:00:09 GMT", "", None),
        ("Sat, 99 Oct 2018 12:00:09 GMT", DATE, None),
    ],
)
def test_how_long_to_wait_is_read_in_both_forms_and_bounded(given, date, seconds):
    assert retry_after({"retry-after": given, "date": date}) == seconds


def test_without_the_header_nothing_is_said_of_waiting():
    assert retry_after({"date": DATE}) is None
    busy = read_error(answer(429))
    assert isinstance(busy, GoogleBusy)
    assert (busy.retry_after, busy.status) == (None, 429)
    assert busy.public.endswith("Try again in a moment.")


def test_a_busy_google_says_when_to_try_again():
    busy = read_error(answer(403, old_form(403, "rateLimitExceeded"), retry_after="90", date=DATE))
    assert (busy.retry_after, busy.http_status, busy.status) == (90.0, 403, 429)
    assert busy.public.endswith("Try again in 2 minutes.")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "a moment"), (0, "one second"), (0.2, "one second"), (1.5, "2 seconds"), (60, "60 seconds"),
        (61, "2 minutes"), (3600, "60 minutes"), (7300, "3 hours"),
    ],
)  # fmt: skip
def test_a_wait_is_told_in_words(seconds, words):
    assert in_words(seconds) == words


def test_nothing_of_an_answer_reaches_the_error_but_known_words():
    for body in (old_form(403, "ya29.secret"), b"ya29.secret", {"error": {"message": "ya29.secret", "errors": [7]}}):
        refused = read_error(answer(403, body))
        assert (refused.code, refused.reason) == ("unknown", "http-403")
        assert "ya29" not in f"{refused!r} {refused} {refused.public}"


@pytest.mark.parametrize(
    ("now", "then"),
    [
        ("2018-10-06T12:00", "2018-10-07T07:00"),  # summer time
        ("2018-10-07T06:59", "2018-10-07T07:00"),
        ("2018-10-07T07:00", "2018-10-08T07:00"),
        ("2018-12-01T12:00", "2018-12-02T08:00"),
        ("2018-11-04T07:30", "2018-11-05T08:00"),  # the day the clocks go back has 25 hours
        ("2018-03-11T08:30", "2018-03-12T07:00"),  # and the other one 23
    ],
)
def test_daily_quotas_begin_anew_at_midnight_in_california(now, then):
    at = [datetime.fromisoformat(one).replace(tzinfo=UTC) for one in (now, then)]
    assert quota_resets_at(at[0]) == at[1]
