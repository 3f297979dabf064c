"""What a customer allowed, whether it holds right now, and the switches for each purpose."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import scopes
from connector.domain import events, ledger
from connector.domain.errors import NeedsConsent, NotFound, QuotaSpent, Refused, Revoked
from connector.domain.ports import Services, Tx
from connector.domain.records import (
    Actor,
    AsGranted,
    Connection,
    ConnectionState,
    Customer,
    Grant,
    Page,
    Standing,
    Switch,
)
from scopes import Catalogue, Need, Purpose

__all__ = [
    "ConnectionView",
    "GrantsTable",
    "Permit",
    "PurposeView",
    "ScopeView",
    "held",
    "listing",
    "overview",
    "permit",
    "switch",
    "view",
]


@dataclass(frozen=True, slots=True)
class Permit:
    """The gate's answer that lets one call go on. Only `permit` makes one; a token is opened for nothing else."""

    need: Need
    connection: Connection
    quota_back: bool = False  # the provider's quota was spent, and the time at which it begins anew has come


def permit(svc: Services, tx: Tx, actor: Actor, connection: str, need: Need) -> Permit:
    """Whether the member may, the live grant holds all that is needed, the purpose is on and the page is chosen, now.

    Raises:
        NotFound: no such connection, or another customer's.
        Revoked, NeedsConsent: the connection was ended, or Google has to be asked again.
        Refused: `member-gone` or `member-may-not` by who asks; with its reason, for anything else that does not hold.
        QuotaSpent: the provider takes no call of ours until its quota begins anew.
    """
    asks = actor.id if actor.kind == "member" else None
    standing = tx.connections.standing(actor.customer, connection, asks) if actor.customer else None
    if standing is None:
        raise NotFound(connection)
    if asks is not None:
        _check_member(standing, actor, svc.network(standing.connection.provider).catalogue, need.purpose)
    return Permit(held(svc, standing, need), standing.connection, quota_back=standing.quota_until is not None)


def held(svc: Services, standing: Standing, need: Need) -> Need:
    """What the connection gives at this moment, whoever asks. Raises: as `permit`, but for who asks."""
    match standing.connection.state:
        case ConnectionState.REVOKED | ConnectionState.MERGED:
            raise Revoked
        case ConnectionState.NEEDS_CONSENT:
            raise NeedsConsent
    answer = scopes.holds(
        need,
        catalogue=svc.network(standing.connection.provider).catalogue,
        granted=standing.worth_asking(svc.clock.now()),
        purposes_on=standing.purposes_on,
        chosen_pages=standing.chosen_pages,
    )
    if isinstance(answer, scopes.Refusal):
        raise Refused.because(answer)
    if standing.quota_until is not None and standing.quota_until > svc.clock.now():
        raise QuotaSpent(standing.quota_until)
    return answer


def _check_member(standing: Standing, actor: Actor, catalogue: Catalogue, purpose: str) -> None:
    """A member's own permission, as it stands now. Programs are limited by their tokens, and staff have no customer."""
    member = standing.member
    if member is None or member.disabled or member.customer != actor.customer:
        raise Refused("member-gone", "Whoever asks for this is no longer a member of this organisation.")
    if purpose in member.may_not:
        raise Refused("member-may-not", f"{MAY_NOT} “{catalogue.purpose(purpose).title}”. Ask one of its owners.")


MAY_NOT = "Your organisation does not let you use"


@dataclass(frozen=True, slots=True)
class ScopeView:
    """A scope as a chip shows it. `mark`: asked, granted, refused, unused."""

    scope: str
    short: str
    label: str
    mark: str


@dataclass(frozen=True, slots=True)
class PurposeView:
    """A purpose as a row shows it. `state`: on, off, missing (a permission was not given), not-asked."""

    id: str
    title: str
    sentence: str
    example: str
    scopes: tuple[ScopeView, ...]
    state: str
    state_sentence: str
    last_used: datetime | None
    uses: int


@dataclass(frozen=True, slots=True)
class ConnectionView:
    """A connected account as Settings shows it."""

    id: str
    provider: str
    provider_title: str
    account_name: str
    account: str | None
    state: ConnectionState
    state_sentence: str
    next_step: str | None
    connected_at: datetime
    pages: tuple[Page, ...]
    purposes: tuple[PurposeView, ...]
    shared: bool
    at_google: str | None


