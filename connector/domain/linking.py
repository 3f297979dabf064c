"""From a stored consent to a connection that is known: whose account it is, and which pages it administers.

Both are read through the gate like anything else. A consent for an account that the customer has already renews that
connection; one that was to renew another account's is given up.
"""

from dataclasses import dataclass, replace
from typing import Literal

from connector.domain import events, ledger, revoke, tokens
from connector.domain.calls import Caller, do
from connector.domain.errors import ConnectorError, NotFound, Refused, Revoked, TokenRefused
from connector.domain.ports import FoundPage, FoundProfile, Services, Tx
from connector.domain.records import Actor, Connection, ConnectionState, Grant, Page, Switch

__all__ = ["Finished", "link", "resume"]

MOST_LISTS = 20  # lists of pages read from one account: 2,000 pages


@dataclass(frozen=True, slots=True)
class Finished:
    """How a consent ended. `state`: complete, partial, nothing, needs-consent, interrupted."""

    connection: str | None
    state: Literal["complete", "partial", "nothing", "needs-consent", "interrupted"]
    sentence: str
    pages_to_choose: bool


def resume(svc: Services, *, actor: Actor, connection: str) -> Finished:
    """Identify the account of a connection whose consent was stored but not read further.

    Raises: NotFound; Refused `other-account` and Revoked as `link`.
    """
    with svc.store.read() as tx:
        found = tx.connections.get(actor.customer, connection) if actor.customer else None
        if found is None or found.state is not ConnectionState.LINKING:
            raise NotFound(connection)
    return link(svc, actor, found)


def link(svc: Services, actor: Actor, connection: Connection) -> Finished:
    """Read whose account it is and which pages it administers, through the gate, and bind the connection to it.

    Raises:
        Refused: `other-account`, when the consent was to renew a connection to another account. It is given up.
        Revoked: the connection was ended meanwhile.
        TokenRefused: Google gives no access token for it.
    """
    with svc.store.read() as tx:
        grant = tx.connections.grants(connection.id)[0]
    if connection.state is ConnectionState.NEEDS_CONSENT:
        return Finished(
            connection.id, "nothing",
            "Google gave none of the permissions that a purpose needs as a whole, so nothing can be done with this "
            "account yet. Connect it again and leave the boxes ticked.", pages_to_choose=False,
        )  # fmt: skip
    covered = svc.network(connection.provider).catalogue.covered(grant.granted)
    purpose = "link-pages" if "link-pages" in covered else next(iter(covered))
    caller = Caller(actor, connection.provider, connection.id, purpose)
    try:
        profile = do(svc, caller, svc.network(connection.provider).api.account())
        pages = _pages(svc, caller) if purpose == "link-pages" else []
    except TokenRefused:
        raise
    except ConnectorError as no:
        return Finished(
            connection.id, "interrupted",
            f"Your consent is stored, but the account could not be read: {no.public} Go on from Settings.",
            pages_to_choose=False,
        )  # fmt: skip
    if grant.renews is not None and _is_another(svc, connection, grant.renews, profile):
        _give_up(svc, actor, connection, profile)
        raise Refused(
            "other-account",
            f"You chose another Google account, {profile.name}. The account that was connected is kept as it was, and "
            "the new permission was given up. Connect again with the same account, or connect this one on its own.",
        )
    lasting = _identify(svc, actor, connection, grant, profile, pages)
    if lasting.state is ConnectionState.NEEDS_CONSENT:
        return Finished(
            lasting.id, "needs-consent",
            "Google gave a permission that ends within the hour and none to renew it. Connect the account again.",
            pages_to_choose=False,
        )  # fmt: skip
    if grant.refused:
        return Finished(
            lasting.id, "partial",
            f"Connected. {len(grant.refused)} of {len(grant.requested)} permissions were not given; what needs them "
            "stays off.", pages_to_choose=bool(pages),
        )  # fmt: skip
    return Finished(lasting.id, "complete", "Connected.", pages_to_choose=bool(pages))


