"""Journeys: the product's own rules and adapters over real sockets, with the stand-in at the other end.

`svc` is built as the product builds it, on a fresh database of each engine, with a clock that tests move. Take
`database_url` indirectly to run on one engine only, where the engine cannot matter.
"""

import hashlib
import json
import secrets
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from requests import Response
from requests import Session as Http

from connector import config, wiring
from connector.config import Settings
from connector.domain import choosing, linking
from connector.domain import connect as connecting
from connector.domain.ledger import SYSTEM
from connector.domain.people import add_customer
from connector.domain.ports import LedgerFilter, Services
from connector.domain.records import Actor, Customer, Person, Session
from connector.standin import server
from connector.storage import Argon2Passwords, FileKeks, SealedVault, ShredList, SqlStore, make_engine

CLIENT, BY_HAND = "connector-under-test", "by-hand"
BY_HAND_ADDRESS = "http://127.0.0.1:1/back"
TIMEOUT = 30  # seconds
AUTH = "https://www.googleapis.com/auth/"
ALL = ("read-messages", "reply-to-messages", "publish-to-circles", "analyse", "show-profile")


@dataclass(frozen=True)
class World:
    """Ids of the small world in world.json."""

    anna: str = "100000000000000000001"  # administers the café and the roastery
    ben: str = "100000000000000000002"  # administers the bikes
    eve: str = "100000000000000000003"  # her name is a spreadsheet formula
    cafe: str = "200000000000000000001"
    roastery: str = "200000000000000000002"
    bikes: str = "200000000000000000003"
    fay: str = "300000000000000000001"
    cafe_post: str = "z12cafepostone00000000000000000000"
    roastery_post: str = "z12roastpost00000000000000000000000"
    bikes_post: str = "z12bikespost00000000000000000000000"
    circle: str = "c1a1"
    photo: str = "m1photo"


@dataclass(frozen=True)
class Someone:
    """A person with a signed-in browser; `cookie` is the session cookie's value."""

    person: Person
    session: Session
    cookie: str

    @property
    def actor(self) -> Actor:
        """Them, as the one who asks."""
        return self.person.actor()

    @property
    def customer(self) -> str:
        """Their customer's id."""
        assert self.person.customer is not None
        return self.person.customer


@dataclass(frozen=True)
class People:
    """Two customers with a member each, and one of the company's staff."""

    harbour: Customer
    tandem: Customer
    member: Someone  # of harbour
    other: Someone  # of tandem
    staff: Someone


