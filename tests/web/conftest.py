"""The pages with the domain's functions replaced by plain ones that answer from one small, editable world."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

import scopes
from connector.domain import (
    choosing,
    connect,
    explaining,
    grants,
    history,
    inbox,
    linking,
    members,
    people,
    programs,
    replies,
    revoke,
)
from connector.domain.errors import ConnectorError, NotFound
from connector.domain.ports import Services
from connector.domain.records import (
    AsGranted,
    Connection,
    ConnectionState,
    Customer,
    Grant,
    Page,
    Person,
    ReplyState,
    Session,
)
from connector.domain.shown import Shown, shown
from connector.web import DemoAccount, WebSettings, register

NOW = datetime(2026, 5, 3, 14, 5, 9, tzinfo=UTC)
ORIGIN = "https://connector.example"
GOOGLE = "https://consent.example"
CATALOGUE = scopes.load("google-plus")
SAME_SITE = {"Sec-Fetch-Site": "same-origin", "Origin": "null"}  # what browsers send for our own forms

MEMBER = Person("per_ada", "member", "cus_bakery", "ada@bakery.example", "Ada Novak", "owner", None)
STAFF = Person("per_sam", "staff", None, "sam@company.example", "Sam Okoye", "admin", None)


def session_of(person: Person) -> Session:
    return Session(f"hash-{person.id}", person.id, f"csrf-of-{person.id}", NOW, NOW, NOW + timedelta(hours=12))


class FixedRandom:
    """Different values on every call, the same in every run."""

    def __init__(self) -> None:
        self.count = 0

    def _next(self) -> int:
        self.count += 1
        return self.count

    def id(self, prefix: str) -> str:
        return f"{prefix}_{self._next():026d}"

    def token(self) -> str:
        return f"token-{self._next():037d}"

    def bytes(self, count: int) -> bytes:
        return self._next().to_bytes(count, "big")


@dataclass
class World:
    """What the fake domain answers. Tests change its fields; `calls` lists what the pages asked for."""

    cookies: dict[str, Person] = field(default_factory=lambda: {"ada": MEMBER, "sam": STAFF})
    views: list[grants.ConnectionView] = field(default_factory=lambda: [connection_view()])
    threads: list[inbox.ThreadSummary] = field(default_factory=lambda: [summary()])
    thread: inbox.ThreadView = field(default_factory=lambda: thread_view())
    pages: list[Page] = field(default_factory=lambda: list(PAGES[:2]))
    entries: list[history.EntryView] = field(default_factory=lambda: entries())
    rows: list[AsGranted] = field(default_factory=lambda: [as_granted()])
    acting: list[programs.ProgramView] = field(default_factory=lambda: [program_view()])
    people: list[members.MemberView] = field(default_factory=lambda: member_views())
    customers: list[Customer] = field(default_factory=lambda: [Customer("cus_bakery", "Mapleford Bakery", NOW)])
    at_hand: list[str] = field(default_factory=list)  # whose data key was fetched, in order
    finished: linking.Finished = field(
        default_factory=lambda: linking.Finished("con_one", "complete", "Connected.", pages_to_choose=True)
    )
    failing: dict[str, Exception] = field(default_factory=dict)
    calls: list[tuple[str, Any]] = field(default_factory=list)

    def note(self, name: str, *what: Any) -> None:
        self.calls.append((name, what))
        if name in self.failing:
            raise self.failing[name]

    def asked(self, name: str) -> list[Any]:
        return [what for called, what in self.calls if called == name]

    def known(self, id: str, *ids: str) -> None:
        if id not in ids:
            raise NotFound(id)

    def view(self, id: str) -> grants.ConnectionView:
        found = next((view for view in self.views if view.id == id), None)
        if found is None:
            raise NotFound(id)
        return found


PAGES = (
    Page("pag_bakery", "con_one", "cus_bakery", "104512345678901234567", "Mapleford Bakery", chosen=True),
    Page("pag_cakes", "con_one", "cus_bakery", "104598765432109876543", "Mapleford Wedding Cakes", chosen=True),
    Page("pag_old", "con_one", "cus_bakery", "104500000000000000001", "Mapleford Corner (closed)", chosen=False),
)


def purpose_views(states: dict[str, tuple[str, str]] | None = None, used: int = 12) -> tuple[grants.PurposeView, ...]:
    states = states or {}
    views = []
    for purpose in CATALOGUE.choosable():
        state, sentence = states.get(purpose.id, ("on", "On."))
        mark = {"on": "granted" if used else "unused", "off": "unused", "missing": "refused"}.get(state, "not-asked")
        chips = tuple(
            grants.ScopeView(scope, CATALOGUE.privilege(scope).short, CATALOGUE.privilege(scope).label, mark)
            for scope in CATALOGUE.scopes_for([purpose.id])
        )
        uses = used if state == "on" else 0
        views.append(
            grants.PurposeView(
                purpose.id, purpose.title, purpose.sentence, purpose.example, chips, state, sentence,
                NOW if uses else None, uses,
            )
        )  # fmt: skip
    return tuple(views)


def connection_view(**changes: Any) -> grants.ConnectionView:
    made = grants.ConnectionView(
        id="con_one",
        provider="google-plus",
        provider_title="Google+",
        account_name="Ada Novak",
        account="112233445566778899001",
        state=ConnectionState.ACTIVE,
        state_sentence="Working.",
        next_step=None,
        connected_at=NOW - timedelta(days=40),
        pages=PAGES[:2],
        purposes=purpose_views(),
        shared=False,
        at_google=None,
    )
    return replace(made, **changes)


def summary(number: int = 1, **changes: Any) -> inbox.ThreadSummary:
    made = inbox.ThreadSummary(
        id=f"thr_{number}",
        page_id="pag_bakery",
        page_name="Mapleford Bakery",
        author=shown("Jonas Lindqvist"),
        excerpt=shown("Do you bake the rye loaf on Sundays too? We come by on the way home from the lake."),
        newest_at=NOW - timedelta(hours=3),
        unread=2,
        messages=4,
    )
    return replace(made, **changes)


def reply_view(state: ReplyState = ReplyState.SENT, **changes: Any) -> replies.ReplyView:
    made = replies.ReplyView("rep_1", "Yes, from eight o'clock.", state, "Sent.", NOW, "Ada Novak")
    return replace(made, **changes)


def message_view(id: str = "msg_1", **changes: Any) -> inbox.MessageView:
    made = inbox.MessageView(
        id=id,
        author=shown("Jonas Lindqvist"),
        text=shown("Do you bake the rye loaf on Sundays too?"),
        at=NOW - timedelta(hours=3),
        by_page=False,
        unread=True,
        replies=(),
    )
    return replace(made, **changes)


def thread_view(**changes: Any) -> inbox.ThreadView:
    made = inbox.ThreadView(
        id="thr_1",
        page_id="pag_bakery",
        page_name="Mapleford Bakery",
        author=shown("Mapleford Bakery"),
        text=shown("The rye loaf is back."),
        published_at=NOW - timedelta(days=1),
        messages=(message_view(),),
        may_reply=True,
        why_not=None,
        reply_limit=4000,
    )
    return replace(made, **changes)


def entry_view(index: int = 7, **changes: Any) -> history.EntryView:
    made = history.EntryView(
        index=index,
        at=NOW,
        kind="call:answered",
        sentence="Ada Novak: plusPages.comments.list. Google answered.",
        who="Ada Novak",
        purpose="read-messages",
        operation="plusPages.comments.list",
        decision="answered",
        reason=None,
        reason_sentence=None,
        connection="con_one",
    )
    return replace(made, **changes)


def entries() -> list[history.EntryView]:
    return [
        entry_view(9, decision="done", kind="purpose:off", sentence="Ada Novak switched Analysis off.", operation=None),
        entry_view(8, decision="refused", reason="not-for-purpose", reason_sentence="No purpose covers this."),
        entry_view(7),
    ]


def as_granted(**changes: Any) -> AsGranted:
    all_six = tuple(privilege.scope for privilege in CATALOGUE.privileges)
    chosen = tuple(purpose.id for purpose in CATALOGUE.choosable())
    grant = Grant(
        "gra_1", "con_one", "cus_bakery", MEMBER.id, NOW - timedelta(days=40), chosen, all_six, all_six, (), (),
        "answer", "9f2c" * 16, "2018-10-06",
    )  # fmt: skip
    connection = Connection(
        "con_one", "cus_bakery", "google-plus", "112233445566778899001", "Ada Novak", ConnectionState.ACTIVE,
        NOW - timedelta(days=40), MEMBER.id,
    )  # fmt: skip
    made = AsGranted(grant, "Mapleford Bakery", connection, True, frozenset(chosen), {"read-messages": NOW})
    return replace(made, **changes)


def program_view(**changes: Any) -> programs.ProgramView:
    made = programs.ProgramView(
        id="prg_one",
        name="Answering service",
        customer="cus_bakery",
        customer_name="Mapleford Bakery",
        purposes=(("read-messages", "Read messages"),),
        created_at=NOW - timedelta(days=9),
        used_at=NOW,
        ended_at=None,
        secrets=(),
    )
    return replace(made, **changes)


def member_views() -> list[members.MemberView]:
    """The owner, somebody who may not publish, and somebody who has left."""

    def may(*not_these: str) -> tuple[members.Allowance, ...]:
        return tuple(members.Allowance(p.id, p.title, p.id not in not_these) for p in CATALOGUE.writing())

    return [
        members.MemberView(MEMBER.id, MEMBER.name, MEMBER.email, True, False, may()),
        members.MemberView("per_bo", "Bo Lund", "bo@bakery.example", False, False, may("publish-to-circles")),
        members.MemberView("per_cy", "Cy Marsh", "cy@bakery.example", False, True, may()),
    ]


def domain(world: World) -> Iterator[tuple[object, str, Callable[..., Any]]]:
    """The domain's functions, as module, name and replacement."""
    at = {view.id for view in world.views} | {"con_one"}

    def of_cookie(svc: Any, cookie: str) -> tuple[Session, Person] | None:
        world.note("of_cookie", cookie)
        person = world.cookies.get(cookie)
        return (session_of(person), person) if person else None

    def sign_in(svc: Any, email: str, password: str, *, address: str) -> people.SignedIn:
        world.note("sign_in", email, address)
        for cookie, person in world.cookies.items():
            if person.email == email and password == "right":
                return people.SignedIn(f"new-{cookie}", session_of(person), person)
        raise people.SignInRefused

    def sign_out(svc: Any, session: Session) -> None:
        world.note("sign_out", session.person)

    def accept_link(svc: Any, token: str, password: str) -> Person:
        world.note("accept_link", token, password)
        return MEMBER

    yield people, "of_cookie", of_cookie
    yield people, "sign_in", sign_in
    yield people, "sign_out", sign_out
    yield people, "accept_link", accept_link

    def start(svc: Any, *, person: Person, session: Session, provider: str, purposes: Any, replaces: Any = None) -> str:
        connect.offer(svc, provider, purposes)
        world.note("start", person.id, provider, tuple(purposes), replaces)
        return f"{GOOGLE}/o/oauth2/v2/auth?state=s"

    def finish(svc: Any, *, person: Person, session: Session, provider: str, query: Any) -> linking.Finished:
        world.note("finish", person.id, provider, query)
        return world.finished

    def refuse_anonymous(svc: Any, provider: str) -> None:
        world.note("refuse_anonymous", provider)

    def resume(svc: Any, *, actor: Any, connection: str) -> linking.Finished:
        world.known(connection, *at)
        world.note("resume", connection)
        return world.finished

    def page_choice(svc: Any, actor: Any, connection: str) -> choosing.PageChoice:
        world.known(connection, *at)
        return choosing.PageChoice(connection, "Ada Novak", PAGES)

    def choose_pages(svc: Any, actor: Any, connection: str, page_ids: Any) -> None:
        world.known(connection, *at)
        for page in page_ids:
            world.known(page, *(listed.id for listed in PAGES))
        world.note("choose_pages", connection, tuple(page_ids))

    yield connect, "start", start
    yield connect, "finish", finish
    yield connect, "refuse_anonymous", refuse_anonymous
    yield linking, "resume", resume
    yield choosing, "choice", page_choice
    yield choosing, "choose", choose_pages

    def overview(svc: Any, customer: str) -> tuple[grants.ConnectionView, ...]:
        world.note("overview", customer)
        return tuple(world.views)

    def switch(svc: Any, actor: Any, connection: str, purpose: str, *, on: bool) -> None:
        world.known(connection, *at)
        world.known(purpose, *(known.id for known in CATALOGUE.choosable()))
        world.note("switch", connection, purpose, on)

    def listing(svc: Any, actor: Any, **wanted: Any) -> grants.GrantsTable:
        world.note("listing", wanted)
        columns = tuple(grants.ScopeView(p.scope, p.short, p.label, "asked") for p in CATALOGUE.privileges)
        rows = tuple(world.rows)
        connections, customers = {row.connection.id for row in rows}, {row.grant.customer for row in rows}
        return grants.GrantsTable(rows, columns, tuple(world.customers), len(customers), len(connections), len(rows))

    yield grants, "overview", overview
    yield grants, "switch", switch
    yield grants, "listing", listing

    def sync(svc: Any, actor: Any, page: str) -> inbox.Synced:
        world.note("sync", page)
        return inbox.Synced("Mapleford Bakery", 3, 2)

    def threads(svc: Any, actor: Any, page: str | None = None) -> tuple[inbox.ThreadSummary, ...]:
        return tuple(line for line in world.threads if page in (None, line.page_id))

    def thread(svc: Any, actor: Any, id: str) -> inbox.ThreadView:
        world.known(id, world.thread.id)
        world.note("thread", id)
        return world.thread

    def reply(svc: Any, actor: Any, message: str, text: str, *, key: str) -> replies.ReplyView:
        world.known(message, *(item.id for item in world.thread.messages))
        world.note("reply", message, text, key)
        return reply_view()

    yield inbox, "pages", lambda svc, customer: tuple(world.pages)
    yield inbox, "sync", sync
    yield inbox, "threads", threads
    yield inbox, "thread", thread
    yield replies, "send", reply

    def consequences(svc: Any, actor: Any, connection: str) -> revoke.Consequences:
        world.known(connection, *at)
        view = world.view(connection)
        names = ("Harbour Events",) if view.shared and actor.kind == "staff" else ()
        return revoke.Consequences(
            view,
            tuple(f"{purpose.title} stops at once." for purpose in view.purposes if purpose.state == "on"),
            ("Messages that were fetched stay readable here.", "The record of what was done stays."),
            view.shared,
            names,
        )

    def end(
        svc: Any, actor: Any, connection: str, *, at_google: str = "auto", reason: str | None = None
    ) -> revoke.Ended:
        world.known(connection, *at)
        world.note("end", connection, at_google, reason)
        return revoke.Ended("confirmed", "Ended.")

    yield revoke, "consequences", consequences
    yield revoke, "end", end

    def programs_of(svc: Any, customer: str) -> tuple[programs.ProgramView, ...]:
        return tuple(one for one in world.acting if one.customer == customer)

    def one_program(svc: Any, actor: Any, program: str) -> programs.ProgramView:
        world.known(program, *(one.id for one in world.acting))
        return next(one for one in world.acting if one.id == program)

    def end_program(svc: Any, actor: Any, program: str, *, reason: str | None = None) -> None:
        world.known(program, *(one.id for one in world.acting))
        world.note("end_program", actor.id, program, reason)

    def staff_programs(svc: Any, actor: Any) -> tuple[programs.ProgramView, ...]:
        world.note("staff_programs", actor.id)
        return tuple(world.acting)

    yield programs, "of_customer", programs_of
    yield programs, "one", one_program
    yield programs, "end", end_program
    yield programs, "staff_list", staff_programs

    def activity(svc: Any, actor: Any, *customer: str, **wanted: Any) -> history.Activity:
        world.note("activity", customer, wanted)
        return history.Activity(
            tuple(world.entries), {"answered": 41, "refused": 2, "failed": 1, "unknown": 0}, 7, 1204
        )

    def list_members(svc: Any, actor: Any, customer: str) -> tuple[members.MemberView, ...]:
        world.note("members", customer)
        return tuple(world.people)

    def allow(svc: Any, actor: Any, person: str, purpose: str, *, on: bool) -> None:
        world.known(person, *(known.id for known in world.people))
        world.known(purpose, *(known.id for known in CATALOGUE.writing()))
        world.note("allow", person, purpose, on)

    yield members, "listing", list_members
    yield members, "allow", allow

    def explain_on(svc: Any, actor: Any, question: Any, connection: str | None, provider: str) -> Any:
        if connection is not None:
            world.known(connection, *at)
        world.note("explain", question, connection)
        router = scopes.Router(CATALOGUE, CATALOGUE.root_url)
        return replace(explaining.explain(CATALOGUE, router, question), connection=connection)

    yield explaining, "explain_on", explain_on
    yield history, "activity", activity
    yield history, "staff_list", activity


