"""`connector program`: adding a program, changing its secret over, ending it, and a new signing key."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from connector import config, wiring
from connector.cli import connector
from connector.domain import people
from connector.domain.ledger import SYSTEM
from connector.storage import make_engine, upgrade


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """An instance of its own."""
    return {"CONNECTOR_INSTANCE": str(tmp_path / "instance")}


@pytest.fixture
def customer(environ: dict[str, str]) -> str:
    """A customer's id, in a fresh database."""
    settings = config.load(environ)
    settings.instance.mkdir(mode=0o700)
    engine = make_engine(settings.database_url)
    upgrade(engine)
    engine.dispose()
    svc = wiring.services(settings)
    added = people.add_customer(svc, SYSTEM, "Harbour Cafés")
    svc.store.close()
    return added.id


@pytest.fixture
def run(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """`run("program", "list")`."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    opened = []
    plain = wiring.services

    def services(settings: config.Settings) -> object:
        opened.append(plain(settings))
        return opened[-1]

    monkeypatch.setattr(wiring, "services", services)

    def go(*arguments: str) -> Result:
        result = CliRunner().invoke(connector, arguments)
        for svc in opened:
            svc.store.close()
        return result

    return go


def added(run: Callable[..., Result], customer: str) -> tuple[str, str]:
    said = run("program", "create", customer, "Answers", "--purpose", "read-messages")
    assert said.exit_code == 0, said.output
    found = re.fullmatch(r"client_id=(prg_[0-9a-f]{32})\nclient_secret=([\w-]{43})\n", said.stdout)
    assert found, said.stdout
    return found[1], found[2]


def test_a_secret_is_printed_once_for_scripts_and_never_listed(run: Callable[..., Result], customer: str) -> None:
    program, secret = added(run, customer)
    listed = run("program", "list").output
    assert f"{program}  Answers  {customer} (Harbour Cafés)  for read-messages" in listed
    assert "never used" in listed
    assert secret not in listed


def test_a_secret_is_changed_over_with_two_at_once_and_no_third(run: Callable[..., Result], customer: str) -> None:
    program, first = added(run, customer)
    second = run("program", "secret", program)
    assert re.fullmatch(r"client_secret=[\w-]{43}\n", second.stdout)
    assert first not in second.stdout
    third = run("program", "secret", program)
    assert third.exit_code == 1
    assert not third.stdout
    newest, oldest = re.findall(r"sec_[0-9a-f]{32}", run("program", "list").output)
    assert oldest in str(third.exception)
    assert run("program", "end-secret", oldest).exit_code == 0
    assert re.findall(r"sec_[0-9a-f]{32}", run("program", "list").output) == [newest]
    assert run("program", "secret", program).exit_code == 0


def test_an_ended_program_stays_on_the_list_as_ended(run: Callable[..., Result], customer: str) -> None:
    program, _ = added(run, customer)
    assert run("program", "end", program, "--reason", "It leaked.").exit_code == 0
    assert "ended 20" in run("program", "list").output
    assert "sec_" not in run("program", "list").output
    for arguments in (("end", "prg_none"), ("secret", "prg_none"), ("end-secret", "sec_none")):
        missing = run("program", *arguments)
        assert (missing.exit_code, str(missing.exception)[:12]) == (1, "There is no ")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("cus_none", "Answers", "--purpose", "read-messages"), "There is no customer cus_none"),
        (("CUSTOMER", "Answers", "--purpose", "everything"), "There is no purpose everything. Purposes are: read-mess"),
        (("CUSTOMER", "  ", "--purpose", "read-messages"), "needs a name"),
    ],
)
def test_what_cannot_be_added_says_why(
    run: Callable[..., Result], customer: str, arguments: tuple[str, ...], said: str
) -> None:
    result = run("program", "create", *(customer if one == "CUSTOMER" else one for one in arguments))
    assert result.exit_code == 1
    assert said in str(result.exception)


def test_a_new_key_signs_from_now_on_and_after_a_leak_alone(
    run: Callable[..., Result], customer: str, environ: dict[str, str]
) -> None:
    folder = Path(environ["CONNECTOR_INSTANCE"]) / "keys"
    said = run("program", "rotate-key").output
    assert "Tokens that are out work until they run out." in said
    assert len(list(folder.glob("token-*.pem"))) == 2
    said = run("program", "rotate-key", "--at-once").output
    (left,) = folder.glob("token-*.pem")
    assert said.startswith(f"{left.stem} signs from now on.")
