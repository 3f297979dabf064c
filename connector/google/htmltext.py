"""Google+ HTML to plain text. The result is text like any other: whoever shows it escapes it (R45)."""

from html.parser import HTMLParser

__all__ = ["text_of"]

SILENT = frozenset({"script", "style", "template", "title"})
NEW_LINE = frozenset({"br", "p", "div", "li", "blockquote"})
MOST = 256 * 1024  # characters of HTML read


def text_of(html: str) -> str:
    """The text of a piece of HTML: a line break for `<br>`, entities resolved, mentions and links as they read."""
    reader = _Text()
    try:
        reader.feed(html[:MOST])
        reader.close()
    except AssertionError:
        # html.parser gives up on a malformed `<![`; what was received is text too, and is shown inert.
        return html[:MOST]
    return "".join(reader.parts).rstrip("\ufeff\n ")


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in SILENT:
            self._silent += 1
        elif tag in NEW_LINE and (self.parts or tag == "br"):
            self.parts.append("\n")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in SILENT:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag in SILENT and self._silent:
            self._silent -= 1

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(data)
