"""Documents tell the truth: commands, settings, events and links that they name are there."""

import re
import string
import tomllib
from pathlib import Path

import click
import pytest

from connector import config
from connector.cli import connector
from connector.domain import events

ROOT = Path(__file__).parent.parent
READMES = sorted(
    path
    for folder in (ROOT, ROOT / "scopes", ROOT / "connector", ROOT / "tests")
    for path in (folder.glob("*.md") if folder == ROOT else folder.rglob("*.md"))
)


def commands_in(text: str) -> list[list[str]]:
    """Every `connector …` of indented lines, fences and code spans, split at spaces."""
    blocks = [line.strip() for line in text.splitlines() if line.startswith("    ")]
    fenced = [
        line.strip() for block in re.findall(r"^```[^\n]*\n(.*?)^```", text, re.M | re.S) for line in block.splitlines()
    ]
    spans = re.findall(r"`(connector [^`\n]+)`", text)
    parts = (part.strip() for line in (*blocks, *fenced, *spans) for part in re.split(r"&&|;|\|", line))
    return [called.group(1).split() for part in parts if (called := re.match(r"(?:\.venv/bin/)?connector +(.*)", part))]


def documented() -> list[tuple[str, list[str]]]:
    return [
        (f"{path.relative_to(ROOT)}: connector {' '.join(words)}", words)
        for path in READMES
        for words in commands_in(path.read_text(encoding="utf-8"))
    ]


def unknown_part(words: list[str]) -> str | None:
    """The first word of a command line that is neither a command, an option nor an argument of one."""
    command: click.Command = connector
    words = [word for word in re.sub(r"[\[\]]", " ", " ".join(words)).split() if word]
    while isinstance(command, click.Group):
        if not words or words[0].startswith("-"):
            break
        below = command.commands.get(words[0].rstrip(","))
        if below is None:
            return words[0]
        command, words = below, words[1:]
    known = {name for parameter in command.params for name in parameter.opts} | {"--help", "-h"}
    return next((word for word in words if word.startswith("-") and word.split("=")[0].rstrip(",.") not in known), None)


def test_the_readme_can_be_read_in_one_go() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 150


def test_documents_name_commands_at_all() -> None:
    assert len([name for name, _ in documented() if name.startswith("README.md")]) >= 8


@pytest.mark.parametrize("words", [words for _, words in documented()], ids=[name for name, _ in documented()])
def test_every_command_in_a_document_exists_with_its_options(words: list[str]) -> None:
    assert unknown_part(words) is None


def test_the_check_of_commands_finds_one_that_is_not_there() -> None:
    assert unknown_part(["ledger", "burn"]) == "burn"
    assert unknown_part(["demo", "--chek"]) == "--chek"
    assert unknown_part(["demo", "[--check]"]) is None


def test_every_command_is_in_the_readmes_table() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    table = "\n".join(line for line in text.splitlines() if line.startswith("| `connector"))
    for name, command in connector.commands.items():
        assert f"`connector {name}" in table
        for below in command.commands if isinstance(command, click.Group) else ():
            assert re.search(rf"connector {name} (.*`)?{below}\b", table), f"{name} {below}"


def test_every_setting_stands_in_the_example_and_every_line_of_the_example_is_a_setting() -> None:
    text = (ROOT / "instance" / "config.example.toml").read_text(encoding="utf-8")
    assert set(tomllib.loads(text)) == set(config.NAMES)


def test_every_setting_in_the_example_says_what_it_is_for() -> None:
    blocks = re.split(r"\n\s*\n", (ROOT / "instance" / "config.example.toml").read_text(encoding="utf-8"))
    for block in blocks:
        lines = block.strip().splitlines()
        assert lines[0].startswith("# "), lines[0]


def test_every_setting_that_a_document_names_exists() -> None:
    known = {f"{config.PREFIX}{name.upper()}" for name in config.NAMES} | {
        f"{config.PREFIX}INSTANCE",
        f"{config.PREFIX}TEST_POSTGRES_URL",  # the tests' own
    }
    for path in READMES:
        named = set(re.findall(r"CONNECTOR_[A-Z_]*[A-Z]", path.read_text(encoding="utf-8")))
        assert named <= known, path