@dataclass(frozen=True, slots=True)
class GrantsTable:
    """Who granted what, with totals that hold for the whole answer."""

    rows: tuple[AsGranted, ...]
    scopes: tuple[ScopeView, ...]
    customers: tuple[Customer, ...]
    total_customers: int
    total_connections: int
    total_grants: int


def overview(svc: Services, customer: str) -> tuple[ConnectionView, ...]:
    """The customer's connected accounts, newest first, ended ones last."""
    with svc.store.read() as tx:
        found = [c for c in tx.connections.of_customer(customer) if c.state is not ConnectionState.MERGED]
        views = [view(svc, tx, connection) for connection in found]
    return tuple(sorted(views, key=lambda v: (v.state is ConnectionState.REVOKED, -v.connected_at.timestamp())))


def view(svc: Services, tx: Tx, connection: Connection) -> ConnectionView:
    """One connection with its state, pages and purposes."""
    catalogue = svc.network(connection.provider).catalogue
    grants = tx.connections.grants(connection.id)
    standing = tx.connections.standing(connection.customer, connection.id)
    switches = tx.connections.switches(connection.id)
    uses = tx.ledger.uses(connection.id)
    pages = tuple(page for page in tx.connections.pages(connection.id) if page.chosen)
    others = tx.connections.of_account(connection.provider, connection.account) if connection.account else ()
    purposes = tuple(
        _purpose_view(catalogue, purpose, grants[0] if grants else None, standing, switches, uses)
        for purpose in catalogue.choosable()
    )
    sentence, step = _state(connection, purposes, pages)
    return ConnectionView(
        id=connection.id,
        provider=connection.provider,
        provider_title=catalogue.title,
        account_name=connection.account_name or "An account not yet identified",
        account=connection.account,
        state=connection.state,
        state_sentence=sentence,
        next_step=step,
        connected_at=connection.created_at,
        pages=pages,
        purposes=purposes,
        shared=any(other.customer != connection.customer for other in others),
        at_google=connection.at_google,
    )


def _state(
    connection: Connection, purposes: tuple[PurposeView, ...], pages: tuple[Page, ...]
) -> tuple[str, str | None]:
    match connection.state:
        case ConnectionState.REVOKED:
            return f"Ended. {AT_GOOGLE.get(connection.at_google or '', '')}".strip(), "connect"
        case ConnectionState.MERGED:
            return "This consent renewed another connection.", None
        case ConnectionState.NEEDS_CONSENT:
            return "Nothing can be done until Google is asked again.", "reconnect"
        case ConnectionState.LINKING:
            return "Google answered, but the account has not been read yet.", "resume"
    working = [p.title for p in purposes if p.state == "on"]
    if not working:
        return "Connected. Every purpose is off or misses a permission.", "reconnect"
    if not pages:
        return "Connected. No page is chosen yet.", "choose-pages"
    if any(p.state == "missing" for p in purposes):
        return "Working. Some purposes miss a permission that Google does not give.", "reconnect"
    return "Working.", None


AT_GOOGLE = {
    "pending": "Removal at Google is pending; nothing here uses the account meanwhile.",
    "confirmed": "Google confirmed the removal.",
    "already-gone": "Google had forgotten the permission already.",
    "kept": "The permission at Google was left, because this account is connected elsewhere too or you asked for that.",
    "no-token": "No token was held here, so there was nothing to remove at Google.",
}


def _purpose_view(
    catalogue: Catalogue,
    purpose: Purpose,
    grant: Grant | None,
    standing: Standing | None,
    switches: Mapping[str, Switch],
    uses: Mapping[str, tuple[datetime, int]],
) -> PurposeView:
    last_used, count = uses.get(purpose.id, (None, 0))
    needed = catalogue.scopes_for([purpose.id])
    granted = standing.granted if standing else frozenset()
    state, sentence = _purpose_state(purpose, needed, granted, grant, standing, switches.get(purpose.id), catalogue)
    chips = tuple(_chip(catalogue, scope, grant, granted, used=count > 0) for scope in needed)
    return PurposeView(
        purpose.id, purpose.title, purpose.sentence, purpose.example, chips, state, sentence, last_used, count
    )


