"""Puts the adapters behind the ports. The only place that knows all of them."""

import functools
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NoReturn

from sqlalchemy.exc import DBAPIError

import scopes
from connector.config import Settings, load
from connector.domain import keys, ledger
from connector.domain.errors import CallbackRejected, ConnectorError, NotSent, NotSetUp
from connector.domain.ports import Callback, Clock, Network, OAuth, Services, TokenKeys
from connector.domain.secret import SigningKey
from connector.google import GoogleOAuth, GooglePlusApi, PagesSender, quiet_loggers
from connector.private import read_secret
from connector.storage import (
    Argon2Passwords,
    FileTokenKeys,
    SealedVault,
    ShredList,
    SqlStore,
    check_schema,
    key_ring,
    make_engine,
)

__all__ = [
    "SystemClock",
    "SystemRandom",
    "api_roots",
    "callback_address",
    "default_services",
    "services",
    "signing_keys",
    "token_keys",
    "usable_database",
]

PROVIDER = "google-plus"
_MOST_SIGNING_KEY = 4096  # bytes


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Now, in UTC."""
        return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class SystemRandom:
    """The operating system's CSPRNG."""

    def id(self, prefix: str) -> str:
        """`prefix_` and 128 random bits in hexadecimal."""
        return f"{prefix}_{secrets.token_hex(16)}"

    def token(self) -> str:
        """256 bits, URL-safe."""
        return secrets.token_urlsafe(32)

    def bytes(self, count: int) -> bytes:
        """That many bytes."""
        return secrets.token_bytes(count)


def services(settings: Settings) -> Services:
    """Everything ready to use.

    A restored backup meets the shred list here, before anything else is opened.

    Raises: NotSetUp when the database cannot be used or has another schema, or a key is missing, readable by others or
        not the one that the database was sealed under; KeyServiceDown when the keys' service does not serve.
    """
    quiet_loggers()
    settings.instance.mkdir(mode=0o700, parents=True, exist_ok=True)
    store = SqlStore(make_engine(settings.database_url))
    try:
        return _on(store, settings)
    except ConnectorError:
        store.close()
        raise


def _on(store: SqlStore, settings: Settings) -> Services:
    clock, random, folder = SystemClock(), SystemRandom(), settings.instance / "keys"
    with usable_database():
        check_schema(store.engine)
        keks = key_ring(folder, settings.key_backend, settings.key_services)
        with store.read() as tx:
            named = tx.keys.by_kek()
        keks.ready_for(named)
    svc = Services(
        store=store,
        vault=SealedVault(keks, ShredList(folder / "shredded.jsonl"), random, clock),
        passwords=Argon2Passwords(),
        clock=clock,
        random=random,
        networks={PROVIDER: google_plus(settings)},
        base_url=settings.base_url,
    )
    keys.check_keks(svc)
    if keks.remote:  # commands write entries of the operator's
        svc.vault.ready(store, ledger.OPERATOR)
    keys.apply_shreds(svc)
    return svc


@contextmanager
def usable_database() -> Iterator[None]:
    """Raises: NotSetUp, in one line, where the driver would say that the server is away or the file is no database."""
    try:
        yield
    except DBAPIError as no:
        # The driver's own words may hold the address with its password.
        what = type(no.orig or no).__name__
        raise NotSetUp(
            f"The database cannot be used ({what}). Check that it runs, and CONNECTOR_DATABASE_URL."
        ) from None


class NoClient:
    """Stands where the authorization server would, on an instance that has no OAuth client yet: commands still work."""

    longest, credentials = timedelta(), ""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer

    def authorization_url(self, **_asked: object) -> str:
        raise NotSetUp("No OAuth client is set. Set CONNECTOR_GOOGLE_CLIENT_ID and CONNECTOR_GOOGLE_CLIENT_SECRET.")

    def read_callback(self, query: object) -> Callback:
        raise CallbackRejected("no-client")

    def _nothing(self, *_given: object) -> NoReturn:
        raise NotSent("no OAuth client is set")

    exchange = refresh = revoke = _nothing


def google_plus(settings: Settings) -> Network:
    """The Google+ provider against the addresses in the settings."""
    catalogue = scopes.load(PROVIDER)
    return Network(
        catalogue=catalogue,
        router=scopes.Router(catalogue, settings.google_api_root),
        oauth=_oauth(settings),
        sender=PagesSender(settings.google_api_root),
        api=GooglePlusApi(settings.google_api_root),
        narrowing=settings.google_narrowing == "ask",
    )


def _oauth(settings: Settings) -> OAuth:
    if not settings.google_client_secret:
        return NoClient(settings.google_issuer)
    return GoogleOAuth(
        client_id=settings.google_client_id,
        client_secrets=settings.google_client_secret,
        auth_uri=settings.google_auth_uri,
        token_uri=settings.google_token_uri,
        revoke_uri=settings.google_revoke_uri,
        issuer=settings.google_issuer,
        redirect_uri=callback_address(settings),
    )


def callback_address(settings: Settings) -> str:
    """The redirect address to register at Google; a constant of the settings, never of a request (R6)."""
    return f"{settings.base_url}/connect/{PROVIDER}/callback"


def api_roots(settings: Settings) -> dict[str, str]:
    """Where each provider's API lives."""
    return {PROVIDER: settings.google_api_root}


def signing_keys(settings: Settings) -> tuple[SigningKey, ...]:
    """The configured signing keys, or one made on first use beside the vault's key."""
    if settings.secret_key:
        return settings.secret_key
    path = settings.instance / "keys" / "signing.key"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return (SigningKey(_written(path)),)
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_urlsafe(48))
    return (SigningKey(_written(path)),)


def token_keys(settings: Settings, clock: Clock) -> TokenKeys:
    """The keys that sign programs' access tokens; the first is made on first use. Raises: NotSetUp."""
    return FileTokenKeys(settings.instance / "keys", clock)


def _written(path: Path) -> str:
    """The key, also when another process is only just writing it."""
    for _ in range(50):
        text = read_secret(path, "The signing key", _MOST_SIGNING_KEY)
        if text:
            return text.decode()
        time.sleep(0.02)
    raise NotSetUp(f"{path} is empty. Remove it; a new one is made at the next start.")


@functools.cache
def default_services() -> Services:
    """The services of the environment's settings, made once per process; for programs that use `connector.use`."""
    return services(load())
