"""What each member of a customer may do, for the purposes that change something at the provider.

Everything is allowed until somebody who manages the members takes it away. The permit reads it anew for every call
(`grants.permit`), so a change holds for the next one, on every process.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from connector.domain import events, ledger
from connector.domain.errors import NotFound, Refused
from connector.domain.ports import Services, Tx
from connector.domain.records import Actor, Person

__all__ = ["MANAGER", "Allowance", "MemberView", "allow", "listing", "purposes"]

MANAGER = "owner"  # the role that manages a customer's members


@dataclass(frozen=True, slots=True)
class Allowance:
    """Whether somebody may do what a purpose does."""

    purpose: str
    title: str
    on: bool


@dataclass(frozen=True, slots=True)
class MemberView:
    """A member as the members' page shows them."""

    id: str
    name: str
    email: str
    manages: bool
    disabled: bool
    may: tuple[Allowance, ...]


def purposes(svc: Services) -> Mapping[str, str]:
    """The purposes that a member's permission is asked for, with their titles, in the catalogue's order."""
    return {p.id: p.title for network in svc.networks.values() for p in network.catalogue.writing()}


def listing(svc: Services, actor: Actor, customer: str) -> tuple[MemberView, ...]:
    """The customer's members, by name. Raises: NotFound for another's customer; Refused `not-a-manager`."""
    titles = purposes(svc)
    if actor.customer not in (None, customer):
        raise NotFound(customer)
    with svc.store.read() as tx:
        _check_manager(tx, actor)
        return tuple(_view(person, titles) for person in tx.accounts.members(customer))


def allow(svc: Services, actor: Actor, person: str, purpose: str, *, on: bool) -> None:
    """Let a member do what a purpose does, or no longer. For the customer's own managers, and the operator.

    Raises:
        NotFound: no such member of that customer, or no such purpose.
        Refused: `not-a-manager`.
    """
    titles = purposes(svc)
    with svc.store.read() as tx:
        known = tx.accounts.person(person)
    if known is not None and known.customer is not None and actor.customer in (None, known.customer):
        svc.vault.ready(svc.store, known.customer)
    with svc.store.write() as tx:
        _check_manager(tx, actor)
        tx.accounts.lock(person)
        found = tx.accounts.person(person)
        if found is None or found.customer is None or actor.customer not in (None, found.customer):
            raise NotFound(person)
        if purpose not in titles:
            raise NotFound(purpose)
        if (purpose not in found.may_not) == on:
            return
        kept = tuple(other for other in found.may_not if other != purpose)
        tx.accounts.set_may_not(person, kept if on else (*kept, purpose))
        ledger.note(
            svc, tx, events.MEMBER_MAY if on else events.MEMBER_MAY_NOT, actor=actor, customer=found.customer,
            purpose=purpose, details={"person": found.name, "person_id": found.id, "purpose_title": titles[purpose]},
        )  # fmt: skip


def _check_manager(tx: Tx, actor: Actor) -> None:
    """The right is looked up now; a session may be older than it."""
    if actor.kind == "staff" and actor.customer is None:
        return
    found = tx.accounts.person(actor.id)
    if found is None or found.disabled or found.customer != actor.customer or found.role != MANAGER:
        raise Refused(
            "not-a-manager", "Only an owner of your organisation sees and changes what its members may do. Ask one."
        )


def _view(person: Person, titles: Mapping[str, str]) -> MemberView:
    may = tuple(Allowance(purpose, title, purpose not in person.may_not) for purpose, title in titles.items())
    return MemberView(person.id, person.name, person.email, person.role == MANAGER, person.disabled, may)