def _purpose_state(
    purpose: Purpose,
    needed: tuple[str, ...],
    granted: frozenset[str],
    grant: Grant | None,
    standing: Standing | None,
    last: Switch | None,
    catalogue: Catalogue,
) -> tuple[str, str]:
    if grant is None or standing is None:
        return "not-asked", "Google has not been asked for this."
    missing = [catalogue.privilege(scope).label for scope in needed if scope not in granted]
    if purpose.id in standing.purposes_on and not missing:
        return "on", "On."
    if purpose.id in standing.purposes_on and not standing.lost.keys().isdisjoint(needed):
        return "missing", f"Off, because Google gives this permission no longer: {'; '.join(missing)}."
    if purpose.id in standing.purposes_on:
        return "missing", f"Off, because this permission was not given at Google: {'; '.join(missing)}."
    if last is not None and not last.on:
        return "off", f"Off since {_day(last.at)}. It was switched off here."
    return "not-asked", "Off. It was not chosen when the account was connected."


def _day(at: datetime) -> str:
    return f"{at.day} {at:%B %Y}"


def _chip(catalogue: Catalogue, scope: str, grant: Grant | None, granted: frozenset[str], *, used: bool) -> ScopeView:
    privilege = catalogue.privilege(scope)
    if scope in granted:
        mark = "granted" if used else "unused"
    elif grant is not None and scope in grant.requested:
        mark = "refused"
    else:
        mark = "not-asked"
    return ScopeView(scope, privilege.short, privilege.label, mark)


def switch(svc: Services, actor: Actor, connection: str, purpose: str, *, on: bool) -> None:
    """Switch one purpose of a connection on or off; it holds for the next call, on every process.

    Raises: NotFound; Revoked; Refused `scope-missing` when on needs more than Google granted.
    """
    with svc.store.write() as tx:
        found = tx.connections.get(actor.customer, connection) if actor.customer else None
        if found is None:
            raise NotFound(connection)
        if found.state in (ConnectionState.REVOKED, ConnectionState.MERGED):
            raise Revoked
        catalogue = svc.network(found.provider).catalogue
        if purpose not in {p.id for p in catalogue.choosable()}:
            raise NotFound(purpose)
        tx.connections.lock(connection)
        standing = tx.connections.standing(found.customer, connection)
        missing = frozenset(catalogue.scopes_for([purpose])) - (standing.granted if standing else frozenset())
        if on and missing:
            raise Refused(
                "scope-missing", "Google was not asked for all this needs. Connect the account again.", missing
            )
        if standing and (purpose in standing.purposes_on) == on:
            return
        tx.connections.set_switch(connection, Switch(purpose=purpose, on=on, at=svc.clock.now(), by=actor.id))
        ledger.note(
            svc, tx, events.PURPOSE_ON if on else events.PURPOSE_OFF, actor=actor, customer=found.customer,
            connection=connection, purpose=purpose, details={"purpose_title": catalogue.purpose(purpose).title},
        )  # fmt: skip


def listing(
    svc: Services,
    actor: Actor,
    *,
    customer: str | None = None,
    scope: str | None = None,
    as_of: datetime | None = None,
) -> GrantsTable:
    """Who granted what, newest first, at a moment if one is named. The look itself goes on the ledger.

    `scope` is a full URL or its last part, such as `plus.stream.read`. Raises: NotFound for an unknown one.
    """
    catalogue = next(iter(svc.networks.values())).catalogue
    wanted = None
    if scope:
        wanted = next((p.scope for p in catalogue.privileges if scope in (p.scope, p.short)), None)
        if wanted is None:
            raise NotFound(scope)
    with svc.store.write() as tx:
        ledger.note(
            svc, tx, events.STAFF_GRANTS, actor=actor,
            details={"customer": customer, "scope": scope, "as_of": as_of.isoformat() if as_of else None},
        )  # fmt: skip
        rows = tuple(
            replace(row, purposes_on=row.purposes_on.intersection(catalogue.covered(set(row.grant.granted) - row.lost)))
            for row in tx.connections.all_grants(customer=customer, scope=wanted, as_of=as_of)
        )
        customers = tuple(tx.accounts.customers())
    return GrantsTable(
        rows=rows,
        scopes=tuple(ScopeView(p.scope, p.short, p.label, "asked") for p in catalogue.privileges),
        customers=customers,
        total_customers=len({row.grant.customer for row in rows}),
        total_connections=len({row.connection.id for row in rows}),
        total_grants=len(rows),
    )
