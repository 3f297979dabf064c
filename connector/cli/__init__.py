"""The `connector` command. Exit codes: 0 done, 1 found something wrong, 2 wrong use or not set up."""

import sys

import click

from connector import log
from connector.cli import access, catalogue, keys, program, record, run
from connector.domain.errors import ConnectorError, KeyServiceDown, NotSetUp

__all__ = ["connector", "main"]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def connector() -> None:
    """Connects customers' Google pages with exactly the documented permissions, and proves what they were used for.

    Settings come from the environment (CONNECTOR_…) or instance/config.toml; instance/config.example.toml lists them.
    """


for command in (
    run.demo, run.serve, run.standin, run.db,
    access.admin, access.customer, access.revoke,
    program.program,
    catalogue.catalogue,
    record.grants, record.ledger,
    keys.keys,
):  # fmt: skip
    connector.add_command(command)


def main() -> None:
    """Run the command; what goes wrong on purpose is one line on standard error."""
    log.configure()
    try:
        connector.main(standalone_mode=False)
    except click.exceptions.Abort:
        _fail("stopped.", 130)
    except click.ClickException as wrong:
        _misused(wrong)
    except NotSetUp as no:
        _fail(str(no), 2)
    except KeyServiceDown as no:
        _fail(str(no), 1)
    except ConnectorError as no:
        _fail(no.public, 1)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)


def _misused(wrong: click.ClickException) -> None:
    message = wrong.format_message()
    if "\n" in message:  # a group that was called without a command shows its help
        wrong.show()
        sys.exit(wrong.exit_code)
    context = wrong.ctx if isinstance(wrong, click.UsageError) else None
    _fail(f"{message} See: {context.command_path if context else 'connector'} --help", wrong.exit_code)


def _fail(line: str, code: int) -> None:
    click.echo(f"connector: {line}", err=True)
    sys.exit(code)
