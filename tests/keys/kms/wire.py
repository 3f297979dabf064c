"""A server on loopback that can go wrong in every way a key service does. What it is asked, it writes down."""

import contextlib
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HANG = 30.0  # seconds; longer than any test waits, ended early by `stop`


@dataclass
class Answer:
    """What goes back."""

    status: int
    body: Any = None
    headers: Any = field(default_factory=dict)


class Wire:
    """One service. `fault` is a plain attribute: none, hang, drip, drop, garbage, html, redirect, or a status."""

    def __init__(self) -> None:
        self.fault: str | int | None = None
        self.seen: list[tuple[str, str, dict[str, Any]]] = []  # method, path, body
        self.tokens: list[str] = []
        self._stopped = threading.Event()
        wire = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = 65536  # headers and body in one packet, or each answer waits for an acknowledgement

            def _serve(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                raw = self.rfile.read(length)
                body = json.loads(raw) if raw else {}
                path = self.path.partition("?")[0]
                wire.seen.append((self.command, path, body))
                if wire._stopped.is_set():
                    self.close_connection = True
                elif not self._misbehave():
                    self._send(wire.answer(self.command, path, body, self.headers))

            do_GET = do_POST = do_PUT = do_PATCH = _serve  # noqa: N815

            def _misbehave(self) -> bool:
                match wire.fault:
                    case None:
                        return False
                    case "hang":
                        wire._stopped.wait(HANG)
                        self.close_connection = True
                    case "drip":
                        self.send_response(200)
                        self.send_header("Content-Type", "application/json")
                        self.send_header("Content-Length", "100000")
                        self.end_headers()
                        while not wire._stopped.wait(0.05):
                            try:
                                self.wfile.write(b" ")
                                self.wfile.flush()
                            except OSError:
                                break
                        self.close_connection = True
                    case "drop":
                        self.close_connection = True
                        self.connection.close()
                    case "garbage":
                        self._send(Answer(200, b"\x00{not json", {"Content-Type": "application/json"}))
                    case "html":
                        self._send(Answer(200, b"<html>Welcome</html>", {"Content-Type": "text/html"}))
                    case "empty":
                        self._send(Answer(200, {}))
                    case "redirect":
                        self._send(Answer(307, b"", {"Location": f"{wire.url}{self.path}"}))
                    case status:
                        self._send(wire.failed(int(status)))
                return True

            def _send(self, answer: Answer) -> None:
                body = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
                if answer.status == 204:
                    body = b""
                self.send_response(answer.status)
                for name, value in ({"Content-Type": "application/json"} | answer.headers).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                """Silent."""

            def handle(self) -> None:
                with contextlib.suppress(OSError):
                    super().handle()

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def stop(self) -> None:
        """Stop serving; whoever hangs is let go."""
        self._stopped.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def asked(self, word: str) -> int:
        """How many requests had that word in their path or target."""
        return sum(word in path for _, path, _ in self.seen)

    def answer(self, method: str, path: str, body: dict[str, Any], headers: Any) -> Answer:
        """What the service says when nothing is wrong."""
        raise NotImplementedError

    def failed(self, status: int) -> Answer:
        """What the service says with that status."""
        raise NotImplementedError
