"""One refresh: however many callers in however many processes find a token ended, one of them asks Google (R26 to R30).

Who asks holds a lease in the database, with a fencing number; the others wait until the token is there. An answer is
kept only under the newest lease and over the refresh token that was sent; one that was overtaken is thrown away.
"""

from dataclasses import dataclass, replace
from datetime import timedelta

from connector.domain import events, ledger, losing, pauses, tokens
from connector.domain.errors import (
    ConnectorError,
    NeedsConsent,
    NotSent,
    OutcomeUnknown,
    Refused,
    Revoked,
    TokenRefused,
    UnreadableAnswer,
)
from connector.domain.grants import Permit
from connector.domain.ports import Services, TokenAnswer, Tx
from connector.domain.records import Connection, ConnectionState, TokenRow
from connector.domain.secret import AccessToken, RefreshToken

__all__ = ["MARGIN", "WAIT", "fetched"]

MARGIN = timedelta(seconds=10)  # a lease is this much longer than the call it is for
WAIT = 25.0  # seconds that a caller waits for another's refresh at most
FIRST_LOOK, SLOWEST_LOOK = 0.025, 0.2  # seconds between two looks while waiting
LAST = timedelta(seconds=1)  # what a token must have left to be used while no new one can be had
TRIES = 2  # an answer that was overtaken is asked for once more

ENDED = (ConnectionState.REVOKED, ConnectionState.MERGED)
NO_LONGER = {
    "invalid_grant": "Google has to be asked again. Connect this account again.",
    "invalid_rapt": "Google wants the owner of this account to sign in there again. Connect this account again.",
    "rapt_required": "Google wants the owner of this account to sign in there again. Connect this account again.",
    "admin_policy_enforced": (
        "The administrator of this Google account no longer allows this app. Ask them to allow it, then connect the "
        "account again."
    ),
}


@dataclass(frozen=True, slots=True)
class _Turn:
    """The right to ask. `sent` is the row of the token to ask with; a `trial` is the one try after a pause.

    `scopes` is what to ask for: the permit's, or none, which means all that was granted. `refused` says that the
    permit's alone were asked for and refused.
    """

    fence: int
    sent: TokenRow
    token: RefreshToken
    trial: bool
    scopes: tuple[str, ...]
    refused: bool = False


def fetched(svc: Services, permit: Permit) -> AccessToken:
    """The token this permit may use, newly asked for and narrowed to its scopes (RFC 6749 section 6).

    Where Google refuses to narrow, it is for all that was granted, and still kept and used for this permit's purpose
    alone.

    While none can be had, the one before serves until it ends.

    Raises:
        NeedsConsent: there is no refresh token, or Google no longer accepts it.
        Revoked: the connection was ended meanwhile.
        Refused: `scope-lost`, when Google gives less than the purpose needs.
        Paused: Google does not accept our own credentials.
        TokenRefused, NotSent: there is no token now, and nothing has changed; a later call asks again.
        CannotOpen: a stored token does not open.
    """
    try:
        return _fetched(svc, permit)
    except (NotSent, TokenRefused):
        with svc.store.read() as tx:
            token = tokens.kept(svc, tx, permit, left=LAST)
        if token is None:
            raise
        return token


def _fetched(svc: Services, permit: Permit) -> AccessToken:
    for _ in range(TRIES):
        turn = _turn(svc, permit)
        if isinstance(turn, AccessToken):
            return turn
        token = _asked(svc, permit, turn)
        if token is not None:
            return token
    raise NotSent("the answers were overtaken")


def _key(permit: Permit) -> tuple[str, str]:
    return permit.connection.id, tokens.scope_key(permit.need.scopes)


