"""The disclosure page's rows and chips, in the same shape as Settings shows them, so that both say the same (P16)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from connector.domain.grants import PurposeView, ScopeView
from scopes import Catalogue

__all__ = ["Asked", "asked", "rows"]


def rows(catalogue: Catalogue, purposes: Sequence[str]) -> tuple[PurposeView, ...]:
    """One row a purpose, with the scopes it needs marked as to be asked."""
    return tuple(
        PurposeView(
            id=purpose.id,
            title=purpose.title,
            sentence=purpose.sentence,
            example=purpose.example,
            scopes=tuple(
                ScopeView(scope=scope, short=privilege.short, label=privilege.label, mark="asked")
                for scope in catalogue.scopes_for([purpose.id])
                for privilege in (catalogue.privilege(scope),)
            ),
            state="not-asked",
            state_sentence="",
            last_used=None,
            uses=0,
        )
        for purpose in map(catalogue.purpose, purposes)
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """A permission with whether it will be asked for, and the purposes that need it."""

    chip: ScopeView
    now: bool
    needed_by: tuple[str, ...]


def asked(catalogue: Catalogue, ticked: Collection[str]) -> tuple[Asked, ...]:
    """Every documented permission, in the catalogue's order, for these ticked purposes."""
    needs = {purpose.id: frozenset(catalogue.scopes_for([purpose.id])) for purpose in catalogue.choosable()}
    now = frozenset().union(*(needs[purpose] for purpose in ticked))
    return tuple(
        Asked(
            chip=ScopeView(
                scope=privilege.scope,
                short=privilege.short,
                label=privilege.label,
                mark="asked" if privilege.scope in now else "left-out",
            ),
            now=privilege.scope in now,
            needed_by=tuple(p.title for p in catalogue.choosable() if privilege.scope in needs[p.id]),
        )
        for privilege in catalogue.privileges
    )
