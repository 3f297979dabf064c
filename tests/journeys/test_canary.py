"""No secret and no message text turns up where it does not belong (R61), with every logger at DEBUG.

Unique values pass through every flow, good and bad, and are then looked for in every place that keeps or shows
something: in plain, hex, base64 at each alignment, percent-encoded and as JSON. One value that may be seen is planted
in each place, and the same search has to find it.
"""

import base64
import html
import json
import logging
import re
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
import structlog
from flask import Flask
from flask.testing import FlaskClient
from googleapiclient.errors import HttpError
from sqlalchemy import text
from werkzeug.test import TestResponse

import connector
from connector.config import Settings
from connector.domain import evidence, grants, inbox, programs
from connector.domain import people as accounts
from connector.domain.errors import ConnectorError
from connector.domain.ledger import SYSTEM
from connector.domain.ports import OAuth, Services
from connector.domain.records import Actor
from connector.storage import SqlStore
from connector.storage.kek import FileKek
from connector.storage.schema import metadata

OURS = {"Sec-Fetch-Site": "same-origin", "Origin": "null"}
ALL = ("read-messages", "reply-to-messages", "publish-to-circles", "analyse", "show-profile")
PLANTED = "planted-where-it-may-be-seen-7f3a91c4d2"


MAY_SHOW = {"/inbox": ("text",), "/welcome": ("link",), "/api/oauth/token": ("program token",)}


class Canaries:
    """Values by name, with every form in which one could turn up."""

    def __init__(self) -> None:
        self._forms: dict[str, dict[str, bytes]] = {}

    def keep(self, name: str, value: str | bytes) -> None:
        """Look for this value from now on; too short ones would be found by chance."""
        raw = value.encode() if isinstance(value, str) else value
        assert len(raw) >= 12, name
        self._forms.setdefault(f"{name} {raw[:3].hex()}…", _forms(raw))

    def names(self) -> set[str]:
        """The first words of what is kept."""
        return {name.rpartition(" ")[0] for name in self._forms}

    def found(self, data: bytes, *, without: tuple[str, ...] = ()) -> list[str]:
        """What is in the data, as name and form."""
        return [
            f"{name} ({form})"
            for name, forms in self._forms.items()
            if not name.startswith(without)
            for form, wanted in forms.items()
            if wanted in data
        ]


