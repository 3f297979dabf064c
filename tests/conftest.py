"""Fixtures for every layer: a clock and randomness that tests rule, and a database on both engines.

A test that takes `database_url` (or `store`, or `vault`) runs twice: on SQLite and on PostgreSQL.
"""

import getpass
import os
import random as stdlib_random
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.pool import NullPool

from connector.storage import FileKeks, SealedVault, ShredList, SqlStore, make_engine, upgrade


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where everything is installed, a skipped test hides a failure."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    if skipped and os.environ.get("CI") == "true" and session.exitstatus == pytest.ExitCode.OK:
        reporter.write_line(f"\n{len(skipped)} tests were skipped; in CI none may be.", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


class FakeClock:
    """Time stands still until a test moves it."""

    def __init__(self) -> None:
        self.time = datetime(2018, 10, 6, 12, 0, tzinfo=UTC)

    def now(self) -> datetime:
        """The time as it was set."""
        return self.time

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.time += timedelta(seconds=seconds)


class FakeRandom:
    """The same values in every run, and never the same one twice in a run."""

    def __init__(self, seed: int = 1) -> None:
        self._source = stdlib_random.Random(seed)  # noqa: S311 — tests want it repeatable

    def id(self, prefix: str) -> str:
        """Such as `con_…`, with 128 bits."""
        return f"{prefix}_{self._source.randbytes(16).hex()}"

    def token(self) -> str:
        """256 bits, URL-safe."""
        return self._source.randbytes(32).hex()

    def bytes(self, count: int) -> bytes:
        """That many bytes."""
        return self._source.randbytes(count)


@pytest.fixture
def clock() -> FakeClock:
    """6 October 2018, noon UTC; `clock.advance(seconds)` moves it."""
    return FakeClock()


@pytest.fixture
def random() -> FakeRandom:
    """Repeatable randomness."""
    return FakeRandom()


@pytest.fixture
def make_random() -> type[FakeRandom]:
    """Repeatable randomness from a seed of the test's choice: `make_random(7)`."""
    return FakeRandom


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database to copy: a tenth of the time of migrating one."""
    path = tmp_path_factory.mktemp("template") / "connector.db"
    engine = make_engine(f"sqlite:///{path}")
    upgrade(engine)
    engine.dispose()
    return path


@pytest.fixture(scope="session")
def _postgres_server() -> Iterator[str]:
    """The address of a PostgreSQL server: TEST_POSTGRES_URL, or a throwaway one that stops afterwards."""
    given = os.environ.get("TEST_POSTGRES_URL")
    if given:
        yield given
        return
    programs = _postgres_programs()
    if programs is None:
        reason = (
            "PostgreSQL is not installed; install its server package, or set TEST_POSTGRES_URL to a server "
            "where this user may create databases. SQLite was tested."
        )
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    user = "postgres" if os.geteuid() == 0 else None  # the server refuses to run as root
    folder = Path(tempfile.mkdtemp(prefix="connector-postgres-"))  # short: a socket's path has a limit
    if user:
        shutil.chown(folder, user)
    data, name = folder / "data", user or getpass.getuser()

    def run(program: str, *arguments: str) -> None:
        done = subprocess.run(
            [programs / program, *arguments], user=user, cwd=folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr

    try:
        run("initdb", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C", f"--username={name}", f"-D{data}")
        port = _free_port()
        options = (
            f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={folder} "
            "-c fsync=off -c full_page_writes=off -c max_connections=200 -c shared_buffers=32MB"
        )
        run("pg_ctl", "start", "--wait", f"-D{data}", f"-l{folder / 'log'}", f"-o{options}")
        try:
            yield f"postgresql://{name}@127.0.0.1:{port}/postgres"
        finally:
            run("pg_ctl", "stop", "--wait", "--mode=immediate", f"-D{data}")
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def _postgres_template(_postgres_server: str) -> Iterator[str]:
    """The name of a migrated database to copy."""
    name = f"connector_template_{os.getpid()}"
    _administer(_postgres_server, f"CREATE DATABASE {name}")
    engine = make_engine(make_url(_postgres_server).set(database=name).render_as_string(hide_password=False))
    upgrade(engine)
    engine.dispose()
    yield name
    _administer(_postgres_server, f"DROP DATABASE {name}")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a fresh database with the newest schema."""
    if request.param == "sqlite":
        path = tmp_path / "connector.db"
        shutil.copyfile(request.getfixturevalue("_sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    server, template = request.getfixturevalue("_postgres_server"), request.getfixturevalue("_postgres_template")
    name = f"connector_{stdlib_random.SystemRandom().randrange(16**12):012x}"
    _administer(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield make_url(server).set(database=name).render_as_string(hide_password=False)
    _administer(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def store(database_url: str) -> Iterator[SqlStore]:
    """A store on a fresh database."""
    store = SqlStore(make_engine(database_url))
    yield store
    store.close()


@pytest.fixture
def keks(tmp_path: Path) -> FileKeks:
    """A folder with a fresh key-encryption key."""
    return FileKeks(tmp_path / "keys").ready_for(())


@pytest.fixture
def shreds(tmp_path: Path) -> ShredList:
    """An empty shred list."""
    return ShredList(tmp_path / "keys" / "shredded.jsonl")


@pytest.fixture
def vault(keks: FileKeks, shreds: ShredList, random: FakeRandom, clock: FakeClock) -> SealedVault:
    """A vault under a fresh key-encryption key."""
    return SealedVault(keks, shreds, random, clock)


def _administer(server: str, statement: str) -> None:
    engine = create_engine(
        make_url(server).set(drivername="postgresql+psycopg"), poolclass=NullPool, isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        connection.execute(text(statement))


def _postgres_programs() -> Path | None:
    """The folder of initdb and pg_ctl: on the PATH, or where Debian puts them; the newest."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return debian[-1].parent if debian else None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