class FakeStore:
    """Only what health and the staff's filters read."""

    def __init__(self, world: World) -> None:
        self.world, self.down = world, False

    @contextmanager
    def read(self) -> Iterator[Any]:
        if self.down:
            raise StoreDown
        yield SimpleNamespace(
            accounts=SimpleNamespace(customers=lambda: tuple(self.world.customers)),
            ledger=SimpleNamespace(count=lambda: 1204),
        )


class StoreDown(ConnectorError):
    """The database does not answer."""


def fake_services(world: World) -> Services:
    network = SimpleNamespace(catalogue=CATALOGUE)

    class Fake(Services):
        """Services whose networks know a catalogue and nothing else."""

    return Fake(
        store=FakeStore(world),  # type: ignore[arg-type]
        vault=SimpleNamespace(ready=lambda _store, owner: world.at_hand.append(owner)),  # type: ignore[arg-type]
        passwords=None,  # type: ignore[arg-type]
        clock=None,  # type: ignore[arg-type]
        random=FixedRandom(),
        networks={"google-plus": network},  # type: ignore[dict-item]
        base_url=ORIGIN,
    )


SETTINGS = WebSettings(base_url=ORIGIN, trusted_hosts=("connector.example",), authorization_origins=(GOOGLE,))
DEMO = replace(SETTINGS, demo_accounts=(DemoAccount("ada@bakery.example", "right", "a customer"),))


