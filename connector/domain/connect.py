"""Connecting a Google account: what is shown, what is asked, and what came back.

The order is the rule: the state is spent and the intent recorded, then the code is traded, once; connection, grant,
tokens and entry commit together; then the account is identified through the gate like any other call.
A process that ends in between leaves a spent state and an intent that reads "unknown", or a connection that says so.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import scopes
from connector.domain import events, ledger, linking, pauses, tokens
from connector.domain.canonical import canonical
from connector.domain.errors import (
    AlreadyDone,
    BadInput,
    CallbackRejected,
    ConnectorError,
    NotFound,
    TokenRefused,
)
from connector.domain.linking import Finished
from connector.domain.policy import version_in_force
from connector.domain.ports import Callback, Services, TokenAnswer
from connector.domain.records import Authorization, Connection, ConnectionState, Grant, Person, Session
from connector.domain.secret import AuthorizationCode, CodeVerifier

__all__ = ["finish", "offer", "refuse_anonymous", "start"]

STATE_LIFE = timedelta(minutes=10)  # R1


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
    customer = person.actor().acting_for()
    chosen = tuple(p.id for p in network.catalogue.choosable() if p.id in set(purposes))
    asked = network.catalogue.scopes_for(chosen)
    state, verifier = svc.random.token(), CodeVerifier(svc.random.token() + svc.random.token())
    text = canonical(shown.as_json())
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
    svc.vault.ready(svc.store, ledger.OPERATOR)
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
        Paused: Google does not accept our own credentials; nothing was stored.
        TokenRefused, NotSent, OutcomeUnknown, UnreadableAnswer: Google did not trade the code; nothing was stored.
        KeyServiceDown: the code was not traded, because what it is traded for could not be sealed.
    """
    network = svc.network(provider)
    svc.vault.ready(svc.store, person.actor().acting_for())
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
        answer = _traded(svc, authorization, callback.code, CodeVerifier(opened.decode()))
    except ConnectorError as no:
        closing = ledger.Closing.of(no)
        with svc.store.write() as tx:
            ledger.note(
                svc, tx, events.CONNECT_FAILED, actor=person.actor(), customer=authorization.customer, intent=intent,
                decision=closing.decision, reason=closing.reason, details={"problem": no.public},
            )  # fmt: skip
        raise
    connection = _keep(svc, person, authorization, answer, intent)
    return linking.link(svc, person.actor(), connection)


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


def _traded(svc: Services, auth: Authorization, code: AuthorizationCode, verifier: CodeVerifier) -> TokenAnswer:
    try:
        return svc.network(auth.provider).oauth.exchange(code, verifier, auth.scopes)
    except TokenRefused as no:
        if no.code not in pauses.OUR_FAULT:
            raise
        raise pauses.not_known(svc, auth.provider, no.code) from None


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
        renews=auth.replaces,
    )
    with svc.store.write() as tx:
        pauses.know_us(svc, tx, auth.provider)
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


def _hash(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()
