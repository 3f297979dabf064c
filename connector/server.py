"""The WSGI server under the pages: waitress, with a port that is taken told in one line."""

import signal
import socket
import threading
from types import TracebackType
from typing import Any

from flask import Flask
from waitress import wasyncore
from waitress.server import create_server

from connector.domain.errors import NotSetUp

__all__ = ["Listening", "Server", "stop_on_sigterm"]

THREADS = 8
LARGEST_BODY = 1024 * 1024  # bytes; the pages take far less and say so, this is what may reach the disk


def stop_on_sigterm() -> None:
    """Let SIGTERM end this program as Ctrl-C does: what it started is stopped first. For the main thread."""
    signal.signal(signal.SIGTERM, _as_interrupt)


def _as_interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


class Listening:
    """A listening socket, taken before anything else is started.

    Raises: NotSetUp when the port is taken or may not be used.
    """

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        try:
            self.socket = socket.create_server((host, port))
        except (OSError, OverflowError) as no:
            what = no.strerror if isinstance(no, OSError) else "no such port"
            raise NotSetUp(
                f"Port {port} on {host} cannot be used ({what}). Choose another with --port, or stop what uses it."
            ) from None
        self.port: int = self.socket.getsockname()[1]

    def close(self) -> None:
        """Give the port back; does nothing when it was given back already."""
        self.socket.close()


class Server:
    """Serves from the beginning of the block to its end."""

    def __init__(self, app: Flask, on: Listening, *, behind_proxy: bool = False) -> None:
        self._sockets: dict[int, Any] = {}  # every open socket of the server, by file number
        self._server: Any = create_server(
            app,
            self._sockets,
            sockets=[on.socket],
            threads=THREADS,
            max_request_body_size=LARGEST_BODY,
            ident=None,
            clear_untrusted_proxy_headers=not behind_proxy,
        )
        self.url = f"http://{on.host}:{on.port}"
        self._thread = threading.Thread(target=self._server.run, name="pages", daemon=True)

    def __enter__(self) -> "Server":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.task_dispatcher.shutdown()
        # In the serving thread, between two rounds of its loop: closed from here, the loop would trip over a socket
        # that is gone, and browsers' kept connections would stay open.
        self._server.trigger.pull_trigger(self._close)
        self._thread.join(timeout=5)

    def _close(self) -> None:
        wasyncore.close_all(self._sockets)

    def wait(self) -> None:
        """Serve until KeyboardInterrupt (Ctrl-C, or SIGTERM after `stop_on_sigterm`), which is passed on."""
        while self._thread.is_alive():
            self._thread.join(timeout=3600)
