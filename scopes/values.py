"""How the values in an address are read: decoded once, and only when they are written the plain way."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from scopes.model import Parameter

__all__ = ["Bad", "Field", "query_field", "read_path", "read_query"]

_ID = re.compile(r"[A-Za-z0-9._\-+#:]{1,256}")
_PLAIN_ID = re.compile(r"[A-Za-z0-9._\-+:]{1,256}")
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_TEXT = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]{0,2048}")
_KINDS = {
    "boolean": re.compile(r"true|false"),
    "integer": re.compile(r"-?[0-9]{1,10}"),
    "number": re.compile(r"-?[0-9]{1,10}(\.[0-9]{1,10})?"),
}
_FIELD_MASK = re.compile(r"[A-Za-z0-9_/*(),.\-]{1,1024}")
# The characters of an id that have to be escaped in a path segment, or may be: RFC 3986 section 3.3.
_ESCAPED = {"%23": "#", "%2B": "+", "%2b": "+", "%3A": ":", "%3a": ":"}


class Bad(ValueError):
    """The address is not read any further. `reason` is a short code."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Field:
    """What a query parameter may hold. `barred` is the reason why it may not be used at all."""

    barred: str | None = None
    pattern: re.Pattern[str] = _TEXT
    enum: frozenset[str] = frozenset()
    repeated: bool = False


def query_field(parameter: Parameter, ids: Collection[str]) -> Field:
    """The check for a query parameter; `ids` names the parameters that hold ids."""
    if parameter.name == "fields":
        pattern = _FIELD_MASK
    elif parameter.name in ids:
        pattern = _ID
    else:
        pattern = _KINDS.get(parameter.kind, _TEXT)
    return Field(None, pattern, frozenset(parameter.enum), parameter.repeated)


def read_path(segment: str) -> str:
    """The id in a path segment. Raises: Bad."""
    value = segment
    if "%" in segment:
        value = _ESCAPE.sub(_unescape, segment)
        if "%" in value:
            raise Bad("bad-encoding")
        pattern = _ID
    else:
        pattern = _PLAIN_ID
    if not pattern.fullmatch(value):
        raise Bad("bad-value" if segment else "empty-segment")
    if value in (".", ".."):
        raise Bad("dot-segment")
    return value


def read_query(query: str, fields: Mapping[str, Field]) -> dict[str, str]:
    """The query's parameters by name. Raises: Bad."""
    asked: dict[str, str] = {}
    for pair in query.split("&"):
        name, equals, raw = pair.partition("=")
        field = fields.get(name)
        if field is None:
            raise Bad("unknown-parameter" if name and equals else "bad-query")
        if field.barred:
            raise Bad(field.barred)
        if not equals:
            raise Bad("bad-query")
        value = _decoded(raw) if "%" in raw or "+" in raw else raw
        if not field.pattern.fullmatch(value) or (field.enum and value not in field.enum):
            raise Bad("bad-value")
        if name in asked or (field.repeated and "," in value):
            if not field.repeated or "," in value:
                raise Bad("bad-value" if field.repeated else "repeated-parameter")
            value = f"{asked[name]},{value}"
        asked[name] = value
    return asked


def _unescape(escape: re.Match[str]) -> str:
    try:
        return _ESCAPED[escape[0]]
    except KeyError:
        raise Bad("bad-encoding") from None


def _decoded(raw: str) -> str:
    """A query value under the form rules, where a plus is a space. Raises: Bad."""
    if _BROKEN_ESCAPE.search(raw):
        raise Bad("bad-encoding")
    try:
        value = unquote_to_bytes(raw.replace("+", " ")).decode("utf-8")
    except UnicodeDecodeError:
        raise Bad("bad-encoding") from None
    if _ESCAPE.search(value):
        raise Bad("bad-encoding")  # escaped twice: who decodes it, and how often, is anyone's guess
    return value
