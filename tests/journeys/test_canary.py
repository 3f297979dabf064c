"""No secret and no message text turns up where it does not belong (R61, T9), with every logger at DEBUG.

Unique values pass through every flow of FLOWS, good and bad, and are then looked for in every place of SINKS: in plain,
hex, base64 at each alignment, percent-encoded and as JSON. In each place something that may be there stands too, and
the same search has to find it. A new flow or place is one more line in a list.
"""

import base64
import html
import json
import logging
import os
import re
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
import structlog
from canaries import Canaries, Pages, Recording
from click.testing import CliRunner
from googleapiclient.errors import HttpError
from sqlalchemy import text
from werkzeug.test import TestResponse

import connector
from connector import wiring
from connector.cli import connector as commands
from connector.config import Settings
from connector.domain import analyse, evidence, grants, inbox, profile, programs, publish, tokens
from connector.domain import people as accounts
from connector.domain.errors import ConnectorError
from connector.domain.ledger import SYSTEM
from connector.domain.ports import Services
from connector.domain.records import Actor, ConnectionState
from connector.storage import SqlStore
from connector.storage.kek import FileKek
from connector.storage.schema import metadata

ALL = ("read-messages", "reply-to-messages", "publish-to-circles", "analyse", "show-profile")
PLANTED = "planted-where-it-may-be-seen-7f3a91c4d2"

# Every place that keeps or shows something, and what each is. Who adds a place adds a line, and fills it in `Run`.
SINKS = {
    "log": "every library's log lines at DEBUG, with their arguments and tracebacks",
    "own log": "what our own code gives structlog, before the list of allowed fields is applied",
    "page": "answers below 400, with their headers",
    "error page": "answers from 400 on, with their headers",
    "redirect": "addresses that a browser is sent to",
    "cookie": "cookies that are set",
    "exception": "text, repr, arguments and traceback of what is raised",
    "database": "every column of every row",
    "database file": "SQLite's file, its WAL and shared memory as they lie on the disk",
    "ledger export": "the record as it is handed out",
    "command output": "what the commands print",
    "file": "temporary files, and what an instance holds beside keys and database",
    "arguments": "command lines of all processes",
    "environment": "environments of the processes that were started",
    "worker output": "what a process at DEBUG prints that is killed in the middle of a refresh",
}


def belongs(sink: str, where: str) -> tuple[str, ...]:
    """The beginnings of the names of what may stand in a place, because it is there for that."""
    match sink:
        case "page" | "error page":
            # Messages are for the inbox; the form that a link leads to names the link in its address.
            meant = {"/inbox": ("text",), "/welcome": ("link",), "/api/oauth/token": ("program token",)}
            return next((names for start, names in meant.items() if where.startswith(start)), ())
        case "redirect":
            return ("state",) if "/o/oauth2/v2/auth?" in where else ()
        case "cookie":
            return ("session cookie",)
        case "ledger export":
            return ("text",)  # an export is for those who may read the record's details
        case "command output":
            return ("text",) if where.startswith("ledger export") else ()
        case "environment":
            return ("client secret",)  # a setting is how it gets there
    return ()


