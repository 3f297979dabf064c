"""No route, id or state of one customer reaches another customer's data (R49, F4, F41, F42).

Two customers, each with a connected account, messages, a reply and a record. Every rule of the application has a line
in ROUTES; a rule without one fails. A probe names the other customer's ids; the answer has to be, byte for byte, the
one for ids that nobody has. "Not read" is measured at the vault, "not changed" in every table.
"""

import html
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

import connector
from connector.domain import analyse, connect, grants, history, inbox, people, publish, revoke
from connector.domain.errors import NotFound
from connector.domain.ledger import SYSTEM
from connector.domain.ports import Services, Tx
from connector.domain.records import Actor, ConnectionState, Person, Session
from connector.storage.schema import metadata

PROVIDER = "google-plus"
OURS = {"Sec-Fetch-Site": "same-origin", "Origin": "null"}  # what browsers send for our own forms
EVIL = "evil.example"
FIRST_ACCOUNT, SECOND_ACCOUNT = 0, 1  # places in the stand-in's world; the two look after different pages


@dataclass(frozen=True)
class Ids:
    """One of each thing that an address, a form or a function can name. The same names are placeholders in ROUTES."""

    customer: str
    person: str
    connection: str
    linking: str
    page: str
    thread: str
    message: str
    reply: str
    state: str
    index: str


@dataclass(frozen=True)
class Probe:
    """One request. `{their.…}` is filled with another customer's ids, `{own.…}` with the visitor's."""

    path: str
    form: tuple[tuple[str, str], ...] = ()

    @property
    def foreign(self) -> bool:
        """Whether it names something of somebody else."""
        return any("{their." in text for text in (self.path, *(value for _, value in self.form)))

    def filled(self, own: Ids, their: Ids) -> "Probe":
        """The request as it is sent."""
        form = tuple((name, value.format(own=own, their=their)) for name, value in self.form)
        return Probe(self.path.format(own=own, their=their), form)


@dataclass(frozen=True)
class Route:
    """Who a rule is for, and how to call it. `ids`: the rule or its form can name a thing that belongs to somebody."""

    who: str  # member, staff or anyone
    probes: tuple[Probe, ...]
    ids: bool = True


def open_to_all(*probes: Probe) -> Route:
    """A route that names nothing of any customer."""
    return Route("anyone", probes, ids=False)


P = Probe
_SYNC = "/inbox/sync"
_REPLY = (("text", "A reply from a probe."), ("key", "probe"))
ROUTES: Mapping[str, Route] = {
    "GET /": open_to_all(P("/")),
    "GET /assets/<path:filename>": open_to_all(P("/assets/style.css"), P("/assets/..%2fsettings.py")),
    "GET /healthz": open_to_all(P("/healthz")),
    "GET /readyz": open_to_all(P("/readyz")),
    "GET /sign-in": open_to_all(P("/sign-in")),
    "POST /sign-in": open_to_all(P("/sign-in", (("email", "nobody@nowhere.example"), ("password", "x" * 20)))),
    "POST /sign-out": Route("anyone", (), ids=False),  # ends the visitor's own session: see its own test
    "GET /welcome/<token>": open_to_all(P("/welcome/not-a-link")),
    "POST /welcome/<token>": open_to_all(P("/welcome/not-a-link", (("password", "x" * 20), ("again", "x" * 20)))),
    "GET /connect/<provider>": Route(
        "member", (P(f"/connect/{PROVIDER}"), P(f"/connect/{PROVIDER}?replaces={{their.connection}}"))
    ),
    "POST /connect/<provider>": Route(
        "member",
        (
            P(f"/connect/{PROVIDER}", (("purpose", "read-messages"),)),
            P(f"/connect/{PROVIDER}", (("purpose", "read-messages"), ("replaces", "{their.connection}"))),
            P(f"/connect/{PROVIDER}", (("show", "1"), ("replaces", "{their.connection}"))),
            P(f"/connect/{PROVIDER}", (("replaces", "{their.connection}"),)),
        ),
    ),
    "GET /connect/<provider>/callback": Route(
        "member",
        (
            P(f"/connect/{PROVIDER}/callback?state={{their.state}}&code=4/probe"),
            P(f"/connect/{PROVIDER}/callback?state={{their.state}}&error=access_denied"),
        ),
    ),
    "GET /connect/<provider>/stopped": open_to_all(P(f"/connect/{PROVIDER}/stopped?because=access_denied")),
    "POST /connect/<provider>/resume/<connection>": Route(
        "member", (P(f"/connect/{PROVIDER}/resume/{{their.linking}}"),)
    ),
    "GET /connect/<provider>/pages/<connection>": Route(
        "member",
        (P(f"/connect/{PROVIDER}/pages/{{own.connection}}"), P(f"/connect/{PROVIDER}/pages/{{their.connection}}")),
    ),
    "POST /connect/<provider>/pages/<connection>": Route(
        "member",
        (
            P(f"/connect/{PROVIDER}/pages/{{their.connection}}", (("page", "{their.page}"),)),
            P(f"/connect/{PROVIDER}/pages/{{their.connection}}"),
            P(f"/connect/{PROVIDER}/pages/{{own.connection}}", (("page", "{own.page}"), ("page", "{their.page}"))),
        ),
    ),
    "GET /inbox": Route("member", (P("/inbox"), P("/inbox?page={own.page}"), P("/inbox?page={their.page}"))),
    "POST /inbox/sync": Route("member", (P(_SYNC, (("page", "{own.page}"),)), P(_SYNC, (("page", "{their.page}"),)))),
    "GET /inbox/<thread>": Route(
        "member", (P("/inbox/{own.thread}"), P("/inbox/{their.thread}"), P("/inbox/{own.thread}?page={their.page}"))
    ),
    "POST /inbox/messages/<message>/reply": Route(
        "member",
        (
            P("/inbox/messages/{their.message}/reply", (("thread", "{their.thread}"), *_REPLY)),
            P("/inbox/messages/{their.message}/reply", (("thread", "{own.thread}"), *_REPLY)),
            P("/inbox/messages/{own.message}/reply", (("thread", "{their.thread}"), ("text", ""), ("key", "probe"))),
        ),
    ),
    "GET /settings": Route("member", (P("/settings"),), ids=False),
    "POST /settings/connections/<connection>/purposes/<purpose>": Route(
        "member",
        (
            P("/settings/connections/{their.connection}/purposes/analyse", (("on", "0"),)),
            P("/settings/connections/{their.connection}/purposes/analyse", (("on", "1"),)),
            P("/settings/connections/{their.linking}/purposes/analyse", (("on", "0"),)),
        ),
    ),
    "GET /settings/connections/<connection>/revoke": Route(
        "member",
        (
            P("/settings/connections/{own.connection}/revoke"),
            P("/settings/connections/{their.connection}/revoke"),
            P("/settings/connections/{their.linking}/revoke"),
        ),
    ),
    "POST /settings/connections/<connection>/revoke": Route(
        "member", (P("/settings/connections/{their.connection}/revoke"), P("/settings/connections/{their.linking}/revoke"))
    ),
    "GET /activity": Route(
        "member",
        (P("/activity"), P("/activity?before={their.index}"), P("/activity?customer={their.customer}")),
    ),
    "GET /admin/": Route("staff", (P("/admin/"),), ids=False),
    "GET /admin/grants": Route("staff", (P("/admin/grants"), P("/admin/grants?customer={their.customer}"))),
    "GET /admin/ledger": Route("staff", (P("/admin/ledger"), P("/admin/ledger?customer={their.customer}"))),
    "GET /admin/connections/<connection>/revoke": Route("staff", (P("/admin/connections/{their.connection}/revoke"),)),
    "POST /admin/connections/<connection>/revoke": Route(
        "staff",
        (P("/admin/connections/{their.connection}/revoke", (("at_google", "yes"), ("reason", "A probe."))),),
    ),
}  # fmt: skip


