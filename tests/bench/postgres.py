"""A PostgreSQL server of one's own for a run, as durable as it is by default, if its programs are installed."""

import getpass
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["running"]


@contextmanager
def running() -> Iterator[str | None]:
    """The address of an empty database, or None where there is no PostgreSQL."""
    programs = _programs()
    if programs is None:
        yield None
        return
    user = "postgres" if os.geteuid() == 0 else None  # the server refuses to run as root
    name, folder = user or getpass.getuser(), Path(tempfile.mkdtemp(prefix="bench-postgres-"))
    if user:
        shutil.chown(folder, user)

    def run(program: str, *given: str) -> None:
        command = [programs / program, f"-D{folder / 'data'}", *given]
        subprocess.run(command, user=user, cwd=folder, stdout=subprocess.DEVNULL, check=True)

    try:
        run("initdb", "--auth=trust", "--encoding=UTF8", "--locale=C", f"--username={name}")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={folder}"
        run("pg_ctl", "start", "--wait", f"-l{folder / 'log'}", f"-o{options}")
        try:
            yield f"postgresql://{name}@127.0.0.1:{port}/postgres"
        finally:
            run("pg_ctl", "stop", "--wait", "--mode=fast")
    finally:
        shutil.rmtree(folder)


def _programs() -> Path | None:
    """The folder of initdb: where Debian puts it, the newest, or on the PATH."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    found = str(debian[-1]) if debian else shutil.which("initdb")
    return Path(found).resolve().parent if found else None
