"""Commands that run something: demo, serve, standin, db."""

from contextlib import closing, suppress
from pathlib import Path

import click

import connector
from connector import config, server, wiring
from connector import standin as foreign
from connector.demo import run_demo
from connector.domain.errors import NotSetUp
from connector.storage import make_engine, upgrade

__all__ = ["db", "demo", "serve", "standin"]


@click.command()
@click.option("--check", is_flag=True, help="Run the whole journey without a person, then stop.")
@click.option(
    "--instance", type=click.Path(file_okay=False, path_type=Path), help="Keep the data in this empty folder."
)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port for the pages; 0 picks a free one.")
def demo(check: bool, instance: Path | None, port: int) -> None:
    """Try everything on this machine: pages, a stand-in for Google+, a customer and a staff account."""
    raise SystemExit(run_demo(check=check, instance=instance, port=port))


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True)
def serve(host: str, port: int) -> None:
    """Serve the pages."""
    settings = config.load()
    if not settings.google_client_id:
        raise NotSetUp("No OAuth client is set. Set CONNECTOR_GOOGLE_CLIENT_ID and CONNECTOR_GOOGLE_CLIENT_SECRET.")
    server.stop_on_sigterm()
    with (
        suppress(KeyboardInterrupt),
        closing(server.Listening(host, port)) as listening,
        server.Server(connector.create_app(settings), listening, behind_proxy=settings.proxy_hops > 0) as running,
    ):
        click.echo(f"serving on {running.url}, reached as {settings.base_url}")
        running.wait()


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0 picks a free one.")
@click.option(
    "--world", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A world file to start with."
)
def standin(host: str, port: int, world: Path | None) -> None:
    """Run the stand-in for Google+ alone: consent, tokens and the Pages API, on a small made-up world."""
    raise SystemExit(foreign.serve(host, port, world))


@click.group()
def db() -> None:
    """The database."""


@db.command("upgrade")
def db_upgrade() -> None:
    """Create the tables, or bring an older schema up to this program's."""
    settings = config.load()
    settings.instance.mkdir(mode=0o700, parents=True, exist_ok=True)
    engine = make_engine(settings.database_url)
    try:
        with wiring.usable_database():
            upgrade(engine)
    finally:
        engine.dispose()
    click.echo("The database is up to date.")
