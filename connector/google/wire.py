"""Connections to fixed hosts that end in bounded time and memory, and say truthfully whether anything was sent.

The rule of classification lives here, once: until the connection stands, nothing left this machine (NotSent); from
the first byte on, the request may have arrived (OutcomeUnknown); an answer that is whole but breaks a limit is
UnreadableAnswer. Nothing is ever sent a second time.
"""

import functools
import ipaddress
import os
import re
import socket
import ssl
import time
import zlib
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

import requests.utils
from urllib3 import BaseHTTPResponse, HTTPConnectionPool, HTTPSConnectionPool, Retry, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.response import HTTPResponse

from connector.domain.errors import NotSent, OutcomeUnknown, UnreadableAnswer

__all__ = ["BROKEN", "NEVER", "check_endpoint", "open_pool", "read_body", "tls_context"]

NEVER = Retry(False, redirect=False)  # neither retries nor redirects (requirements.md, finding 3 and R48)
BROKEN = (HTTPError, HTTPException, OSError)  # what urllib3 and the socket raise once a request may have left
IDLE_LIMIT = 60.0  # seconds a kept connection may rest: well under Google's own limit, so it closes first less often
SENDABLE = re.compile(r"https?://[!-~]+")


def check_endpoint(url: str) -> str:
    """The address, if requests may go there: https anywhere, http on this machine only.

    Raises: ValueError.
    """
    parts = urlsplit(url) if SENDABLE.fullmatch(url) else None
    if parts is None or not parts.hostname or parts.fragment or "@" in parts.netloc or "\\" in url:
        raise ValueError("an endpoint is a plain http or https address with a host")
    if parts.scheme == "http" and not _loopback(parts.hostname):
        raise ValueError("plain http is for this machine only; use https")
    return url


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@functools.cache
def tls_context() -> ssl.SSLContext:
    """The process's one TLS context: certificates and host names are verified, TLS 1.2 or later.

    Parsing the certificate bundle costs 20 ms and more, so it happens once (requirements.md, finding 17).
    `SSL_CERT_FILE` replaces the bundle, as with OpenSSL's own tools.
    """
    return ssl.create_default_context(cafile=os.environ.get("SSL_CERT_FILE") or requests.utils.DEFAULT_CA_BUNDLE_PATH)


class _Patience:
    """How long one read may take, and when the whole answer must be there (both in seconds)."""

    __slots__ = ("deadline", "per_read")

    def __init__(self, per_read: float, total: float) -> None:
        self.per_read, self.deadline = per_read, time.monotonic() + total

    def left(self) -> float:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer took too long")
        return min(left, self.per_read)


class _Socket(socket.socket):
    """A socket whose reads, headers included, end by a common deadline: a slow drip cannot hold a thread."""

    patience: _Patience | None = None

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        if self.patience is not None:
            self.settimeout(self.patience.left())
        return super().recv_into(buffer, nbytes, flags)


class _TlsSocket(ssl.SSLSocket):
    """The same over TLS."""

    patience: _Patience | None = None

    def recv_into(self, buffer: Any, nbytes: int | None = None, flags: int = 0) -> int:
        if self.patience is not None:
            self.settimeout(self.patience.left())
        return super().recv_into(buffer, nbytes, flags)


class _Connection(HTTPConnection):
    """One kept connection. Failing to connect is NotSent, whoever asked for it."""

    total = 30.0  # seconds from the request to the end of its answer; set per pool
    used_at = 0.0

    def connect(self) -> None:
        self.used_at = time.monotonic()
        try:
            super().connect()
        except BROKEN as broken:
            raise NotSent(f"cannot connect to {self.host}: {type(broken).__name__}") from None

    def _new_conn(self) -> socket.socket:
        plain = super()._new_conn()
        timed = _Socket(plain.family, plain.type, plain.proto, fileno=plain.detach())
        timed.settimeout(self.timeout)
        return timed

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as urllib3's own
        if isinstance(self.sock, (_Socket, _TlsSocket)):
            self.sock.patience = _Patience(self.timeout or self.total, self.total)
        self.used_at = time.monotonic()
        return super().getresponse()

    @property
    def is_connected(self) -> bool:
        """urllib3 asks before it uses a kept connection again, and opens a new one when the answer is no."""
        return time.monotonic() - self.used_at < IDLE_LIMIT and super().is_connected


class _TlsConnection(_Connection, HTTPSConnection):
    pass


def open_pool(
    root: str, *, timeout: tuple[float, float], total: float, tls: ssl.SSLContext | None = None, size: int = 32
) -> HTTPConnectionPool:
    """A pool of kept connections to the host of `root`, and no other.

    Args:
        root: an address whose scheme, host and port count.
        timeout: seconds to connect, and seconds one read may take.
        total: seconds from the request to the end of its answer.
        tls: a context of one's own, for a private certificate authority.
        size: connections kept; more are opened when needed and closed after use.
    """
    parts = urlsplit(check_endpoint(root))
    host, port = parts.hostname or "", parts.port
    patience = Timeout(connect=timeout[0], read=timeout[1])
    if parts.scheme == "http":
        plain = HTTPConnectionPool(host, port, timeout=patience, maxsize=size, block=False, retries=NEVER)
        plain.ConnectionCls = type("_Plain", (_Connection,), {"total": total})
        return plain
    context = tls or tls_context()
    context.sslsocket_class = _TlsSocket
    secure = HTTPSConnectionPool(
        host, port, timeout=patience, maxsize=size, block=False, retries=NEVER, ssl_context=context
    )
    secure.ConnectionCls = type("_Secure", (_TlsConnection,), {"total": total})
    return secure


def read_body(response: BaseHTTPResponse, limit: int) -> bytes:
    """The whole body, decompressed, of at most `limit` bytes.

    Raises: OutcomeUnknown when it does not arrive whole; UnreadableAnswer when it is too large or does not unpack.
    """
    raw = b""
    try:
        # NOTE: urllib3 compares with Content-Length only when a read finds nothing more, so read until then.
        while len(raw) <= limit and (piece := response.read(limit + 1 - len(raw), decode_content=False)):
            raw += piece
    except BROKEN as broken:
        response.close()
        raise OutcomeUnknown(f"the answer broke off: {type(broken).__name__}") from None
    if len(raw) > limit:
        response.close()
        raise UnreadableAnswer("larger than allowed")
    response.release_conn()
    packing = response.headers.get("content-encoding", "identity").strip().lower()
    if packing == "identity" or not raw:
        return raw
    if packing not in ("gzip", "x-gzip"):
        raise UnreadableAnswer("compressed in a way that was not asked for")
    return _unpacked(raw, limit)


def _unpacked(raw: bytes, limit: int) -> bytes:
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        body = unpacker.decompress(raw, limit + 1)
    except zlib.error:
        raise UnreadableAnswer("its compression is broken") from None
    if len(body) > limit:
        raise UnreadableAnswer("larger than allowed")
    if not unpacker.eof or unpacker.unused_data:
        raise UnreadableAnswer("its compression is broken")
    return body