@pytest.mark.parametrize("path", READMES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_and_paths_in_documents_lead_somewhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
        if not target.startswith(("http://", "https://", "mailto:")):
            assert (path.parent / target).exists(), target
    for named in re.findall(r"`([a-z_]+/[A-Za-z0-9_./-]+\.(?:md|py|toml|json))`", text):
        # Files of an instance are made when it runs.
        if named not in ("instance/config.toml",):
            assert (ROOT / named).exists() or (path.parent / named).exists(), named


def test_ids_and_names_of_events_are_each_used_once() -> None:
    defined = [value for value in vars(events).values() if isinstance(value, events.Event)]
    assert len({event.id for event in defined}) == len(defined) == len(events.KINDS)
    assert len({event.name for event in defined}) == len(defined)
    for event in defined:
        assert re.fullmatch(r"[a-z-]+:[a-z-]+", event.name)
        assert event.plain.endswith(".")
        assert "{" not in event.plain


def test_ids_of_events_are_the_ones_that_stand_in_old_ledgers() -> None:
    """Append to this list; a number that changes here would rewrite what old entries say."""
    kept = {
        1: "customer:added", 2: "person:added", 3: "sign-in:done", 4: "sign-in:refused", 5: "sign-in:ended",
        6: "person:password", 10: "connect:started", 11: "connect:refused", 12: "connect:declined",
        13: "connect:exchange", 14: "connect:granted", 15: "connect:failed", 16: "connect:account",
        17: "connect:renewed", 18: "pages:chosen", 20: "purpose:off", 21: "purpose:on", 30: "call:intent",
        31: "call:answered", 32: "call:refused", 33: "call:failed", 34: "call:unknown", 40: "token:refreshed",
        41: "token:refused", 42: "token:paused", 43: "token:resumed", 44: "quota:spent",
        45: "quota:back", 46: "api:not-enabled", 47: "token:scopes-lost", 48: "token:scopes-back",
        50: "revoke:done", 51: "revoke:asked",
        52: "revoke:confirmed", 53: "revoke:pending",
        36: "member:may-not", 37: "member:may", 38: "staff:explain",
        60: "staff:grants", 61: "staff:ledger", 62: "ledger:exported", 70: "keys:rotating", 71: "keys:retired",
        72: "keys:stuck", 73: "keys:shredded", 74: "keys:shred-applied",
        80: "program:added", 81: "program:secret", 82: "program:secret-ended", 83: "program:ended",
        84: "program:token", 85: "program:refused", 86: "staff:programs", 87: "program:key-made",
    }  # fmt: skip
    now = {number: event.name for number, event in events.KINDS.items()}
    assert {number: now.get(number) for number in kept} == kept


def test_what_an_events_sentence_needs_is_named_where_it_is_written() -> None:
    """Best effort, on the source: each placeholder is a name in some details dictionary, or the actor's."""
    source = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "connector" / "domain").glob("*.py"))
    for event in events.KINDS.values():
        for _, name, _, _ in string.Formatter().parse(event.sentence):
            if name is not None and name != "actor":
                assert f'"{name}"' in source, f"{event.name}: {name}"


NAMED_TESTS = sorted(
    set(re.findall(r"`(tests/[a-z_/]+\.py)::(test_\w+)`", (ROOT / "tests" / "README.md").read_text(encoding="utf-8")))
)


def test_every_fault_has_one_row_and_names_a_test_or_says_that_there_is_none() -> None:
    rows = re.findall(r"^\| F(\d+) [^|]+\| (.+) \|$", (ROOT / "tests" / "README.md").read_text(encoding="utf-8"), re.M)
    assert [int(number) for number, _ in rows] == list(range(1, 37))
    for number, held in rows:
        assert "::test_" in held or held.startswith(("none", "the same")), number


@pytest.mark.parametrize(("file", "name"), NAMED_TESTS, ids=[name for _, name in NAMED_TESTS])
def test_every_test_that_the_fault_list_names_exists(file: str, name: str) -> None:
    assert re.search(rf"^(?:    )?def {name}\(", (ROOT / file).read_text(encoding="utf-8"), re.M)