class Google:
    """The stand-in's control plane, and what a stranger could do there with a token of their own making."""

    def __init__(self, url: str, http: Http) -> None:
        self.url, self._http = url, http
        self._secret = secrets.token_urlsafe(32)

    def register(self, client: str, secret: str, *redirect_uris: str) -> None:
        """Make a client known."""
        self._post("clients", {"client_id": client, "client_secret": secret, "redirect_uris": list(redirect_uris)})

    def reset(self) -> None:
        """Its world as at the start, no tokens, no faults, no recorded requests."""
        self._post("reset", {})
        self._delete("faults")
        self.register(BY_HAND, self._secret, BY_HAND_ADDRESS)

    def requests(self, operation: str | None = None) -> list[dict[str, Any]]:
        """What it saw, oldest first: all of it, one endpoint's (`token`, `revoke`), or one API operation's."""
        seen = self._get("requests")["requests"]
        seen = [one for one in seen if not one["path"].startswith("/test/")]
        if operation is None:
            return seen
        return [one for one in seen if operation in (one["operation"], one["endpoint"])]

    def api_requests(self) -> list[dict[str, Any]]:
        """What it saw at the Pages API, uploads and batches included."""
        oauth = ("/o/oauth2/v2/auth", "/token", "/revoke", "/tokeninfo")
        return [one for one in self.requests() if one["path"] not in oauth]

    def forget_requests(self) -> None:
        """Count from here."""
        self._delete("requests")

    def fault(self, endpoint: str, kind: str, **more: Any) -> None:
        """Something goes wrong from now on; `times` says how often."""
        self._post("faults", {"endpoint": endpoint, "kind": kind, **more})

    def clear_faults(self) -> None:
        """Nothing goes wrong any more."""
        self._delete("faults")

    def tokens(self, account: str | None = None) -> list[dict[str, Any]]:
        """Live tokens of the connector, per grant: account, scopes, live_refresh, live_access."""
        grants = [one for one in self._get("tokens")["grants"] if one["client"] == CLIENT]
        return [one for one in grants if account in (None, one["account"])]

    def live(self, account: str | None = None) -> int:
        """How many tokens of the connector are alive."""
        return sum(one["live_refresh"] + one["live_access"] for one in self.tokens(account))

    def comments(self, post: str) -> list[dict[str, Any]]:
        """What really stands below a post now."""
        found = [one for one in self._get("world")["activities"] if one["id"] == post]
        comments: list[dict[str, Any]] = found[0]["comments"]
        return comments

    def set_time(self, moment: datetime) -> None:
        """Go on from that moment."""
        self._post("clock", {"now": moment.isoformat()})

    def advance(self, seconds: float) -> None:
        """Let time pass there."""
        self._post("clock", {"advance": seconds})

    def consent(self, url: str, account: str, scopes: list[str] | None = None, *, decision: str = "allow") -> str:
        """Decide on the consent page as a person would; the address that the browser is sent back to."""
        answer = self._post("consent", {"url": url, "account": account, "scopes": scopes, "decision": decision})
        location: str = answer["location"]
        return location

    def token_by_hand(self, account: str, *short: str) -> str:
        """An access token with these scopes, got by another app: what Google itself would allow."""
        asked = {
            "client_id": BY_HAND,
            "redirect_uri": BY_HAND_ADDRESS,
            "response_type": "code",
            "scope": " ".join(AUTH + one for one in short),
        }
        location = self.consent(f"{self.url}/o/oauth2/v2/auth?{urlencode(asked)}", account)
        form = {
            "grant_type": "authorization_code",
            "code": dict(parse_qsl(urlsplit(location).query))["code"],
            "redirect_uri": BY_HAND_ADDRESS,
            "client_id": BY_HAND,
            "client_secret": self._secret,
        }
        answer = self._http.post(f"{self.url}/token", data=form, timeout=TIMEOUT)
        assert answer.status_code == 200, answer.text
        token: str = answer.json()["access_token"]
        return token

    def by_hand(self, token: str, verb: str, path: str, **more: Any) -> Response:
        """One API request with such a token; `path` begins below plusPages/v2/."""
        headers = {"Authorization": f"Bearer {token}", **more.pop("headers", {})}
        url = f"{self.url}/plusPages/v2/{path}"
        return self._http.request(verb, url, headers=headers, timeout=TIMEOUT, **more)

    def _post(self, name: str, body: dict[str, Any]) -> Any:
        answer = self._http.post(f"{self.url}/test/{name}", json=body, timeout=TIMEOUT)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def _delete(self, name: str) -> None:
        answer = self._http.delete(f"{self.url}/test/{name}", timeout=TIMEOUT)
        assert answer.ok, answer.text

    def _get(self, name: str) -> Any:
        answer = self._http.get(f"{self.url}/test/{name}", timeout=TIMEOUT)
        assert answer.ok, answer.text
        return answer.json()


@dataclass(frozen=True)
class Connected:
    """A consent that was gone through: how it ended, and the two addresses of the browser's way."""

    finished: linking.Finished
    asked: str  # the authorization request
    brought: str  # what came back

    @property
    def id(self) -> str:
        """The connection's id."""
        assert self.finished.connection is not None
        return self.finished.connection


@pytest.fixture(scope="session")
def world() -> World:
    """Ids of people, pages and posts."""
    return World()


@pytest.fixture(scope="session")
def every_purpose() -> tuple[str, ...]:
    """All purposes a customer can choose, in the catalogue's order."""
    return ALL


@pytest.fixture(scope="session")
def standin() -> Iterator[server.Running]:
    """The stand-in, in a thread of its own for the whole run; `standin.url`."""
    file = Path(__file__).with_name("world.json")
    running = server.start(world=json.loads(file.read_text(encoding="utf-8")))
    yield running
    running.stop()


@pytest.fixture(scope="session")
def _http() -> Iterator[Http]:
    with Http() as session:
        yield session


@pytest.fixture(scope="session")
def _google(standin: server.Running, _http: Http) -> Google:
    return Google(standin.url, _http)


@pytest.fixture(autouse=True)
def google(_google: Google, clock: Any) -> Google:
    """The other end, as new, its clock in step with ours."""
    _google.reset()
    _google.set_time(clock.now())
    return _google


