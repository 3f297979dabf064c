"""`connector catalogue explain`: whether a request would be allowed, and why not."""

from typing import BinaryIO

import click

import scopes
from connector import config, wiring
from connector.cli.access import OPERATOR
from connector.domain.errors import NotFound
from connector.domain.explaining import Explained, Held, Question, explain, explain_on
from connector.domain.shown import visible

__all__ = ["explain_command"]

PROVIDER = "google-plus"


@click.command("explain")
@click.argument("purpose")
@click.argument("method")
@click.argument("url")
@click.option("--body", type=click.File("rb"), help="A file with the request's JSON; - reads standard input.")
@click.option("--subject", help="The provider's id of the message or post that it is about.")
@click.option("--connection", help="Judge by this connection's grant, switches and pages; the look is recorded.")
def explain_command(
    purpose: str, method: str, url: str, body: BinaryIO | None, subject: str | None, connection: str | None
) -> None:
    """Say whether a request would be allowed for PURPOSE, and why not. Nothing is sent.

    URL is the whole address, or its path. Exits with 0 when it is allowed and with 1 when it is refused.
    """
    question = Question(purpose, method.upper(), url, body.read() if body else None, subject)
    if connection is None:
        catalogue = scopes.load(PROVIDER)
        answer = explain(catalogue, scopes.Router(catalogue, catalogue.root_url), question)
    else:
        try:
            answer = explain_on(wiring.services(config.load()), OPERATOR, question, connection, PROVIDER)
        except NotFound:
            raise click.UsageError("There is no connection of that id. `connector grants list` shows them.") from None
    for line in _lines(answer):
        click.echo(visible(line))
    if not answer.allowed:
        raise SystemExit(1)


def _lines(answer: Explained) -> list[str]:
    told = ["Allowed." if answer.allowed else f"Refused ({answer.reason}).", answer.sentence, ""]
    told.append(f"purpose    {answer.purpose}{_held('switched on', answer.on)}")
    told.append(f"operation  {f'{answer.operation}, to {answer.does}' if answer.operation else 'none'}")
    told += [f"needs      {each.name} [{each.short}]{_held('granted', each.held)}" for each in answer.scopes]
    told += [f"page       {each.name}{_held('chosen', each.held)}" for each in answer.pages]
    if answer.fields:
        told.append(f"reads      {answer.fields}")
    if answer.subject:
        told.append(f"about      the thing that “{answer.subject}” names, or a part of it")
    return told


def _held(what: str, held: Held) -> str:
    return {"yes": f": {what}", "no": f": not {what}", "not asked": ""}[held]
