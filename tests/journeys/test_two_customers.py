"""No route, id or state of one customer reaches another customer's data (R49, F4, F41, F42).

Two customers, each with a connected account, messages, a reply and a record. Every rule of the application has a line
in ROUTES; a rule without one fails. A probe names the other customer's ids; the answer has to be, byte for byte, the
one for ids that nobody has. "Not read" is measured at the vault, "not changed" in every table.
"""

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

import connector
from connector.config import Settings
from connector.domain import (
    analyse,
    choosing,
    grants,
    history,
    inbox,
    linking,
    members,
    programs,
    publish,
    replies,
    revoke,
)
from connector.domain import connect as connecting
from connector.domain import people as accounts
from connector.domain.errors import ConnectorError, NotFound
from connector.domain.ledger import SYSTEM
from connector.domain.ports import Services, Store, Tx
from connector.domain.records import Actor, ConnectionState
from connector.storage import SqlStore
from connector.storage.schema import ledger_entries, metadata

PROVIDER = "google-plus"
SYSTEM_STAFF = Actor(kind="staff", id="operator", name="The operator")
OURS = {"Sec-Fetch-Site": "same-origin", "Origin": "null"}  # what browsers send for our own forms
EVIL = "evil.example"
OUR_ID = re.compile(r"[a-z]{3}_[0-9a-f]{32}")
one_engine = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # where the engine cannot matter
VARYING = (
    re.compile(r'(name="csrf" value=")[^"]*'),
    re.compile(r'(name="key" value=")[^"]*'),
    re.compile(r'(nonce=")[^"]*'),
)


@dataclass(frozen=True)
class Ids:
    """One of each thing that an address, a form or a function can name. The same names are placeholders in ROUTES."""

    customer: str
    person: str
    connection: str
    linking: str  # a connection whose account is not known yet
    page: str
    thread: str
    message: str
    program: str
    state: str  # of an authorization request that is on its way
    index: str  # of the newest entry on their record

    def opaque(self) -> dict[str, str]:
        """Those that are ids of ours; a state is a secret and an index a number."""
        return {name: value for name, value in asdict(self).items() if OUR_ID.fullmatch(value)}


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
    "GET /settings/connections/<connection>/profile": Route(
        "member",
        (
            P("/settings/connections/{own.connection}/profile"),
            P("/settings/connections/{their.connection}/profile"),
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
        "member",
        (P("/settings/connections/{their.connection}/revoke"), P("/settings/connections/{their.linking}/revoke")),
    ),
    "GET /settings/programs/<program>/end": Route(
        "member",
        (P("/settings/programs/{own.program}/end"), P("/settings/programs/{their.program}/end")),
    ),
    "POST /settings/programs/<program>/end": Route("member", (P("/settings/programs/{their.program}/end"),)),
    "GET /settings/members": Route("member", (P("/settings/members"),), ids=False),
    "POST /settings/members/<person>/purposes/<purpose>": Route(
        "member",
        (
            P("/settings/members/{their.person}/purposes/reply-to-messages", (("on", "0"),)),
            P("/settings/members/{their.person}/purposes/publish-to-circles", (("on", "1"),)),
        ),
    ),
    "GET /activity": Route(
        "member",
        (P("/activity"), P("/activity?before={own.index}"), P("/activity?customer={their.customer}")),
    ),
    "GET /admin/": Route("staff", (P("/admin/"),), ids=False),
    "GET /admin/grants": Route("staff", (P("/admin/grants"), P("/admin/grants?customer={their.customer}"))),
    "GET /admin/programs": Route("staff", (P("/admin/programs"),), ids=False),
    "GET /admin/programs/<program>/end": Route("staff", (P("/admin/programs/{their.program}/end"),)),
    "POST /admin/programs/<program>/end": Route(
        "staff", (P("/admin/programs/{their.program}/end", (("reason", "A probe."),)),)
    ),
    "GET /admin/ledger": Route("staff", (P("/admin/ledger"), P("/admin/ledger?customer={their.customer}"))),
    "GET /admin/explain": Route("staff", (P("/admin/explain?connection={their.connection}"),)),
    "POST /admin/explain": Route(
        "staff",
        (P("/admin/explain", (("purpose", "analyse"), ("verb", "GET"), ("url", "/plusPages/v2/people/me"),
                              ("connection", "{their.connection}"))),),
    ),
    "GET /admin/connections/<connection>/revoke": Route("staff", (P("/admin/connections/{their.connection}/revoke"),)),
    "POST /admin/connections/<connection>/revoke": Route(
        "staff",
        (P("/admin/connections/{their.connection}/revoke", (("at_google", "yes"), ("reason", "A probe."))),),
    ),
}  # fmt: skip


