"""Commands about the vault's keys: keys status, rotate, shred."""

import time
from collections.abc import Sequence

import click

from connector import config, wiring
from connector.cli.access import OPERATOR
from connector.domain import keys as rules
from connector.domain.records import KeyRow

__all__ = ["keys"]

EVERY = 1.0  # seconds between two lines of progress


@click.group()
def keys() -> None:
    """The vault's keys."""


@keys.command()
def status() -> None:
    """Show which key wraps how many data keys. Ends with 1 when something needs you."""
    svc = wiring.services(config.load())
    found = rules.status(svc)
    for kek in (*sorted(set(found.by_kek) - set(found.keks)), *found.keks):
        is_current = " (current)" if kek == found.keks[-1] else ""
        click.echo(f"{kek}{is_current}: {found.by_kek.get(kek, 0)} data keys")
    click.echo(f"{found.owners} owners, {len(found.stuck)} data keys that do not open, {found.shredded} shredded")
    _name(found.stuck)
    if len(found.keks) > 1:
        click.echo("A rotation or move is not finished. Run: connector keys rotate")
    if not found.good:
        raise SystemExit(1)


@keys.command()
def rotate() -> None:
    """Put every data key under a new key-encryption key, while the product runs; finishes one that was interrupted.

    The old key is retired when nothing needs it; a backup of the database from before still does. After the setting
    key_backend was changed, the data keys move to that kind of key. On AWS KMS the new key is one that you put first.
    """
    svc = wiring.services(config.load())
    shown = 0.0

    def progress(done: int, of: int) -> None:
        nonlocal shown
        if done == of or time.monotonic() - shown >= EVERY:
            shown = time.monotonic()
            click.echo(f"{done} of {of} data keys")

    done = rules.rotate(svc, OPERATOR, progress)
    if done.resumed:
        click.echo("An earlier rotation or move was not finished; this finished it. Run it again for a new key.")
    click.echo(f"{done.rewrapped} data keys were put under {done.current}.")
    for kek in done.retired:
        kept = "its file" if kek.startswith("file-") else "that key, locked,"
        click.echo(f"Nothing needs {kek} any more; it is retired. Keep {kept} while you keep backups from before.")
    for sentence in done.left:
        click.echo(sentence)
    _name(done.stuck)
    if done.stuck:
        raise SystemExit(1)


@keys.command()
@click.argument("customer")
@click.option("--yes", metavar="CUSTOMER", help="The customer's id again, instead of typing it when asked.")
@click.option("--though-pending", is_flag=True, help="Also while Google has not confirmed the end of a connection.")
def shred(customer: str, yes: str | None, though_pending: bool) -> None:
    """Destroy CUSTOMER's data keys, for good: nothing that was sealed for them opens again, in any backup either.

    On SQLite the database file is rewritten, and writing waits meanwhile.
    """
    svc = wiring.services(config.load())
    rules.check_shred(svc, customer, though_pending=though_pending)
    if yes is None:
        yes = click.prompt("This cannot be undone. Type the customer's id to go on", err=True)
    if yes != customer:
        raise click.UsageError("That is not the customer's id. Nothing was done.")
    done = rules.shred(svc, OPERATOR, customer, though_pending=though_pending)
    click.echo(f"{done.keys} data keys of {customer} were destroyed." if done.keys else "They were shredded before.")
    left = done.scrubbed
    if not left.done or left.copies:
        click.echo(
            "Others were using the database, so the deleted bytes may still be in its files. Stop them, and run "
            "this again."
        )
        raise SystemExit(1)
    if left.copies is None:
        click.echo("The server's write-ahead log, replicas and archives hold the bytes until they are recycled.")
    else:
        click.echo("No copy is left in the database's files.")


def _name(stuck: Sequence[KeyRow]) -> None:
    for row in stuck:
        click.echo(f"Data key {row.version} of {row.owner} does not open under {row.kek}. It was left as it is.")
