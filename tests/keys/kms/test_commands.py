"""`connector keys` with the keys at a service, as an operator meets it."""

import subprocess
import sys
from pathlib import Path

import pytest

from connector.domain import events, ledger

PROGRAM = [sys.executable, "-c", "from connector.cli import main; main()"]


@pytest.fixture
def run(at_service, tmp_path):
    """`run("status")` is `connector keys status`."""
    extra = {"PYTHONPATH": str(Path(__file__).parents[3]), "HOME": str(tmp_path)}

    def go(*arguments):
        return subprocess.run(
            [*PROGRAM, "keys", *arguments], env={**at_service, **extra}, cwd=tmp_path, capture_output=True, text=True,
            check=False, timeout=120,
        )  # fmt: skip

    return go


@pytest.fixture
def backend(vault_backend):
    """Vault; the others differ below the commands."""
    return vault_backend


def test_status_rotate_and_shred(run, start, at_service, fill, backend):
    svc = start()
    fill(svc, 2)
    said = run("status")
    assert (said.returncode, said.stderr) == (0, "")
    assert said.stdout.startswith("vault:transit/connector:v1 (current): 3 data keys\n")
    said = run("rotate")
    assert (said.returncode, said.stderr) == (0, "")
    assert said.stdout == (
        "3 of 3 data keys\n3 data keys were put under vault:transit/connector:v2.\n"
        "Nothing needs vault:transit/connector:v1 any more; it is retired. Keep that key, locked, while you keep "
        "backups from before.\n"
    )
    assert backend.server.least == {"connector": 2}
    said = run("shred", "cus_001", "--yes", "cus_001")
    assert (said.returncode, said.stdout.splitlines()[0]) == (0, "1 data keys of cus_001 were destroyed.")


def test_a_service_that_is_down_is_one_line_for_every_command(run, start, at_service, backend):
    svc = start()
    with svc.store.write() as tx:
        ledger.note(svc, tx, events.SIGNED_IN, actor=ledger.SYSTEM)
    for fault, cause in ((503, "sealed"), (403, "denied"), ("drop", "no-answer")):
        backend.server.fault = fault
        for command in (["status"], ["rotate"], ["shred", "cus_001", "--yes", "cus_001"]):
            said = run(*command)
            assert (said.returncode, said.stdout) == (1, ""), said.stderr
            assert said.stderr.startswith(f"connector: The key service vault does not serve ({cause}). Nothing was")
            assert said.stderr.count("\n") == 1
            assert backend.server.token not in said.stderr


def test_a_move_that_is_not_finished_is_told(run, start, environ, at_service, fill, backend):
    at_service["CONNECTOR_KEY_BACKEND"] = "file"
    fill(start(), 2)
    at_service["CONNECTOR_KEY_BACKEND"] = "vault"
    said = run("status")
    assert said.returncode == 1
    assert said.stdout.startswith("file-1: 3 data keys\nvault:transit/connector:v1 (current): 0 data keys\n")
    assert said.stdout.endswith("A rotation or move is not finished. Run: connector keys rotate\n")
    assert "3 data keys were put under vault:transit/connector:v1.\n" in run("rotate").stdout
    assert run("status").returncode == 0
