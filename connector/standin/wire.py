"""HTTP/1.1 on a socket: kept connections, one thread each, and the freedom to hang up in the middle.

Servers made for production close the connection neatly whatever the application does; a stand-in must be able to drop
it before or after acting, and to send less than it promised. Hence this small one, for loopback and tests only.
"""

import io
import socket
import socketserver
import sys
import threading
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, BinaryIO
from urllib.parse import unquote_to_bytes
from wsgiref.types import WSGIApplication, WSGIEnvironment

__all__ = ["HangUp", "Wire"]

_LINE = 64 * 1024  # bytes in one header line
_LINES = 100  # header lines in one request
_BODY = 40 * 1024 * 1024  # bytes in one body; a photo could have 36 MB
_IDLE = 75  # seconds a kept connection may stay silent
_PHRASE = {status.value: status.phrase for status in HTTPStatus}


class HangUp(Exception):
    """Raised by the application: send nothing more and close the connection."""


class _Malformed(Exception):
    """What came over the wire is not HTTP/1.1; the connection gets a 400 and is closed."""


class Wire(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """Serves one WSGI application.

    Raises: OSError from the constructor when the address cannot be had.
    """

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, host: str, port: int, application: WSGIApplication) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.application = application
        self.kept: dict[socket.socket, threading.Thread] = {}
        self._lock = threading.Lock()
        super().__init__((host, port), _Connection)

    @property
    def port(self) -> int:
        """The port listened on, also when 0 was asked for."""
        return self.server_address[1]

    def remember(self, connection: socket.socket) -> None:
        """Note an open connection and the thread that serves it."""
        with self._lock:
            self.kept[connection] = threading.current_thread()

    def forget(self, connection: socket.socket) -> None:
        """The connection is about to be closed."""
        with self._lock:
            self.kept.pop(connection, None)

    def close(self) -> None:
        """Stop listening, hang up on whoever is still connected, and wait for their threads (at most a second)."""
        self.shutdown()
        self.server_close()
        with self._lock:
            kept = dict(self.kept)
        for connection in kept:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # the other side was quicker
        for thread in kept.values():
            thread.join(timeout=1)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news; anything else is a mistake of ours and is shown."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Connection(socketserver.BaseRequestHandler):
    server: Wire
    request: socket.socket

    def handle(self) -> None:
        connection = self.request
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(_IDLE)
        self.server.remember(connection)
        with io.BufferedReader(socket.SocketIO(connection, "r"), _LINE) as reader:
            try:
                while self._one(reader):
                    pass
            except HangUp:
                pass  # asked for by a fault; closing the socket is all there is to do
            except _Malformed as error:
                body = str(error).encode()
                connection.sendall(_head(400, [("Connection", "close"), ("Content-Length", str(len(body)))]) + body)
            finally:
                self.server.forget(connection)

    def _one(self, reader: BinaryIO) -> bool:
        """Serve one request; false when the connection is to be closed after it."""
        environ = self._environ(reader)
        if environ is None:
            return False
        keep = environ.pop("wire.keep")
        answer: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> Any:
            answer[:] = [int(status[:3]), headers]

        chunks: Iterable[bytes] = self.server.application(environ, start_response)
        sent_head = False
        for chunk in chunks:  # a truncating fault yields part of the body and then raises HangUp
            self.request.sendall(chunk if sent_head else _head(answer[0], answer[1]) + chunk)
            sent_head = True
        if not sent_head:
            self.request.sendall(_head(answer[0], answer[1]))
        return bool(keep)

    def _environ(self, reader: BinaryIO) -> WSGIEnvironment | None:
        line = _line(reader)
        if not line:
            return None
        try:
            method, target, version = line.decode("latin-1").split()
        except ValueError:
            raise _Malformed("the request line needs a method, a target and a version") from None
        path, _, query = target.partition("?")
        environ: WSGIEnvironment = {
            "REQUEST_METHOD": method,
            "REQUEST_URI": target,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "SERVER_PROTOCOL": version,
            "SERVER_NAME": self.server.server_address[0],
            "SERVER_PORT": str(self.server.port),
            "REMOTE_ADDR": self.client_address[0],
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        self._headers(reader, environ)
        connection = environ.get("HTTP_CONNECTION", "").lower()
        environ["wire.keep"] = connection != "close" if version == "HTTP/1.1" else connection == "keep-alive"
        if environ.get("HTTP_EXPECT", "").lower() == "100-continue":
            self.request.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = _body(reader, environ)
        environ["CONTENT_LENGTH"] = str(len(body))
        environ["wsgi.input"] = io.BytesIO(body)
        return environ

    def _headers(self, reader: BinaryIO, environ: WSGIEnvironment) -> None:
        for _ in range(_LINES):
            line = _line(reader)
            if not line:
                return
            name, colon, value = line.decode("latin-1").partition(":")
            if not colon or name != name.strip():
                raise _Malformed("a header line needs a name and a colon")
            key = name.upper().replace("-", "_")
            key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
            value = value.strip()
            environ[key] = f"{environ[key]},{value}" if key in environ else value
        raise _Malformed("too many header lines")


def _line(reader: BinaryIO) -> bytes:
    try:
        line = reader.readline(_LINE)
    except OSError:
        return b""  # silence for too long, or the other side is gone
    if line and not line.endswith(b"\n"):
        raise _Malformed("a line is too long or was cut off")
    return line.rstrip(b"\r\n")


def _body(reader: BinaryIO, environ: WSGIEnvironment) -> bytes:
    if environ.get("HTTP_TRANSFER_ENCODING", "").lower() == "chunked":
        return _chunks(reader)
    try:
        length = int(environ.get("CONTENT_LENGTH") or 0)
    except ValueError:
        raise _Malformed("Content-Length is not a number") from None
    if not 0 <= length <= _BODY:
        raise _Malformed("the body is too large")
    body = reader.read(length) if length else b""
    if len(body) < length:
        raise HangUp
    return body


def _chunks(reader: BinaryIO) -> bytes:
    whole = bytearray()
    while True:
        try:
            size = int(_line(reader).partition(b";")[0], 16)
        except ValueError:
            raise _Malformed("a chunk's size is not a number") from None
        if not 0 <= size <= _BODY - len(whole):
            raise _Malformed("the body is too large")
        whole += reader.read(size)
        end = _line(reader)
        if size == 0:
            while end:  # trailers
                end = _line(reader)
            return bytes(whole)


def _head(status: int, headers: Iterable[tuple[str, str]]) -> bytes:
    lines = [f"HTTP/1.1 {status} {_PHRASE.get(status, 'Unknown')}", *(f"{name}: {value}" for name, value in headers)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