def _forms(raw: bytes) -> dict[str, bytes]:
    forms = {"plain": raw, "hex": raw.hex().encode(), "HEX": raw.hex().upper().encode()}
    for shift in range(3):
        whole = base64.b64encode(b"\0" * shift + raw)
        core = whole[-(-shift * 8 // 6) : (shift + len(raw)) * 8 // 6]
        forms[f"base64 +{shift}"] = core
        forms[f"base64url +{shift}"] = core.replace(b"+", b"-").replace(b"/", b"_")
    try:
        words = raw.decode()
    except UnicodeDecodeError:
        return forms
    forms["percent"] = quote(words, safe="").encode()
    forms["json"] = json.dumps(words)[1:-1].encode()
    forms["html"] = html.escape(words).encode()
    return forms


class Recording:
    """The OAuth adapter, with everything secret that passes through it kept for the search."""

    def __init__(self, oauth: OAuth, canaries: Canaries) -> None:
        self._oauth, self._canaries = oauth, canaries
        self.refresh_tokens: list[str] = []

    @property
    def issuer(self) -> str:
        return self._oauth.issuer

    @property
    def longest(self) -> timedelta:
        return self._oauth.longest

    def authorization_url(self, *, state: str, verifier: Any, **more: Any) -> str:
        self._canaries.keep("state", state)
        self._canaries.keep("verifier", verifier.form_field())
        return self._oauth.authorization_url(state=state, verifier=verifier, **more)

    def read_callback(self, query: Any) -> Any:
        return self._oauth.read_callback(query)

    def exchange(self, code: Any, verifier: Any, scopes: Any) -> Any:
        self._canaries.keep("code", code.form_field())
        return self._kept(self._oauth.exchange(code, verifier, scopes))

    def refresh(self, token: Any, scopes: Any) -> Any:
        self._canaries.keep("refresh token", token.form_field())
        return self._kept(self._oauth.refresh(token, scopes))

    def revoke(self, token: Any) -> Any:
        return self._oauth.revoke(token)

    def _kept(self, answer: Any) -> Any:
        self._canaries.keep("access token", answer.access.header()["Authorization"].removeprefix("Bearer "))
        if answer.refresh is not None:
            self._canaries.keep("refresh token", answer.refresh.form_field())
            self.refresh_tokens.append(answer.refresh.form_field())
        return answer


@dataclass
class Sinks:
    """Everything that was kept or shown, by place; pages and redirects with the path that was asked for."""

    pages: list[tuple[str, bytes]] = field(default_factory=list)
    errors: list[tuple[str, bytes]] = field(default_factory=list)
    locations: list[tuple[str, bytes]] = field(default_factory=list)
    exceptions: list[bytes] = field(default_factory=list)

    def take(self, path: str, answer: TestResponse) -> TestResponse:
        """An answer. Its cookies are left out: the session's value belongs there."""
        headers = "\n".join(
            f"{name}: {value}" for name, value in answer.headers if name not in ("Set-Cookie", "Location")
        )
        kept = self.pages if answer.status_code < 400 else self.errors
        if answer.status_code not in (301, 302, 303, 307, 308):
            kept.append((path, headers.encode() + answer.data))
        elif location := answer.headers.get("Location"):
            self.locations.append((path, location.encode() + b"\n" + headers.encode()))
        return answer

    def attempt(self, act: Callable[[], object]) -> None:
        """Do something that fails, and keep all that its error says."""
        with pytest.raises((ConnectorError, HttpError)) as failed:
            act()
        said = "".join(traceback.format_exception(failed.value))
        public = getattr(failed.value, "public", "")
        self.exceptions.append(f"{said}\n{failed.value!r}\n{failed.value.args!r}\n{public}".encode())


class Pages:
    """A browser whose every answer goes into the sinks."""

    def __init__(self, client: FlaskClient, base_url: str, sinks: Sinks) -> None:
        self._client, self._base, self._sinks = client, base_url, sinks

    def get(self, path: str) -> TestResponse:
        """Open a page."""
        return self._sinks.take(path, self._client.get(path, base_url=self._base, buffered=True))

    def post(self, path: str, at: str, **form: str | list[str]) -> TestResponse:
        """Send a form that stands on the page `at`."""
        token = re.search(r'name="csrf" value="([^"]+)"', self.get(at).text)
        assert token, at
        data = {"csrf": token[1], **form}
        answer = self._client.post(path, base_url=self._base, data=data, headers=OURS, buffered=True)
        return self._sinks.take(path, answer)


@pytest.fixture(autouse=True)
def loud(caplog: pytest.LogCaptureFixture) -> None:
    """Every logger at DEBUG, before an engine or a pool is made."""
    caplog.set_level(logging.DEBUG)


@pytest.fixture
def canaries(monkeypatch: pytest.MonkeyPatch) -> Canaries:
    """What to look for; data keys are kept as they are wrapped and unwrapped."""
    kept = Canaries()
    wrap, unwrap = FileKek.wrap, FileKek.unwrap

    def wrapping(self: FileKek, key: bytes, context: bytes) -> bytes:
        kept.keep("data key", key)
        return wrap(self, key, context)

    def unwrapping(self: FileKek, wrapped: bytes, context: bytes) -> bytes:
        key = unwrap(self, wrapped, context)
        kept.keep("data key", key)
        return key

    monkeypatch.setattr(FileKek, "wrap", wrapping)
    monkeypatch.setattr(FileKek, "unwrap", unwrapping)
    return kept


@pytest.fixture
def structured() -> Iterator[list[Mapping[str, Any]]]:
    """What our own code logs, before the list of allowed fields is applied."""
    with structlog.testing.capture_logs() as lines:
        yield lines


def _database(svc: Services, settings: Settings) -> bytes:
    """Every column of every row as text and as bytes; and SQLite's files as they are on disk at this moment."""
    store = svc.store
    assert isinstance(store, SqlStore)
    parts: list[bytes] = []
    with store.engine.connect() as sql:
        for table in metadata.sorted_tables:
            for row in sql.execute(table.select()):
                parts += [cell if isinstance(cell, bytes) else str(cell).encode() for cell in row]
            if sql.dialect.name == "postgresql":
                parts += [line.encode() for (line,) in sql.execute(text(f'SELECT t::text FROM "{table.name}" t'))]  # noqa: S608
    url = store.engine.url
    if url.drivername.startswith("sqlite") and url.database:
        files = [Path(url.database + end) for end in ("", "-wal", "-shm")]
        assert files[0].exists()
        parts += [file.read_bytes() for file in files if file.exists()]
    return b"\n".join(parts)


def _keys_of(settings: Settings, canaries: Canaries) -> None:
    kek = (settings.instance / "keys" / "kek-1.key").read_bytes().strip()
    canaries.keep("key-encryption key", kek)
    canaries.keep("key-encryption key", base64.b64decode(kek))
    canaries.keep("signing key", (settings.instance / "keys" / "signing.key").read_bytes().strip())


def _arguments() -> bytes:
    """The command lines of every process on this machine that may be read."""
    lines = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(process.read_bytes())
        except OSError:
            continue  # it has ended meanwhile
    return b"\n".join(lines)


@dataclass
class Run:
    """One run through everything, and what it left."""

    canaries: Canaries
    sinks: Sinks
    connection: str
    databases: dict[str, bytes]
    export: bytes
    log: bytes
    arguments: bytes


@pytest.fixture
def run(
    open_services: Any, settings: Settings, canaries: Canaries, structured: list[Mapping[str, Any]], google: Any,
    world: Any, pass_time: Callable[[float], None], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch,
) -> Run:  # fmt: skip
    """Invite, sign in, connect, read, reply, refuse, fail in every way, revoke; everything is caught on the way."""
    opened: Services = open_services()
    network = opened.networks["google-plus"]
    recording = Recording(network.oauth, canaries)
    svc = replace(opened, networks={"google-plus": replace(network, oauth=recording)})
    app = connector.create_app(settings, svc)
    _keys_of(settings, canaries)
    secret = settings.google_client_secret[0].form_field()
    canaries.keep("client secret", secret)
    sinks = Sinks()
    pages = Pages(app.test_client(), settings.base_url, sinks)
    logging.getLogger("connector.probe").debug("%s", PLANTED)
    structlog.get_logger("connector.probe").info("probe", anything=PLANTED)

    # A first password, one refused on the way, and a sign-in that fails.
    customer = accounts.add_customer(svc, SYSTEM, f"Customer {PLANTED}").id
    link = urlsplit(
        accounts.invite(
            svc, SYSTEM, email="ada@customer.example", name=f"Ada {PLANTED}", role="owner", customer=customer
        )
    ).path
    canaries.keep("link", link.rpartition("/")[2])
    password, wrong, short = (svc.random.token() for _ in range(3))
    canaries.keep("password", password)
    canaries.keep("password, wrong", wrong)
    canaries.keep("password, short", short[:14])
    pages.post(link, link, password=short[:14], again=short[:14])
    pages.post(link, link, password=password, again=wrong)
    pages.post(link, link, password=password, again=password)
    pages.post(link, link, password=wrong, again=wrong)
    pages.get(f"/inbox/{PLANTED}")
    pages.post("/sign-in", "/sign-in", email=f"{PLANTED}@customer.example", password=wrong)
    signed_in = pages.post("/sign-in", "/sign-in", email="ada@customer.example", password=password)
    cookie = re.search(r"session=([^;]+)", signed_in.headers["Set-Cookie"])
    assert cookie
    canaries.keep("session cookie", cookie[1])
    with svc.store.read() as tx:
        person = tx.accounts.person_by_email("ada@customer.example")
    assert person is not None
    member = person.actor()

    def consent() -> str:
        asked = pages.post("/connect/google-plus", "/connect/google-plus", purpose=list(ALL)).headers["Location"]
        brought = google.consent(asked, world.anna)
        canaries.keep("code", parse_qs(urlsplit(brought).query)["code"][0])
        return brought.removeprefix(settings.base_url)

    # Token endpoints that echo what they were sent, answers that are cut, and callbacks that are no answer.
    for status, body in (
        (400, '{"error":"%s"}'),
        (500, "<html>%s</html>"),
        (200, '{"access_token": "%s"'),
        (418, "%s"),
    ):
        google.fault("token", "status", status=status, body=body % secret, times=1)
        pages.get(consent())
    google.fault("token", "drop_after", times=1)
    back = consent()
    pages.get(back)
    pages.get(back)
    code = parse_qs(urlsplit(back).query)["code"][0]
    for query in (
        f"state={code}&code={code}", f"code={code}", f"state=a&state=b&code={code}",
        f"error=access_denied&error_description={secret}", f"state={code}&error={secret}", f"state={code * 200}",
    ):  # fmt: skip
        pages.get(f"/connect/google-plus/callback?{query}")

    # The way it is meant to go.
    chosen = pages.get(consent()).headers["Location"]
    connection = chosen.partition("/pages/")[2].partition("?")[0]
    with svc.store.read() as tx:
        listed = [page.id for page in tx.connections.pages(connection)]
    pages.post(urlsplit(chosen).path, urlsplit(chosen).path, page=listed)
    pages.post("/inbox/sync", "/inbox")
    pages.get("/inbox")
    line = inbox.threads(svc, member)[0]
    reply = f"Reply text {svc.random.token()}"
    canaries.keep("text, reply", reply)
    target = next(m.id for m in inbox.thread(svc, member, line.id).messages if not m.by_page)
    sent = {"thread": line.id, "text": reply, "key": svc.random.token()}
    pages.post(f"/inbox/messages/{target}/reply", f"/inbox/{line.id}", **sent)
    pages.post(f"/inbox/messages/{target}/reply", f"/inbox/{line.id}", **{**sent, "text": reply + "!"})
    for shown in inbox.threads(svc, member):
        for message in inbox.thread(svc, member, shown.id).messages:
            if len(str(message.text)) > 14:
                canaries.keep("text, message", str(message.text))
        pages.get(f"/inbox/{shown.id}")
    for path in ("/", "/settings", "/activity", "/connect/google-plus", f"/connect/google-plus?replaces={connection}"):
        pages.get(path)

    # An API and a token endpoint that throw our own tokens back at us.
    def read() -> object:
        return inbox.sync(svc, member, listed[0])

    token = recording.refresh_tokens[-1]
    for kind, more in (
        ("status", {"status": 403, "body": json.dumps({"error": {"message": token, "errors": [{"reason": token}]}})}),
        ("status", {"status": 500, "body": token}),
        ("truncate", {}),
        ("drop_after", {}),
    ):
        google.fault("*api", kind, times=1, **more)
        sinks.attempt(read)
        google.clear_faults()
    with svc.store.write() as tx:
        tx.tokens.destroy_access(connection)  # as when they have ended, while the browser session goes on
    for status, body in ((400, {"error": token}), (401, {"error": "invalid_client", "error_description": secret})):
        google.fault("token", "status", status=status, body=json.dumps(body), times=1)
        sinks.attempt(read)
        google.clear_faults()
    sinks.attempt(read)  # refreshing is paused
    pass_time(60)
    read()
    sinks.attempt(lambda: _remove(svc, member, connection))
    google.fault("*api", "status", status=500, body=token, times=1)
    pages.post("/inbox/sync", "/inbox")
    google.clear_faults()
    sinks.attempt(lambda: inbox.sync(svc, member, PLANTED))

    _act_as_a_program(svc, app, settings, canaries, sinks, google, customer, connection)

    # A page that fails with a secret in its error.
    with monkeypatch.context() as broken:
        broken.setattr(grants, "overview", lambda *_: (_ for _ in ()).throw(RuntimeError(f"{secret} {token}")))
        assert pages.get("/settings").status_code == 500
    pages.get(f"/nothing/{PLANTED}")

    databases = {"in use": _database(svc, settings)}
    auditor = Actor(kind="staff", id="per_auditor", name="Auditor")
    export = "\n".join(evidence.export(svc, auditor)).encode()
    waits = [sys.executable, "-c", "print(flush=True), input()", PLANTED]
    with subprocess.Popen(waits, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        arguments = _arguments()
        child.communicate(b"\n")
    google.fault("revoke", "status", status=503, body=token, times=1)
    end = f"/settings/connections/{connection}/revoke"
    pages.post(end, end)
    google.clear_faults()
    databases["after the end"] = _database(svc, settings)
    log = caplog.text + "\n" + "\n".join(str(line) for line in structured)
    log += "\n".join(f"{record.args!r} {record.__dict__.get('exc_text')}" for record in caplog.records)
    return Run(canaries, sinks, connection, databases, export, log.encode(), arguments)


def _act_as_a_program(
    svc: Services, app: Flask, settings: Settings, canaries: Canaries, sinks: Sinks, google: Any, customer: str, at: str
) -> None:
    """A program gets tokens, reads, is refused and fails; the API's answers are kept like pages."""
    operator = Actor(kind="staff", id="operator", name="The operator")
    added, made = programs.add(svc, operator, customer=customer, name=f"Program {PLANTED}", purposes=["read-messages"])
    secret, client = made.shown_once(), app.test_client()
    canaries.keep("program secret", secret)
    for pem in (settings.instance / "keys").glob("token-*.pem"):
        canaries.keep("token key", "".join(pem.read_text().splitlines()[1:-1]))
        canaries.keep("token key", base64.b64decode("".join(pem.read_text().splitlines()[1:-1]))[16:])

    def send(method: str, path: str, **more: Any) -> TestResponse:
        return sinks.take(path, client.open(path, method=method, base_url=settings.base_url, buffered=True, **more))

    form = {"grant_type": "client_credentials", "client_id": added.id, "client_secret": secret}
    token: str = send("POST", "/api/oauth/token", data=form).get_json()["access_token"]
    canaries.keep("program token", token)
    canaries.keep("program token", token.rpartition(".")[2])
    for wrong in (
        {"scope": "analyse"}, {"client_id": secret}, {"client_secret": f"{secret}x"}, {"grant_type": secret},
        {"scope": token},
    ):  # fmt: skip
        send("POST", "/api/oauth/token", data={**form, **wrong})
    send("POST", f"/api/oauth/token?client_secret={secret}")
    bearer = {"Authorization": f"Bearer {token}", "Connector-Purpose": "read-messages", "Connector-Subject": PLANTED}
    call = f"/api/v1/connections/{at}/google/plusPages/v2/people/me"
    pages = f"/api/v1/connections/{at}/google/plusPages/v2/people/me/people/pages"
    send("GET", "/api/v1/connections", headers=bearer)
    for path in (call, pages, f"{call}?access_token={token}", f"/api/v1/connections/{PLANTED}/google/x"):
        send("GET", path, headers=bearer)
    for headers in ({"Authorization": f"Basic {token}"}, {"Authorization": f"Bearer {token}x"}):
        send("GET", call, headers=bearer | headers)
    google.fault("*api", "drop_after", times=1)
    send("GET", f"{pages}?maxResults=10", headers=bearer)
    google.clear_faults()
    programs.end(svc, operator, added.id)
    send("GET", call, headers=bearer)


def _remove(svc: Services, member: Actor, connection: str) -> None:
    with connector.use(connection, purpose="reply-to-messages", actor=member, svc=svc) as pages:
        pages.comments().remove(commentId="c", onBehalfOf="1").execute()


def test_no_secret_turns_up_in_any_place_that_keeps_or_shows_something(run: Run) -> None:
    canaries, sinks = run.canaries, run.sinks
    expected = {
        "client secret", "code", "access token", "refresh token", "verifier", "state", "session cookie", "password",
        "password, wrong", "password, short", "link", "text, message", "text, reply", "data key", "key-encryption key",
        "signing key", "program secret", "program token", "token key",
    }  # fmt: skip
    assert canaries.names() == expected, "a flow did not put its secret through"
    found = {f"database {when}": canaries.found(data) for when, data in run.databases.items()}
    found["log"] = canaries.found(run.log)
    found["ledger export"] = canaries.found(run.export, without=("text",))
    found["arguments of processes"] = canaries.found(run.arguments)
    for number, said in enumerate(sinks.exceptions):
        found[f"exception {number}"] = canaries.found(said)
    for kind, answers in (("page", sinks.pages), ("error page", sinks.errors)):
        for path, body in answers:
            without = next((name for start, name in MAY_SHOW.items() if path.startswith(start)), ())
            found[f"{kind} {path[:60]}"] = canaries.found(body, without=without)
    for path, location in sinks.locations:
        to_google = b"/o/oauth2/v2/auth?" in location
        found[f"redirect from {path[:60]}"] = canaries.found(location, without=("state",) if to_google else ())
    assert {place: what for place, what in found.items() if what} == {}


def test_the_same_search_finds_what_was_planted_in_each_place(run: Run) -> None:
    planted = Canaries()
    planted.keep("planted", PLANTED)
    sinks = run.sinks
    places = {
        "log": run.log,
        "ledger export": run.export,
        "arguments of processes": run.arguments,
        **{f"database {when}": data for when, data in run.databases.items()},
        "pages": b"".join(body for _, body in sinks.pages),
        "error pages": b"".join(body for _, body in sinks.errors),
        "redirects": b"".join(location for _, location in sinks.locations),
        "exceptions": b"".join(sinks.exceptions),
    }
    assert [place for place, data in places.items() if not planted.found(data)] == []
    assert b"'anything': 'planted" in run.log, "what structlog is given is not among what is searched"
    connection = Canaries()
    connection.keep("connection", run.connection)
    assert connection.found(run.databases["in use"])
    assert connection.found(run.export)


@pytest.mark.parametrize("shift", [0, 1, 2])
def test_a_value_is_found_in_every_form_and_at_every_alignment(shift: int) -> None:
    value = 'a "secret" with ünicode & more'
    canaries = Canaries()
    canaries.keep("value", value)
    around = b"x" * shift + value.encode() + b"yz"
    for hidden in (
        around, around.hex().encode(), base64.b64encode(around), base64.urlsafe_b64encode(around),
        quote(value, safe="").encode(), json.dumps({"a": value}).encode(), html.escape(value).encode(),
    ):  # fmt: skip
        assert canaries.found(b"before" + hidden + b"after")
    assert not canaries.found(b"nothing of it here")


CHECK = """
import json, logging, sys
from pathlib import Path

import structlog

logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
structlog.configure(processors=[structlog.processors.JSONRenderer(default=repr)],
                    logger_factory=structlog.PrintLoggerFactory(sys.stderr))

from connector.demo import journey
from connector.demo.stage import stage as on_stage
from connector.google.oauth import GoogleOAuth

instance, kept_file, arguments_file = map(Path, sys.argv[1:])
kept = []


def watch(name, read):
    plain = getattr(GoogleOAuth, name)

    def watched(self, *given, **named):
        answer = plain(self, *given, **named)
        kept.extend(read(answer, *given, **named))
        return answer

    setattr(GoogleOAuth, name, watched)


def of_answer(answer):
    yield "access token", answer.access.header()["Authorization"].removeprefix("Bearer ")
    if answer.refresh is not None:
        yield "refresh token", answer.refresh.form_field()


def of_question(_, *, state, verifier, **more):
    return [("state", state), ("verifier", verifier.form_field())]


watch("authorization_url", of_question)
watch("exchange", lambda answer, code, *more: [("code", code.form_field()), *of_answer(answer)])
watch("refresh", lambda answer, token, scopes: [("refresh token", token.form_field()), *of_answer(answer)])
with on_stage(instance=instance) as stage:
    logging.getLogger("probe").debug("PLANTED")
    status = journey.check(stage)
    kept += [("password", one.password) for one in (stage.member, stage.other, stage.staff)]
    secrets = stage.svc.networks["google-plus"].oauth._secrets
    kept += [("client secret", one.form_field()) for one in secrets]
    lines = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    arguments_file.write_bytes(b"\\n".join(lines))
kept_file.write_text(json.dumps(kept))
sys.exit(status)
""".replace("PLANTED", PLANTED)


def test_the_whole_demonstration_at_debug_writes_no_secret_anywhere(tmp_path: Path) -> None:
    instance, kept, arguments = tmp_path / "demo", tmp_path / "kept.json", tmp_path / "arguments"
    done = subprocess.run(
        [sys.executable, "-c", CHECK, instance, kept, arguments], capture_output=True, check=False, timeout=150
    )
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()[-2000:]
    canaries = Canaries()
    for name, value in json.loads(kept.read_text()):
        canaries.keep(name, value)
    kek = (instance / "keys" / "kek-1.key").read_bytes().strip()
    canaries.keep("key-encryption key", base64.b64decode(kek))
    assert canaries.names() >= {
        "access token",
        "refresh token",
        "verifier",
        "state",
        "code",
        "password",
        "client secret",
    }
    places = {
        "what it prints": done.stdout,
        "its log": done.stderr,
        "arguments of processes": arguments.read_bytes(),
        **{file.name: file.read_bytes() for file in instance.iterdir() if file.is_file()},
    }
    assert {name: canaries.found(data) for name, data in places.items() if canaries.found(data)} == {}
    assert PLANTED.encode() in places["its log"]
    assert b"connector.standin" in places["arguments of processes"]
    assert b"con_" in places["connector.db"]
