"""The installed command, as an operator meets it: what it says, what it leaves behind, and its exit code."""

import csv
import io
import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest
import requests
from click.testing import CliRunner

from connector import config, wiring
from connector.cli import connector
from connector.demo.foreign import running_standin
from connector.domain import events, ledger
from connector.domain.records import Actor, Connection, ConnectionState, Customer, Grant
from connector.storage import make_engine, upgrade
from connector.storage.engine import sqlite_module

PROGRAM = str(Path(sys.executable).with_name("connector"))
AUTH = "https://www.googleapis.com/auth/"
HOSTILE = '=HYPERLINK("https://evil.example")'
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """A machine with nothing set but an instance of its own."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CONNECTOR_")}
    return {**clean, "CONNECTOR_INSTANCE": str(tmp_path / "instance"), "PYTHONWARNINGS": "error"}


@pytest.fixture
def run(environ: dict[str, str], tmp_path: Path) -> Run:
    """`run("ledger", "verify", CONNECTOR_…="…")`."""

    def go(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [PROGRAM, *arguments], env={**environ, **more}, cwd=tmp_path, capture_output=True, text=True, check=False,
            timeout=120,
        )  # fmt: skip

    return go


@pytest.fixture
def instance(environ: dict[str, str]) -> Path:
    """An instance with a database and a key, and one entry sealed under it."""
    settings = config.load(environ)
    settings.instance.mkdir(mode=0o700)
    engine = make_engine(settings.database_url)
    upgrade(engine)
    engine.dispose()
    svc = wiring.services(settings)
    with svc.store.write() as tx:
        ledger.note(svc, tx, events.SIGNED_IN, actor=ledger.SYSTEM)
    svc.store.close()
    return settings.instance


@pytest.fixture
def granted(instance: Path, environ: dict[str, str]) -> str:
    """A customer's connection with a grant of two scopes, given on 3 May 2026 at noon UTC; its id."""
    svc = wiring.services(config.load(environ))
    at = datetime(2026, 5, 3, 12, 0, tzinfo=UTC)
    with svc.store.write() as tx:
        tx.accounts.add_customer(Customer("cus_one", "+Harbour", at))
        tx.connections.add(
            Connection("con_one", "cus_one", "google-plus", "1" * 21, HOSTILE, ConnectionState.ACTIVE, at, "per_one")
        )
        tx.connections.add_grant(
            Grant(
                "gra_one", "con_one", "cus_one", "per_one", at, ("read-messages",),
                (AUTH + "plus.stream.read", AUTH + "plus.pages.manage"),
                (AUTH + "plus.stream.read", AUTH + "plus.pages.manage"), (), (), "answer", "0" * 64, "2018-10-06",
            )
        )  # fmt: skip
    svc.store.close()
    return "con_one"


def files(folder: Path) -> dict[str, bytes]:
    """Every file below, as it is; SQLite's own working files aside."""
    kept = (path for path in folder.rglob("*") if path.is_file() and not path.name.endswith(("-wal", "-shm")))
    return {str(path.relative_to(folder)): path.read_bytes() for path in kept}


def one_line(done: subprocess.CompletedProcess[str], code: int) -> str:
    """The one line on standard error."""
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def sql(instance: Path, statement: str) -> None:
    database = sqlite_module().connect(instance / "connector.db")
    database.execute(statement)
    database.commit()
    database.close()


