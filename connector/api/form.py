"""Reading a token request as strictly as it may be written: what could be meant in two ways is refused.

RFC 6749 sections 2.3.1, 3.2 and appendix B.
"""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote_plus

from authlib.oauth2.rfc6749.errors import InvalidRequestError  # type: ignore[import-untyped]

from connector.domain.secret import ProgramSecret

__all__ = ["LARGEST", "Credentials", "credentials", "fields"]

LARGEST = 4096  # bytes of a token request
_MOST_FIELDS, _LONGEST = 10, 512  # fields, and characters of one
_FORM_TYPE = re.compile(r"application/x-www-form-urlencoded(; ?charset=utf-8)?", re.IGNORECASE)
_PLAIN = re.compile(r"[ !#-\[\]-~]*")  # what RFC 6749 lets error descriptions hold; every value of ours fits
_BASIC = re.compile(r"basic +([A-Za-z0-9+/]+={0,2})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a program shows. `method` is the name of the way it came (RFC 7591)."""

    client_id: str
    secret: ProgramSecret
    method: str


NOTHING = Credentials("", ProgramSecret(""), "client_secret_basic")


def fields(content_type: str, body: bytes) -> Mapping[str, str]:
    """The form's fields. Raises: InvalidRequestError for another type, or a field that is repeated or not plain."""
    if not _FORM_TYPE.fullmatch(content_type):
        raise InvalidRequestError("The body must be application/x-www-form-urlencoded.")
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError:
        raise InvalidRequestError("The body cannot be read as a form.") from None
    found = dict(pairs)
    if len(found) != len(pairs):
        raise InvalidRequestError("A parameter came twice.")
    if not all(len(text) <= _LONGEST and _PLAIN.fullmatch(text) for pair in pairs for text in pair):
        raise InvalidRequestError("A parameter is too long, or holds a character that cannot be used.")
    # RFC 6749 section 3.2: a parameter without a value counts as left out.
    return {name: value for name, value in found.items() if value}


def credentials(authorization: str | None, form: Mapping[str, str]) -> Credentials:
    """What the program shows, by exactly one way. Nothing, and what cannot be read, is as good as an empty secret.

    Raises: InvalidRequestError for two ways at once (RFC 6749 section 2.3).
    """
    if authorization is None:
        if "client_id" not in form or "client_secret" not in form:
            return NOTHING
        return Credentials(form["client_id"], ProgramSecret(form["client_secret"]), "client_secret_post")
    if "client_secret" in form:
        raise InvalidRequestError("The secret came in two ways. Use one.")
    basic = _BASIC.fullmatch(authorization)
    if basic is None:
        return NOTHING
    try:
        name, colon, secret = base64.b64decode(basic[1], validate=True).decode("ascii").partition(":")
    except ValueError:
        return NOTHING
    name = unquote_plus(name)
    if not colon or form.get("client_id", name) != name or not _PLAIN.fullmatch(name):
        return NOTHING
    return Credentials(name, ProgramSecret(unquote_plus(secret)), "client_secret_basic")