def build(world: World, settings: WebSettings = DEMO) -> Flask:
    app = Flask("pages", static_folder=None)
    register(app, fake_services(world), settings)
    return app


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World()
    for module, name, replacement in domain(made):
        monkeypatch.setattr(module, name, replacement)
    return made


@pytest.fixture
def app(world: World) -> Flask:
    return build(world)


class Browser:
    """A browser with its cookies. `post` sends a form as one of our own pages would, unless told otherwise."""

    def __init__(self, app: Flask, cookie: str | None = None) -> None:
        self.client: FlaskClient = app.test_client()
        self.person = {"ada": MEMBER, "sam": STAFF}.get(cookie or "")
        if cookie is not None:
            self.client.set_cookie("__Host-session", cookie, domain="connector.example", secure=True)

    def get(self, path: str, **more: Any) -> Any:
        return self.client.get(path, base_url=ORIGIN, **more)

    def post(self, path: str, data: Any = None, *, headers: Any = None, csrf: str | None = "", **more: Any) -> Any:
        fields = dict(data or {})
        if csrf is not None:
            fields["csrf"] = csrf or (session_of(self.person).csrf if self.person else "")
        return self.client.post(
            path, base_url=ORIGIN, data=fields, headers=SAME_SITE if headers is None else headers, **more
        )