@pytest.fixture
def pass_time(google: Google, clock: Any) -> Callable[[float], None]:
    """Let seconds pass here and at Google."""

    def both(seconds: float) -> None:
        clock.advance(seconds)
        google.advance(seconds)

    return both


@pytest.fixture
def environ(google: Google, database_url: str, tmp_path: Path) -> dict[str, str]:
    """The settings as an environment, for child processes too. The client is known to the stand-in."""
    secret = secrets.token_urlsafe(32)
    made = {
        "CONNECTOR_INSTANCE": str(tmp_path / "instance"),
        "CONNECTOR_DATABASE_URL": database_url,
        "CONNECTOR_BASE_URL": "http://127.0.0.1:8080",
        "CONNECTOR_GOOGLE_CLIENT_ID": CLIENT,
        "CONNECTOR_GOOGLE_CLIENT_SECRET": secret,
        "CONNECTOR_GOOGLE_AUTH_URI": f"{google.url}/o/oauth2/v2/auth",
        "CONNECTOR_GOOGLE_TOKEN_URI": f"{google.url}/token",
        "CONNECTOR_GOOGLE_REVOKE_URI": f"{google.url}/revoke",
        "CONNECTOR_GOOGLE_TOKENINFO_URI": f"{google.url}/tokeninfo",
        "CONNECTOR_GOOGLE_ISSUER": google.url,
        "CONNECTOR_GOOGLE_API_ROOT": f"{google.url}/",
    }
    google.register(CLIENT, secret, f"{made['CONNECTOR_BASE_URL']}/connect/google-plus/callback")
    return made


@pytest.fixture
def settings(environ: dict[str, str]) -> Settings:
    """Checked settings that point at the stand-in."""
    return config.load(environ)


@pytest.fixture(scope="session")
def _passwords() -> Argon2Passwords:
    return Argon2Passwords()  # takes a while to set up, on purpose


@pytest.fixture
def open_services(settings: Settings, clock: Any, _passwords: Argon2Passwords) -> Iterator[Callable[..., Services]]:
    """Services as a process makes them at its start: `open_services()` again is a restart.

    `Settings` of another Google may be given. All are closed after the test.
    """
    made: list[Services] = []

    def start(other: Settings | None = None) -> Services:
        chosen = other or settings
        store = SqlStore(make_engine(chosen.database_url))
        folder, random = chosen.instance / "keys", wiring.SystemRandom()
        keks, shreds = FileKeks(folder), ShredList(folder / "shredded.jsonl")
        with store.read() as tx:
            keks.ready_for(tx.keys.by_kek())
        made.append(
            Services(
                store=store,
                vault=SealedVault(keks, shreds, random, clock),
                passwords=_passwords,
                clock=clock,
                random=random,
                networks={wiring.PROVIDER: wiring.google_plus(chosen)},
                base_url=chosen.base_url,
            )
        )
        return made[-1]

    yield start
    for svc in made:
        svc.store.close()
        for network in svc.networks.values():
            network.oauth.close()  # type: ignore[attr-defined]  # the adapter's, not the port's
            network.sender.close()  # type: ignore[attr-defined]


@pytest.fixture
def svc(open_services: Callable[..., Services]) -> Services:
    """Everything ready to use."""
    return open_services()


