"""Reads what the token and revocation endpoints answer, before any library sees it.

oauthlib accepts a missing lifetime, a token type `mac` and a token of one MiB, and raises a bare Warning for partial
consent (requirements.md, findings 4 and 16). https://developers.google.com/identity/protocols/oauth2/web-server
"""

import re
from collections.abc import Mapping
from typing import Any

from connector.domain.errors import TokenRefused, UnreadableAnswer
from connector.domain.ports import TokenAnswer
from connector.domain.secret import AccessToken, RefreshToken
from connector.google.strictjson import read_object

__all__ = ["BODY_LIMIT", "read_token_answer", "read_token_error"]

BODY_LIMIT = 64 * 1024  # bytes, decompressed
ACCESS_LIMIT, REFRESH_LIMIT = 2048, 512  # bytes, https://developers.google.com/identity/protocols/oauth2#size
LONGEST_LIFE = 24 * 60 * 60  # seconds
TOKEN = re.compile(r"[!-~]+")
SCOPES = re.compile(r"[ -~]*")

# What an error may be called here. Anything else, and every description, stays out of records and logs.
KNOWN_ERRORS = frozenset(
    {
        "access_denied",
        "admin_policy_enforced",
        "deleted_client",
        "disabled_client",
        "invalid_client",
        "invalid_grant",
        "invalid_rapt",
        "invalid_request",
        "invalid_scope",
        "invalid_token",
        "org_internal",
        "redirect_uri_mismatch",
        "unauthorized_client",
        "unsupported_grant_type",
        "unsupported_token_type",
    }
)
# What Google says in `error_subtype`, beside `invalid_grant`.
KNOWN_CAUSES = frozenset({"admin_policy_enforced", "invalid_rapt", "rapt_required"})
TEMPORARY = frozenset({408, 425, 429})


def read_token_answer(status: int, headers: Mapping[str, str], body: bytes) -> TokenAnswer:
    """Check a token answer (RFC 6749 section 5.1, R12).

    Args:
        headers: looked up as `content-type`, so a mapping that ignores case or has lower-case names.

    Raises: TokenRefused for an error answer; UnreadableAnswer for anything that breaks a rule.
    """
    if status != 200:
        raise read_token_error(status, body)
    if headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
        raise UnreadableAnswer("its content type is not JSON")
    found = read_object(body)
    if "error" in found:
        raise UnreadableAnswer("an error in a success answer")
    kind = found.get("token_type")
    if not isinstance(kind, str) or kind.lower() != "bearer":
        raise UnreadableAnswer("the token type is not Bearer")
    refresh = _token(found, "refresh_token", REFRESH_LIMIT) if "refresh_token" in found else None
    return TokenAnswer(
        access=AccessToken(_token(found, "access_token", ACCESS_LIMIT)),
        refresh=None if refresh is None else RefreshToken(refresh),
        scopes=_scopes(found),
        expires_in=_lifetime(found),
    )


def read_token_error(status: int, body: bytes) -> TokenRefused:
    """The error that an answer other than 200 stands for (RFC 6749 section 5.2).

    Its code is `temporary` when trying again later may help (R30), a known word, or `unknown`. Its cause is the code,
    or the subtype where that is a known word.

    Raises: UnreadableAnswer for a status that is neither success nor error.
    """
    if status >= 500 or status in TEMPORARY:
        return TokenRefused(status, "temporary")
    if status < 400:
        raise UnreadableAnswer("an unexpected status")
    try:
        found = read_object(body)
    except UnreadableAnswer:
        found = {}
    code, cause = found.get("error"), found.get("error_subtype")
    return TokenRefused(
        status,
        code if isinstance(code, str) and code in KNOWN_ERRORS else "unknown",
        cause if isinstance(cause, str) and cause in KNOWN_CAUSES else None,
    )


def _token(found: Mapping[str, Any], name: str, limit: int) -> str:
    value = found.get(name)
    if not isinstance(value, str) or not TOKEN.fullmatch(value):
        raise UnreadableAnswer("a token is missing or not a plain string")
    if len(value) > limit:
        raise UnreadableAnswer("a token is longer than Google's limit")
    return value


def _lifetime(found: Mapping[str, Any]) -> int:
    value = found.get("expires_in")
    if type(value) is not int or not 0 < value <= LONGEST_LIFE:  # True is an int to isinstance
        raise UnreadableAnswer("the lifetime is missing or out of bounds")
    return value


def _scopes(found: Mapping[str, Any]) -> tuple[str, ...] | None:
    """None when the answer does not say; () when it says that nothing was granted."""
    if "scope" not in found:
        return None
    value = found["scope"]
    if not isinstance(value, str) or not SCOPES.fullmatch(value):
        raise UnreadableAnswer("the scope is not a plain string")
    return tuple(dict.fromkeys(scope for scope in value.split(" ") if scope))
