"""Other people's text, made safe to show: hidden characters become visible marks, web links become links.

The text is stored as it was received; only what is shown is marked (R45, R46). Nothing here makes HTML.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

__all__ = ["Part", "Shown", "shown", "visible"]

_LINK = re.compile(
    r"https?://[^\s<>\"'`\\^{|}\u0000-\u0020\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069]{1,2000}"
)
_KEPT_CONTROLS = frozenset("\n\t")
_JOINERS = frozenset("\u200c\u200d")  # part of Persian and Indic spelling, and of emoji
_MOST_COMBINING = 8  # marks on one letter; more only serves to paint over other lines


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of text, a mark in place of a hidden character, or a link. Every field is plain text."""

    kind: Literal["text", "mark", "link"]
    text: str
    title: str | None = None
    href: str | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """Text in parts, in order."""

    parts: tuple[Part, ...]

    def __str__(self) -> str:
        return "".join(part.text for part in self.parts)


def shown(text: str) -> Shown:
    """Split received text into parts that a page escapes and renders."""
    parts: list[Part] = []
    end = 0
    for found in _LINK.finditer(text):
        address = found.group().rstrip(".,;:!?)]")
        host = _host(address)
        if host is None:
            continue
        parts += _marked(text[end : found.start()])
        parts.append(Part("link", address, title=host, href=address))
        end = found.start() + len(address)
    parts += _marked(text[end:])
    return Shown(tuple(parts))


def visible(text: str) -> str:
    """A name or sentence with hidden characters as visible marks, so that it cannot pose as another (R46)."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(part.text for part in _marked(text))


def _host(address: str) -> str | None:
    """The host as a resolver would see it (punycode), or None when the address is not plain http(s)."""
    try:
        pieces = urlsplit(address)
        host, _ = pieces.hostname, pieces.port
    except ValueError:
        return None
    if not host or pieces.username is not None or pieces.password is not None:
        return None
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return None


def _marked(text: str) -> list[Part]:
    parts: list[Part] = []
    plain: list[str] = []
    combining = 0
    for char in text:
        category = unicodedata.category(char)
        combining = combining + 1 if category in ("Mn", "Me") else 0
        if not _hidden(char, category) and combining <= _MOST_COMBINING:
            plain.append(char)
            continue
        if plain:
            parts.append(Part("text", "".join(plain)))
            plain = []
        if combining > _MOST_COMBINING:
            if combining == _MOST_COMBINING + 1:
                parts.append(Part("mark", "[…]", title="More combining marks than a letter has"))
            continue
        name = unicodedata.name(char, "CONTROL CHARACTER")
        parts.append(Part("mark", f"[U+{ord(char):04X}]", title=name.capitalize()))
    if plain:
        parts.append(Part("text", "".join(plain)))
    return parts


def _hidden(char: str, category: str) -> bool:
    if char in _KEPT_CONTROLS or char in _JOINERS:
        return False
    return category in ("Cc", "Cf", "Co", "Cs", "Zl", "Zp")
