"""What the disclosure page shows: all that the domain's disclosure says, in the shape that Settings shows it (P16).

The grant keeps a hash of the disclosure, so nothing that it says may be missing on the page.
"""

from collections.abc import Collection
from dataclasses import dataclass

from connector.domain.grants import PurposeView, ScopeView
from scopes import Catalogue, DisclosedPurpose, Disclosure

__all__ = ["Asked", "Row", "asked", "included", "rows"]


@dataclass(frozen=True, slots=True)
class Row:
    """A purpose with what is read for it and how long that is kept."""

    purpose: PurposeView
    data_read: tuple[str, ...]
    retention: str


def rows(disclosure: Disclosure) -> tuple[Row, ...]:
    """One row a purpose that can be chosen."""
    return tuple(map(_row, disclosure.rows))


def included(disclosure: Disclosure) -> tuple[Row, ...]:
    """The purposes that come with the chosen ones and are not switched alone."""
    return tuple(map(_row, disclosure.included))


def _row(purpose: DisclosedPurpose) -> Row:
    view = PurposeView(
        id=purpose.id,
        title=purpose.title,
        sentence=purpose.sentence,
        example=purpose.example,
        scopes=tuple(ScopeView(scope.scope, scope.short, scope.label, "asked") for scope in purpose.scopes),
        state="not-asked",
        state_sentence="",
        last_used=None,
        uses=0,
    )
    return Row(view, purpose.data_read, purpose.retention)


@dataclass(frozen=True, slots=True)
class Asked:
    """A permission, why it is asked for, and whether these choices need it (its mark says so)."""

    chip: ScopeView
    reason: str


def asked(catalogue: Catalogue, ticked: Collection[str]) -> tuple[Asked, ...]:
    """Every documented permission, in the catalogue's order, for these ticked purposes."""
    now = catalogue.scopes_for(ticked)
    return tuple(
        Asked(ScopeView(p.scope, p.short, p.label, "asked" if p.scope in now else "left-out"), p.reason)
        for p in catalogue.privileges
    )
