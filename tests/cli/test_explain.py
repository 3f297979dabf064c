"""`connector catalogue explain` and the commands about members: what they say, and their exit codes."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from connector import config, wiring
from connector.cli import connector
from connector.domain import people
from connector.domain.ledger import SYSTEM
from connector.storage import make_engine, upgrade

POST = "/plusPages/v2/activities/z12post/comments?onBehalfOf=104512345678901234567"
BODY = '{"object":{"originalContent":"Hello"}}'


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a command in this process, on an instance that does not exist yet."""
    monkeypatch.setenv("CONNECTOR_INSTANCE", str(tmp_path / "instance"))
    return lambda *words, **more: CliRunner().invoke(connector, words, **more)


@pytest.fixture
def customer(run: Any) -> str:
    """A database with a customer and one member, ann@one.example."""
    settings = config.load()
    settings.instance.mkdir(mode=0o700)
    engine = make_engine(settings.database_url)
    upgrade(engine)
    engine.dispose()
    svc = wiring.services(settings)
    added = people.add_customer(svc, SYSTEM, "One")
    people.add_person(svc, SYSTEM, email="ann@one.example", name="Ann", role="owner", customer=added.id)
    svc.store.close()
    return added.id


def test_an_allowed_request_exits_with_0_and_says_what_it_needs_without_any_database(run: Any, tmp_path: Path) -> None:
    said = run(
        "catalogue", "explain", "reply-to-messages", "post", POST, "--subject", "z12post.1", "--body", "-", input=BODY
    )
    assert said.exit_code == 0
    for words in (
        "Allowed.", "Reply to messages", "plusPages.comments.insert, to post a comment", "plus.stream.write",
        "104512345678901234567", "id,actor(id,displayName),published,object(content,originalContent)", "activityId",
    ):  # fmt: skip
        assert words in said.output
    assert not (tmp_path / "instance").exists()


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("reply-to-messages", "POST", POST, "--subject", "z12post"), None),
        (("reply-to-messages", "POST", POST), "subject-missing"),
        (("reply-to-messages", "POST", POST, "--subject", "z13"), "subject-mismatch"),
        (("read-messages", "POST", POST), "operation-not-in-purpose"),
        (
            ("read-messages", "GET", "https://www.googleapis.com/plusPages/v2/people/me?fields=birthday"),
            "fields-not-in-purpose",
        ),
        (("read-messages", "GET", "https://evil.example/plusPages/v2/people/me"), "unroutable"),
        (("sell-data", "GET", "/plusPages/v2/people/me"), "unknown-purpose"),
        (("read-messages", "BREW", "/plusPages/v2/people/me"), "unroutable"),
    ],
)
def test_a_refused_request_exits_with_1_and_says_why(run: Any, words: tuple[str, ...], reason: str | None) -> None:
    said = run("catalogue", "explain", *words)
    if reason is None:
        assert (said.exit_code, said.output.splitlines()[0]) == (0, "Allowed.")
    else:
        assert (said.exit_code, said.output.splitlines()[0]) == (1, f"Refused ({reason}).")


def test_a_body_from_a_file_is_judged(run: Any, tmp_path: Path) -> None:
    file = tmp_path / "body.json"
    for text, code in ((BODY, 0), ('{"verb":"share"}', 1), ("{", 1)):
        file.write_text(text, encoding="utf-8")
        said = run(
            "catalogue", "explain", "reply-to-messages", "POST", POST, "--subject", "z12post", "--body", str(file)
        )
        assert said.exit_code == code, said.output


@pytest.mark.parametrize(
    "words",
    [(), ("read-messages",), ("read-messages", "GET"), ("read-messages", "GET", "/x", "--body", "/no/such/file")],
)
def test_wrong_use_exits_with_2(run: Any, words: tuple[str, ...]) -> None:
    assert run("catalogue", "explain", *words).exit_code == 2


def test_a_connection_without_a_database_or_that_is_not_there_is_wrong_use(
    run: Any, customer: str, tmp_path: Path
) -> None:
    ask = ("catalogue", "explain", "read-messages", "GET", "/plusPages/v2/people/me", "--connection", "con_none")
    said = run(*ask)
    assert (said.exit_code, "no connection of that id" in said.output) == (2, True)
    program = Path(sys.executable).with_name("connector")
    nowhere = {"PATH": "/usr/bin", "CONNECTOR_INSTANCE": str(tmp_path / "other"), "PYTHONPATH": ":".join(sys.path)}
    bare = subprocess.run([program, *ask], env=nowhere, capture_output=True, text=True, check=False)
    assert bare.returncode == 2
    assert bare.stderr.startswith("connector: ")


def test_the_operator_lists_keeps_and_gives_back_what_a_member_may_do(run: Any, customer: str) -> None:
    def said(*words: str) -> str:
        done = run("customer", *words)
        assert done.exit_code == 0, done.output
        return str(done.output).strip()

    assert said("members", customer) == "ann@one.example  may do everything"
    assert said("forbid", "Ann@one.example", "publish-to-circles") == "ann@one.example may not use Publish to circles."
    assert said("members", customer) == "ann@one.example  may not: publish-to-circles"
    assert said("allow", "ann@one.example", "publish-to-circles") == "ann@one.example may use Publish to circles."
    assert said("members", customer) == "ann@one.example  may do everything"


def test_an_unknown_member_or_a_purpose_that_writes_nothing_is_wrong_use(run: Any, customer: str) -> None:
    assert run("customer", "forbid", "bo@one.example", "publish-to-circles").exit_code == 2
    assert run("customer", "forbid", "ann@one.example", "read-messages").exit_code == 2
