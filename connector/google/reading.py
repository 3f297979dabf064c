"""Typed, bounded reading of the Pages API's JSON. Whatever breaks the format raises; nothing is guessed."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from connector.domain.errors import UnreadableAnswer
from connector.domain.records import Answer
from connector.google.errors import read_error
from connector.google.strictjson import read_object

__all__ = [
    "body_of",
    "cleaned",
    "count_of",
    "id_of",
    "items_of",
    "link_of",
    "moment_of",
    "part_of",
    "picture_of",
    "string_of",
]

T = TypeVar("T")

TEXT_LIMIT = 64 * 1024  # bytes of UTF-8 (R45)
NAME_LIMIT = 1024  # characters of a name
MOST_ITEMS = 1000  # no list of the API holds more than 500
ID = re.compile(r"[!-~]{1,256}")
CURSOR = re.compile(r"[!-~]{1,2048}")
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")  # NUL, and halves of characters that have no UTF-8
ADDRESS = re.compile(r"https?://[!-~]{1,2040}")


def body_of(answer: Answer) -> dict[str, Any]:
    """The object an answer holds. Raises: GoogleRefused for an error, UnreadableAnswer for anything else."""
    if answer.status >= 400:
        raise read_error(answer)
    if not 200 <= answer.status < 300:
        raise UnreadableAnswer("an unexpected status")
    return read_object(answer.body)


def items_of(body: dict[str, Any], read: Callable[[dict[str, Any]], T]) -> tuple[tuple[T, ...], str | None]:
    """A list's items and the cursor of the next list, if there is one."""
    items = body.get("items", [])
    if not isinstance(items, list) or len(items) > MOST_ITEMS or not all(isinstance(item, dict) for item in items):
        raise UnreadableAnswer("its items are not a list of objects")
    cursor = body.get("nextPageToken") or None
    if cursor is not None and not (isinstance(cursor, str) and CURSOR.fullmatch(cursor)):
        raise UnreadableAnswer("its page token is not a plain string")
    return tuple(read(item) for item in items), cursor


def part_of(body: dict[str, Any], name: str) -> dict[str, Any]:
    """An object within an object; empty when it is not there."""
    part = body.get(name, {})
    if not isinstance(part, dict):
        raise UnreadableAnswer("a part is not an object")
    return part


def id_of(body: dict[str, Any]) -> str:
    """The `id`: 1 to 256 printable characters, no space."""
    found = body.get("id")
    if not isinstance(found, str) or not ID.fullmatch(found):
        raise UnreadableAnswer("an id is missing or not a plain string")
    return found


def string_of(body: dict[str, Any], name: str, limit: int = NAME_LIMIT) -> str:
    """A name or title, cleaned and cut to `limit` characters; empty when it is not there."""
    found = body.get(name, "")
    if not isinstance(found, str):
        raise UnreadableAnswer("a text is not a string")
    return UNSTORABLE.sub("", found)[:limit]


def cleaned(text: str) -> str:
    """A text as it can be stored: without NUL and lone surrogates, cut to 64 KiB between characters (R45)."""
    kept = UNSTORABLE.sub("", text)
    if len(kept) * 4 <= TEXT_LIMIT:
        return kept
    return kept.encode()[:TEXT_LIMIT].decode(errors="ignore")


def count_of(body: dict[str, Any], name: str) -> int:
    """A number of things; 0 when it is not there."""
    found = body.get(name, 0)
    if type(found) is not int or not 0 <= found < 2**53:
        raise UnreadableAnswer("a count is not a number of things")
    return found


def moment_of(body: dict[str, Any], name: str) -> datetime:
    """An RFC 3339 time with its offset, in UTC."""
    found = body.get(name)
    try:
        moment = datetime.fromisoformat(found if isinstance(found, str) and len(found) <= 40 else "")
        if moment.tzinfo is None:
            raise ValueError(name)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise UnreadableAnswer("a time is missing or not RFC 3339") from None


def picture_of(body: dict[str, Any]) -> str | None:
    """The address in `image.url`, repaired: some came with a doubled scheme or with none."""
    found = part_of(body, "image").get("url")
    return _address(found)


def _address(found: object) -> str | None:
    if not isinstance(found, str):
        return None
    repaired = re.sub(r"\Ahttps?:(?=https?://)", "", found)
    if repaired.startswith("//"):
        repaired = f"https:{repaired}"
    return repaired if ADDRESS.fullmatch(repaired) else None


def link_of(body: dict[str, Any]) -> str | None:
    """The address in `url`; anything but http and https is left out."""
    return _address(body.get("url"))
