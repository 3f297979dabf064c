"""Connecting a Google account: what is shown, what is asked, and what came back.

The order is the rule: the state is spent and the intent recorded, then the code is traded, once; connection, grant,
tokens and entry commit together; then the account is identified through the gate like any other call.
A process that ends in between leaves a spent state and an intent that reads "unknown", or a connection that says so.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

import rfc8785

import scopes
from connector.domain import events, ledger, revoke, tokens
from connector.domain.calls import Caller, do
from connector.domain.errors import (
    AlreadyDone,
    BadInput,
    CallbackRejected,
    ConnectorError,
    NotFound,
    Refused,
    Revoked,
    TokenRefused,
)
from connector.domain.policy import version_in_force
from connector.domain.ports import Callback, FoundPage, FoundProfile, LedgerFilter, Services, TokenAnswer, Tx
from connector.domain.records import (
    Actor,
    Authorization,
    Connection,
    ConnectionState,
    Grant,
    Page,
    Person,
    Session,
    Switch,
)
from connector.domain.secret import CodeVerifier

__all__ = [
    "Finished",
    "PageChoice",
    "choose_pages",
    "finish",
    "offer",
    "page_choice",
    "refuse_anonymous",
    "resume",
    "start",
]

STATE_LIFE = timedelta(minutes=10)  # R1
MOST_LISTS = 20  # lists of pages read from one account: 2,000 pages


@dataclass(frozen=True, slots=True)
class Finished:
    """How a consent ended. `state`: complete, partial, nothing, needs-consent, interrupted."""

    connection: str | None
    state: Literal["complete", "partial", "nothing", "needs-consent", "interrupted"]
    sentence: str
    pages_to_choose: bool


@dataclass(frozen=True, slots=True)
class PageChoice:
    """The pages a connected account administers, to choose from."""

    connection: str
    account_name: str
    pages: tuple[Page, ...]


def offer(svc: Services, provider: str, purposes: Sequence[str]) -> scopes.Disclosure:
    """What a person is shown before going to Google with these purposes.

    Raises: NotFound for an unknown provider; BadInput for an unknown purpose.
    """
    catalogue = svc.network(provider).catalogue
    known = {purpose.id for purpose in catalogue.choosable()}
    if not set(purposes) <= known:
        raise BadInput("One of the purposes is not known here. Choose from the list.")
    return scopes.disclose(catalogue, [p.id for p in catalogue.choosable() if p.id in set(purposes)])


def start(
    svc: Services,
    *,
    person: Person,
    session: Session,
    provider: str,
    purposes: Sequence[str],
    replaces: str | None = None,
) -> str:
    """Begin an authorization and answer the address to send the browser to.

    Raises: BadInput when no purpose or an unknown one is named; NotFound for a connection that is not theirs.
    """
    if not purposes:
        raise BadInput("Choose at least one purpose. Without one there is nothing to ask Google for.")
    shown = offer(svc, provider, purposes)
    network = svc.network(provider)
    customer = _customer_of(person)
    chosen = tuple(p.id for p in network.catalogue.choosable() if p.id in set(purposes))
    asked = network.catalogue.scopes_for(chosen)
    state, verifier = svc.random.token(), CodeVerifier(svc.random.token() + svc.random.token())
    text = rfc8785.dumps(shown.as_json())
    digest, now = hashlib.sha256(text).hexdigest(), svc.clock.now()
    with svc.store.write() as tx:
        account = None
        ask_again = True
        if replaces is not None:
            renewed = tx.connections.get(customer, replaces)
            if renewed is None:
                raise NotFound(replaces)
            account = renewed.account
            standing = tx.connections.standing(customer, replaces)
            # A kept refresh token serves what it was given for and no more; for more, Google has to give a new one.
            enough = standing is not None and standing.granted.issuperset(asked)
            alive = renewed.state is ConnectionState.ACTIVE
            ask_again = not (alive and enough and tx.tokens.get(replaces, "refresh", ""))
        tx.authorizations.keep_disclosure(digest, provider, version_in_force(svc), text.decode(), now)
        tx.authorizations.add(
            Authorization(
                state_hash=_hash(state),
                session=session.id_hash,
                person=person.id,
                customer=customer,
                provider=provider,
                purposes=chosen,
                scopes=asked,
                disclosure_hash=digest,
                verifier_sealed=svc.vault.seal(tx, customer, (_hash(state), "verifier"), verifier.for_vault()),
                replaces=replaces,
                created_at=now,
                expires_at=now + STATE_LIFE,
            )
        )
        ledger.note(
            svc, tx, events.CONNECT_STARTED, actor=person.actor(), customer=customer, connection=replaces,
            details={"purposes": list(chosen), "asked": list(asked), "disclosure": digest},
        )  # fmt: skip
    return network.oauth.authorization_url(
        state=state, verifier=verifier, scopes=asked, ask_again=ask_again, account=account
    )


def refuse_anonymous(svc: Services, provider: str) -> None:
    """A callback came to a browser that is not signed in here: nothing is done with it, and that is recorded."""
    svc.network(provider)
    with svc.store.write() as tx:
        ledger.note(
            svc, tx, events.CONNECT_REFUSED, actor=ledger.SYSTEM, decision="refused", reason="session",
        )  # fmt: skip


def finish(
    svc: Services, *, person: Person, session: Session, provider: str, query: Sequence[tuple[str, str]]
) -> Finished:
    """Take what the browser brought back from the consent page.

    Raises:
        CallbackRejected: it is not the answer to a request of this browser, person and customer; no code was traded.
        AlreadyDone: the same answer came before, and counted then.
        Refused: `other-account`, when a reconnect ended at another Google account; that consent is given up again.
        Revoked: the connection was ended while its account was being read.
        TokenRefused, NotSent, OutcomeUnknown, UnreadableAnswer: Google did not trade the code; nothing was stored.
    """
    network = svc.network(provider)
    try:
        callback = network.oauth.read_callback(query)
        authorization, intent = _spend(svc, person, session, provider, callback)
    except CallbackRejected as no:
        with svc.store.write() as tx:
            ledger.note(
                svc, tx, events.CONNECT_REFUSED, actor=person.actor(), customer=person.customer,
                decision="refused", reason=no.reason,
            )  # fmt: skip
        raise
    if callback.code is None:
        return Finished(None, "nothing", _declined(callback.error), pages_to_choose=False)
    try:
        with svc.store.read() as tx:
            opened = svc.vault.open(
                tx, authorization.customer, (authorization.state_hash, "verifier"), authorization.verifier_sealed
            )
        answer = network.oauth.exchange(callback.code, CodeVerifier(opened.decode()), authorization.scopes)
    except ConnectorError as no:
        closing = ledger.Closing.of(no)
        with svc.store.write() as tx:
            ledger.note(
                svc, tx, events.CONNECT_FAILED, actor=person.actor(), customer=authorization.customer, intent=intent,
                decision=closing.decision, reason=closing.reason, details={"problem": no.public},
            )  # fmt: skip
        raise
    connection = _keep(svc, person, authorization, answer, intent)
    return _link(svc, person.actor(), connection, authorization.replaces)


def resume(svc: Services, *, actor: Actor, connection: str) -> Finished:
    """Identify the account of a connection whose consent was stored but not read further.

    Raises: NotFound; Refused `other-account` and Revoked as `finish`.
    """
    with svc.store.read() as tx:
        found = tx.connections.get(actor.customer, connection) if actor.customer else None
        if found is None or found.state is not ConnectionState.LINKING:
            raise NotFound(connection)
        replaces = _meant_to_renew(tx, found)
    return _link(svc, actor, found, replaces)


def page_choice(svc: Services, actor: Actor, connection: str) -> PageChoice:
    """The pages to choose from. Raises: NotFound."""
    with svc.store.read() as tx:
        found = tx.connections.get(actor.customer, connection) if actor.customer else None
        if found is None or found.state is not ConnectionState.ACTIVE:
            raise NotFound(connection)
        pages = tuple(sorted(tx.connections.pages(connection), key=lambda page: page.name.casefold()))
    return PageChoice(connection, found.account_name or "", pages)


def choose_pages(svc: Services, actor: Actor, connection: str, page_ids: Sequence[str]) -> None:
    """Make exactly these pages the ones that may be acted for. Raises: NotFound for one that is not listed."""
    choice = page_choice(svc, actor, connection)
    listed = {page.id: page for page in choice.pages}
    if not set(page_ids) <= set(listed):
        raise NotFound(connection)
    chosen = [listed[page] for page in dict.fromkeys(page_ids)]
    with svc.store.write() as tx:
        tx.connections.choose_pages(connection, frozenset(page.provider_id for page in chosen))
        ledger.note(
            svc, tx, events.PAGES_CHOSEN, actor=actor, customer=actor.customer, connection=connection,
            details={"pages": ", ".join(page.name for page in chosen) or "none",
                     "ids": [page.provider_id for page in chosen]},
        )  # fmt: skip


def _spend(
    svc: Services, person: Person, session: Session, provider: str, callback: Callback
) -> tuple[Authorization, int]:
    """Check whose request this answers and spend its state, with the intent to trade the code, in one transaction."""
    digest, now = _hash(callback.state), svc.clock.now()
    with svc.store.write() as tx:
        found = tx.authorizations.find(digest)
        if found is None:
            raise CallbackRejected("unknown-state")
        # A stranger's visit with somebody's state is refused without spending it.
        if found.session != session.id_hash or found.person != person.id or found.provider != provider:
            raise CallbackRejected("session")
        live = tx.accounts.person(person.id)
        if live is None or live.disabled or live.customer != found.customer:
            raise CallbackRejected("person")
        if tx.authorizations.consume(digest, now) is None:
            # Looked up again: the same answer may have been taken at this very moment by another thread or process.
            again = tx.authorizations.find(digest)
            if again is not None and again.used_at is not None:
                raise AlreadyDone
            raise CallbackRejected("expired", "This took longer than ten minutes. Start again from Connect.")
        told = {"purposes": list(found.purposes), "requested": list(found.scopes)}
        if callback.code is None:
            index = ledger.note(
                svc, tx, events.CONNECT_DECLINED, actor=person.actor(), customer=found.customer,
                connection=found.replaces, decision="refused", reason=callback.error, details=told,
            )  # fmt: skip
        else:
            index = ledger.note(
                svc, tx, events.CONNECT_EXCHANGE, actor=person.actor(), customer=found.customer,
                connection=found.replaces, decision="intent", details=told,
            )  # fmt: skip
    return found, index


def _declined(error: str | None) -> str:
    kept = "Nothing was connected, and nothing that was connected before has changed."
    match error:
        case "access_denied":
            return f"You did not give a permission at Google. {kept}"
        case "admin_policy_enforced" | "org_internal":
            return f"The administrator of this Google account does not allow this app. {kept} Ask them to allow it."
        case "disallowed_useragent":
            return f"Google does not accept this browser for consent. {kept} Open the page in a full browser."
        case _:
            return f"Google ended the request. {kept} Try again in a moment."


def _keep(svc: Services, person: Person, auth: Authorization, answer: TokenAnswer, intent: int) -> Connection:
    """Connection, grant, tokens and entry, in one transaction."""
    catalogue = svc.network(auth.provider).catalogue
    requested = frozenset(auth.scopes)
    said = frozenset(catalogue.canonical(answer.scopes)) if answer.scopes is not None else requested
    now = svc.clock.now()
    connection = Connection(
        id=svc.random.id("con"), customer=auth.customer, provider=auth.provider, account=None, account_name=None,
        state=ConnectionState.LINKING, created_at=now, created_by=person.id,
    )  # fmt: skip
    grant = Grant(
        id=svc.random.id("gra"),
        connection=connection.id,
        customer=auth.customer,
        person=person.id,
        at=now,
        purposes=auth.purposes,
        requested=auth.scopes,
        granted=tuple(s for s in auth.scopes if s in said),
        refused=tuple(s for s in auth.scopes if s not in said),
        extra=tuple(sorted(said - requested)),
        source="answer" if answer.scopes is not None else "assumed",
        disclosure_hash=auth.disclosure_hash,
        policy_version=version_in_force(svc),
    )
    with svc.store.write() as tx:
        tx.connections.add(replace(connection, state=_usable(catalogue, grant)))
        tx.connections.add_grant(grant)
        tokens.store(svc, tx, auth.customer, connection.id, answer, tokens.scope_key(grant.granted))
        reason = "extra-scopes" if grant.extra else "fewer-scopes" if grant.refused else None
        ledger.note(
            svc, tx, events.CONNECT_GRANTED, actor=person.actor(), customer=auth.customer, connection=connection.id,
            intent=intent, decision="answered", reason=reason,
            details={
                "granted_count": len(grant.granted), "requested_count": len(requested), "grant": grant.id,
                "requested": list(grant.requested), "granted": list(grant.granted), "refused": list(grant.refused),
                "extra": list(grant.extra), "source": grant.source, "disclosure": grant.disclosure_hash,
                "purposes": list(grant.purposes), "replaces": auth.replaces,
            },
        )  # fmt: skip
    return replace(connection, state=_usable(catalogue, grant))


def _usable(catalogue: scopes.Catalogue, grant: Grant) -> ConnectionState:
    return ConnectionState.LINKING if catalogue.covered(grant.granted) else ConnectionState.NEEDS_CONSENT


def _meant_to_renew(tx: Tx, connection: Connection) -> str | None:
    """The connection that this consent was asked to renew: the intent of its exchange names it."""
    wanted = LedgerFilter(customer=connection.customer, connection=connection.id, decision="answered", limit=1000)
    for row in tx.ledger.entries(wanted):
        entry = json.loads(row.entry)
        intent = tx.ledger.entry(entry["intent"]) if entry["kind"] == events.CONNECT_GRANTED.id else None
        if intent is not None:
            renews: str | None = json.loads(intent.entry)["connection"]
            return renews
    return None


def _link(svc: Services, actor: Actor, connection: Connection, replaces: str | None) -> Finished:
    """Read whose account it is and which pages it administers, through the gate."""
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
    if replaces is not None and _is_another(svc, connection, replaces, profile):
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


def _is_another(svc: Services, connection: Connection, replaces: str, profile: FoundProfile) -> bool:
    """Whether a reconnect ended at another account than the one it was to renew (R11)."""
    with svc.store.read() as tx:
        before = tx.connections.get(connection.customer, replaces)
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
    refresh = tx.tokens.get(fresh.id, "refresh", "")
    if refresh is not None:
        tokens.store_refresh(svc, tx, lasting.customer, lasting.id, tokens.open_refresh(svc, tx, refresh))
    tx.tokens.destroy_access(lasting.id)
    tx.tokens.destroy(fresh.id)
    now = svc.clock.now()
    for purpose in tx.connections.switches(lasting.id):
        tx.connections.set_switch(lasting.id, Switch(purpose, on=purpose in grant.purposes, at=now, by=grant.person))
    tx.connections.update(replace(fresh, state=ConnectionState.MERGED, ended_at=now, ended_by=grant.person))


def _customer_of(person: Person) -> str:
    if person.customer is None:
        raise NotFound(person.id)
    return person.customer


def _hash(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()
