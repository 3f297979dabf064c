"""Runs the demonstration: for a person, until they stop it, or as the check."""

import sys
import threading
from pathlib import Path

import click

from connector import server
from connector.demo import journey
from connector.demo.stage import Stage, stage

__all__ = ["run_demo"]


def run_demo(*, check: bool, instance: Path | None, port: int) -> int:
    """Run the demonstration; the exit code. Raises: NotSetUp."""
    server.stop_on_sigterm()
    try:
        with stage(instance=instance, port=port) as running:
            if check:
                return journey.check(running)
            _tell(running)
            threading.Event().wait()
    except KeyboardInterrupt:
        click.echo("\nStopped.")
    return 0


def _tell(running: Stage) -> None:
    click.echo(f"\n  Pages:     {running.url}")
    click.echo(f"  Stand-in:  {running.standin.url} (plays Google+: consent, tokens, the Pages API)\n")
    for account in (running.member, running.other, running.staff):
        click.echo(f"  {account.sees}\n      {account.email}   {account.password}")
    with running.svc.store.read() as tx:
        person = tx.accounts.person_by_email(running.member.email)
    click.echo("  A program in any language (connector/api/README.md has the requests)")
    click.echo(f"      CONNECTOR_INSTANCE={running.instance.absolute()} connector program create \\")
    click.echo(f"          {person.customer if person else ''} Answers --purpose read-messages")
    click.echo("\nSign in, connect a page, answer a message, look at Activity. Ctrl-C stops everything.")
    sys.stdout.flush()
