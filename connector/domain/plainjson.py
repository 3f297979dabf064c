"""JSON that everybody reads alike: UTF-8, no name twice in one object, no number that is none."""

import json
from typing import Any

__all__ = ["object_in"]


def object_in(text: bytes) -> dict[str, Any] | None:
    """The one object that this is, or None."""
    try:
        found = json.loads(text.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _no_number(_word: str) -> None:
    raise ValueError("not a number in JSON")
