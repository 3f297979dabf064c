"""Commands about programs that act for a customer: program create, list, secret, end-secret, end, rotate-key."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from connector import config, wiring
from connector.cli.access import OPERATOR
from connector.domain import admitting
from connector.domain import programs as rules
from connector.domain.errors import BadInput, NotFound
from connector.domain.programs import ProgramView

__all__ = ["program"]


@contextmanager
def _known(id: str) -> Iterator[None]:
    """Say what was not found, which the words for pages do not."""
    try:
        yield
    except NotFound:
        raise BadInput(f"There is no {id}. The ids are in: connector program list") from None


@click.group()
def program() -> None:
    """Programs in any language that act for a customer over the API."""


@program.command()
@click.argument("customer")
@click.argument("name")
@click.option("--purpose", "purposes", multiple=True, required=True, help="What it is for; once for each purpose.")
def create(customer: str, name: str, purposes: tuple[str, ...]) -> None:
    """Add a program for CUSTOMER and print its client id and its secret, which is shown this once."""
    svc = wiring.services(config.load())
    added, secret = rules.add(svc, OPERATOR, customer=customer, name=name, purposes=purposes)
    click.echo(f"client_id={added.id}\nclient_secret={secret.shown_once()}")
    click.echo("Keep the secret where only the program can read it; it is not shown again.", err=True)


@program.command("list")
def list_() -> None:
    """Show every customer's programs, their secrets by id, and when each was last used."""
    svc = wiring.services(config.load())
    for view in rules.staff_list(svc, OPERATOR):
        click.echo("\n".join(_told(view)))


def _told(view: ProgramView) -> list[str]:
    purposes = ", ".join(id for id, _ in view.purposes)
    state = f"ended {view.ended_at:%Y-%m-%d}" if view.ended_at else f"for {purposes}"
    lines = [f"{view.id}  {view.name}  {view.customer} ({view.customer_name})  {state}"]
    for secret in view.secrets:
        used = f"last used {secret.used_at:%Y-%m-%d %H:%M} UTC" if secret.used_at else "never used"
        lines.append(f"    {secret.id}  made {secret.created_at:%Y-%m-%d}, {used}")
    return lines


@program.command()
@click.argument("program")
def secret(program: str) -> None:
    """Make another secret for PROGRAM, to change it over; both work until one is ended. Two at most."""
    svc = wiring.services(config.load())
    with _known(program):
        made = rules.add_secret(svc, OPERATOR, program)
    click.echo(f"client_secret={made.shown_once()}")
    click.echo("When the program uses it, end the older one: connector program list, then end-secret.", err=True)


@program.command("end-secret")
@click.argument("secret")
def end_secret(secret: str) -> None:
    """End one SECRET, by its id. Tokens that were given for it are refused from now on."""
    svc = wiring.services(config.load())
    with _known(secret):
        rules.end_secret(svc, OPERATOR, secret)
    click.echo("Ended. It gets no token any more, and those it got are refused.")


@program.command()
@click.argument("program")
@click.option("--reason", default=None, help="Why; kept in the record, and shown to the customer.")
def end(program: str, reason: str | None) -> None:
    """End PROGRAM for good: its next request is refused."""
    svc = wiring.services(config.load())
    with _known(program):
        rules.end(svc, OPERATOR, program, reason=reason)
    click.echo("Ended. Its next request is refused.")


@program.command("rotate-key")
@click.option("--at-once", is_flag=True, help="The old key leaked: every token that is out stops working now.")
def rotate_key(at_once: bool) -> None:
    """Sign programs' tokens with a new key from now on, while the product runs."""
    settings = config.load()
    svc = wiring.services(settings)
    made = admitting.new_token_key(svc, OPERATOR, wiring.token_keys(settings, svc.clock), only=at_once)
    click.echo(
        f"{made} signs from now on. "
        + ("Every other token has stopped working; programs get new ones by themselves." if at_once else
           "Tokens that are out work until they run out.")
    )  # fmt: skip
