"""From a permit to a stored access token for exactly its scopes, and how tokens are sealed and opened.

Nothing else in the product opens a token for the API. `refreshing` fetches the ones that are not there.
"""

from datetime import datetime, timedelta

from connector.domain.errors import NeedsConsent
from connector.domain.grants import Permit
from connector.domain.ports import Services, TokenAnswer, Tx
from connector.domain.records import TokenRow
from connector.domain.secret import AccessToken, RefreshToken

__all__ = [
    "any_covering",
    "forget",
    "kept",
    "open_access",
    "open_refresh",
    "scope_key",
    "store",
    "store_access",
    "store_refresh",
]

FRESH = timedelta(minutes=5)  # R26: with less than this left, a new one is fetched first


def kept(svc: Services, tx: Tx, permit: Permit, left: timedelta = FRESH) -> AccessToken | None:
    """The token this permit may use, if one is stored under exactly its scopes and stays good for as long as `left`.

    Raises: CannotOpen.
    """
    row = tx.tokens.get(permit.connection.id, "access", scope_key(permit.need.scopes))
    if row is None or row.expires_at is None or row.expires_at - svc.clock.now() < left:
        return None
    return open_access(svc, tx, row)


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


def forget(svc: Services, tx: Tx, connection: str, ended: AccessToken) -> None:
    """Drop an access token that Google no longer takes, wherever it is stored; a newer one in its place stays."""
    for row in tx.tokens.access_tokens(connection):
        if open_access(svc, tx, row) == ended:
            tx.tokens.drop(row)


def any_covering(svc: Services, tx: Tx, permit: Permit) -> AccessToken:
    """Without a refresh token (Google gave none), the consent's own access token serves until it ends.

    Raises: NeedsConsent when none does; CannotOpen.
    """
    for row in tx.tokens.access_tokens(permit.connection.id):
        covers = permit.need.scopes <= frozenset(row.scopes.split())
        if covers and row.expires_at is not None and row.expires_at > svc.clock.now():
            return open_access(svc, tx, row)
    raise NeedsConsent
