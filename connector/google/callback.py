"""Reads what the browser brought back from Google's consent page. Pure: nothing is looked up and nothing is sent."""

import re
from collections.abc import Sequence

from connector.domain.errors import CallbackRejected
from connector.domain.ports import Callback
from connector.domain.secret import AuthorizationCode

__all__ = ["read_callback"]

QUERY_LIMIT = 8 * 1024  # bytes, names and values together
CODE_LIMIT = 256  # bytes, https://developers.google.com/identity/protocols/oauth2#size
CODE = re.compile(r"[ -~]+")  # RFC 6749 appendix A.11

# https://developers.google.com/identity/protocols/oauth2/web-server#authorization-errors and RFC 6749 section 4.1.2.1
KNOWN_ERRORS = frozenset(
    {
        "access_denied",
        "admin_policy_enforced",
        "deleted_client",
        "disallowed_useragent",
        "interaction_required",
        "invalid_client",
        "invalid_request",
        "invalid_scope",
        "org_internal",
        "redirect_uri_mismatch",
        "server_error",
        "temporarily_unavailable",
        "unauthorized_client",
        "unsupported_response_type",
    }
)


def read_callback(query: Sequence[tuple[str, str]], *, issuer: str, issuer_required: bool) -> Callback:
    """Check the redirect's parameters for form and issuer (RFC 6749 section 4.1.2, RFC 9207).

    Args:
        query: names and values in the order they came, decoded, repeats included; bytes that are not UTF-8 as lone
            surrogates.
        issuer: must equal `iss`, byte for byte.
        issuer_required: refuse an answer without `iss`, as the authorization server promises to send it.

    Raises: CallbackRejected with one of the reasons not-utf-8, too-long, repeated-parameter, code-and-error,
        incomplete, wrong-issuer, no-issuer.
    """
    try:
        size = sum(len(name.encode()) + len(value.encode()) for name, value in query)
    except UnicodeEncodeError:  # it came in bytes that are not UTF-8; a repaired value is one that nobody sent
        raise CallbackRejected("not-utf-8") from None
    if size > QUERY_LIMIT:
        raise CallbackRejected("too-long")
    given = dict(query)
    if len(given) != len(query):
        raise CallbackRejected("repeated-parameter")
    # RFC 6749 section 3.1: a parameter without a value counts as left out.
    state, code, error, iss = (given.get(name) or None for name in ("state", "code", "error", "iss"))
    if iss is None and issuer_required:
        raise CallbackRejected("no-issuer")
    if iss is not None and iss != issuer:
        raise CallbackRejected("wrong-issuer")
    if code is not None and error is not None:
        raise CallbackRejected("code-and-error")
    if state is None or (code is None and error is None):
        raise CallbackRejected("incomplete")
    if error is not None:
        return Callback(state, None, error if error in KNOWN_ERRORS else "unknown")
    if code is None or not CODE.fullmatch(code):
        raise CallbackRejected("incomplete")
    if len(code) > CODE_LIMIT:
        raise CallbackRejected("too-long")
    return Callback(state, AuthorizationCode(code), None)
