"""Commands that show and prove the record: grants list, ledger export, ledger verify."""

import csv
import io
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

import click

from connector import config, wiring
from connector.cli.access import OPERATOR
from connector.domain import evidence
from connector.domain import grants as rules
from connector.domain import ledger as entries
from connector.domain.errors import NotSetUp
from connector.domain.ports import Services
from connector.domain.records import AsGranted
from connector.domain.shown import visible

__all__ = ["grants", "ledger"]

COLUMNS = (
    "customer",
    "account",
    "connection",
    "granted_at",
    "scope",
    "purposes_on",
    "policy_version",
    "last_used",
    "state",
)


@click.group()
def grants() -> None:
    """What customers granted."""


@grants.command("list")
@click.option("--customer", help="A customer's id.")
@click.option("--scope", help="A scope, such as plus.stream.read.")
@click.option("--as-of", help="A moment, such as 2026-05-03 or 2026-05-03T14:05+02:00 (UTC unless an offset is given).")
@click.option("--format", "shape", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True)
def grants_list(customer: str | None, scope: str | None, as_of: str | None, shape: str) -> None:
    """Who granted what, one line a scope, newest grant first."""
    moment = _moment(as_of) if as_of else None
    svc = wiring.services(config.load())
    table = rules.listing(svc, OPERATOR, customer=customer, scope=scope, as_of=moment)
    rows = [_row(line, one) for line in table.rows for one in line.grant.granted]
    if shape == "json":
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
    elif shape == "csv":
        click.echo(_csv(rows), nl=False)
    else:
        click.echo(_table(rows))


def _row(line: AsGranted, scope: str) -> dict[str, str]:
    used = max(line.last_used.values(), default=None)
    return {
        "customer": _line(line.customer_name),
        "account": _line(line.connection.account_name or ""),
        "connection": line.connection.id,
        "granted_at": line.grant.at.isoformat(timespec="seconds"),
        "scope": scope.rsplit("/", 1)[-1],
        "purposes_on": " ".join(sorted(line.purposes_on)),
        "policy_version": line.grant.policy_version,
        "last_used": used.isoformat(timespec="seconds") if used else "",
        "state": "lost" if scope in line.lost else line.connection.state.value if line.current else "replaced",
    }


def _line(name: str) -> str:
    """A name as one line that no terminal takes for a command (R46)."""
    return visible(" ".join(name.split()))


def _csv(rows: list[dict[str, str]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({name: _inert(value) for name, value in row.items()} for row in rows)
    return out.getvalue()


def _inert(value: str) -> str:
    """A cell that no spreadsheet takes for a formula (R62)."""
    return f"'{value}" if value[:1] in "=+-@\t\r\n\0＝＋－＠" and value else value


def _table(rows: list[dict[str, str]]) -> str:
    if not rows:
        return "No grants."
    widths = {name: max(len(name), *(len(row[name]) for row in rows)) for name in COLUMNS}
    lines = ["  ".join(name.ljust(widths[name]) for name in COLUMNS)]
    lines += ["  ".join(row[name].ljust(widths[name]) for name in COLUMNS) for row in rows]
    return "\n".join(line.rstrip() for line in lines)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):  # the first or last day of all in another zone is no moment in UTC
        raise click.BadParameter(f"{text!r} is not a time. Write it as 2026-05-03 or 2026-05-03T14:05+02:00.") from None


@click.group()
def ledger() -> None:
    """The record of what was asked, done and refused."""


@ledger.command("export")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="A new file; standard output if left out.",
)
def ledger_export(output: Path | None) -> None:
    """Write the record as JSON Lines, one entry a line. It holds names and texts: keep it like the database."""
    svc = wiring.services(config.load())
    if output is None:
        for line in evidence.export(svc, OPERATOR):
            sys.stdout.write(line + "\n")
        return
    try:
        handle = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise NotSetUp(f"{output} exists. Name a new file.") from None
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        _write(file, svc)
    click.echo(f"Written to {output}.", err=True)


def _write(file: TextIO, svc: Services) -> None:
    for line in evidence.export(svc, OPERATOR):
        file.write(line + "\n")


@ledger.command("verify")
@click.option(
    "--export",
    "exported",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Check this export alone, without a database.",
)
def ledger_verify(exported: Path | None) -> None:
    """Check the record: order, form, commitments, and that every outcome has its intent."""
    if exported is not None:
        with exported.open(encoding="utf-8", errors="surrogateescape", newline="\n") as lines:
            verdict = evidence.verify_lines(lines)
    else:
        svc = wiring.services(config.load())
        entries.close_abandoned(svc)
        verdict = evidence.verify(svc)
    for problem in verdict.problems:
        click.echo(problem)
    click.echo(
        f"{verdict.entries} entries, {len(verdict.problems)} problems, {len(verdict.open)} calls without an outcome, "
        f"{verdict.erased} entries without details."
    )
    if not verdict.good:
        raise SystemExit(1)
