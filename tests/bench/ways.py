"""The same read, `comments.list`, made in several ways: plain, gated, as people do it today, and the wire alone."""

import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import google_auth_httplib2
import httplib2
from flask_dance.consumer.storage.sqla import OAuthConsumerMixin, SQLAlchemyStorage
from google.oauth2.credentials import Credentials
from googleapiclient import discovery_cache
from googleapiclient.discovery import build, build_from_document
from sqlalchemy import Column, Integer, create_engine
from sqlalchemy.orm import DeclarativeBase, scoped_session, sessionmaker

import connector
from connector import config, wiring
from connector.domain import tokens
from connector.domain.ports import Services
from connector.domain.records import Actor, Connection, ConnectionState, Customer, Grant, Page, Request
from connector.domain.secret import AccessToken
from connector.storage import make_engine, upgrade
from scopes.discovery import document

__all__ = ["Plain", "Today", "gated_each", "gated_kept", "product", "sending", "today"]

POST, PAGE, CUSTOMER, CONNECTION = "z12bench", "117000000000000000001", "cus_bench", "con_bench"
ASKED = {"activityId": POST, "onBehalfOf": PAGE}
PURPOSE = "read-messages"
ACTOR = Actor(kind="program", id="prg_bench", name="Benchmark", customer=CUSTOMER)


def _document(root: str) -> dict[str, Any]:
    found = document("plusPages-v2")
    return found | {"rootUrl": root, "baseUrl": f"{root}{found['servicePath']}"}


class Plain:
    """Google's client as its best user has it: service and collection built once, a transport kept per thread."""

    def __init__(self, root: str) -> None:
        self._comments = build_from_document(_document(root), http=httplib2.Http()).comments()

    @contextmanager
    def kept(self) -> Iterator[Callable[[], object]]:
        """A call for the thread that asks, over a transport of its own."""
        http = google_auth_httplib2.AuthorizedHttp(Credentials(secrets.token_urlsafe(120)), http=httplib2.Http())
        yield lambda: self._comments.list(**ASKED).execute(http=http)
        http.close()


class _Base(DeclarativeBase):
    pass


class _OAuth(OAuthConsumerMixin, _Base):
    user_id = Column(Integer)


class Today:
    """As documented by Flask-Dance, google-auth and google-api-python-client, for each request of a web application."""

    def __init__(self, folder: Path) -> None:
        self._engine = create_engine(f"sqlite:///{folder / 'today.db'}")
        _Base.metadata.create_all(self._engine)
        self._session = scoped_session(sessionmaker(self._engine))
        self._blueprint: Any = SimpleNamespace(name="google", config={})
        token = {"access_token": secrets.token_urlsafe(120), "refresh_token": secrets.token_urlsafe(60)}
        self._storage = SQLAlchemyStorage(_OAuth, self._session, user_id=1)
        self._session.add(_OAuth(provider="google", user_id=1, token=token))
        self._session.commit()
        self._session.remove()

    def load(self) -> dict[str, str]:
        """The plaintext token."""
        try:
            return dict(self._storage.get(self._blueprint))
        finally:
            self._session.remove()

    def call(self) -> object:
        """Load, build, call. `build` reads the API's document from disk and makes an http, as it does by default."""
        token = self.load()
        credentials = Credentials(
            token["access_token"],
            refresh_token=token["refresh_token"],
            token_uri="https://oauth2.googleapis.com/token",
            client_id="client",
            client_secret="secret",
        )
        with build("plusPages", "v2", credentials=credentials) as service:
            return service.comments().list(**ASKED).execute()

    def close(self) -> None:
        """Give the database back."""
        self._engine.dispose()


@contextmanager
def today(root: str, folder: Path) -> Iterator[Today]:
    """Today's way against that address, for as long as it is open."""
    folder.mkdir()
    (folder / "plusPages.v2.json").write_text(json.dumps(_document(root), indent=2, sort_keys=True))  # as they ship
    # An API that is alive has its document among those the library ships, and `build` reads it there. This API's is
    # gone with it, so their folder is one that holds it. Nothing else of the library is touched.
    with patch.object(discovery_cache, "DISCOVERY_DOC_DIR", str(folder)):
        way = Today(folder)
        try:
            yield way
        finally:
            way.close()


@contextmanager
def product(root: str, folder: Path, *, database: str | None = None) -> Iterator[Services]:
    """The connector's own services against that address, with one connection that may read messages.

    On SQLite in the folder unless `database` names another, which must be empty.
    """
    named = {"INSTANCE": str(folder), "GOOGLE_API_ROOT": root, "GOOGLE_CLIENT_ID": "client"}
    named |= {f"GOOGLE_{name}_URI": f"{root}{name.lower()}" for name in ("AUTH", "TOKEN", "REVOKE")}
    named |= {"DATABASE_URL": database} if database else {}
    named["GOOGLE_CLIENT_SECRET"] = secrets.token_urlsafe(24)
    settings = config.load({f"CONNECTOR_{name}": value for name, value in named.items()})
    folder.mkdir(mode=0o700, exist_ok=True)
    engine = make_engine(settings.database_url)
    upgrade(engine)
    engine.dispose()
    svc = wiring.services(settings)
    catalogue, now = svc.network(wiring.PROVIDER).catalogue, svc.clock.now()
    scopes = tuple(catalogue.scopes_for([PURPOSE]))
    with svc.store.write() as tx:
        tx.accounts.add_customer(Customer(CUSTOMER, "Bench", now))
        tx.connections.add(
            Connection(CONNECTION, CUSTOMER, wiring.PROVIDER, "1" * 21, "Bench", ConnectionState.ACTIVE, now, ACTOR.id)
        )
        tx.connections.put_pages([Page("pag_bench", CONNECTION, CUSTOMER, PAGE, "Bench", chosen=True)])
        tx.connections.add_grant(
            Grant(
                id="gra_bench", connection=CONNECTION, customer=CUSTOMER, person=ACTOR.id, at=now, purposes=(PURPOSE,),
                requested=scopes, granted=scopes, refused=(), extra=(), source="answer", disclosure_hash="-",
                policy_version=catalogue.policy_version,
            )
        )  # fmt: skip
        tokens.store_access(
            svc, tx, CUSTOMER, CONNECTION, AccessToken(secrets.token_urlsafe(120)),
            tokens.scope_key(frozenset(scopes)), now + timedelta(hours=1),
        )  # fmt: skip
    try:
        yield svc
    finally:
        svc.network(wiring.PROVIDER).sender.close()
        svc.store.close()


@contextmanager
def gated_kept(svc: Services) -> Iterator[Callable[[], object]]:
    """A gated call in one kept `use`, its collection kept too."""
    with connector.use(CONNECTION, purpose=PURPOSE, actor=ACTOR, subject=POST, svc=svc) as pages:
        comments = pages.comments()
        yield lambda: comments.list(**ASKED).execute()


def gated_each(svc: Services) -> object:
    """A gated call in a `use` of its own."""
    with connector.use(CONNECTION, purpose=PURPOSE, actor=ACTOR, subject=POST, svc=svc) as pages:
        return pages.comments().list(**ASKED).execute()


def sending(svc: Services, root: str) -> Callable[[], object]:
    """The wire alone: the connector's sender with a token at hand, and the answer parsed."""
    sender, token = svc.network(wiring.PROVIDER).sender, AccessToken(secrets.token_urlsafe(120))
    request = Request("GET", f"{root}plusPages/v2/activities/{POST}/comments?onBehalfOf={PAGE}&alt=json")
    return lambda: json.loads(sender.send(request, token).body)