@pytest.fixture
def ada(app: Flask) -> Browser:
    """A signed-in member."""
    return Browser(app, "ada")


@pytest.fixture
def sam(app: Flask) -> Browser:
    """A signed-in person of the staff."""
    return Browser(app, "sam")


@pytest.fixture
def nobody(app: Flask) -> Browser:
    """A browser without a session."""
    return Browser(app)


@pytest.fixture
def browser() -> type[Browser]:
    """Opens another browser: `browser(app, cookie)`."""
    return Browser


@pytest.fixture
def make_app() -> Callable[..., Flask]:
    """Another application on the same world: `make_app(world, settings)`."""
    return build


@pytest.fixture
def real_settings() -> WebSettings:
    """Settings without a demonstration."""
    return SETTINGS


@pytest.fixture
def store_down(app: Flask) -> Callable[[], None]:
    """Take the database away."""

    def take_away() -> None:
        app.extensions["connector.web"].svc.store.down = True

    return take_away


@pytest.fixture
def form_token() -> Callable[[Any], str]:
    """The token of the first form on a page."""
    return lambda answer: re.search(r'name="csrf" value="([^"]+)"', answer.text)[1]  # type: ignore[index]


@pytest.fixture
def fill(app: Flask) -> Callable[[Any], str]:
    """An address of a route, with ids that exist."""
    given = {"provider": "google-plus", "connection": "con_one", "purpose": "analyse", "thread": "thr_1"}
    given |= {
        "message": "msg_1",
        "token": "one-time",
        "filename": "style.css",
        "program": "prg_one",
        "person": "per_bo",
    }
    adapter = app.url_map.bind("connector.example")
    return lambda rule: adapter.build(rule.endpoint, {name: given[name] for name in rule.arguments})