def _turn(svc: Services, permit: Permit) -> _Turn | AccessToken:
    """The lease, or the token that whoever held it before has stored."""
    turn, waited, step = _take(svc, permit), 0.0, FIRST_LOOK
    while turn is None:
        if waited >= WAIT:
            raise NotSent("another refresh of this token does not end")
        look = step * (0.5 + svc.random.bytes(1)[0] / 510)  # so that those who wait do not look all at once
        svc.sleep(look)
        waited, step = waited + look, min(2 * step, SLOWEST_LOOK)
        with svc.store.read() as tx:
            token = tokens.kept(svc, tx, permit)
            lease = tx.refreshes.lease(*_key(permit))
            if token is not None:
                return token
            if lease is None or lease.until is None:
                # Asking again at once, each of those who waited, would help nobody.
                _check(svc, tx, permit)
                raise NotSent("another refresh of this token has just failed")
            over = lease.until <= svc.clock.now()
        if over:  # its holder died, or handed over
            turn = _take(svc, permit)
    return turn


def _take(svc: Services, permit: Permit) -> _Turn | AccessToken | None:
    """Take the lease, or find the token, or neither: another holds the lease.

    The commit waits for the disk: a lease that a database forgets would give its fencing number out twice.
    """
    oauth = svc.network(permit.connection.provider).oauth
    with svc.store.write() as tx:
        _check(svc, tx, permit)
        now = svc.clock.now()
        fence = tx.refreshes.take(*_key(permit), now, now + oauth.longest + MARGIN)
        if fence is None:
            return None
        # Read under the lease: its last holder may have stored something between this caller's last look and now.
        row = tx.tokens.get(permit.connection.id, "refresh", "")
        token = tokens.kept(svc, tx, permit) if row else tokens.any_covering(svc, tx, permit)
        if row is None or token is not None:
            tx.refreshes.end(*_key(permit), fence)
            return token
        trial = pauses.claim_refresh(svc, tx, permit.connection.provider)
        scopes = sorted(permit.need.scopes) if pauses.narrows(svc, tx, permit.connection.provider) else ()
        return _Turn(fence, row, tokens.open_refresh(svc, tx, row), trial, tuple(scopes))


def _check(svc: Services, tx: Tx, permit: Permit) -> None:
    """Whether it is any use to ask. Raises: Revoked, NeedsConsent, Paused."""
    connection = tx.connections.get_any(permit.connection.id)
    if connection is None or connection.state in ENDED:
        raise Revoked
    if connection.state is ConnectionState.NEEDS_CONSENT:
        raise NeedsConsent
    pauses.check_refreshes(svc, tx, connection.provider)


def _asked(svc: Services, permit: Permit, turn: _Turn) -> AccessToken | None:
    """Ask Google and keep the answer; None when it was overtaken."""
    try:
        answer = svc.network(permit.connection.provider).oauth.refresh(turn.token, turn.scopes)
    except TokenRefused as no:
        if no.code == "invalid_scope" and turn.scopes:
            whole = _for_all(svc, permit, turn)
            return None if whole is None else _asked(svc, permit, whole)
        if no.code in pauses.OUR_FAULT:
            ours = pauses.not_known(svc, permit.connection.provider, no.code)
            _give_back(svc, permit, turn)  # after it, so that those who wait are told why
            raise ours from None
        if no.code not in NO_LONGER:
            _give_back(svc, permit, turn)
            raise
        if _no_longer_accepted(svc, permit, turn, no):
            raise NeedsConsent(NO_LONGER.get(no.cause, NO_LONGER["invalid_grant"])) from None
        return None
    except (OutcomeUnknown, UnreadableAnswer) as no:
        _give_back(svc, permit, turn)
        # Asking again is harmless, and the call itself was not sent.
        raise NotSent(f"no access token: {no}") from None
    except ConnectorError:
        _give_back(svc, permit, turn)
        raise
    return _stored(svc, permit, turn, answer)


def _for_all(svc: Services, permit: Permit, turn: _Turn) -> _Turn | None:
    """Google refuses to narrow: the turn to ask once more, for all that was granted. None when it was overtaken."""
    with svc.store.write() as tx:
        _check(svc, tx, permit)  # it may have been ended since the last request
        now = svc.clock.now()
        if not tx.refreshes.end(*_key(permit), turn.fence, until=now):
            return None
        until = now + svc.network(permit.connection.provider).oauth.longest + MARGIN
        fence = tx.refreshes.take(*_key(permit), now, until)
    return None if fence is None else replace(turn, fence=fence, scopes=(), refused=True)


