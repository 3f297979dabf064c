"""One line of the staff table, with a mark for each documented scope."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from connector.domain.grants import ScopeView
from connector.domain.records import AsGranted
from scopes import Catalogue

__all__ = ["MarkedRow", "marked"]


@dataclass(frozen=True, slots=True)
class MarkedRow:
    """A grant with its marks in column order, and the last use of any of its purposes."""

    row: AsGranted
    scopes: tuple[ScopeView, ...]
    last_used: datetime | None


def marked(row: AsGranted, columns: Sequence[ScopeView], catalogue: Catalogue) -> MarkedRow:
    """Mark each column; a scope counts as used when a purpose that needs it had an answered call."""
    used = {scope for purpose in row.last_used for scope in catalogue.scopes_for([purpose])}
    marks = tuple(
        ScopeView(scope=column.scope, short=column.short, label=column.label, mark=_mark(row, column.scope, used))
        for column in columns
    )
    return MarkedRow(row, marks, max(row.last_used.values(), default=None))


def _mark(row: AsGranted, scope: str, used: set[str]) -> str:
    grant = row.grant
    if scope in grant.extra:
        return "extra"
    if scope in row.lost:
        return "lost"
    if scope in grant.granted:
        return "granted" if scope in used else "unused"
    return "refused" if scope in grant.refused else "not-asked"
