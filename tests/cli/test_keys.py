"""`connector keys` as an operator meets it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from connector import config, wiring
from connector.domain import events, ledger
from connector.domain.ports import Services
from connector.domain.records import Connection, ConnectionState, Customer
from connector.storage import make_engine, upgrade

PROGRAM = [sys.executable, "-c", "from connector.cli import main; main()"]
OWNERS = 30
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """A machine with nothing set but an instance of its own."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CONNECTOR_")}
    clean["PYTHONPATH"] = str(Path(__file__).parents[2])
    return {**clean, "CONNECTOR_INSTANCE": str(tmp_path / "instance"), "PYTHONWARNINGS": "error"}


@pytest.fixture
def run(environ: dict[str, str], tmp_path: Path) -> Run:
    """`run("status")` is `connector keys status`; `typed` is what the person types."""

    def go(*arguments: str, typed: str = "", group: str = "keys") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*PROGRAM, group, *arguments], env=environ, cwd=tmp_path, capture_output=True, text=True, check=False,
            timeout=120, input=typed,
        )  # fmt: skip

    return go


@pytest.fixture
def svc(environ: dict[str, str]) -> Iterator[Services]:
    """An instance with thirty customers, one of them with a live connection."""
    settings = config.load(environ)
    settings.instance.mkdir(mode=0o700)
    engine = make_engine(settings.database_url)
    upgrade(engine)
    engine.dispose()
    svc = wiring.services(settings)
    with svc.store.write() as tx:
        ledger.note(svc, tx, events.SIGNED_IN, actor=ledger.SYSTEM)
        for number in range(OWNERS):
            tx.accounts.add_customer(Customer(f"cus_{number}", f"Customer {number}", svc.clock.now()))
            ledger.note(svc, tx, events.SIGNED_IN, actor=ledger.SYSTEM, customer=f"cus_{number}")
        tx.connections.add(
            Connection(
                "con_0", "cus_0", "google-plus", "1" * 21, "Ann", ConnectionState.ACTIVE, svc.clock.now(), "per_1"
            )
        )
    yield svc
    svc.store.close()


def one_line(done: subprocess.CompletedProcess[str], code: int) -> str:
    """The one line on standard error."""
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def damage(svc: Services, owner: str) -> None:
    with svc.store.write() as tx:
        tx.connection.exec_driver_sql(  # type: ignore[attr-defined]
            "UPDATE data_keys SET wrapped = zeroblob(60) WHERE owner = ?", (owner,)
        )


def test_status_of_a_healthy_instance(run: Run, svc: Services) -> None:
    said = run("status")
    assert (said.returncode, said.stderr) == (0, "")
    assert said.stdout == ("file-1 (current): 31 data keys\n31 owners, 0 data keys that do not open, 0 shredded\n")


def test_status_says_what_needs_the_operator_and_ends_with_1(run: Run, svc: Services) -> None:
    damage(svc, "cus_7")
    said = run("status")
    assert (said.returncode, said.stderr) == (1, "")
    assert "Data key 1 of cus_7 does not open under file-1. It was left as it is.\n" in said.stdout
    svc.vault.keks.make()
    said = run("status")
    assert said.returncode == 1
    assert said.stdout.startswith("file-1: 31 data keys\nfile-2 (current): 0 data keys\n")
    assert said.stdout.endswith("A rotation or move is not finished. Run: connector keys rotate\n")


def test_rotating_shows_progress_and_what_became_of_the_old_key(run: Run, svc: Services) -> None:
    said = run("rotate")
    assert (said.returncode, said.stderr) == (0, "")
    assert said.stdout == (
        "31 of 31 data keys\n31 data keys were put under file-2.\n"
        "Nothing needs file-1 any more; it is retired. Keep its file while you keep backups from before.\n"
    )
    assert run("status").returncode == 0
    assert run("verify", group="ledger").returncode == 0


def test_rotating_finishes_an_earlier_one_first(run: Run, svc: Services) -> None:
    svc.vault.keks.make()
    said = run("rotate")
    assert said.returncode == 0
    assert (
        "An earlier rotation or move was not finished; this finished it. Run it again for a new key.\n" in said.stdout
    )
    assert "31 data keys were put under file-2.\n" in said.stdout
    assert "put under file-3" in run("rotate").stdout


def test_rotating_ends_with_1_when_a_row_does_not_open(run: Run, svc: Services) -> None:
    damage(svc, "cus_7")
    said = run("rotate")
    assert (said.returncode, said.stderr) == (1, "")
    assert said.stdout.endswith("Data key 1 of cus_7 does not open under file-1. It was left as it is.\n")
    assert "retired" not in said.stdout


def test_a_wrong_key_is_one_line_for_every_command(run: Run, svc: Services, tmp_path: Path) -> None:
    (tmp_path / "instance" / "keys" / "kek-1.key").write_text("A" * 43 + "=\n")
    for command in (["status"], ["rotate"], ["shred", "cus_1", "--yes", "cus_1"]):
        assert "opens no data key of this database" in one_line(run(*command), 2)


def test_shredding_asks_for_the_customers_id(run: Run, svc: Services) -> None:
    said = run("shred", "cus_1", typed="cus_1\n")
    assert said.returncode == 0, said.stderr
    assert said.stderr.startswith("This cannot be undone. Type the customer's id to go on")
    assert said.stdout == "1 data keys of cus_1 were destroyed.\nNo copy is left in the database's files.\n"
    said = run("status")
    assert (said.returncode, said.stdout.splitlines()[-1]) == (
        0,
        "30 owners, 0 data keys that do not open, 1 shredded",
    )
    said = run("verify", group="ledger")
    assert (said.returncode, "1 entries without details" in said.stdout) == (0, True)
    assert run("shred", "cus_1", "--yes", "cus_1").stdout.startswith("They were shredded before.\n")


def test_another_id_or_none_shreds_nothing(run: Run, svc: Services, tmp_path: Path) -> None:
    assert "That is not the customer's id. Nothing was done." in one_line(run("shred", "cus_1", "--yes", "cus_2"), 2)
    for typed in ("yes\n", "cus_2\n", ""):
        said = run("shred", "cus_1", typed=typed)
        assert said.returncode != 0
        assert "Traceback" not in said.stderr
    assert not (tmp_path / "instance" / "keys" / "shredded.jsonl").exists()


@pytest.mark.parametrize(
    ("customer", "says"),
    [("cus_0", "First run: connector revoke con_0"), ("cus_nobody", "no data key of cus_nobody"),
     ("operator", "are not shredded")],
)  # fmt: skip
def test_what_may_not_be_shredded_is_one_line_before_anything_is_asked(
    run: Run, svc: Services, customer: str, says: str
) -> None:
    assert says in one_line(run("shred", customer), 1)


def test_the_operator_is_named_in_the_record(run: Run, svc: Services) -> None:
    run("shred", "cus_1", "--yes", "cus_1")
    last = json.loads(run("export", group="ledger").stdout.splitlines()[-2])
    assert (last["entry"]["event"], last["entry"]["actor"]) == ("keys:shredded", "operator")


def test_wrong_use_is_one_line(run: Run, svc: Services) -> None:
    assert "--help" in one_line(run("shred"), 2)
    assert "--help" in one_line(run("rotate", "now"), 2)
