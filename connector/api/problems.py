"""How each error reads for a program (RFC 9457): a status, a stable code, what happened, and what to do about it.

One table. A code never changes its meaning; programs decide by it, and people read the rest.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from connector.api.jwts import TokenMissing, TokenRejected
from connector.domain.admitting import ProgramEnded, ProgramRefused, TooManyTries
from connector.domain.errors import (
    AlreadyDone,
    BadInput,
    CannotOpen,
    ConnectorError,
    GoogleRefused,
    LedgerUnwritable,
    NeedsConsent,
    NotFound,
    NotSent,
    OutcomeUnknown,
    OutcomeUnrecorded,
    Paused,
    QuotaSpent,
    Refused,
    Revoked,
    TokenRefused,
    UnreadableAnswer,
)

__all__ = ["CODES", "HTTP", "REFUSALS", "Problem", "for_reads", "problem_of"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One kind of answer. `retry_after` is in seconds; `challenge` is what WWW-Authenticate says after `Bearer`."""

    status: int
    code: str
    advice: str
    retry_after: int | None = None
    challenge: str | None = None


_ASK_AGAIN = "Nothing was sent to Google. Send it again after the seconds in Retry-After."
_READ_BACK = (
    "It may have been done. It was sent once and is never sent again from here: read back what is there before you "
    "send anything like it."
)
_ONLY_CUSTOMER = "Only the customer can change that, in Settings."
_NEW_TOKEN = "Get a new one at /api/oauth/token and send the request again."  # noqa: S105

# The closest class counts.
TABLE: Mapping[type[ConnectorError], Problem] = {
    TokenMissing: Problem(401, "token-missing", "Get one at /api/oauth/token.", challenge=""),
    TokenRejected: Problem(401, "token-invalid", _NEW_TOKEN, challenge='error="invalid_token"'),
    ProgramEnded: Problem(
        401, "program-ended", "Ask the operator for another program or secret.", challenge='error="invalid_token"'
    ),
    ProgramRefused: Problem(401, "program-refused", "Check the client id and the secret."),
    TooManyTries: Problem(429, "too-many-tries", "Check the client id and the secret.", retry_after=600),
    BadInput: Problem(400, "bad-request", "Correct the request and send it again. Nothing was done."),
    NotFound: Problem(404, "not-found", "GET /api/v1/connections lists what this program may use."),
    AlreadyDone: Problem(409, "already-done", "Nothing is left to do."),
    Refused: Problem(403, "refused", "No purpose of this program covers it as it was sent. Nothing was sent."),
    QuotaSpent: Problem(503, "quota-spent", "Nothing was sent. It goes on when Google's day begins.", retry_after=3600),
    Revoked: Problem(410, "connection-ended", "Stop using this connection. A new consent makes a new one."),
    NeedsConsent: Problem(409, "needs-consent", "Ask the customer to connect the account again, in Settings."),
    NotSent: Problem(503, "google-unreachable", _ASK_AGAIN, retry_after=30),
    Paused: Problem(503, "paused", _ASK_AGAIN, retry_after=60),
    OutcomeUnknown: Problem(502, "outcome-unknown", _READ_BACK),
    OutcomeUnrecorded: Problem(502, "outcome-unknown", _READ_BACK),
    UnreadableAnswer: Problem(502, "answer-unreadable", _READ_BACK),
    TokenRefused: Problem(
        502, "google-refused-token", "Nothing was sent. Ask the customer to connect the account again, in Settings."
    ),
    GoogleRefused: Problem(502, "google-refused", "Read what Google says, and correct the request."),
    LedgerUnwritable: Problem(
        503, "record-unwritable", "Send it again after the seconds in Retry-After.", retry_after=10
    ),
    CannotOpen: Problem(500, "secret-unopened", "Nothing was sent. Tell the operator; trying again does not help."),
    ConnectorError: Problem(500, "internal", "Try again in a moment. If it stays, tell the operator."),
}
# Why the gate refused: the code is its reason, with closer advice where there is some.
REFUSALS: Mapping[str, str] = {
    "purpose-not-allowed": "Ask for a token with this purpose. The operator decides which ones a program has.",
    "unknown-purpose": "Name one of the purposes in your token.",
    "unroutable": "Write the address, query, headers and body exactly as the API's documentation does.",
    "operation-not-in-purpose": "Use a purpose that covers this operation, if there is one.",
    "upload-not-in-purpose": "No purpose covers uploads.",
    "parameter-not-in-purpose": "Leave that parameter out, or send the value that the purpose covers.",
    "content-not-in-purpose": "Leave that part of the body out.",
    "fields-not-in-purpose": "Leave `fields` out, or ask for no more than the purpose reads.",
    "subject-missing": "Name in Connector-Subject the id of the message or post that this is about.",
    "subject-mismatch": "Name in Connector-Subject what the request itself is about.",
    "acting-page-missing": "Add onBehalfOf with the id of a page from GET /api/v1/connections.",
    "page-not-chosen": _ONLY_CUSTOMER,
    "purpose-off": _ONLY_CUSTOMER,
    "scope-missing": "Ask the customer to connect the account again and allow it at Google.",
    "scope-lost": "Ask the customer to connect the account again and allow it at Google.",
}
# What the web framework finds before a view is reached.
HTTP: Mapping[int, Problem] = {
    400: Problem(400, "bad-request", "Correct the request and send it again. Nothing was done."),
    404: Problem(404, "no-such-address", "GET /api/v1/openapi.json says which addresses there are."),
    405: Problem(405, "method-not-allowed", "Use one of the methods in Allow."),
    413: Problem(413, "too-large", "Send at most 64 KiB. It was not read and nothing was done."),
    500: Problem(500, "internal", "What you asked for may not have been done. Tell the operator the reference."),
}
CODES = frozenset({problem.code for problem in (*TABLE.values(), *HTTP.values())} | set(REFUSALS))


def problem_of(error: ConnectorError) -> Problem:
    """The table's row for an error, with the gate's own reason as its code."""
    kind = next(kind for kind in type(error).__mro__ if kind in TABLE)
    problem = TABLE[kind]
    if kind is not Refused or not isinstance(error, Refused):
        return problem
    challenge = 'error="insufficient_scope"' if error.reason == "purpose-not-allowed" else None
    return Problem(problem.status, error.reason, REFUSALS.get(error.reason, problem.advice), challenge=challenge)


def for_reads(problem: Problem) -> Problem:
    """The same for a request that reads: whatever came of it, nothing was changed."""
    if problem.advice is not _READ_BACK:
        return problem
    return Problem(problem.status, problem.code, "A read changes nothing, so you can send it again.")
