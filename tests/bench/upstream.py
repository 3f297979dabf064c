"""A stand-in for the network: a process that answers every request with the same 1.5 KB of JSON and keeps connections.

It holds the fields that reading messages asks for and no others, as Google's answer would.

It is as fast as Python can be, so that what is measured is the client. It prints its port; given a file with a key and
a certificate it speaks TLS.
"""

import asyncio
import json
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["BODY", "running"]

BODY = json.dumps(
    {
        "items": [
            {
                "id": f"z12abc{number}",
                "published": "2018-10-06T12:00:00.000Z",
                "actor": {"id": f"11720000000000000000{number}", "displayName": f"Person {number}"},
                "object": {"content": "How late are you open on Sunday? " * 11},
            }
            for number in range(3)
        ],
    }
).encode()
_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=UTF-8\r\n"
    b"Content-Length: %d\r\nConnection: keep-alive\r\n\r\n"
)


class _Answering(asyncio.Protocol):
    """Answers each head; the body of a POST has none in it and is passed over."""

    def __init__(self, body: bytes) -> None:
        self._head, self._answer = b"", _HEAD % len(body) + body

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._head += data
        while b"\r\n\r\n" in self._head:
            _, self._head = self._head.split(b"\r\n\r\n", 1)
            self._transport.write(self._answer)


async def _serve(certificate: str, body: bytes) -> None:
    tls = None
    if certificate:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(certificate)
    server = await asyncio.get_running_loop().create_server(lambda: _Answering(body), "127.0.0.1", 0, ssl=tls)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


@contextmanager
def running(certificate: Path | None = None, body: bytes = BODY) -> Iterator[str]:
    """The address of one in a process of its own, such as `http://127.0.0.1:40123/`, or https with a certificate."""
    scheme, given = "http" if certificate is None else "https", [str(certificate or ""), body.decode()]
    with subprocess.Popen([sys.executable, __file__, *given], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"{scheme}://127.0.0.1:{int(process.stdout.readline())}/"
        finally:
            process.terminate()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], sys.argv[2].encode()))