class Watched:
    """The vault, noting whose things are opened."""

    def __init__(self, vault: Any) -> None:
        self._vault, self.opened = vault, set[str]()

    def seal(self, tx: Tx, owner: str, place: tuple[str, str], plain: bytes) -> bytes:
        sealed: bytes = self._vault.seal(tx, owner, place, plain)
        return sealed

    def open(self, tx: Tx, owner: str, place: tuple[str, str], sealed: bytes) -> bytes:
        self.opened.add(owner)
        plain: bytes = self._vault.open(tx, owner, place, sealed)
        return plain


@dataclass(frozen=True)
class Said:
    """An answer without what differs at every request: form tokens, nonces, keys, and the ids that were asked for."""

    status: int
    location: str | None
    body: str


class Visitor:
    """Somebody at a browser."""

    def __init__(self, app: Flask, base_url: str, cookie: str | None = None) -> None:
        self._client: FlaskClient = app.test_client()
        self._base = base_url
        self._host = urlsplit(base_url).hostname or ""
        if cookie is not None:
            self._client.set_cookie("session", cookie, domain=self._host)

    def send(self, probe: Probe, *, method: str, **headers: str) -> TestResponse:
        """Send a probe as a browser does, with the form token of a page this visitor can see."""
        if method == "GET":
            return self._client.get(probe.path, base_url=self._base, headers=headers)
        form = [("csrf", self.form_token()), *probe.form]
        data: dict[str, list[str]] = {}
        for name, value in form:
            data.setdefault(name, []).append(value)
        return self._client.post(probe.path, base_url=self._base, data=data, headers=OURS | headers)

    def form_token(self) -> str:
        """The token that this visitor's forms carry: the session's, or the browser's when nobody is signed in."""
        for path in ("/settings", "/admin/grants", "/sign-in"):
            answer = self._client.get(path, base_url=self._base)
            found = re.search(r'name="csrf" value="([^"]+)"', answer.text)
            if answer.status_code == 200 and found:
                return found[1]
        raise LookupError("no page with a form")


@dataclass
class Customer:
    """A customer with everything, and the words that nobody else may see."""

    person: Person
    session: Session
    actor: Actor
    ids: Ids
    words: frozenset[str]
    browser: Visitor


@dataclass
class Two:
    """Two customers on one system, staff, somebody who is not signed in, and ids that nobody has."""

    svc: Services
    vault: Watched
    app: Flask
    one: Customer
    two: Customer
    staff: Visitor
    anonymous: Visitor
    nobody: Ids
    made: list[Any] = field(default_factory=list)