# The API has rules of its own. A program's token stands where a person's session does.
_CALL = "/api/v1/connections/{their.connection}/google/plusPages/v2/people/me"
API_ROUTES: Mapping[str, tuple[Probe, ...]] = {
    "POST /api/oauth/token": (P("/api/oauth/token"),),
    "GET /api/v1/openapi.json": (P("/api/v1/openapi.json"),),
    "GET /api/v1/connections": (P("/api/v1/connections"), P("/api/v1/connections?customer={their.customer}")),
    **{
        f"{verb} /api/v1/connections/<connection>/google/<rest:path>": (P(_CALL),)
        for verb in ("DELETE", "GET", "PATCH", "POST", "PUT")
    },
}
API_OPEN = {"POST /api/oauth/token", "GET /api/v1/openapi.json"}


class Watched:
    """The vault, noting whose things are opened."""

    def __init__(self, vault: Any) -> None:
        self._vault = vault
        self.opened: set[str] = set()

    def ready(self, store: Store, owner: str) -> None:
        self._vault.ready(store, owner)

    def seal(self, tx: Tx, owner: str, place: tuple[str, str], plain: bytes) -> bytes:
        sealed: bytes = self._vault.seal(tx, owner, place, plain)
        return sealed

    def open(self, tx: Tx, owner: str, place: tuple[str, str], sealed: bytes) -> bytes:
        self.opened.add(owner)
        plain: bytes = self._vault.open(tx, owner, place, sealed)
        return plain


class Visitor:
    """Somebody at a browser."""

    def __init__(self, app: Flask, base_url: str, cookie: str | None = None) -> None:
        self._client: FlaskClient = app.test_client()
        self._base = base_url
        if cookie is not None:
            self._client.set_cookie("session", cookie, domain=urlsplit(base_url).hostname or "")

    def send(self, method: str, probe: Probe, headers: Mapping[str, str] | None = None) -> TestResponse:
        """Send a probe as a browser does, with the form token of a page that this visitor can see."""
        if method == "GET":
            return self._client.get(probe.path, base_url=self._base, headers=headers, buffered=True)
        data: dict[str, list[str]] = {"csrf": [self._form_token()]}
        for name, value in probe.form:
            data.setdefault(name, []).append(value)
        return self._client.post(
            probe.path, base_url=self._base, data=data, headers=OURS | dict(headers or {}), buffered=True
        )

    def _form_token(self) -> str:
        for path in ("/settings", "/admin/grants", "/sign-in"):
            answer = self._client.get(path, base_url=self._base)
            found = re.search(r'name="csrf" value="([^"]+)"', answer.text)
            if answer.status_code == 200 and found:
                return found[1]
        raise LookupError("no page with a form")


@dataclass(frozen=True)
class Side:
    """A customer with everything: a browser, one of each id, and the words that nobody else may see."""

    who: Any
    ids: Ids
    words: frozenset[str]
    browser: Visitor


@dataclass(frozen=True)
class Two:
    """Two customers on one system, the staff, somebody who is not signed in, and ids that nobody has."""

    svc: Services
    vault: Watched
    app: Flask
    one: Side
    two: Side
    staff: Visitor
    anonymous: Visitor
    nobody: Ids


@pytest.fixture
def two(
    svc: Services, settings: Settings, people: Any, world: Any, connect: Any, page_of: Any, go_to_google: Any
) -> Two:
    """Both customers connected, with messages and a reply each, and both with a second consent on its way."""
    vault = Watched(svc.vault)
    svc = replace(svc, vault=vault)
    app = connector.create_app(settings, svc)

    def side(who: Any, account: str, page: str) -> Side:
        connection = connect(who, account=account).id
        ids = _populated(svc, who, connection, page_of(page, who))
        asked, _ = go_to_google(who, account=account)
        ids = replace(ids, state=parse_qs(urlsplit(asked).query)["state"][0])
        return Side(who, ids, _words(svc, who, ids), Visitor(app, settings.base_url, who.cookie))

    one, other = side(people.member, world.anna, world.cafe), side(people.other, world.ben, world.bikes)
    shared = one.words & other.words
    one, other = replace(one, words=one.words - shared), replace(other, words=other.words - shared)
    vault.opened.clear()
    return Two(
        svc=svc,
        vault=vault,
        app=app,
        one=one,
        two=other,
        staff=Visitor(app, settings.base_url, people.staff.cookie),
        anonymous=Visitor(app, settings.base_url),
        nobody=_made_up(svc, one.ids),
    )