@pytest.fixture
def away(svc: Services, settings: Settings, open_services: Callable[..., Services]) -> Iterator[Services]:
    """The same database and keys, while Google cannot be reached: connections to it are refused."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening, so nobody else listens there either
        dead = f"http://127.0.0.1:{taken.getsockname()[1]}"
        nowhere = replace(
            settings,
            google_token_uri=f"{dead}/token",
            google_revoke_uri=f"{dead}/revoke",
            google_api_root=f"{dead}/",
        )
        yield open_services(nowhere)


@pytest.fixture
def people(svc: Services) -> People:
    """Two customers, a member of each, and staff; all signed in."""
    harbour, tandem = add_customer(svc, SYSTEM, "Harbour Cafés"), add_customer(svc, SYSTEM, "Tandem Bikes")

    def someone(name: str, customer: str | None) -> Someone:
        kind = "member" if customer else "staff"
        email = f"{name.split()[0].lower()}@{'customer' if customer else 'company'}.example"
        role = "owner" if customer else "admin"
        person = Person(svc.random.id("per"), kind, customer, email, name, role, None)
        with svc.store.write() as tx:
            tx.accounts.add_person(person)
        return signed_in(svc, person)

    return People(
        harbour,
        tandem,
        someone("Mia Harbour", harbour.id),
        someone("Tom Tandem", tandem.id),
        someone("Sam Staff", None),
    )


def signed_in(svc: Services, person: Person) -> Someone:
    """A new browser session of a person."""
    cookie, now = svc.random.token(), svc.clock.now()
    hashed = hashlib.sha256(cookie.encode()).hexdigest()
    session = Session(hashed, person.id, svc.random.token(), now, now, now + timedelta(hours=12))
    with svc.store.write() as tx:
        tx.accounts.add_session(session)
    return Someone(person, session, cookie)


@pytest.fixture
def sign_in(svc: Services) -> Callable[[Person], Someone]:
    """`sign_in(person)`: another browser of theirs."""
    return lambda person: signed_in(svc, person)


def query_of(address: str) -> list[tuple[str, str]]:
    """Names and values of an address's query, in order, repeats included."""
    return parse_qsl(urlsplit(address).query, keep_blank_values=True)


@pytest.fixture
def go_to_google(svc: Services, google: Google, people: People, world: World) -> Callable[..., tuple[str, str]]:
    """Start a consent and decide on it: the authorization request, and the address that comes back (not followed)."""

    def go(
        who: Someone | None = None,
        *,
        account: str | None = None,
        purposes: tuple[str, ...] = ALL,
        scopes: list[str] | None = None,
        decision: str = "allow",
        replaces: str | None = None,
    ) -> tuple[str, str]:
        who = who or people.member
        asked = connecting.start(
            svc, person=who.person, session=who.session, provider=wiring.PROVIDER, purposes=purposes, replaces=replaces
        )
        ticked = None if scopes is None else [one if "/" in one else AUTH + one for one in scopes]
        return asked, google.consent(asked, account or world.anna, ticked, decision=decision)

    return go


@pytest.fixture
def come_back(svc: Services, people: People) -> Callable[..., linking.Finished]:
    """Bring an address back from Google: `come_back(address, who)`."""

    def come(address: str, who: Someone | None = None) -> linking.Finished:
        who = who or people.member
        return connecting.finish(
            svc, person=who.person, session=who.session, provider=wiring.PROVIDER, query=query_of(address)
        )

    return come


@pytest.fixture
def connect(
    svc: Services,
    people: People,
    go_to_google: Callable[..., tuple[str, str]],
    come_back: Callable[..., linking.Finished],
) -> Callable[..., Connected]:
    """The whole consent without a browser.

    `connect(who, account=…, purposes=…, scopes=[ticked, short or full], decision=…, replaces=…, choose=True)`;
    `choose` makes every listed page a chosen one.
    """

    def go(who: Someone | None = None, *, choose: bool = True, **options: Any) -> Connected:
        who = who or people.member
        asked, brought = go_to_google(who, **options)
        finished = come_back(brought, who)
        if choose and finished.pages_to_choose:
            assert finished.connection is not None
            listed = choosing.choice(svc, who.actor, finished.connection).pages
            choosing.choose(svc, who.actor, finished.connection, [page.id for page in listed])
        return Connected(finished, asked, brought)

    return go


@pytest.fixture
def page_of(svc: Services, people: People) -> Callable[..., str]:
    """Our id of a provider's page: `page_of(world.cafe, people.member)`."""

    def find(provider_id: str, who: Someone | None = None) -> str:
        who = who or people.member
        with svc.store.read() as tx:
            for connection in tx.connections.of_customer(who.customer):
                for page in tx.connections.pages(connection.id):
                    if page.provider_id == provider_id:
                        return page.id
        raise LookupError(provider_id)

    return find


@pytest.fixture
def entries(svc: Services) -> Callable[..., list[dict[str, Any]]]:
    """The ledger's entries as they are recorded, oldest first; `entries(event="call:refused")` for one kind."""

    def read(event: str | None = None, **wanted: Any) -> list[dict[str, Any]]:
        with svc.store.read() as tx:
            rows = tx.ledger.entries(LedgerFilter(limit=10_000, **wanted))
        found = [json.loads(row.entry) for row in reversed(rows)]
        return [entry for entry in found if event in (None, entry["event"])]

    return read