@pytest.fixture
def make_summary() -> Callable[..., inbox.ThreadSummary]:
    """A line of the inbox."""
    return summary


@pytest.fixture
def make_thread() -> Callable[[str | Shown], inbox.ThreadView]:
    """A thread whose every text and author is this one."""

    def made(text: str | Shown) -> inbox.ThreadView:
        words = shown(text) if isinstance(text, str) else text
        return thread_view(author=words, text=words, messages=(message_view(author=words, text=words),))

    return made


@pytest.fixture
def make_messages() -> Callable[..., inbox.ThreadView]:
    """A thread with that many messages, each with a reply in the given state."""

    def made(count: int, reply: ReplyState | None = None, **changes: Any) -> inbox.ThreadView:
        replies = (reply_view(reply),) if reply else ()
        messages = tuple(message_view(f"msg_{number}", replies=replies) for number in range(1, count + 1))
        return thread_view(messages=messages, **changes)

    return made


@pytest.fixture
def make_program() -> Callable[..., programs.ProgramView]:
    """A program that acts for Ada's customer."""
    return program_view


@pytest.fixture
def make_connection() -> Callable[..., grants.ConnectionView]:
    """A connected account, with some purposes in other states."""

    def made(states: dict[str, tuple[str, str]] | None = None, **changes: Any) -> grants.ConnectionView:
        return connection_view(**({"purposes": purpose_views(states)} | changes))

    return made


@pytest.fixture
def make_grant() -> Callable[..., AsGranted]:
    """A line of the staff table with these scopes."""

    def made(**changes: Any) -> AsGranted:
        row = as_granted()
        return replace(row, grant=replace(row.grant, **changes))

    return made