def _populated(svc: Services, who: Any, connection: str, page: str) -> Ids:
    inbox.sync(svc, who.actor, page)
    thread = inbox.threads(svc, who.actor, page)[0].id
    asked = next(message for message in inbox.thread(svc, who.actor, thread).messages if not message.by_page)
    replies.send(svc, who.actor, asked.id, f"An answer that only {who.person.name} sees.", key=svc.random.token())
    linking = svc.random.id("con")
    with svc.store.write() as tx:
        found = tx.connections.get(who.customer, connection)
        assert found is not None
        grant = tx.connections.grants(connection)[0]
        unread = replace(found, id=linking, account=None, account_name=None, state=ConnectionState.LINKING)
        tx.connections.add(unread)
        tx.connections.add_grant(replace(grant, id=svc.random.id("gra"), connection=linking))
    program, _ = programs.add(
        svc, SYSTEM, customer=who.customer, name=f"Program of {who.person.name}", purposes=["show-profile"]
    )
    newest = history.activity(svc, who.actor, who.customer).entries[0].index
    return Ids(who.customer, who.person.id, connection, linking, page, thread, asked.id, program.id, "", str(newest))


def _words(svc: Services, who: Any, ids: Ids) -> frozenset[str]:
    """Names, texts and ids that stand in this customer's data; whoever else is shown one has been shown too much."""
    found = {ids.state, *ids.opaque().values()}
    found |= {who.person.name, who.person.email, accounts.customer_name(svc, who.customer)}
    with svc.store.read() as tx:
        for connection in tx.connections.of_customer(who.customer):
            found |= {connection.id, connection.account or "", connection.account_name or ""}
            found |= {word for page in tx.connections.pages(connection.id) for word in (page.id, page.name)}
            found |= {grant.id for grant in tx.connections.grants(connection.id)}
    for line in inbox.threads(svc, who.actor):
        thread = inbox.thread(svc, who.actor, line.id)
        found |= {thread.id, str(thread.author), str(thread.text)}
        for message in thread.messages:
            found |= {message.id, str(message.author), str(message.text)}
            found |= {word for reply in message.replies for word in (reply.id, reply.text)}
    return frozenset(word for word in found if len(word) > 3)


def _made_up(svc: Services, like: Ids) -> Ids:
    """Ids of the same form that nobody has."""
    made = {name: svc.random.id(value[:3]) for name, value in like.opaque().items()}
    return replace(like, **made, state=svc.random.token())


def _rules(app: Flask) -> set[str]:
    """Every method and rule of the application, less the two methods that Flask adds by itself."""
    return {
        f"{method} {rule.rule}"
        for rule in app.url_map.iter_rules()
        for method in rule.methods or ()
        if method not in ("HEAD", "OPTIONS")
    }


def _said(answer: TestResponse, asked: Ids) -> tuple[int, str, str]:
    """An answer without what differs at every request. A redirect may repeat the address that was asked for."""
    location, body = answer.headers.get("Location", ""), answer.text
    for pattern in VARYING:
        body = pattern.sub(r"\1", body)
    if 300 <= answer.status_code < 400:
        for name, value in asked.opaque().items():
            location, body = location.replace(value, f"({name})"), body.replace(value, f"({name})")
    return answer.status_code, location, body


def _everything(answer: TestResponse) -> str:
    """Every byte of an answer as a person could read it: headers, body, and the body without its escapes."""
    return f"{answer.headers}\n{answer.text}\n{html.unescape(answer.text)}"


def _seen(answer: TestResponse, words: frozenset[str], asked: str) -> list[str]:
    """Words of somebody else in an answer, leaving out those that the request itself held."""
    text = _everything(answer)
    return sorted(word for word in words if word in text and word not in asked)


