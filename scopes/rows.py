"""Data files, read strictly: what is missing, mistyped or unknown is noted under the name of its row."""

import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, overload

from scopes.errors import CatalogueError

__all__ = ["Row", "table_of"]


def table_of(toml_text: str) -> dict[str, Any]:
    """The file as plain values. Raises: CatalogueError when it is not TOML (a key written twice is not)."""
    try:
        return tomllib.loads(toml_text)
    except tomllib.TOMLDecodeError as wrong:
        raise CatalogueError([f"catalogue: not readable as TOML: {wrong}"]) from None


class Row:
    """One table of a data file, read key by key. `name` is how problems call it."""

    def __init__(self, name: str, table: Mapping[str, Any], problems: list[str]) -> None:
        self.name = name
        self._left = dict(table)
        self._problems = problems

    @overload
    def text(self, key: str) -> str: ...
    @overload
    def text(self, key: str, *, default: None) -> str | None: ...
    def text(self, key: str, *, default: str | None = "") -> str | None:
        """A text that is not blank; with a default of None it may be left out."""
        if default is None and key not in self._left:
            return None
        value = self._left.pop(key, None)
        if isinstance(value, str) and value.strip():
            return value
        self.wrong(f'"{key}" must be a text')
        return default

    def texts(self, key: str, *, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """A list of texts, each once."""
        value = self._left.pop(key, default)
        if value is None or isinstance(value, str) or not all(isinstance(v, str) and v.strip() for v in value):
            self.wrong(f'"{key}" must be a list of texts')
            return ()
        for twice in sorted({text for text in value if list(value).count(text) > 1}):
            self.wrong(f'"{key}" names "{twice}" twice')
        return tuple(value)

    def flag(self, key: str) -> bool:
        """True or false; false when left out."""
        value = self._left.pop(key, False)
        if not isinstance(value, bool):
            self.wrong(f'"{key}" must be true or false')
        return value is True

    def day(self, key: str) -> date:
        """A date without a time."""
        value = self._left.pop(key, None)
        if isinstance(value, date) and not isinstance(value, datetime):
            return value
        self.wrong(f'"{key}" must be a date')
        return date.min

    def table(self, key: str) -> "Row":
        """A table; empty when left out."""
        value = self._left.pop(key, {})
        if not isinstance(value, dict):
            self.wrong(f'"{key}" must be a table')
            value = {}
        return Row(key if self.name == "catalogue" else f"{self.name}, {key}", value, self._problems)

    def rows(self, kind: str, *, named_by: str) -> list["Row"]:
        """The rows of an array of tables, each named by one of its texts."""
        value = self._left.pop(kind, None)
        if not isinstance(value, list) or not value or not all(isinstance(row, dict) for row in value):
            self.wrong(f'must have one or more rows "{kind}"')
            return []
        prefix = "" if self.name == "catalogue" else f"{self.name}, "
        return [
            Row(f'{prefix}{kind} "{row.get(named_by, f"number {n}")}"', row, self._problems)
            for n, row in enumerate(value, start=1)
        ]

    def all_lists(self) -> dict[str, tuple[str, ...]]:
        """Everything left, as lists of texts by their keys."""
        return {key: self.texts(key) for key in tuple(self._left)}

    def all_texts(self) -> dict[str, str]:
        """Everything left, as texts by their keys."""
        return {key: self.text(key) for key in tuple(self._left)}

    def done(self) -> None:
        """Say so when the row holds anything nobody asked for: a typing error is not to be passed over."""
        for key in self._left:
            self.wrong(f'unknown key "{key}"')

    def wrong(self, what: str) -> None:
        """Note a problem under this row's name."""
        self._problems.append(f"{self.name}: {what}")
