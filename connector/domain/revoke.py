"""Ending a connection: local use stops first, in one transaction; then Google is asked to forget, and told truthfully.

Google's revocation ends the whole grant of this app for that Google account, for every customer that shares it
(requirements.md, finding 1). So an account that others use here is detached, and the last one to leave revokes.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, cast

from connector.domain import events, grants, ledger, tokens
from connector.domain.errors import AlreadyDone, CannotOpen, ConnectorError, NotFound
from connector.domain.ports import Services, Tx
from connector.domain.records import Actor, Connection, ConnectionState, TokenRow
from connector.domain.secret import AccessToken, RefreshToken

__all__ = ["AtGoogle", "Consequences", "Ended", "ask_google", "consequences", "end", "pending", "retry"]

AtGoogle = Literal["yes", "no", "auto"]
State = Literal["confirmed", "already-gone", "pending", "kept", "no-token"]


@dataclass(frozen=True, slots=True)
class Consequences:
    """What ending a connection stops, for whom, and what remains. `shared_with` is for staff alone."""

    connection: grants.ConnectionView
    stops: tuple[str, ...]
    remains: tuple[str, ...]
    shared: bool
    shared_with: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ended:
    """How it ended at Google. Use here has stopped in every case."""

    state: State
    sentence: str


def consequences(svc: Services, actor: Actor, connection: str) -> Consequences:
    """What to say before ending a connection. Raises: NotFound."""
    with svc.store.read() as tx:
        found = _find(tx, actor, connection)
        view = grants.view(svc, tx, found)
        others = _others(tx, found)
        names = sorted({c.name for other in others if (c := tx.accounts.customer(other.customer))})
    return Consequences(
        connection=view,
        stops=tuple(_stops(actor, view, shared=bool(others))),
        remains=(
            "Messages that were fetched stay readable here.",
            "The record of what was done stays.",
            *(
                ("The permission at Google stays, because another organisation here uses the same account.",)
                * bool(others)
            ),
        ),
        shared=bool(others),
        shared_with=tuple(names) if actor.kind == "staff" else (),
    )


def _stops(actor: Actor, view: grants.ConnectionView, *, shared: bool) -> Iterator[str]:
    on = [purpose.title for purpose in view.purposes if purpose.state == "on"]
    yield from (f"“{title}” stops at once." for title in on)
    if not on:
        yield "No purpose is on, so nothing that runs today stops."
    elif view.pages:
        yield f"Nothing more is read from or written to {_all(page.name for page in view.pages)}."
    yield "The stored permission is destroyed. To go on later, the account is connected again at Google."
    if not shared:
        chosen = ", unless you choose to leave it" if actor.kind == "staff" else ""
        yield f"Google is asked to forget the permission{chosen}."


def _all(names: Iterable[str]) -> str:
    *before, last = names
    return f"{', '.join(before)} and {last}" if before else last


def end(
    svc: Services, actor: Actor, connection: str, *, at_google: AtGoogle = "auto", reason: str | None = None
) -> Ended:
    """End a connection. From the first commit on, no call uses it, whatever Google answers.

    `auto` asks Google to forget unless another connection here uses the same account; `yes` asks in any case, which
    is for staff: a member's `yes` could end another organisation's use, so it counts as `auto`.

    Raises: NotFound; AlreadyDone when it was ended before and nothing is pending.
    """
    if at_google == "yes" and actor.kind == "member":
        at_google = "auto"
    with svc.store.read() as tx:
        customer = _find(tx, actor, connection).customer
    svc.vault.ready(svc.store, customer)
    with svc.store.write() as tx:
        tx.connections.lock(connection)
        found = _find(tx, actor, connection)
        if found.state is ConnectionState.MERGED:
            raise NotFound(connection)
        if found.state is ConnectionState.REVOKED:
            raise AlreadyDone(connection)
        keep = at_google == "no" or (at_google == "auto" and bool(_others(tx, found)))
        state: State = "kept" if keep else "pending" if _held(tx, found) else "no-token"
        ended = replace(
            found, state=ConnectionState.REVOKED, ended_at=svc.clock.now(), ended_by=actor.id, at_google=state
        )
        tx.connections.update(ended)
        ledger.note(
            svc, tx, events.REVOKED, actor=actor, customer=found.customer, connection=found.id, reason=state,
            details={"account_name": found.account_name or "an account not yet identified", "why": reason or ""},
        )  # fmt: skip
        if state != "pending":
            tx.tokens.destroy(found.id)
    if state == "pending":
        return ask_google(svc, actor, ended)
    return _told(state)


def pending(svc: Services) -> Sequence[Connection]:
    """Ended connections whose removal at Google is not confirmed yet."""
    with svc.store.read() as tx:
        return tx.connections.waiting_at_google()


def retry(svc: Services, actor: Actor) -> tuple[tuple[Connection, Ended], ...]:
    """Ask Google again for every removal that is pending."""
    return tuple((connection, ask_google(svc, actor, connection)) for connection in pending(svc))


def ask_google(svc: Services, actor: Actor, connection: Connection) -> Ended:
    """Ask Google to forget an ended connection, once: intent, request, outcome.

    A crash in between leaves it pending, and asking twice does no harm.
    """
    svc.vault.ready(svc.store, connection.customer)
    with svc.store.write() as tx:
        settled = _settled(tx, connection)
        if settled is not None:
            return _told(settled)
        row = _held(tx, connection)
        if row is None:
            return _settle(svc, tx, actor, connection, None, "no-token")
        intent = ledger.note(
            svc, tx, events.REVOKE_ASKED, actor=actor, customer=connection.customer, connection=connection.id,
            decision="intent",
        )  # fmt: skip
    try:
        with svc.store.read() as tx:
            token = _open(svc, tx, row)
        outcome: State = svc.network(connection.provider).oauth.revoke(token)
    except CannotOpen:
        outcome = "no-token"
    except ConnectorError as no:
        with svc.store.write() as tx:
            ledger.note(
                svc, tx, events.REVOKE_PENDING, actor=actor, customer=connection.customer, connection=connection.id,
                decision="unknown", reason="pending", intent=intent, details={"problem": no.public},
            )  # fmt: skip
        return _told("pending")
    with svc.store.write() as tx:
        return _settle(svc, tx, actor, connection, intent, outcome)


def _settle(svc: Services, tx: Tx, actor: Actor, connection: Connection, intent: int | None, outcome: State) -> Ended:
    told = _told(outcome)
    if _settled(tx, connection) is None:  # the first answer is the true one; a second only says it was gone by then
        tx.tokens.destroy(connection.id)
        tx.connections.update(replace(connection, at_google=outcome))
    ledger.note(
        svc, tx, events.REVOKE_CONFIRMED, actor=actor, customer=connection.customer, connection=connection.id,
        decision="answered", reason=outcome, intent=intent, details={"outcome": told.sentence},
    )  # fmt: skip
    return told


def _settled(tx: Tx, connection: Connection) -> State | None:
    """How the removal at Google ended, when another process has settled it meanwhile."""
    tx.connections.lock(connection.id)
    found = tx.connections.get_any(connection.id)
    return None if found is None or found.at_google in (None, "pending") else cast(State, found.at_google)


def _told(state: State) -> Ended:
    return Ended(state, f"Nothing here uses the account any more. {grants.AT_GOOGLE[state]}")


def _held(tx: Tx, connection: Connection) -> TokenRow | None:
    refresh = tx.tokens.get(connection.id, "refresh", "")
    return refresh or next(iter(tx.tokens.access_tokens(connection.id)), None)


def _open(svc: Services, tx: Tx, row: TokenRow) -> RefreshToken | AccessToken:
    if row.kind == "refresh":
        return tokens.open_refresh(svc, tx, row)
    return tokens.open_access(svc, tx, row)


def _find(tx: Tx, actor: Actor, connection: str) -> Connection:
    if actor.kind == "member":
        found = tx.connections.get(actor.customer, connection) if actor.customer else None
    else:
        found = tx.connections.get_any(connection)
    if found is None:
        raise NotFound(connection)
    return found


def _others(tx: Tx, connection: Connection) -> list[Connection]:
    """Live connections to the same account, of any customer."""
    if connection.account is None:
        return []
    found = tx.connections.of_account(connection.provider, connection.account)
    return [other for other in found if other.id != connection.id and other.state is not ConnectionState.MERGED]