def _rows(svc: Services, side: Side) -> dict[str, list[tuple[Any, ...]]]:
    """Every row, in every table, that belongs to the customer or names a thing of theirs."""
    ids = set(side.ids.opaque().values())
    kept: dict[str, list[tuple[Any, ...]]] = {}
    store = svc.store
    assert isinstance(store, SqlStore)
    with store.engine.connect() as sql:
        for table in metadata.sorted_tables:
            rows = [tuple(row) for row in sql.execute(select(table))]
            if table is ledger_entries:  # somebody else's refused try may name an id; it is on their own record
                at = list(table.columns.keys()).index("customer")
                kept[table.name] = [row for row in rows if row[at] == side.ids.customer]
            else:
                kept[table.name] = [row for row in rows if ids & {cell for cell in row if isinstance(cell, str)}]
    return kept


def _probes(*, foreign: bool) -> list[tuple[str, Route, Probe]]:
    return [
        (rule, route, probe) for rule, route in ROUTES.items() for probe in route.probes if probe.foreign is foreign
    ]


@one_engine
def test_every_route_has_a_line_here_that_says_how_it_is_probed(two: Two) -> None:
    assert _rules(two.app) == set(ROUTES)
    unprobed = [rule for rule, route in ROUTES.items() if route.ids and not any(p.foreign for p in route.probes)]
    assert not unprobed
    named = [rule for rule, route in ROUTES.items() if "<" in rule and not route.ids and route.who != "anyone"]
    assert not named, "these have an id in their address and no probe with somebody else's"


@one_engine
def test_a_new_route_fails_the_walk_until_it_has_a_line_here(two: Two) -> None:
    """T10: the walk asks the application what there is, and not this file."""
    two.app.url_map.add(Rule("/new/<thing>", endpoint="new", methods=["POST"]))
    assert _rules(two.app) ^ set(ROUTES) == {"POST /new/<thing>"}


@one_engine
def test_the_probes_work_for_the_customer_whose_ids_they_name(two: Two) -> None:
    """Otherwise the refusals below would prove nothing: a probe with a mistake in it is refused too."""
    last = "POST /settings/connections/<connection>/revoke"
    probes = sorted(_probes(foreign=True), key=lambda found: found[0] == last)
    mine, theirs = two.two.ids, two.one.ids
    for rule, route, probe in probes:
        if route.who == "staff" or "callback" in rule:
            continue
        answer = two.one.browser.send(rule.split()[0], probe.filled(own=theirs, their=theirs))
        assert answer.status_code in (200, 303, 400), (rule, probe, answer.status_code)
        assert answer.status_code != 400 or "replaces" in str(probe.form) or ("text", "") in probe.form, (rule, probe)
    assert mine != theirs


def test_another_customers_ids_are_answered_like_ids_that_nobody_has(two: Two) -> None:
    before = _rows(two.svc, two.one)
    visitors = {
        "member": (two.two.browser, two.anonymous, two.staff),
        "staff": (two.two.browser, two.anonymous),
        "anyone": (two.two.browser, two.anonymous, two.staff),
    }
    own = two.two.ids
    problems = []
    two.vault.opened.clear()
    for rule, route, probe in _probes(foreign=True):
        method = rule.split()[0]
        for number, visitor in enumerate(visitors[route.who]):
            theirs, nobodys = probe.filled(own, two.one.ids), probe.filled(own, two.nobody)
            real, made_up = visitor.send(method, theirs), visitor.send(method, nobodys)
            if _said(real, two.one.ids) != _said(made_up, two.nobody):
                problems.append((rule, number, theirs, _said(real, two.one.ids), _said(made_up, two.nobody)))
            if seen := _seen(real, two.one.words, str(theirs)):
                problems.append((rule, number, theirs, seen))
    assert not problems
    assert two.one.ids.customer not in two.vault.opened
    assert _rows(two.svc, two.one) == before


@one_engine
def test_a_foreign_thing_is_a_404_in_the_words_for_a_page_that_does_not_exist(two: Two) -> None:
    missing = two.two.browser.send("GET", Probe("/inbox/nothing-like-it"))
    for rule, route, probe in _probes(foreign=True):
        if "<" not in rule.replace("<provider>", "").replace("{own", "") or "{own." in probe.path:
            continue
        answer = two.two.browser.send(rule.split()[0], probe.filled(two.two.ids, two.one.ids))
        assert (answer.status_code, answer.text) == (404, missing.text), (rule, route, probe)


