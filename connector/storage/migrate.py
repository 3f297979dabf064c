"""Brings a database to this program's schema, and refuses one that is not there."""

from contextlib import closing

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

from connector.domain.errors import NotSetUp
from connector.storage.engine import Kept, writing

__all__ = ["check_schema", "upgrade"]

_LOCK = 0x636F6E6E01  # PostgreSQL advisory lock: one upgrade at a time


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "connector.storage:migrations")
    config.set_main_option("path_separator", "os")
    return config


def upgrade(engine: Engine) -> None:
    """Run what is missing, in one transaction. Running it again does nothing; two at once wait for each other."""
    with closing(Kept(engine)) as kept, writing(kept) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def check_schema(engine: Engine) -> None:
    """Raises: NotSetUp when the database has another schema than this program, with what to do."""
    scripts = ScriptDirectory.from_config(_config())
    with engine.connect() as connection:
        here = MigrationContext.configure(connection).get_current_heads()
    if not here:
        raise NotSetUp("The database was never set up. Run: connector db upgrade")
    if here == tuple(scripts.get_heads()):
        return
    known = {script.revision for script in scripts.walk_revisions()}
    if known.issuperset(here):
        raise NotSetUp("The database schema is older than this program. Run: connector db upgrade")
    raise NotSetUp("The database schema is newer than this program. Install the program that belongs to it.")