def no_process_left(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


def walk(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from walk(below, (*path, name))


@pytest.mark.parametrize("path", list(walk(connector)), ids=" ".join)
def test_every_command_explains_itself(path: tuple[str, ...]) -> None:
    for flag in ("--help", "-h"):
        said = CliRunner().invoke(connector, [*path, flag])
        assert said.exit_code == 0
        assert said.output.startswith("Usage: ")
        assert re.search(r"\n\n  [A-Z][^.:]+[.:]", said.output)  # a sentence that says what it does


def test_the_commands_of_the_contract_are_there() -> None:
    promised = {
        ("demo",), ("serve",), ("standin",), ("db", "upgrade"), ("admin", "create"), ("catalogue", "check"),
        ("catalogue", "show"), ("catalogue", "justify"), ("catalogue", "promises"), ("grants", "list"),
        ("ledger", "verify"), ("ledger", "export"), ("revoke",), ("keys", "status"),
        ("keys", "rotate"), ("keys", "shred"),
    }  # fmt: skip
    assert promised <= set(walk(connector))


def test_the_installed_program_explains_itself(run: Run) -> None:
    said = run("--help")
    assert (said.returncode, said.stderr) == (0, "")
    assert "demo" in said.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["conect"], "No such command 'conect'"),
        (["serve", "--prt", "1"], "No such option"),
        (["grants", "list", "--as-of", "yesterday"], "is not a time"),
        (["catalogue", "show", "orkut"], "There is no catalogue named orkut"),
        (["revoke"], "Name a connection"),
        (["ledger", "verify", "--export", "nothing.jsonl"], "nothing.jsonl"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_use_is_one_line_that_says_where_to_look(
    run: Run, instance: Path, arguments: list[str], says: str
) -> None:
    before = files(instance)
    line = one_line(run(*arguments), 2)
    assert says in line
    assert "--help" in line
    assert files(instance) == before


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ({"CONNECTOR_BASE_URI": "http://127.0.0.1:8080"}, "CONNECTOR_BASE_URI is not a setting"),
        ({"CONNECTOR_GOOGLE_CLIENT_ID": "id"}, "CONNECTOR_GOOGLE_CLIENT_SECRET"),
        ({"CONNECTOR_DATABASE_URL": "sqlite:///missing/folder/connector.db"}, "missing"),
        ({"CONNECTOR_DATABASE_URL": "nonsense"}, "CONNECTOR_DATABASE_URL"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, dict) else "",
)
def test_a_bad_setting_is_one_line_and_changes_nothing(
    run: Run, instance: Path, setting: dict[str, str], says: str
) -> None:
    before = files(instance)
    assert says in one_line(run("grants", "list", **setting), 2)
    assert files(instance) == before


def test_a_database_that_was_never_set_up_is_one_line(run: Run, tmp_path: Path) -> None:
    for command in (["grants", "list"], ["admin", "create", "sam@company.example"], ["ledger", "verify"]):
        assert one_line(run(*command), 2).strip().endswith("Run: connector db upgrade")
    assert not (tmp_path / "instance" / "keys").exists()


@pytest.mark.parametrize(
    ("version", "says"), [("0001", "older than this program"), ("9999", "newer than this program")]
)
def test_another_schema_is_one_line_and_the_database_stays_as_it_is(
    run: Run, instance: Path, version: str, says: str
) -> None:
    sql(instance, f"UPDATE alembic_version SET version_num = '{version}'")  # noqa: S608 - a constant above
    before = files(instance)
    client = {"CONNECTOR_GOOGLE_CLIENT_ID": "id", "CONNECTOR_GOOGLE_CLIENT_SECRET": "made-up"}
    assert says in one_line(run("serve", "--port", "0", **client), 2)
    assert says in one_line(run("grants", "list"), 2)
    assert files(instance) == before


def test_a_file_that_is_no_database_is_one_line(run: Run, instance: Path) -> None:
    (instance / "connector.db").write_bytes(b"this is not a database " * 100)
    assert "database" in one_line(run("grants", "list"), 2)


def test_a_database_server_that_is_away_is_one_line_without_its_password(run: Run) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"postgresql://user:hunter2@127.0.0.1:{taken.getsockname()[1]}/connector"
        line = one_line(run("grants", "list", CONNECTOR_DATABASE_URL=url), 2)
    assert "database" in line
    assert "hunter2" not in line


def test_a_missing_key_is_one_line_and_no_new_one_is_made(run: Run, instance: Path) -> None:
    (instance / "keys" / "kek-1.key").rename(instance / "elsewhere.key")
    before = files(instance)
    assert "kek-1.key" in one_line(run("grants", "list"), 2)
    assert files(instance) == before


def test_a_key_that_others_can_read_is_one_line_that_says_how_to_close_it(run: Run, instance: Path) -> None:
    key = instance / "keys" / "kek-1.key"
    key.chmod(0o644)
    line = one_line(run("grants", "list"), 2)
    assert "kek-1.key" in line
    assert "chmod" in line
    assert stat.S_IMODE(key.stat().st_mode) == 0o644


def test_a_signing_key_that_others_can_read_is_one_line_that_says_how_to_close_it(run: Run, instance: Path) -> None:
    key = instance / "keys" / "signing.key"
    key.write_text("k" * 48)
    key.chmod(0o644)
    client = {"CONNECTOR_GOOGLE_CLIENT_ID": "id", "CONNECTOR_GOOGLE_CLIENT_SECRET": "made-up"}
    line = one_line(run("serve", "--port", "0", **client), 2)
    assert "signing.key" in line
    assert "chmod 600" in line
    assert "k" * 48 not in line


@pytest.mark.parametrize("command", [["serve"], ["standin"], ["demo", "--check"]], ids=" ".join)
def test_a_port_in_use_is_one_line_and_nothing_is_started(run: Run, instance: Path, command: list[str]) -> None:
    before = files(instance)
    client = {"CONNECTOR_GOOGLE_CLIENT_ID": "id", "CONNECTOR_GOOGLE_CLIENT_SECRET": "made-up"}
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        line = one_line(run(*command, "--port", port, **client), 2)
    assert port in line
    assert "--port" in line
    assert files(instance) == before


def test_serving_without_an_oauth_client_is_one_line(run: Run, instance: Path) -> None:
    assert "CONNECTOR_GOOGLE_CLIENT_ID" in one_line(run("serve", "--port", "0"), 2)


def test_ending_an_unknown_connection_is_one_line_and_changes_nothing(run: Run, instance: Path) -> None:
    before = files(instance)
    one_line(run("revoke", "con_unknown"), 1)
    assert files(instance) == before


def test_ending_a_connection_tells_what_became_of_it_and_a_second_time_changes_nothing(
    run: Run, instance: Path, granted: str
) -> None:
    said = run("revoke", granted, "--reason", "the customer asked")
    assert (said.returncode, said.stderr) == (0, "")
    assert said.stdout.startswith("Nothing here uses the account any more.")
    before = files(instance)
    one_line(run("revoke", granted), 1)
    assert files(instance) == before
    assert run("revoke", "--pending").stdout == "Nothing is pending.\n"


def test_upgrading_twice_is_upgrading_once(run: Run, tmp_path: Path) -> None:
    for _ in range(2):
        said = run("db", "upgrade")
        assert (said.returncode, said.stdout, said.stderr) == (0, "The database is up to date.\n", "")
    database = tmp_path / "instance" / "connector.db"
    assert stat.S_IMODE(database.stat().st_mode) == 0o600
    assert stat.S_IMODE(database.parent.stat().st_mode) == 0o700


def test_a_first_staff_account_gets_a_link_that_works_once(run: Run, instance: Path, environ: dict[str, str]) -> None:
    from connector.domain import people
    from connector.domain.errors import BadInput

    said = run("admin", "create", "Sam@Company.example", "--name", "Sam")
    assert (said.returncode, said.stderr) == (0, "")
    link = said.stdout.splitlines()[-1]
    assert link.startswith("http://127.0.0.1:8080/welcome/")
    svc = wiring.services(config.load(environ))
    try:
        token = link.rsplit("/", 1)[1]
        person = people.accept_link(svc, token, "four random words are good")
        assert (person.kind, person.email, person.role) == ("staff", "sam@company.example", "admin")
        with pytest.raises(BadInput):
            people.accept_link(svc, token, "four other words are good")
    finally:
        svc.store.close()
    assert "in use" in one_line(run("admin", "create", "sam@company.example"), 1)
    assert "e-mail" in one_line(run("admin", "create", "sam"), 1)


def test_a_customer_gets_a_first_member_and_a_link(run: Run, instance: Path) -> None:
    said = run("customer", "create", "Harbour Cafés", "mia@harbour.example")
    assert (said.returncode, said.stderr) == (0, "")
    assert re.search(r"Harbour Cafés is cus_[0-9a-f]{32}\.", said.stdout)
    assert "/welcome/" in said.stdout


def test_grants_are_listed_as_a_table_json_and_csv_with_the_same_lines(run: Run, granted: str) -> None:
    rows = json.loads(run("grants", "list", "--format", "json").stdout)
    assert [row["scope"] for row in rows] == ["plus.stream.read", "plus.pages.manage"]
    assert {row["account"] for row in rows} == {HOSTILE}
    assert {row["granted_at"] for row in rows} == {"2026-05-03T12:00:00+00:00"}
    table = run("grants", "list").stdout.splitlines()
    assert table[0].split() == list(rows[0])
    assert len(table) == 3
    assert len(list(csv.DictReader(io.StringIO(run("grants", "list", "--format", "csv").stdout)))) == 2


def test_no_cell_of_the_csv_is_a_formula(run: Run, granted: str) -> None:
    said = run("grants", "list", "--format", "csv").stdout
    for row in csv.reader(io.StringIO(said)):
        assert not any(cell[:1] in ("=", "+", "-", "@", "\t", "\r") for cell in row if cell)
    assert f"'{HOSTILE}" in next(csv.DictReader(io.StringIO(said)))["account"]


@pytest.mark.parametrize("shape", ["table", "csv", "json"])
def test_a_name_is_one_line_that_no_terminal_obeys(run: Run, granted: str, instance: Path, shape: str) -> None:
    hostile = "Cafés\x1b[2J\u202e\x9b31m\nforged line"
    with closing(sqlite_module().connect(instance / "connector.db")) as database, database:
        database.execute("UPDATE connections SET account_name = ?", (hostile,))
    said = run("grants", "list", "--format", shape).stdout
    assert said.count("Cafés[U+001B][2J[U+202E][U+009B]31m forged line") == 2
    assert not {"\x1b", "\x9b", "\u202e"} & set(said)


def test_a_moment_that_is_none_in_utc_is_one_line(run: Run, instance: Path) -> None:
    assert "is not a time" in one_line(run("grants", "list", "--as-of", "0001-01-01T00:00+14:00"), 2)


@pytest.mark.parametrize(
    ("moment", "lines"),
    [
        ("2026-05-03T13:30+02:00", 0),
        ("2026-05-03T14:30+02:00", 2),
        ("2026-05-04", 2),
    ],
)
def test_grants_are_listed_as_they_were_at_a_moment(run: Run, granted: str, moment: str, lines: int) -> None:
    said = run("grants", "list", "--as-of", moment, "--format", "json")
    assert (said.returncode, len(json.loads(said.stdout))) == (0, lines)


def test_grants_are_listed_for_a_customer_and_a_scope(run: Run, granted: str) -> None:
    assert len(json.loads(run("grants", "list", "--customer", "cus_one", "--format", "json").stdout)) == 2
    assert run("grants", "list", "--customer", "cus_other").stdout == "No grants.\n"
    assert run("grants", "list", "--scope", "plus.circles.read").stdout == "No grants.\n"
    one_line(run("grants", "list", "--scope", "plus.nothing"), 1)


def test_an_export_is_for_its_owner_alone_is_never_overwritten_and_verifies_anywhere(
    run: Run, instance: Path, tmp_path: Path
) -> None:
    path = tmp_path / "export.jsonl"
    said = run("ledger", "export", "--output", str(path))
    assert (said.returncode, said.stdout) == (0, "")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.read_bytes()
    assert "exists" in one_line(run("ledger", "export", "--output", str(path)), 2)
    assert path.read_bytes() == before
    assert run("ledger", "export").stdout.encode().startswith(before)
    for elsewhere in ({}, {"CONNECTOR_INSTANCE": str(tmp_path / "none"), "CONNECTOR_DATABASE_URL": "sqlite:///none"}):
        said = run("ledger", "verify", "--export", str(path), **elsewhere)
        assert (said.returncode, said.stderr) == (0, "")
        assert said.stdout == "2 entries, 0 problems, 0 calls without an outcome, 0 entries without details.\n"
    assert not (tmp_path / "none").exists()


def test_lines_that_were_tampered_with_are_named_and_the_exit_code_says_so(
    run: Run, instance: Path, tmp_path: Path
) -> None:
    path = tmp_path / "export.jsonl"
    run("ledger", "export", "--output", str(path))
    good = path.read_bytes().splitlines(keepends=True)
    bad = (
        b'{"entry":{}}',
        b"\xff\xfe not text",
        b"[]",
        b"null",
        b"[" * 100_000,
        b'{"entry":{"index":1e400}}',
        b'{"entry":"x","details":{"n":90071992547409931},"salt":"00"}',
        b'{"entry":"\\ud800"}',
        good[0].replace(b'"id":"led_', b'"id":["led_').replace(b'","index"', b'"],"index"').rstrip(b"\n"),
        good[0].replace(b'"intent":null', b'"intent":{}').rstrip(b"\n"),
    )
    path.write_bytes(b"".join((good[0], *(line + b"\n" for line in bad), good[1])))
    said = run("ledger", "verify", "--export", str(path))
    assert (said.returncode, said.stderr) == (1, "")
    named = [line.partition(":")[0] for line in said.stdout.splitlines()]
    assert named[: len(bad)] == [f"entry {1 + number}" for number in range(len(bad))]


def test_a_changed_database_is_found(run: Run, instance: Path) -> None:
    assert run("ledger", "verify").returncode == 0
    sql(instance, "DROP TRIGGER ledger_entries_no_change")
    sql(instance, "UPDATE ledger_entries SET entry = replace(entry, 'sign-in', 'sign-on')")
    said = run("ledger", "verify")
    assert said.returncode == 1
    assert said.stdout.startswith("entry 0: ")


def test_the_catalogue_adds_up_and_is_shown(run: Run) -> None:
    assert run("catalogue", "check").stdout == "The catalogue adds up.\n"
    for command in ("show", "justify"):
        said = run("catalogue", command, "google-plus")
        assert (said.returncode, said.stderr) == (0, "")
        for scope in ("plus.stream.write", "plus.profiles.write"):
            assert scope in said.stdout
    said = run("catalogue", "promises")
    assert said.returncode == 0
    assert "P1" in said.stdout


def test_the_check_passes_and_leaves_no_process_behind(environ: dict[str, str], tmp_path: Path) -> None:
    with subprocess.Popen(
        [PROGRAM, "demo", "--check", "--instance", str(tmp_path / "kept")], env=environ, cwd=tmp_path,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    ) as process:  # fmt: skip
        out, err = process.communicate(timeout=150)
    assert process.returncode == 0, out + err
    assert err == ""
    assert len(out.splitlines()) >= 10
    assert no_process_left(process.pid)
    again = subprocess.run(
        [PROGRAM, "demo", "--check", "--instance", str(tmp_path / "kept")], env=environ, cwd=tmp_path,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "holds a database already" in one_line(again, 2)


def test_the_demonstration_runs_no_program_of_the_folder_it_is_started_in(
    environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planted = tmp_path / "connector"
    planted.mkdir()
    (planted / "__init__.py").write_text("open('ran', 'w').close()")
    monkeypatch.chdir(tmp_path)
    with running_standin() as foreign:
        assert foreign.url.startswith("http://127.0.0.1:")
    assert not (tmp_path / "ran").exists()


def test_the_stand_in_is_handed_no_setting_of_the_connector(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONNECTOR_SECRET_KEY", "made-up")
    handed: list[dict[str, str]] = []

    def start(*_command: object, env: dict[str, str], **_how: object) -> None:
        handed.append(env)
        raise OSError

    monkeypatch.setattr(subprocess, "Popen", start)
    with pytest.raises(OSError), running_standin():
        pass
    assert "PATH" in handed[0]
    assert "CONNECTOR_SECRET_KEY" not in handed[0]


@pytest.mark.parametrize("command", ["demo", "serve", "standin"])
def test_a_program_that_serves_stops_cleanly_when_told_to(
    command: str, environ: dict[str, str], instance: Path, tmp_path: Path
) -> None:
    client = {"CONNECTOR_GOOGLE_CLIENT_ID": "id", "CONNECTOR_GOOGLE_CLIENT_SECRET": "made-up"}
    with subprocess.Popen(
        [PROGRAM, command, "--port", "0"], env={**environ, **(client if command == "serve" else {})}, cwd=tmp_path,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        address = None
        while address is None:
            line = process.stdout.readline()
            assert line, process.communicate()[1]
            address = re.search(r"http://127\.0\.0\.1:\d+", line)
        path = "/test/world" if command == "standin" else "/healthz"
        assert requests.get(address.group() + path, timeout=30).status_code == 200
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "Traceback" not in err
    assert no_process_left(process.pid)


def test_the_operator_is_named_in_the_record(run: Run, instance: Path, environ: dict[str, str]) -> None:
    from connector.cli.access import OPERATOR

    assert Actor(kind="staff", id="operator", name="The operator") == OPERATOR
    run("grants", "list")
    last = json.loads(run("ledger", "export").stdout.splitlines()[-2])["entry"]
    assert (last["event"], last["actor"]) == ("staff:grants", "operator")