def test_no_page_of_a_member_shows_anything_of_another_customer(two: Two) -> None:
    for rule, _, probe in _probes(foreign=False):
        filled = probe.filled(two.two.ids, two.one.ids)
        answer = two.two.browser.send(rule.split()[0], filled)
        assert not _seen(answer, two.one.words, ""), (rule, filled)
    older = two.two.browser.send("GET", Probe(f"/activity?before={int(two.one.ids.index) + 1}"))
    assert not _seen(older, two.one.words, "")
    activity = two.two.browser.send("GET", Probe("/activity"))
    settings = two.two.browser.send("GET", Probe("/settings"))
    assert _seen(activity, two.two.words, ""), "the scan finds nothing at all"
    assert _seen(settings, two.two.words, "")


@one_engine
def test_members_and_strangers_reach_no_page_of_the_staff_and_staff_no_page_of_a_member(two: Two) -> None:
    for rule, route in ROUTES.items():
        method = rule.split()[0]
        for probe in route.probes:
            filled = probe.filled(two.two.ids, two.one.ids)
            if route.who == "staff":
                assert two.two.browser.send(method, filled).status_code == 404, rule
            elif route.who == "member" and "callback" not in rule:
                assert two.staff.send(method, filled).status_code == 404, rule
            if route.who != "anyone" and "callback" not in rule:
                answer = two.anonymous.send(method, filled)
                stopped = answer.status_code == 303 and "/sign-in" in answer.headers["Location"]
                assert stopped if method == "GET" else answer.status_code == 403, (rule, answer.status_code)


@one_engine
def test_signing_out_ends_no_session_but_ones_own(two: Two) -> None:
    before = _rows(two.svc, two.one)
    answer = two.two.browser.send("POST", Probe("/sign-out", (("session", two.one.who.session.id_hash),)))
    assert answer.status_code == 303
    assert two.two.browser.send("GET", Probe("/settings")).status_code == 303
    assert two.one.browser.send("GET", Probe("/settings")).status_code == 200
    assert _rows(two.svc, two.one) == before


@pytest.fixture
def their_program(two: Two) -> Callable[[str, Probe], TestResponse]:
    """`their_program("GET", probe)`: a request of a program of the second customer."""
    secret = programs.add_secret(two.svc, SYSTEM_STAFF, two.two.ids.program).shown_once()
    client = two.app.test_client()
    form = {"grant_type": "client_credentials", "client_id": two.two.ids.program, "client_secret": secret}
    given = client.post("/api/oauth/token", base_url=two.svc.base_url, data=form).get_json()
    headers = {"Authorization": f"Bearer {given['access_token']}", "Connector-Purpose": "show-profile"}
    two.vault.opened.clear()
    return lambda method, probe: client.open(
        probe.path, method=method, base_url=two.svc.base_url, headers=headers, buffered=True
    )


@one_engine
def test_every_rule_of_the_api_has_a_line_here_and_is_closed_to_whoever_shows_no_token(two: Two) -> None:
    api = two.app.extensions[connector.API]
    assert _rules(api) == set(API_ROUTES)
    declared = {name for name, view in api.view_functions.items() if getattr(view, "open_to_anyone", False)}
    opened = {f"{m} {r.rule}" for r in api.url_map.iter_rules() if r.endpoint in declared for m in r.methods or ()}
    assert opened - {f"HEAD {rule.partition(' ')[2]}" for rule in opened} == API_OPEN
    for rule, probes in API_ROUTES.items():
        for visitor in (two.anonymous, two.one.browser, two.staff):
            for probe in probes if rule not in API_OPEN else ():
                filled = probe.filled(two.two.ids, two.one.ids)
                answer = visitor._client.open(filled.path, method=rule.split()[0], base_url=visitor._base)
                assert (answer.status_code, answer.get_json()["code"]) == (401, "token-missing"), rule
                assert not _seen(answer, two.one.words, "")


def test_a_program_gets_for_another_customers_ids_what_it_gets_for_ids_that_nobody_has(
    two: Two, their_program: Callable[[str, Probe], TestResponse], google: Any
) -> None:
    before = _rows(two.svc, two.one)
    google.forget_requests()
    for rule, probes in API_ROUTES.items():
        for probe in probes:
            method = rule.split()[0]
            theirs, nobodys = probe.filled(two.two.ids, two.one.ids), probe.filled(two.two.ids, two.nobody)
            real, made_up = their_program(method, theirs), their_program(method, nobodys)
            assert _said(real, two.one.ids) == _said(made_up, two.nobody), rule
            assert not _seen(real, two.one.words, str(theirs)), rule
            if "<connection>" in rule and method == "GET":
                assert real.status_code == 404
    assert two.one.ids.customer not in two.vault.opened
    assert not google.requests()
    assert _rows(two.svc, two.one) == before
    own = Probe(_CALL).filled(two.two.ids, two.two.ids)
    assert their_program("GET", own).status_code == 200, "the probe would be refused to its owner too"