@dataclass
class Run:
    """One run through everything: what the flows work with, and what each place was seen to hold."""

    svc: Services
    settings: Settings
    environ: dict[str, str]
    google: Any
    world: Any
    pass_time: Callable[[float], None]
    canaries: Canaries
    recording: Recording
    monkeypatch: pytest.MonkeyPatch
    folder: Path
    pages: Pages = field(init=False)
    member: Actor = field(init=False)
    connection: str = field(init=False)
    listed: list[str] = field(init=False)
    seen: dict[str, list[tuple[str, bytes]]] = field(default_factory=lambda: {name: [] for name in SINKS})

    @property
    def secret(self) -> str:
        """Our own secret at Google, for endpoints that throw it back."""
        return self.settings.google_client_secret[0].form_field()

    @property
    def token(self) -> str:
        """The newest refresh token."""
        return self.recording.refresh_tokens[-1]

    def keep(self, sink: str, where: str, data: bytes) -> None:
        """Something was kept or shown there."""
        self.seen[sink].append((where, data))

    def take(self, path: str, answer: TestResponse) -> TestResponse:
        """An answer of the pages, to where its parts belong."""
        plain = [(name, value) for name, value in answer.headers if name not in ("Set-Cookie", "Location")]
        headers = "\n".join(f"{name}: {value}" for name, value in plain).encode()
        if location := answer.headers.get("Location"):
            self.keep("redirect", f"{path} to {location}", location.encode() + b"\n" + headers)
        else:
            self.keep("page" if answer.status_code < 400 else "error page", path, headers + answer.data)
        for cookie in answer.headers.getlist("Set-Cookie"):
            self.keep("cookie", path, cookie.encode())
        return answer

    def fails(self, act: Callable[[], object]) -> None:
        """Do something that fails, and keep all that its error says."""
        with pytest.raises((ConnectorError, HttpError)) as failed:
            act()
        said = "".join(traceback.format_exception(failed.value))
        public = getattr(failed.value, "public", "")
        told = f"{said}\n{failed.value!r}\n{failed.value.args!r}\n{public}"
        self.keep("exception", type(failed.value).__name__, told.encode())

    def read(self) -> object:
        """A call that needs a token."""
        return inbox.sync(self.svc, self.member, self.listed[0])

    def command(self, *words: str, status: int = 0) -> None:
        """Run a command in this process, as an operator would."""
        made: list[Services] = []
        services = wiring.services
        with self.monkeypatch.context() as watched:
            watched.setattr(wiring, "services", lambda settings: made.append(services(settings)) or made[-1])
            done = CliRunner().invoke(commands, words, env=self.environ)
        for svc in made:
            svc.store.close()
        assert done.exit_code == status, (words, done.output, done.exception)
        self.keep("command output", " ".join(words), done.stdout_bytes + done.stderr_bytes)

    def look_at_the_database(self, when: str) -> None:
        """Every row as text and as bytes; and SQLite's files as they are on disk at this moment."""
        store = self.svc.store
        assert isinstance(store, SqlStore)
        parts: list[bytes] = []
        with store.engine.connect() as sql:
            for table in metadata.sorted_tables:
                for row in sql.execute(table.select()):
                    parts += [cell if isinstance(cell, bytes) else str(cell).encode() for cell in row]
                if sql.dialect.name == "postgresql":
                    as_text = text(f'SELECT t::text FROM "{table.name}" t')  # noqa: S608
                    parts += [line.encode() for (line,) in sql.execute(as_text)]
        self.keep("database", when, b"\n".join(parts))
        url = store.engine.url
        if url.drivername.startswith("sqlite") and url.database:
            files = [Path(url.database + end) for end in ("", "-wal", "-shm")]
            self.keep("database file", when, b"\n".join(file.read_bytes() for file in files if file.exists()))


def an_invitation_and_signing_in(run: Run) -> None:
    """A first password, one refused on the way, and a sign-in that fails."""
    svc, pages, canaries = run.svc, run.pages, run.canaries
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
    run.member = person.actor()


def consent(run: Run) -> str:
    """To Google and back, not yet followed."""
    asked = run.pages.post("/connect/google-plus", "/connect/google-plus", purpose=list(ALL)).headers["Location"]
    brought: str = run.google.consent(asked, run.world.anna)
    run.canaries.keep("code", parse_qs(urlsplit(brought).query)["code"][0])
    return brought.removeprefix(run.settings.base_url)


def consents_that_go_wrong(run: Run) -> None:
    """Token endpoints that echo what they were sent, answers that are cut, and callbacks that are no answer."""
    for status, body in (
        (400, '{"error":"%s"}'), (500, "<html>%s</html>"), (200, '{"access_token": "%s"'), (418, "%s"),
    ):  # fmt: skip
        run.google.fault("token", "status", status=status, body=body % run.secret, times=1)
        run.pages.get(consent(run))
    run.google.fault("token", "drop_after", times=1)
    back = consent(run)
    run.pages.get(back)
    run.pages.get(back)
    code = parse_qs(urlsplit(back).query)["code"][0]
    for query in (
        f"state={code}&code={code}", f"code={code}", f"state=a&state=b&code={code}", f"state=%ff&code={code}",
        f"error=access_denied&error_description={run.secret}", f"state={code}&error={run.secret}",
        f"state={code * 200}",
    ):  # fmt: skip
        run.pages.get(f"/connect/google-plus/callback?{query}")


