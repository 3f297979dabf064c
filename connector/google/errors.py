"""Google's error answers: the one classifier (R41), from status and reason to what it means for what comes next.

{"error": {"errors": [{"domain": "usageLimits", "reason": "rateLimitExceeded", ...}], "code": 403, "message": ...}}
{"error": {"code": 403, "status": "PERMISSION_DENIED", "details": [{"@type": ".../google.rpc.ErrorInfo",
                                                                   "reason": "SERVICE_DISABLED", ...}]}}
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from connector.domain.errors import GoogleBusy, GoogleRefused, UnreadableAnswer
from connector.domain.records import Answer
from connector.domain.trouble import Trouble
from connector.google.strictjson import read_object

__all__ = ["REASONS", "classify", "quota_resets_at", "read_error", "refusal_of", "retry_after"]

# Which reason means what, where the status alone does not say. The first form: scopes' reference for the Pages API,
# "Errors", and https://developers.google.com/drive/api/guides/handle-errors; words in capitals: today's form,
# google.api.ErrorReason.
MEANING: Mapping[str, Trouble] = MappingProxyType(
    {
        "rateLimitExceeded": Trouble.RATE_LIMITED,
        "userRateLimitExceeded": Trouble.RATE_LIMITED,
        "RATE_LIMIT_EXCEEDED": Trouble.RATE_LIMITED,
        "dailyLimitExceeded": Trouble.QUOTA_SPENT,
        "quotaExceeded": Trouble.QUOTA_SPENT,
        "insufficientPermissions": Trouble.SCOPE_INSUFFICIENT,
        "ACCESS_TOKEN_SCOPE_INSUFFICIENT": Trouble.SCOPE_INSUFFICIENT,
        "accessNotConfigured": Trouble.API_NOT_ENABLED,
        "SERVICE_DISABLED": Trouble.API_NOT_ENABLED,
        "backendError": Trouble.SERVER_TROUBLE,
    }
)
# Reasons that say nothing beyond their status. They are kept because they tell an operator more than `unknown`.
PLAIN = frozenset({"authError", "forbidden", "notFound", "conditionNotMet", "invalidParameter", "required", "invalid"})
REASONS = PLAIN.union(MEANING)

LONGEST_WAIT = 24 * 60 * 60.0  # seconds; a longer Retry-After is read as this
SECONDS = re.compile(r"[0-9]{1,12}")
# Daily quotas begin anew at midnight there: https://developers.google.com/youtube/v3/getting-started#quota
QUOTA_ZONE = ZoneInfo("America/Los_Angeles")


def classify(status: int, reason: str) -> Trouble:
    """What an error answer means. Anything that is not known for sure is OTHER, which changes nothing.

    Args:
        status: 400 to 599.
        reason: one of REASONS, or `unknown`.
    """
    if status == 401:
        return Trouble.TOKEN_ENDED
    if status >= 500:
        return Trouble.SERVER_TROUBLE
    if status in (404, 410):
        return Trouble.TARGET_GONE
    if status == 429:
        return Trouble.QUOTA_SPENT if MEANING.get(reason) is Trouble.QUOTA_SPENT else Trouble.RATE_LIMITED
    if status == 403 or reason == "backendError":
        return MEANING.get(reason, Trouble.OTHER)
    return Trouble.OTHER


def retry_after(headers: Mapping[str, str]) -> float | None:
    """How long an answer asks to wait (seconds, 0 to a day), or None when it does not say so in a way to be read.

    A date is compared with the answer's own, so that a clock that is wrong here does not matter (RFC 9110 10.2.3).

    Args:
        headers: with lower-case names.
    """
    given = headers.get("retry-after", "").strip()
    if SECONDS.fullmatch(given):
        return min(float(given), LONGEST_WAIT)
    until, now = _date(given), _date(headers.get("date", ""))
    if until is None or now is None:
        return None
    return min(max((until - now).total_seconds(), 0.0), LONGEST_WAIT)


def _date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else None


def quota_resets_at(now: datetime) -> datetime:
    """The next midnight in California, in UTC's own terms of `now`."""
    there = now.astimezone(QUOTA_ZONE)
    midnight = datetime(there.year, there.month, there.day, tzinfo=QUOTA_ZONE) + timedelta(days=1)
    return midnight.astimezone(now.tzinfo)


def refusal_of(answer: Answer) -> GoogleRefused | None:
    """The error that an answer stands for, or None when it stands for none."""
    return read_error(answer) if answer.status >= 400 else None


def read_error(answer: Answer) -> GoogleRefused:
    """The error an answer stands for. Its code is one of REASONS or `unknown`, never text from outside."""
    reason = _reason(answer.body)
    trouble = classify(answer.status, reason)
    if trouble is Trouble.RATE_LIMITED:
        return GoogleBusy(answer.status, reason, retry_after(answer.headers))
    return GoogleRefused(answer.status, reason, trouble)


def _reason(body: bytes) -> str:
    try:
        error = read_object(body).get("error")
    except UnreadableAnswer:
        return "unknown"
    if not isinstance(error, dict):
        return "unknown"
    for reason in (*_reasons(error.get("details")), *_reasons(error.get("errors"))):
        if reason in REASONS:
            return reason
    return "unknown"


def _reasons(entries: Any) -> list[str]:
    if not isinstance(entries, list):
        return []
    found = [entry.get("reason") for entry in entries if isinstance(entry, dict)]
    return [reason for reason in found if isinstance(reason, str)]
