"""Plain text to the HTML that the API answered, and to a post's title.

Source: reference "Behaviour: Text" (F+M).
"""

import html
import re
from collections.abc import Callable

__all__ = ["as_html", "title"]

_BOM = "\ufeff"  # real answers often ended with it
_TITLE = 70  # characters; where the real one cut is not known
_MARKED = re.compile(r"\+(?P<user>\d{21})|(?P<link>https?://[^\s<>\"]+)|(?<![\w&])#(?P<tag>\w+)")


def as_html(original: str, name_of: Callable[[str], str | None]) -> str:
    """What `content` shows for an `originalContent`; `name_of` gives the display name of a 21-digit id."""
    pieces, end = [], 0
    for found in _MARKED.finditer(original):
        pieces += [_escaped(original[end : found.start()]), _markup(found, name_of)]
        end = found.end()
    return "".join([*pieces, _escaped(original[end:]), _BOM])


def title(original: str) -> str:
    """The text on one line, cut short with three dots."""
    line = " ".join(original.split())
    return line if len(line) <= _TITLE else line[:_TITLE].rstrip() + "..."


def _escaped(text: str) -> str:
    return html.escape(text).replace("\r\n", "\n").replace("\n", "<br />")


def _markup(found: re.Match[str], name_of: Callable[[str], str | None]) -> str:
    text = html.escape(found[0])
    if user := found["user"]:
        name = name_of(user)
        if name is None:
            return text
        return (
            f'<span class="proflinkWrapper"><span class="proflinkPrefix">+</span>'
            f'<a class="proflink" href="https://plus.google.com/{user}" oid="{user}">{html.escape(name)}</a></span>'
        )
    if found["link"]:
        return f'<a href="{text}" class="ot-anchor" rel="nofollow">{text}</a>'
    return f'<a class="ot-hashtag" href="https://plus.google.com/s/{text.replace("#", "%23")}">{text}</a>'
