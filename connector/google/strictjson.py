"""JSON from outside: UTF-8 only, no duplicate keys, no NaN, and no input that crashes the reader."""

import json
from typing import Any, NoReturn

from connector.domain.errors import UnreadableAnswer

__all__ = ["read_object"]


def read_object(body: bytes, *, unique_keys: bool = False) -> dict[str, Any]:
    """The JSON object in `body`. `unique_keys` also refuses a key that comes twice, at any depth.

    Raises: UnreadableAnswer.
    """
    try:
        found = json.loads(
            body.decode("utf-8"), object_pairs_hook=_unique if unique_keys else None, parse_constant=_refuse
        )
    except (ValueError, RecursionError):
        # Not chained: the exception holds what was read, which may be a token.
        raise UnreadableAnswer("not JSON") from None
    if not isinstance(found, dict):
        raise UnreadableAnswer("not a JSON object")
    return found


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise UnreadableAnswer("a key comes twice")
    return found


def _refuse(_constant: str) -> NoReturn:
    raise ValueError("not a JSON number")
