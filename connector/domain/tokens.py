"""From a permit to an access token for exactly its scopes. Nothing else in the product opens a token for the API."""

import threading
from collections import defaultdict
from dataclasses import replace
from datetime import datetime, timedelta

from connector.domain import events, ledger
from connector.domain.errors import (
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
from connector.domain.records import ConnectionState, TokenRow
from connector.domain.secret import AccessToken, RefreshToken

__all__ = ["fetched", "kept", "open_refresh", "scope_key", "store", "store_access", "store_refresh"]

ENDED = (ConnectionState.REVOKED, ConnectionState.MERGED)
FRESH = timedelta(minutes=5)  # R26: with less than this left, a new one is fetched first

# One refresh at a time per connection within this process. Across processes two may happen; both tokens work.
_refreshing: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)


def kept(svc: Services, tx: Tx, permit: Permit) -> AccessToken | None:
    """The token this permit may use, if one is stored under exactly its scopes and stays good for a while.

    Raises: CannotOpen.
    """
    row = tx.tokens.get(permit.connection.id, "access", scope_key(permit.need.scopes))
    if row is None or row.expires_at is None or row.expires_at - svc.clock.now() < FRESH:
        return None
    return open_access(svc, tx, row)


def fetched(svc: Services, permit: Permit) -> AccessToken:
    """The token this permit may use, newly asked for and narrowed to its scopes (RFC 6749 section 6).

    Raises: NeedsConsent, TokenRefused, Refused, NotSent, CannotOpen.
    """
    with _refreshing[permit.connection.id]:
        with svc.store.read() as tx:
            token = kept(svc, tx, permit)  # another thread may have fetched it meanwhile
        return token or _fetched(svc, permit)


def scope_key(scopes: frozenset[str] | tuple[str, ...]) -> str:
    """How a set of scopes is written as a key: sorted, joined by a space."""
    return " ".join(sorted(scopes))


def store_refresh(svc: Services, tx: Tx, customer: str, connection: str, token: RefreshToken) -> None:
    """Seal and keep a refresh token, in place of the one before."""
    sealed = svc.vault.seal(tx, customer, (connection, "refresh"), token.for_vault())
    tx.tokens.put(
        TokenRow(
            connection=connection, customer=customer, kind="refresh", scopes="", sealed=sealed,
            stored_at=svc.clock.now(), expires_at=None, version=0,
        )
    )  # fmt: skip


def store_access(
    svc: Services, tx: Tx, customer: str, connection: str, token: AccessToken, key: str, expires_at: datetime
) -> None:
    """Seal and keep an access token under the scopes it is to be used for."""
    sealed = svc.vault.seal(tx, customer, (connection, f"access {key}"), token.for_vault())
    tx.tokens.put(
        TokenRow(
            connection=connection, customer=customer, kind="access", scopes=key, sealed=sealed,
            stored_at=svc.clock.now(), expires_at=expires_at, version=0,
        )
    )  # fmt: skip


def store(svc: Services, tx: Tx, customer: str, connection: str, answer: TokenAnswer, key: str) -> None:
    """Keep what a token answer holds. An answer without a refresh token never replaces a stored one (R9)."""
    if answer.refresh is not None:
        store_refresh(svc, tx, customer, connection, answer.refresh)
    expires_at = svc.clock.now() + timedelta(seconds=answer.expires_in)
    store_access(svc, tx, customer, connection, answer.access, key, expires_at)


def open_refresh(svc: Services, tx: Tx, row: TokenRow) -> RefreshToken:
    """Open a stored refresh token. Raises: CannotOpen."""
    return RefreshToken(svc.vault.open(tx, row.customer, (row.connection, "refresh"), row.sealed).decode())


def open_access(svc: Services, tx: Tx, row: TokenRow) -> AccessToken:
    """Open a stored access token. Raises: CannotOpen."""
    return AccessToken(svc.vault.open(tx, row.customer, (row.connection, f"access {row.scopes}"), row.sealed).decode())


def _fetched(svc: Services, permit: Permit) -> AccessToken:
    connection, wanted = permit.connection, permit.need.scopes
    with svc.store.read() as tx:
        row = tx.tokens.get(connection.id, "refresh", "")
        if row is None:
            return _any_covering(svc, tx, permit)
        held = open_refresh(svc, tx, row)
    try:
        answer = svc.network(connection.provider).oauth.refresh(held, sorted(wanted))
    except TokenRefused as no:
        if no.code == "invalid_grant":
            _no_longer_accepted(svc, permit, row, no.code)
            raise NeedsConsent from None
        raise
    except (OutcomeUnknown, UnreadableAnswer) as no:
        # Asking again is harmless, and the call itself was not sent.
        raise NotSent(f"no access token: {no}") from None
    given = frozenset(answer.scopes) if answer.scopes is not None else wanted
    if not wanted <= given:
        raise Refused(
            "scope-lost", "Google gave less than this purpose needs. Connect the account again.", wanted - given
        )
    with svc.store.write() as tx:
        tx.connections.lock(connection.id)  # an end that is being committed comes first, and then nothing is stored
        now = tx.connections.get_any(connection.id)
        if now is None or now.state in ENDED:
            raise Revoked
        store(svc, tx, connection.customer, connection.id, answer, scope_key(wanted))
        ledger.note(
            svc, tx, events.TOKEN_REFRESHED, actor=ledger.SYSTEM, customer=connection.customer,
            connection=connection.id, purpose=permit.need.purpose,
            reason="wider-than-asked" if given > wanted else None,
            details={"asked": sorted(wanted), "given": sorted(given)},
        )  # fmt: skip
    return answer.access


def _any_covering(svc: Services, tx: Tx, permit: Permit) -> AccessToken:
    """Without a refresh token (Google gave none), the consent's own access token serves until it ends."""
    for row in tx.tokens.access_tokens(permit.connection.id):
        covers = permit.need.scopes <= frozenset(row.scopes.split())
        if covers and row.expires_at is not None and row.expires_at > svc.clock.now():
            return open_access(svc, tx, row)
    raise NeedsConsent


def _no_longer_accepted(svc: Services, permit: Permit, sent: TokenRow, code: str) -> None:
    """Believe `invalid_grant` only when the token is still the one that was sent (R28)."""
    with svc.store.write() as tx:
        tx.connections.lock(permit.connection.id)
        current = tx.tokens.get(permit.connection.id, "refresh", "")
        connection = tx.connections.get_any(permit.connection.id)
        if current is None or current.version != sent.version or connection is None:
            return
        if connection.state in ENDED:
            return
        tx.connections.update(replace(connection, state=ConnectionState.NEEDS_CONSENT))
        ledger.note(
            svc, tx, events.TOKEN_REFUSED, actor=ledger.SYSTEM, customer=connection.customer,
            connection=connection.id, purpose=permit.need.purpose, reason=code, details={"code": code},
        )  # fmt: skip