def a_consent_as_it_is_meant(run: Run) -> None:
    """Connect and choose every page."""
    chosen = run.pages.get(consent(run)).headers["Location"]
    run.connection = chosen.partition("/pages/")[2].partition("?")[0]
    with run.svc.store.read() as tx:
        run.listed = [page.id for page in tx.connections.pages(run.connection)]
    run.pages.post(urlsplit(chosen).path, urlsplit(chosen).path, page=run.listed)


def messages_and_a_reply(run: Run) -> None:
    """Fetch, read, answer, and answer with the same key and other words."""
    svc, pages, canaries = run.svc, run.pages, run.canaries
    pages.post("/inbox/sync", "/inbox")
    pages.get("/inbox")
    line = inbox.threads(svc, run.member)[0]
    reply = f"Reply text {svc.random.token()}"
    canaries.keep("text, reply", reply)
    target = next(m.id for m in inbox.thread(svc, run.member, line.id).messages if not m.by_page)
    sent = {"thread": line.id, "text": reply, "key": svc.random.token()}
    pages.post(f"/inbox/messages/{target}/reply", f"/inbox/{line.id}", **sent)
    pages.post(f"/inbox/messages/{target}/reply", f"/inbox/{line.id}", **{**sent, "text": reply + "!"})
    for shown in inbox.threads(svc, run.member):
        for message in inbox.thread(svc, run.member, shown.id).messages:
            if len(str(message.text)) > 14:
                canaries.keep("text, message", str(message.text))
        pages.get(f"/inbox/{shown.id}")


def publishing_analysis_and_the_profile(run: Run) -> None:
    """The purposes beside reading and answering; one is switched off and on."""
    post = f"Post text {run.svc.random.token()}"
    run.canaries.keep("text, post", post)
    circles = publish.circles(run.svc, run.member, run.listed[0])
    publish.publish(run.svc, run.member, run.listed[0], post, [circles[0].id])
    analyse.analyse(run.svc, run.member, run.listed[0])
    profile.profiles(run.svc, run.member, run.connection)
    run.pages.get(f"/settings/connections/{run.connection}/profile")
    switch = f"/settings/connections/{run.connection}/purposes/analyse"
    for on in ("0", "1"):
        run.pages.post(switch, "/settings", on=on)


def looking_around(run: Run) -> None:
    """Pages that show what there is, pages that do not exist, and what machines look at."""
    renewing = f"/connect/google-plus?replaces={run.connection}"
    for path in ("/", "/settings", "/activity", "/connect/google-plus", renewing, "/healthz", "/readyz", "/metrics"):
        run.pages.get(path)
    run.pages.get(f"/nothing/{PLANTED}")
    run.fails(lambda: inbox.sync(run.svc, run.member, PLANTED))


def an_api_that_throws_our_token_back(run: Run) -> None:
    """Errors with a token in them, answers that are cut or never come."""
    thrown = json.dumps({"error": {"message": run.token, "errors": [{"reason": run.token}]}})
    for kind, more in (
        ("status", {"status": 403, "body": thrown}),
        ("status", {"status": 500, "body": run.token}),
        ("truncate", {}),
        ("drop_after", {}),
    ):  # fmt: skip
        run.google.fault("*api", kind, times=1, **more)
        run.fails(run.read)
        run.google.clear_faults()
    run.google.fault("*api", "status", status=500, body=run.token, times=1)
    run.pages.post("/inbox/sync", "/inbox")
    run.google.clear_faults()


def without_access_token(run: Run) -> None:
    """As when it has ended, while the browser session goes on."""
    with run.svc.store.write() as tx:
        tx.tokens.destroy_access(run.connection)


