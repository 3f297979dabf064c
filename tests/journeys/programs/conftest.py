"""A program in another language: bytes on a socket, and what comes back.

The served application as it ships, on waitress, with the stand-in behind it.
"""

import base64
import json
import re
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from http.client import HTTPResponse
from typing import Any
from urllib.parse import urlencode

import pytest

import connector
from connector import server
from connector.config import Settings
from connector.domain import programs
from connector.domain.ports import Services
from connector.domain.records import Actor

FORM = "application/x-www-form-urlencoded"
OPERATOR = Actor("staff", "operator", "The operator")
BOTH = ("read-messages", "reply-to-messages")


@dataclass(frozen=True)
class Reply:
    """A whole answer; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The stable code of a problem, which has to be one."""
        assert self.headers["content-type"] == "application/problem+json", (self.status, self.body[:300])
        told = self.json
        assert told["status"] == self.status
        assert told["detail"].endswith(".")
        assert told["advice"].endswith(".")
        code: str = told["code"]
        return code


class Wire:
    """Sends requests exactly as they are given, each on a connection of its own."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.seen = b""  # every byte that came back

    def send(
        self, method: str, target: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Reply:
        """One request with a plain head."""
        lines = [f"{method} {target} HTTP/1.1", "Host: 127.0.0.1", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        return self.raw("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (body or b""), method)

    def raw(self, data: bytes, method: str = "GET") -> Reply:
        """Bytes as they are."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as connection:
            connection.sendall(data)
            answer = HTTPResponse(connection, method=method)
            answer.begin()
            body = answer.read()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        self.seen += f"{answer.status} {answer.getheaders()}\n".encode() + body + b"\n"
        return Reply(answer.status, headers, body)

    def token(self, client: str, secret: str, **more: str) -> Reply:
        """Ask for a token, with HTTP Basic."""
        basic = base64.b64encode(f"{client}:{secret}".encode()).decode()
        form = urlencode({"grant_type": "client_credentials", **more}).encode()
        return self.send("POST", "/api/oauth/token", {"Authorization": f"Basic {basic}", "Content-Type": FORM}, form)


@dataclass(frozen=True)
class Acting:
    """A program with a token, and the connection that it works on."""

    wire: Wire
    client: str
    secret: str
    token: str
    connection: str

    def google(
        self,
        method: str,
        rest: str,
        purpose: str | None = "read-messages",
        *,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        token: str | None = None,
        connection: str | None = None,
    ) -> Reply:
        """One request through the gate; `rest` is what follows `google/`, as written. A write is about its post."""
        sent = {"Authorization": f"Bearer {token or self.token}"}
        if purpose is not None:
            sent["Connector-Purpose"] = purpose
        data = None
        if body is not None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
            if post := re.search(r"activities/([^/?]+)/", rest):
                sent["Connector-Subject"] = post[1]
        target = f"/api/v1/connections/{connection or self.connection}/google/{rest}"
        return self.wire.send(method, target, sent | dict(headers or {}), data)


@pytest.fixture
def serve() -> Iterator[Callable[[Settings, Services], Wire]]:
    """`serve(settings, svc)`: the application on a port."""
    with ExitStack() as stack:

        def start(settings: Settings, svc: Services) -> Wire:
            listening = stack.enter_context(closing(server.Listening("127.0.0.1", 0)))
            stack.enter_context(server.Server(connector.create_app(settings, svc), listening))
            return Wire(listening.port)

        yield start


@pytest.fixture
def wire(serve: Callable[..., Wire], settings: Settings, svc: Services) -> Wire:
    """The application with the stand-in behind it."""
    return serve(settings, svc)


class Upstream:
    """Stands where Google's API would: keeps what arrives, byte for byte, and answers what it is told to."""

    def __init__(self) -> None:
        self.heads: list[bytes] = []
        self.bodies: list[bytes] = []
        self.answer: Callable[[bytes], bytes] = lambda _head: b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
        upstream = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                head = b""
                while line := self.rfile.readline():
                    head += line
                    if line == b"\r\n":
                        break
                if head:
                    upstream.heads.append(head)
                    length = re.search(rb"Content-Length: (\d+)", head)
                    if length:
                        upstream.bodies.append(self.rfile.read(int(length[1])))
                    self.wfile.write(upstream.answer(head))

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    """A listener in Google's place."""
    with closing(Upstream()) as made:
        yield made


@pytest.fixture
def to_upstream(
    acting: Acting, upstream: Upstream, serve: Callable[..., Wire], settings: Settings, open_services: Any
) -> Acting:
    """The same program and connection, on an application that has the listener in Google's place."""
    other = replace(settings, google_api_root=upstream.url)
    return replace(acting, wire=serve(other, open_services(other)))


@pytest.fixture
def to_nobody(acting: Acting, serve: Callable[..., Wire], settings: Settings, open_services: Any) -> Iterator[Acting]:
    """The same, where connections to Google are refused."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening, so nobody else listens there either
        nowhere = replace(settings, google_api_root=f"http://127.0.0.1:{taken.getsockname()[1]}/")
        yield replace(acting, wire=serve(nowhere, open_services(nowhere)))


@pytest.fixture
def add_program(svc: Services, people: Any) -> Callable[..., tuple[str, str]]:
    """`add_program(who, purposes=…)`: a program's client id and secret."""

    def add(who: Any = None, purposes: tuple[str, ...] = BOTH) -> tuple[str, str]:
        customer = (who or people.member).customer
        made, secret = programs.add(svc, OPERATOR, customer=customer, name="Answers", purposes=purposes)
        return made.id, secret.shown_once()

    return add


@pytest.fixture
def acting(wire: Wire, connect: Any, add_program: Callable[..., tuple[str, str]]) -> Acting:
    """A program of the café's customer, for reading and replying, with a token for both."""
    client, secret = add_program()
    connection = connect().id
    answer = wire.token(client, secret)
    assert answer.status == 200, answer.body
    return Acting(wire, client, secret, answer.json["access_token"], connection)