def _give_back(svc: Services, permit: Permit, turn: _Turn) -> None:
    """End a lease that brought nothing. One that is lost on its way runs out on its own."""
    with svc.store.write(durable=False) as tx:
        tx.refreshes.end(*_key(permit), turn.fence)


def _stored(svc: Services, permit: Permit, turn: _Turn, answer: TokenAnswer) -> AccessToken | None:
    """Keep all of an answer, or none of it where it was overtaken: then None."""
    connection, wanted = permit.connection, permit.need.scopes
    catalogue = svc.network(connection.provider).catalogue
    given = wanted if answer.scopes is None else frozenset(catalogue.canonical(answer.scopes))
    # An answer that does not say is for what was asked (RFC 6749 section 5.1), and tells nothing of other scopes.
    compared = wanted if answer.scopes is None else frozenset(turn.scopes)
    with svc.store.write() as tx:
        overtaken = _standing(svc, tx, permit, turn) is None
        if turn.trial:
            pauses.know_us(svc, tx, connection.provider)
        if not overtaken:
            if answer.refresh is not None:
                tokens.store_refresh(svc, tx, connection.customer, connection.id, answer.refresh)
            if wanted <= given:
                expires_at = svc.clock.now() + timedelta(seconds=answer.expires_in)
                tokens.store_access(
                    svc, tx, connection.customer, connection.id, answer.access, tokens.scope_key(wanted), expires_at
                )
                if turn.refused:
                    pauses.not_narrowed(svc, tx, connection.provider)
            losing.compare(svc, tx, permit, asked=compared, given=given)
        ledger.note(
            svc, tx, events.TOKEN_REFRESHED, actor=ledger.SYSTEM, customer=connection.customer,
            connection=connection.id, purpose=permit.need.purpose,
            reason="overtaken" if overtaken else _difference(wanted, given, narrowed=bool(turn.scopes)),
            details={"asked": list(turn.scopes), "needed": sorted(wanted), "given": sorted(given)},
        )  # fmt: skip
    if overtaken:
        return None
    if not wanted <= given:
        raise Refused(
            "scope-lost", "Google gave less than this purpose needs. Connect the account again.", wanted - given
        )
    return answer.access


def _difference(wanted: frozenset[str], given: frozenset[str], *, narrowed: bool) -> str | None:
    if not wanted <= given:
        return "fewer-than-asked"
    if not narrowed:
        return "not-narrowed"
    return "wider-than-asked" if given > wanted else None


def _standing(svc: Services, tx: Tx, permit: Permit, turn: _Turn) -> Connection | None:
    """End the lease; the connection as it stands, or None when the result no longer counts.

    It was overtaken when another holds the lease or held it since, or when another consent brought a new token.

    Raises: Revoked when the connection was ended.
    """
    tx.connections.lock(permit.connection.id)  # an end that is being committed comes first, and then nothing is stored
    connection = tx.connections.get_any(permit.connection.id)
    if connection is None or connection.state in ENDED:
        raise Revoked
    current = tx.tokens.get(connection.id, "refresh", "")
    same = current is not None and current.version == turn.sent.version
    # Where the token to ask with is a newer one, those who wait need not wait for this caller.
    mine = tx.refreshes.end(*_key(permit), turn.fence, until=None if same else svc.clock.now())
    return connection if same and mine else None


def _no_longer_accepted(svc: Services, permit: Permit, turn: _Turn, no: TokenRefused) -> bool:
    """Believe Google only when the token is still the one that was sent, and nobody took over (R28)."""
    with svc.store.write() as tx:
        connection = _standing(svc, tx, permit, turn)
        if turn.trial:
            pauses.know_us(svc, tx, permit.connection.provider)  # it knows us, or it would have said so first
        if connection is None:
            return False
        tx.connections.update(replace(connection, state=ConnectionState.NEEDS_CONSENT))
        ledger.note(
            svc, tx, events.TOKEN_REFUSED, actor=ledger.SYSTEM, customer=connection.customer,
            connection=connection.id, purpose=permit.need.purpose, reason=no.cause,
            details={"code": no.cause, "error": no.code},
        )  # fmt: skip
    return True