DOMAIN: Mapping[str, Callable[[Services, Any, Ids, Ids], object]] = {
    "connect.start, renewing": lambda svc, who, own, their: connecting.start(
        svc, person=who.person, session=who.session, provider=PROVIDER, purposes=["analyse"], replaces=their.connection
    ),
    "connect.resume": lambda svc, who, own, their: linking.resume(svc, actor=who.actor, connection=their.linking),
    "connect.page_choice": lambda svc, who, own, their: choosing.choice(svc, who.actor, their.connection),
    "connect.choose_pages": lambda svc, who, own, their: choosing.choose(
        svc, who.actor, their.connection, [their.page]
    ),
    "choosing.choose, none": lambda svc, who, own, their: choosing.choose(
        svc, who.actor, their.connection, []
    ),
    "choosing.choose, a page": lambda svc, who, own, their: choosing.choose(
        svc, who.actor, own.connection, [own.page, their.page]
    ),
    "grants.switch off": lambda svc, who, own, their: grants.switch(
        svc, who.actor, their.connection, "analyse", on=False
    ),
    "grants.switch on": lambda svc, who, own, their: grants.switch(
        svc, who.actor, their.connection, "analyse", on=True
    ),
    "members.listing": lambda svc, who, own, their: members.listing(svc, who.actor, their.customer),
    "members.allow": lambda svc, who, own, their: members.allow(
        svc, who.actor, their.person, "reply-to-messages", on=False
    ),
    "inbox.sync": lambda svc, who, own, their: inbox.sync(svc, who.actor, their.page),
    "inbox.threads": lambda svc, who, own, their: inbox.threads(svc, who.actor, their.page),
    "inbox.thread": lambda svc, who, own, their: inbox.thread(svc, who.actor, their.thread),
    "replies.send": lambda svc, who, own, their: replies.send(svc, who.actor, their.message, "Hello.", key="probe"),
    "revoke.consequences": lambda svc, who, own, their: revoke.consequences(svc, who.actor, their.connection),
    "revoke.end": lambda svc, who, own, their: revoke.end(svc, who.actor, their.connection),
    "revoke.end at Google": lambda svc, who, own, their: revoke.end(
        svc, who.actor, their.connection, at_google="yes"
    ),
    "programs.one": lambda svc, who, own, their: programs.one(svc, who.actor, their.program),
    "programs.end": lambda svc, who, own, their: programs.end(svc, who.actor, their.program),
    "programs.add_secret": lambda svc, who, own, their: programs.add_secret(svc, who.actor, their.program),
    "publish.circles": lambda svc, who, own, their: publish.circles(svc, who.actor, their.page),
    "publish.publish": lambda svc, who, own, their: publish.publish(svc, who.actor, their.page, "Hello.", ["c1"]),
    "analyse": lambda svc, who, own, their: analyse.analyse(svc, who.actor, their.page),
    "use": lambda svc, who, own, their: _used(svc, who.actor, their.connection),
}  # fmt: skip


def _used(svc: Services, actor: Actor, connection: str) -> object:
    with connector.use(connection, purpose="read-messages", actor=actor, svc=svc) as pages:
        return pages.people().get(userId="me").execute()


def test_no_rule_of_the_product_works_on_another_customers_ids(two: Two, google: Any) -> None:
    before = _rows(two.svc, two.one)
    who, own = two.two.who, two.two.ids
    two.vault.opened.clear()
    google.forget_requests()
    for name, rule in DOMAIN.items():
        told: list[tuple[type[ConnectorError], str]] = []
        for ids in (two.one.ids, two.nobody):
            with pytest.raises(NotFound) as refused:
                rule(two.svc, who, own, ids)
            told.append((refused.type, refused.value.public))
        assert told[0] == told[1], name
    assert two.one.ids.customer not in two.vault.opened
    assert not google.requests()
    assert _rows(two.svc, two.one) == before


@one_engine
def test_programs_are_refused_what_the_member_they_act_for_is_refused(two: Two, google: Any) -> None:
    google.forget_requests()
    for kind in ("member", "program", "system", "staff"):
        actor = Actor(kind=kind, id="probe", name="A program", customer=two.two.ids.customer)  # type: ignore[arg-type]
        with pytest.raises(NotFound):
            _used(two.svc, actor, two.one.ids.connection)
    assert not google.requests()


