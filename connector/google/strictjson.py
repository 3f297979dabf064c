"""JSON from outside, read as everybody reads it or not at all."""

from typing import Any

from connector.domain.errors import UnreadableAnswer
from connector.domain.plainjson import object_in

__all__ = ["read_object"]


def read_object(body: bytes) -> dict[str, Any]:
    """The one JSON object in `body`. Raises: UnreadableAnswer, which holds nothing of it: it may be a token."""
    found = object_in(body)
    if found is None:
        raise UnreadableAnswer("not one JSON object")
    return found
