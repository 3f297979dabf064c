"""Feeds in pages, with tokens that mean something only to the server.

Source: reference "Behaviour: Paging": base64url of a small protobuf, field 1 the page size, field 2 a position. A third
field holds a checksum of the listing, so that a token of one listing is refused by another.
"""

import base64
import binascii
import bisect
import zlib
from collections.abc import Callable, Sequence
from typing import TypeVar

from connector.standin.errors import invalid

__all__ = ["page"]

T = TypeVar("T")


def page(
    items: Sequence[T], key: Callable[[T], int], *, size: int, token: str | None, listing: str
) -> tuple[list[T], str | None]:
    """One page of a listing whose keys rise strictly, and the token of the next page if there is one.

    Items that come or go between two pages neither repeat nor hide others.

    Raises: ApiError (400) when the token is not one of this listing.
    """
    start = 0 if token is None else bisect.bisect_right(items, _read(token, listing), key=key)
    found = list(items[start : start + size])
    more = bool(found) and start + size < len(items)
    return found, _write(size, key(found[-1]), listing) if more else None


def _write(size: int, position: int, listing: str) -> str:
    zigzag = position << 1 if position >= 0 else (-position << 1) - 1
    raw = b"\x08" + _varint(size) + b"\x10" + _varint(zigzag) + b"\x1d" + _checksum(listing, position)
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _read(token: str, listing: str) -> int:
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        if raw[:1] != b"\x08":
            raise ValueError
        _, rest = _unvarint(raw[1:])
        if rest[:1] != b"\x10":
            raise ValueError
        zigzag, rest = _unvarint(rest[1:])
        position = -(zigzag + 1 >> 1) if zigzag & 1 else zigzag >> 1
        if rest != b"\x1d" + _checksum(listing, position):
            raise ValueError
    except (ValueError, binascii.Error):
        raise invalid("pageToken", f"Invalid string value: '{token}'.") from None
    return position


def _checksum(listing: str, position: int) -> bytes:
    return zlib.crc32(f"{listing} {position}".encode()).to_bytes(4, "little")


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _unvarint(raw: bytes) -> tuple[int, bytes]:
    number = 0
    for place, byte in enumerate(raw):
        number |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return number, raw[place + 1 :]
    raise ValueError("cut off")
