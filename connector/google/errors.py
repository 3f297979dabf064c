"""Google's error answers, by the reason they name.

{"error": {"errors": [{"domain": "global", "reason": "forbidden", ...}], "code": 403, "message": ...}}
"""

from typing import Any

from connector.domain.errors import GoogleRefused, UnreadableAnswer
from connector.domain.records import Answer
from connector.google.strictjson import read_object

__all__ = ["REASONS", "read_error"]

# Where each was read: scopes' reference for the Pages API, "Errors"; the last line is today's form of a missing scope.
REASONS = frozenset(
    {"authError", "forbidden", "insufficientPermissions", "notFound", "conditionNotMet", "backendError"}
    | {"invalidParameter", "required", "invalid"}
    | {"accessNotConfigured", "dailyLimitExceeded", "quotaExceeded", "rateLimitExceeded", "userRateLimitExceeded"}
    | {"ACCESS_TOKEN_SCOPE_INSUFFICIENT"}
)


def read_error(answer: Answer) -> GoogleRefused:
    """The error an answer stands for. Its code is one of REASONS or `unknown`, never text from outside."""
    return GoogleRefused(answer.status, _reason(answer.body))


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