def _pages(svc: Services, caller: Caller) -> list[FoundPage]:
    api = svc.network(caller.provider).api
    found: dict[str, FoundPage] = {}
    cursor: str | None = None
    seen: set[str] = set()
    for _ in range(MOST_LISTS):
        pages, cursor = do(svc, caller, api.pages(cursor))
        found.update((page.provider_id, page) for page in pages)
        if cursor is None or cursor in seen:
            break
        seen.add(cursor)
    return list(found.values())


def _is_another(svc: Services, connection: Connection, renews: str, profile: FoundProfile) -> bool:
    """Whether a reconnect ended at another account than the one it was to renew (R11)."""
    with svc.store.read() as tx:
        before = tx.connections.get(connection.customer, renews)
    ended = (ConnectionState.REVOKED, ConnectionState.MERGED)
    return before is not None and before.state not in ended and before.account not in (None, profile.id)


def _give_up(svc: Services, actor: Actor, connection: Connection, profile: FoundProfile) -> None:
    """End a consent that nobody wanted; at Google too, unless another connection here uses that account."""
    with svc.store.write() as tx:
        tx.connections.update(replace(connection, account=profile.id, account_name=profile.name))
        ledger.note(
            svc, tx, events.CONNECT_REFUSED, actor=actor, customer=connection.customer, connection=connection.id,
            decision="refused", reason="other-account", details={"account": profile.id, "account_name": profile.name},
        )  # fmt: skip
    revoke.end(svc, actor, connection.id, reason="another account than the one to reconnect")


def _identify(
    svc: Services, actor: Actor, connection: Connection, grant: Grant, profile: FoundProfile, pages: list[FoundPage]
) -> Connection:
    """Bind the connection to its account. A second consent for an account the customer has renews that connection."""
    with svc.store.write() as tx:
        # An end may have come while Google was read; it stands.
        tx.connections.lock(connection.id)
        found = tx.connections.get(connection.customer, connection.id)
        if found is None or found.state is ConnectionState.REVOKED:
            raise Revoked
        same = _same_account(tx, connection, profile.id)
        for other in same:
            tx.connections.lock(other.id)
        same = _same_account(tx, connection, profile.id) if same else []
        lasting = same[0] if same else connection
        if same:
            _renew(svc, tx, connection, lasting, grant)
        held = tx.tokens.get(lasting.id, "refresh", "")
        lasting = replace(
            lasting, account=profile.id, account_name=profile.name,
            state=ConnectionState.ACTIVE if held else ConnectionState.NEEDS_CONSENT,
        )  # fmt: skip
        tx.connections.update(lasting)
        tx.connections.put_pages(
            [
                Page(svc.random.id("pag"), lasting.id, lasting.customer, page.provider_id, page.name, chosen=False)
                for page in pages
            ]
        )
        ledger.note(
            svc, tx, events.ACCOUNT_MERGED if same else events.ACCOUNT_KNOWN, actor=actor, customer=lasting.customer,
            connection=lasting.id,
            details={"account": profile.id, "account_name": profile.name, "consent": connection.id,
                     "pages": [page.provider_id for page in pages]},
        )  # fmt: skip
    return lasting


def _same_account(tx: Tx, connection: Connection, account: str) -> list[Connection]:
    """The customer's other live connections to the account."""
    return [
        other
        for other in tx.connections.of_account(connection.provider, account)
        if other.customer == connection.customer and other.id != connection.id
    ]


def _renew(svc: Services, tx: Tx, fresh: Connection, lasting: Connection, grant: Grant) -> None:
    """Move a consent's grant and tokens to the connection that already stands for the account."""
    tx.connections.move_grants(fresh.id, lasting.id)
    tx.connections.regain_scopes(lasting.id)  # what counts from here on is what the new grant says
    refresh = tx.tokens.get(fresh.id, "refresh", "")
    if refresh is not None:
        tokens.store_refresh(svc, tx, lasting.customer, lasting.id, tokens.open_refresh(svc, tx, refresh))
    tx.tokens.destroy_access(lasting.id)
    tx.tokens.destroy(fresh.id)
    now = svc.clock.now()
    for purpose in tx.connections.switches(lasting.id):
        tx.connections.set_switch(lasting.id, Switch(purpose, on=purpose in grant.purposes, at=now, by=grant.person))
    tx.connections.update(replace(fresh, state=ConnectionState.MERGED, ended_at=now, ended_by=grant.person))