def refreshes_that_fail_and_one_that_rotates(run: Run) -> None:
    """A token endpoint that throws token and secret back, a pause, a way out of it, and a new refresh token."""
    without_access_token(run)
    for status, body in (
        (400, {"error": run.token}), (503, {"error": "x", "error_description": run.token}),
        (401, {"error": "invalid_client", "error_description": run.secret}),
    ):  # fmt: skip
        run.google.fault("token", "status", status=status, body=json.dumps(body), times=1)
        run.fails(run.read)
        run.google.clear_faults()
    run.fails(run.read)  # refreshing is paused
    run.pass_time(60)
    run.read()
    without_access_token(run)
    old = run.token
    rotated = {"access_token": f"ya29.{run.svc.random.token()}", "refresh_token": f"1//{run.svc.random.token()}"}
    run.google.fault("token", "body", body={**rotated, "token_type": "Bearer", "expires_in": 3599}, times=1)
    run.fails(run.read)  # the stand-in knows neither of the tokens that it is said to have given
    without_access_token(run)
    with run.svc.store.write() as tx:  # and goes on with the refresh token that it knows
        refused = tx.connections.get_any(run.connection)
        assert refused is not None
        assert refused.state is ConnectionState.NEEDS_CONSENT
        tx.connections.update(replace(refused, state=ConnectionState.ACTIVE))
        tokens.store_refresh(run.svc, tx, run.member.acting_for(), run.connection, tokens.RefreshToken(old))
    run.read()


def calls_beyond_the_purpose(run: Run) -> None:
    """Refused by the gate, with a token in the address too."""
    with connector.use(run.connection, purpose="reply-to-messages", actor=run.member, svc=run.svc) as service:
        run.fails(lambda: service.comments().remove(commentId="c", onBehalfOf="1").execute())
        address = f"https://www.googleapis.com/plusPages/v2/people/me?access_token={run.token}"
        run.fails(lambda: service._http.request(address, "GET"))


def a_program_with_a_token(run: Run) -> None:
    """It gets tokens, reads, is refused and fails; the API's answers are kept like pages."""
    operator = Actor(kind="staff", id="operator", name="The operator")
    added, made = programs.add(
        run.svc, operator, customer=run.member.acting_for(), name=f"Program {PLANTED}", purposes=["read-messages"]
    )
    secret, client = made.shown_once(), connector.create_app(run.settings, run.svc).test_client()
    run.canaries.keep("program secret", secret)
    for pem in (run.settings.instance / "keys").glob("token-*.pem"):
        body = "".join(pem.read_text().splitlines()[1:-1])
        run.canaries.keep("token key", body)
        run.canaries.keep("token key", base64.b64decode(body)[16:])

    def send(method: str, path: str, **more: Any) -> TestResponse:
        answer = client.open(path, method=method, base_url=run.settings.base_url, buffered=True, **more)
        return run.take(path, answer)

    form = {"grant_type": "client_credentials", "client_id": added.id, "client_secret": secret}
    token: str = send("POST", "/api/oauth/token", data=form).get_json()["access_token"]
    run.canaries.keep("program token", token)
    run.canaries.keep("program token", token.rpartition(".")[2])
    for wrong in (
        {"scope": "analyse"}, {"client_id": secret}, {"client_secret": f"{secret}x"}, {"grant_type": secret},
        {"scope": token},
    ):  # fmt: skip
        send("POST", "/api/oauth/token", data={**form, **wrong})
    send("POST", f"/api/oauth/token?client_secret={secret}")
    bearer = {"Authorization": f"Bearer {token}", "Connector-Purpose": "read-messages", "Connector-Subject": PLANTED}
    call = f"/api/v1/connections/{run.connection}/google/plusPages/v2/people/me"
    send("GET", "/api/v1/connections", headers=bearer)
    for path in (
        call, f"{call}/people/pages", f"{call}?access_token={token}", f"/api/v1/connections/{PLANTED}/google/x",
    ):  # fmt: skip
        send("GET", path, headers=bearer)
    for headers in ({"Authorization": f"Basic {token}"}, {"Authorization": f"Bearer {token}x"}):
        send("GET", call, headers=bearer | headers)
    run.google.fault("*api", "drop_after", times=1)
    send("GET", f"{call}/people/pages?maxResults=10", headers=bearer)
    run.google.clear_faults()
    programs.end(run.svc, operator, added.id)
    send("GET", call, headers=bearer)


def a_page_that_crashes(run: Run) -> None:
    """With secrets in its error."""
    with run.monkeypatch.context() as broken:
        broken.setattr(grants, "overview", _raising(RuntimeError(f"{run.secret} {run.token}")))
        assert run.pages.get("/settings").status_code == 500


