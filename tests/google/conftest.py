"""A real server on a real socket, scripted per test: `responses` cannot show what happens when a connection drops."""

import datetime
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

Act = Callable[["Peer", bytes], None]


class Peer:
    """One connection, as the script sees it."""

    def __init__(self, connection: socket.socket, stopped: threading.Event) -> None:
        self.connection, self._stopped = connection, stopped
        self.finished = False

    def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.connection.sendall(piece)

    def answer(self, body: bytes = b"{}", *, status: str = "200 OK", headers: str = "") -> None:
        head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
        self.send(head.encode() + body)

    def drip(self, piece: bytes, pause: float = 0.05) -> None:
        """Send a piece again and again, until the client gives up."""
        while not self._stopped.is_set():
            self.send(piece)
            time.sleep(pause)

    def silence(self) -> None:
        """Say nothing until the test ends."""
        self._stopped.wait(30)

    def close(self) -> None:
        """Close in good order."""
        self.finished = True

    def reset(self) -> None:
        """Drop the connection on the floor."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        self.finished = True


class Server:
    """Listens on loopback, reads whole requests, keeps them, and lets the script answer."""

    def __init__(self, act: Act, context: ssl.SSLContext | None = None) -> None:
        self.requests: list[bytes] = []
        self.connections = self.closed = 0
        self._act, self._context = act, context
        self._stopped = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._listen)]
        self._threads[0].start()

    @property
    def root(self) -> str:
        scheme = "https" if self._context else "http"
        return f"{scheme}://127.0.0.1:{self._listener.getsockname()[1]}/"

    def stop(self) -> None:
        self._stopped.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        self._listener.close()

    def wait_until_closed(self, count: int) -> None:
        """Until that many connections were closed on this side."""
        for _ in range(500):
            if self.closed >= count:
                return
            time.sleep(0.01)
        raise AssertionError("the connection is still open")

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            thread = threading.Thread(target=self._serve, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, plain: socket.socket) -> None:
        plain.settimeout(0.05)
        try:
            connection = self._handshake(plain)
        except OSError:
            plain.close()
            return
        with connection:
            peer = Peer(connection, self._stopped)
            try:
                while not peer.finished and (request := self._read(connection)):
                    self.requests.append(request)
                    self._act(peer, request)
            except OSError:
                pass
        self.closed += 1

    def _handshake(self, plain: socket.socket) -> socket.socket:
        if self._context is None:
            return plain
        plain.settimeout(5)
        secure = self._context.wrap_socket(plain, server_side=True)
        secure.settimeout(0.05)
        return secure

    def _read(self, connection: socket.socket) -> bytes:
        got = b""
        while b"\r\n\r\n" not in got or len(got) < _whole(got):
            try:
                piece = connection.recv(65536)
            except TimeoutError:
                if self._stopped.is_set():
                    return b""
                continue
            if not piece:
                return b""
            got += piece
        return got


def _whole(got: bytes) -> int:
    head, _, _ = got.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return len(head) + 4 + (int(lengths[0]) if lengths else 0)


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Start a server with a script; it is stopped when the test ends."""
    started: list[Server] = []

    def start(act: Act, context: ssl.SSLContext | None = None) -> Server:
        started.append(Server(act, context))
        return started[-1]

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def closed_port() -> int:
    """A port on loopback that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate for 127.0.0.1 that nobody trusts, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "loopback")])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "loopback.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    return path