def test_activity_of_another_customer_opens_none_of_its_details(two: Two) -> None:
    two.vault.opened.clear()
    told = history.activity(two.svc, two.two.who.actor, two.one.ids.customer)
    assert two.one.ids.customer not in two.vault.opened
    assert not [entry for entry in told.entries if any(word in entry.sentence for word in two.one.words)]


def test_an_answer_from_google_counts_only_in_the_browser_that_asked(
    two: Two, google: Any, go_to_google: Any, world: Any
) -> None:
    _, brought = go_to_google(two.one.who, account=world.anna)
    address = Probe(brought.removeprefix(two.svc.base_url))
    before = _rows(two.svc, two.two)
    google.forget_requests()
    for stranger in (two.two.browser, two.anonymous, two.staff):
        answer = stranger.send("GET", address)
        assert answer.status_code == 303
        assert "because=session" in answer.headers["Location"]
    assert not google.requests()
    assert _rows(two.svc, two.two)["connections"] == before["connections"]
    assert _rows(two.svc, two.two)["tokens"] == before["tokens"]
    # A stranger's visit has not spent it: the person who asked can still come back.
    mine = two.one.browser.send("GET", address)
    assert mine.status_code == 303
    assert "stopped" not in mine.headers["Location"]
    traded = [seen for seen in google.requests("token") if seen["form"]["grant_type"] == "authorization_code"]
    assert len(traded) == 1


def test_two_organisations_on_one_google_account_are_told_of_each_other_without_a_name(
    two: Two, connect: Any, world: Any
) -> None:
    shared = connect(two.two.who, account=world.anna).id
    told = two.two.browser.send("GET", Probe("/settings"))
    assert "Another organisation here uses this Google account too" in told.text
    asked = two.two.browser.send("GET", Probe(f"/settings/connections/{shared}/revoke"))
    named = {accounts.customer_name(two.svc, two.one.ids.customer), two.one.who.person.name, two.one.who.person.email}
    named |= set(two.one.ids.opaque().values())
    for answer in (told, asked):
        assert not _seen(answer, frozenset(named), "")


EXTRA = ("customer", "customer_id", "person", "person_id", "role", "kind", "session", "actor", "owner", "at_google")


def test_fields_that_a_form_does_not_have_change_nothing(two: Two) -> None:
    """Mass assignment: whose thing it is, and what somebody may do, come from the session alone (R49)."""
    before = _rows(two.svc, two.one)
    values = {"role": "admin", "kind": "staff", "at_google": "yes"}
    ids = {"person": two.one.ids.person, "person_id": two.one.ids.person}
    extra = tuple((name, values.get(name) or ids.get(name) or two.one.ids.customer) for name in EXTRA)
    own = two.two.ids
    link, password = _invited(two.svc, own.customer), "four words are a password"
    by_member, by_nobody, by_staff = two.two.browser, two.anonymous, two.staff
    spare, _ = programs.add(two.svc, SYSTEM, customer=own.customer, name="Spare", purposes=["show-profile"])
    forms = {  # every form there is, in an order in which each can still be sent
        "POST /connect/<provider>": (by_member, Probe(f"/connect/{PROVIDER}", (("purpose", "read-messages"), *extra))),
        "POST /connect/<provider>/pages/<connection>": (
            by_member, Probe(f"/connect/{PROVIDER}/pages/{own.connection}", (("page", own.page), *extra))
        ),
        "POST /connect/<provider>/resume/<connection>": (
            by_member, Probe(f"/connect/{PROVIDER}/resume/{own.linking}", extra)
        ),
        "POST /inbox/sync": (by_member, Probe("/inbox/sync", (("page", own.page), *extra))),
        "POST /inbox/messages/<message>/reply": (
            by_member,
            Probe(
                f"/inbox/messages/{own.message}/reply",
                (("thread", own.thread), ("text", "Hello."), ("key", "extra"), *extra),
            ),
        ),
        "POST /settings/connections/<connection>/purposes/<purpose>": (
            by_member, Probe(f"/settings/connections/{own.connection}/purposes/analyse", (("on", "0"), *extra))
        ),
        "POST /settings/members/<person>/purposes/<purpose>": (
            by_member, Probe(f"/settings/members/{own.person}/purposes/publish-to-circles", (("on", "1"), *extra))
        ),
        "POST /settings/programs/<program>/end": (by_member, Probe(f"/settings/programs/{own.program}/end", extra)),
        "POST /settings/connections/<connection>/revoke": (
            by_member, Probe(f"/settings/connections/{own.connection}/revoke", extra)
        ),
        "POST /admin/programs/<program>/end": (
            by_staff, Probe(f"/admin/programs/{spare.id}/end", (("reason", "A probe."), *extra))
        ),
        "POST /admin/connections/<connection>/revoke": (
            by_staff, Probe(f"/admin/connections/{own.linking}/revoke", (("reason", "A probe."), *extra))
        ),
        "POST /welcome/<token>": (by_nobody, Probe(link, (("password", password), ("again", password), *extra))),
        "POST /sign-in": (
            by_nobody, Probe("/sign-in", (("email", "new@customer.example"), ("password", password), *extra))
        ),
        "POST /sign-out": (by_member, Probe("/sign-out", extra)),
    }  # fmt: skip
    assert set(forms) | {"POST /admin/explain"} == {rule for rule in _rules(two.app) if not rule.startswith("GET ")}
    for rule, (browser, probe) in forms.items():
        assert browser.send("POST", probe).status_code == 303, rule
    assert two.anonymous.send("GET", Probe("/admin/grants")).status_code == 404
    with two.svc.store.read() as tx:
        member, new = tx.accounts.person(own.person), tx.accounts.person_by_email("new@customer.example")
        kept = tx.connections.get(own.customer, own.connection)
    assert member == two.two.who.person
    assert new is not None
    assert (new.kind, new.customer, new.role) == ("member", own.customer, "member")
    assert kept is not None
    assert kept.state is ConnectionState.REVOKED
    assert _rows(two.svc, two.one) == before