def _raising(error: Exception) -> Callable[..., object]:
    def fail(*_given: object) -> object:
        raise error

    return fail


LOUD = "import logging, runpy, sys; logging.basicConfig(level=logging.DEBUG); logging.debug(sys.argv.pop()); " \
    "sys.argv.pop(0); runpy.run_path(sys.argv[0], run_name='__main__')"  # fmt: skip


def a_worker_that_is_killed(run: Run) -> None:
    """A process of its own that has Google's token answer and has not stored it, at DEBUG; seen from outside too."""
    without_access_token(run)
    script = Path(__file__).with_name("refresher.py")
    now = run.svc.clock.now().isoformat()
    told = json.dumps({"person": run.member.id, "now": now, "do": "sync", "page": run.listed[0]})
    command = [sys.executable, "-c", LOUD, str(script), told, PLANTED]
    env = {**os.environ, **run.environ, "SEEN": PLANTED}
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(command, env=env, **pipes) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"answered\n"
        run.keep("arguments", "all", _readable("cmdline"))
        run.keep("environment", "the worker", Path(f"/proc/{child.pid}/environ").read_bytes())
        child.kill()
        printed, logged = child.communicate()
    run.keep("worker output", "all", printed + logged)
    run.pass_time(40)
    run.read()


def _readable(name: str) -> bytes:
    """The same file of every process on this machine that may be read."""
    found = []
    for file in Path("/proc").glob(f"[0-9]*/{name}"):
        try:
            found.append(file.read_bytes())
        except OSError:
            continue  # it has ended meanwhile
    return b"\n".join(found)


def a_token_that_was_tampered_with(run: Run) -> None:
    """It does not open; the row is put right again."""
    with run.svc.store.write() as tx:
        row = tx.tokens.get(run.connection, "refresh", "")
        assert row is not None
        tx.tokens.put(replace(row, sealed=row.sealed[:-1]))
    without_access_token(run)
    run.fails(run.read)
    with run.svc.store.write() as tx:
        tx.tokens.put(row)
    run.read()


def a_rotation_of_keys_and_what_operators_look_at(run: Run) -> None:
    """Each command that reads or writes the record or the keys."""
    run.look_at_the_database("in use")
    run.command("keys", "rotate")
    run.command("keys", "status")
    for shape in ("table", "json", "csv"):
        run.command("grants", "list", "--format", shape)
    run.command("ledger", "export")
    run.command("ledger", "verify")
    run.command("catalogue", "show")
    auditor = Actor(kind="staff", id="per_auditor", name="Auditor")
    run.keep("ledger export", "all", "\n".join(evidence.export(run.svc, auditor)).encode())


def the_end_of_the_connection_and_a_shred(run: Run) -> None:
    """Google does not answer at first, with a token in what it says; then the customer's keys are destroyed."""
    run.google.fault("revoke", "status", status=503, body=run.token, times=1)
    end = f"/settings/connections/{run.connection}/revoke"
    run.pages.post(end, end)
    run.google.clear_faults()
    run.look_at_the_database("after the end")
    run.command("revoke", "--pending")
    customer = run.member.acting_for()
    run.command("keys", "shred", customer, "--yes", customer)
    run.look_at_the_database("after the shred")


# In this order: later ones use what earlier ones made. A new flow is a line here.
FLOWS: tuple[Callable[[Run], None], ...] = (
    an_invitation_and_signing_in,
    consents_that_go_wrong,
    a_consent_as_it_is_meant,
    messages_and_a_reply,
    publishing_analysis_and_the_profile,
    looking_around,
    an_api_that_throws_our_token_back,
    refreshes_that_fail_and_one_that_rotates,
    calls_beyond_the_purpose,
    a_program_with_a_token,
    a_page_that_crashes,
    a_worker_that_is_killed,
    a_token_that_was_tampered_with,
    a_rotation_of_keys_and_what_operators_look_at,
    the_end_of_the_connection_and_a_shred,
)


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


