"""Google+ HTML to plain text. The result is text like any other: whoever shows it escapes it (R45).

Not the standard library's html.parser: one comment of 64 KiB that repeats `<a ` kept it busy for two minutes. Here
each character is looked at a fixed number of times, whatever it is.
"""

import html
import re

__all__ = ["text_of"]

# NOTE: neither part may run past the next `<`, or hostile text costs the square of its length.
TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)[^<>]*>|<[!?][^<>]*>")
SILENT = frozenset({"script", "style", "template", "title"})
NEW_LINE = frozenset({"br", "p", "div", "li", "blockquote"})
BIG_NUMBER = re.compile(r"&#[0-9]{8,};?")  # no character has such a number, and int() refuses the very long ones


def text_of(source: str) -> str:
    """The text of a piece of HTML: a line break for `<br>`, entities resolved, mentions and links as they read."""
    parts: list[str] = []
    position = 0
    while (start := source.find("<", position)) >= 0:
        if start > position:
            parts.append(_resolved(source[position:start]))
        if source.startswith("<!--", start):
            end = source.find("-->", start + 4)
            position = end + 3 if end >= 0 else len(source)  # as in a browser, when it never ends
            continue
        tag = TAG.match(source, start)
        if tag is None:
            parts.append("<")
            position = start + 1
            continue
        position = tag.end()
        closes, name = tag[1], (tag[2] or "").lower()
        if name in SILENT and not closes and not tag[0].endswith("/>"):
            end_tag = re.compile(f"</{name}", re.IGNORECASE).search(source, position)
            position = end_tag.start() if end_tag else len(source)
        elif name in NEW_LINE and not closes and (name == "br" or parts):
            parts.append("\n")
    parts.append(_resolved(source[position:]))
    return "".join(parts).rstrip("\ufeff\n ")


def _resolved(text: str) -> str:
    return html.unescape(BIG_NUMBER.sub("\ufffd", text))
