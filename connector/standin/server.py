"""Runs the stand-in: in a thread for tests, or in the foreground until it is told to stop."""

import errno
import signal
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from connector.standin.app import create_front
from connector.standin.front import Front
from connector.standin.state import StandIn
from connector.standin.wire import Wire
from connector.standin.world import WorldError, read

__all__ = ["Running", "serve", "start"]


class Running:
    """A stand-in that serves in a thread."""

    def __init__(self, standin: StandIn, front: Front, wire: Wire, host: str) -> None:
        self.standin = standin
        self.url = f"http://[{host}]:{wire.port}" if ":" in host else f"http://{host}:{wire.port}"
        standin.base_url = self.url
        self.front, self._wire = front, wire
        self._thread = threading.Thread(target=wire.serve_forever, args=(0.02,), name="stand-in", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop serving and close every connection."""
        self.front.stop()
        self._wire.close()
        self._thread.join()

    def __enter__(self) -> "Running":
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()


def start(
    host: str = "127.0.0.1",
    port: int = 0,
    world: Mapping[str, Any] | Path | None = None,
    *,
    issuer: str | None = None,
) -> Running:
    """Serve in a thread until `stop()`; port 0 takes a free one. `world` is a world file, or its JSON.

    Raises: OSError when the address cannot be had; WorldError when the world does not add up.
    """
    standin = StandIn(read(world) if isinstance(world, Path) else world)
    standin.configured_issuer = issuer
    front = create_front(standin)
    return Running(standin, front, Wire(host, port, front), host)


def serve(host: str, port: int, world_file: str | Path | None = None, *, issuer: str | None = None) -> int:
    """Serve until SIGTERM or SIGINT. The exit status: 0 after that, 2 when it could not start.

    Only to be called in the main thread, which is where signals arrive.
    """
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        running = start(host, port, Path(world_file) if world_file else None, issuer=issuer)
    except WorldError as error:
        return _cannot(str(error))
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return _cannot(f"port {port} on {host} is in use; stop what listens there, or choose another with --port")
        return _cannot(
            f"cannot listen on {host} port {port}: {error.strerror}; choose other values for --host and --port"
        )
    with running:
        sys.stdout.write(f"stand-in listening on {running.url}\n")
        sys.stdout.flush()
        stop.wait()
    return 0


def _cannot(reason: str) -> int:
    sys.stderr.write(f"stand-in: {reason}\n")
    return 2