def _invited(svc: Services, customer: str) -> str:
    address = accounts.invite(
        svc, SYSTEM, email="new@customer.example", name="New Member", role="member", customer=customer
    )
    return urlsplit(address).path


SPOOFED = {
    "X-Forwarded-Host": EVIL,
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Port": "444",
    "X-Forwarded-Prefix": f"//{EVIL}",
    "X-Forwarded-Server": EVIL,
    "X-Forwarded-For": "10.9.8.7",
    "X-Host": EVIL,
    "X-Original-Host": EVIL,
    "X-Original-URL": "/admin/grants",
    "X-Rewrite-URL": "/admin/grants",
    "X-HTTP-Method-Override": "POST",
    "Forwarded": f"for=10.9.8.7;host={EVIL};proto=https",
    "X-Forwarded-User": "sam@company.example",
    "X-Customer": "cus_other",
}


@one_engine
def test_forwarded_headers_change_no_link_no_redirect_and_no_right(two: Two) -> None:
    for rule, _, probe in _probes(foreign=False):
        if not rule.startswith("GET") or rule == "GET /readyz":
            continue
        filled = probe.filled(two.two.ids, two.one.ids)
        plain = two.two.browser.send("GET", filled)
        spoofed = two.two.browser.send("GET", filled, SPOOFED)
        assert _said(spoofed, two.nobody) == _said(plain, two.nobody), rule
        assert EVIL not in _everything(spoofed), rule


@one_engine
def test_the_address_that_google_sends_people_back_to_is_a_constant_of_the_settings(two: Two) -> None:
    asked = Probe(f"/connect/{PROVIDER}", (("purpose", "read-messages"),))
    for headers in ({}, SPOOFED):
        answer = two.two.browser.send("POST", asked, headers)
        assert answer.status_code == 303
        sent = parse_qs(urlsplit(answer.headers["Location"]).query)
        assert sent["redirect_uri"] == [f"{two.svc.base_url}/connect/{PROVIDER}/callback"]
        assert EVIL not in _everything(answer)


@one_engine
def test_a_host_that_is_not_ours_is_answered_with_nothing(two: Two) -> None:
    for rule, _, probe in _probes(foreign=False):
        filled = probe.filled(two.two.ids, two.one.ids)
        method = rule.split()[0]
        for host in (EVIL, f"127.0.0.1.{EVIL}", f"{EVIL}:8080", f"127.0.0.1:8080@{EVIL}"):
            answer = two.two.browser.send(method, filled, {"Host": host})
            assert answer.status_code == 400, (rule, host)
            assert EVIL not in _everything(answer), (rule, host)
            assert not _seen(answer, two.two.words, ""), (rule, host)