def _keys_of(settings: Settings, canaries: Canaries) -> None:
    for file in (settings.instance / "keys").glob("kek-*"):
        kek = file.read_bytes().strip()
        canaries.keep("key-encryption key", kek)
        canaries.keep("key-encryption key", base64.b64decode(kek))
    canaries.keep("signing key", (settings.instance / "keys" / "signing.key").read_bytes().strip())


@pytest.fixture
def run(
    open_services: Any, settings: Settings, environ: dict[str, str], canaries: Canaries, google: Any, world: Any,
    structured: list[Mapping[str, Any]], pass_time: Callable[[float], None], caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
) -> Run:  # fmt: skip
    """Every flow, once; everything is caught on the way."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    for name in ("TMPDIR", "SQLITE_TMPDIR"):
        monkeypatch.setenv(name, str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    opened: Services = open_services()
    network = opened.networks["google-plus"]
    recording = Recording(network.oauth, canaries)
    svc = replace(opened, networks={"google-plus": replace(network, oauth=recording)})
    app = connector.create_app(settings, svc)
    run = Run(svc, settings, environ, google, world, pass_time, canaries, recording, monkeypatch, folder)
    run.pages = Pages(app.test_client(), settings.base_url, run)
    canaries.keep("client secret", run.secret)
    _keys_of(settings, canaries)
    logging.getLogger("connector.probe").debug("%s", PLANTED)
    structlog.get_logger("connector.probe").info("probe", anything=PLANTED)
    with tempfile.NamedTemporaryFile(delete=False) as planted:
        planted.write(PLANTED.encode())
    for flow in FLOWS:
        flow(run)
    _keys_of(settings, canaries)
    run.keep("log", "as written", caplog.text.encode())
    in_full = (f"{record.args!r} {record.__dict__.get('exc_text')}" for record in caplog.records)
    run.keep("log", "arguments", "\n".join(in_full).encode())
    run.keep("own log", "all", "\n".join(str(line) for line in structured).encode())
    for file in (file for file in tmp_path.rglob("*") if file.is_file()):
        if file.parent.name != "keys" and not file.name.startswith("connector.db"):
            run.keep("file", str(file.relative_to(tmp_path)), file.read_bytes())
    return run


def test_t9_no_secret_turns_up_in_any_place_that_keeps_or_shows_something(run: Run) -> None:
    expected = {
        "client secret", "code", "access token", "refresh token", "verifier", "state", "session cookie", "password",
        "password, wrong", "password, short", "link", "text, message", "text, reply", "text, post", "data key",
        "key-encryption key", "signing key", "program secret", "program token", "token key",
    }  # fmt: skip
    assert run.canaries.names() == expected, "a flow did not put its secret through"
    found = {
        (sink, where[:80]): what
        for sink, held in run.seen.items()
        for where, data in held
        if (what := run.canaries.found(data, without=belongs(sink, where)))
    }
    assert found == {}


def test_t9_the_same_search_finds_what_may_be_seen_in_each_place(run: Run) -> None:
    """Otherwise the search above would prove nothing: a place that is not looked at holds no secret either."""
    planted = Canaries()
    planted.keep("planted", PLANTED)
    planted.keep("connection", run.connection)
    on_sqlite = run.settings.database_url.startswith("sqlite")
    places = set(SINKS) - ({"cookie"} if on_sqlite else {"cookie", "database file"})
    held = {sink: b"\n".join(data for _, data in run.seen[sink]) for sink in SINKS}
    assert len(places) >= 12
    assert sorted(sink for sink in places if not planted.found(held[sink])) == []
    assert any(name.startswith("session cookie") for name in run.canaries.found(held["cookie"]))
    assert b"'anything': 'planted" in held["own log"], "what structlog is given is not among what is searched"
    connection = Canaries()
    connection.keep("connection", run.connection)
    for sink in ("database", "ledger export", "command output"):
        assert connection.found(held[sink]), sink


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


def test_each_value_of_a_name_is_looked_for() -> None:
    """A search that kept one token of those that begin alike would miss all others."""
    canaries = Canaries()
    values = [f"ya29.token-number-{number}" for number in range(3)]
    for value in values:
        canaries.keep("access token", value)
    assert canaries.names() == {"access token"}
    assert [len(canaries.found(value.encode())) for value in values] == [
        4
    ] * 3  # in plain, escaped, as JSON and as HTML


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
