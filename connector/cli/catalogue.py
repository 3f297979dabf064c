"""Commands about what is asked of Google and why: catalogue check, show, explain, justify, promises."""

import click

import scopes
from connector.cli.explain import explain_command

__all__ = ["catalogue"]

PROVIDER = "google-plus"


@click.group()
def catalogue() -> None:
    """The documented permissions and purposes."""


def _provider(name: str) -> scopes.Catalogue:
    try:
        return scopes.load(name)
    except FileNotFoundError:
        raise click.UsageError(f"There is no catalogue named {name}. There is: {PROVIDER}.") from None


@catalogue.command()
def check() -> None:
    """Check that catalogue, discovery document and promises agree."""
    try:
        found = scopes.check(_provider(PROVIDER))
    except scopes.CatalogueError as wrong:
        found = wrong.problems
    for problem in found:
        click.echo(problem)
    if found:
        raise SystemExit(1)
    click.echo("The catalogue adds up.")


@catalogue.command()
@click.argument("provider", default=PROVIDER)
def show(provider: str) -> None:
    """Show each permission, its purposes and what they cover."""
    click.echo(scopes.describe(_provider(provider)))


@catalogue.command()
@click.argument("provider", default=PROVIDER)
def justify(provider: str) -> None:
    """Print a text per scope for Google's verification."""
    click.echo(scopes.justification(_provider(provider)))


@catalogue.command()
def promises() -> None:
    """List the policy's clauses and what enforces each."""
    for promise in scopes.promises():
        click.echo(f"{promise.id}  {promise.state:8}  {promise.clause}")
        if promise.enforced_by:
            click.echo(f"               {', '.join(promise.enforced_by)}")


catalogue.add_command(explain_command)
