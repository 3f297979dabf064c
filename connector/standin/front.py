"""The front door: every request passes here, is recorded, and meets the faults set for its endpoint."""

import ipaddress
import json
import threading
from collections.abc import Callable, Iterable, Iterator
from email.utils import formatdate
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from connector.standin import errors, recorder
from connector.standin.api import Answer, Api, failure
from connector.standin.faults import Fault
from connector.standin.routes import ROOT, router
from connector.standin.state import StandIn
from connector.standin.wire import HangUp

__all__ = ["Front"]

_INSTEAD = ("status", "drop_before")
_AFTER = ("drop_after", "truncate", "body")


class Front:
    """A WSGI application: control plane for loopback peers, API, and the rest to Flask."""

    def __init__(self, standin: StandIn, pages: WSGIApplication) -> None:
        self._standin, self._pages = standin, pages
        self._api = Api(standin)
        self._stopping = threading.Event()
        self._second, self._shown = 0, ""

    def stop(self) -> None:
        """End every delay that is under way."""
        self._stopping.set()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        raw_path = environ["REQUEST_URI"].partition("?")[0]
        if raw_path.startswith("/test/"):
            # A page in a browser on this machine is a loopback peer too, but says where it comes from.
            foreign = environ.get("HTTP_ORIGIN", self._standin.base_url) != self._standin.base_url
            if foreign or not _is_loopback(environ.get("REMOTE_ADDR", "")):
                return failure(errors.not_found()).send(start_response)
            return self._pages(environ, start_response)
        route = router().match(environ["REQUEST_METHOD"], raw_path)
        operation = route.operation if route else None
        endpoint = operation or recorder.endpoint_of(raw_path)
        record = recorder.begin(self._standin, environ, endpoint, operation)

        def act() -> Answer:
            if route is not None or raw_path.startswith((ROOT, "/upload/", "/resumable/")):
                answer = self._api.answer(environ, route)
            else:
                answer = self._flask(environ)
            record["acted"] = answer.status < 400
            return answer

        answer = self._with_faults(endpoint, act, record) if endpoint else act()
        if isinstance(answer, Answer):
            record["status"] = answer.status
            return answer.send(start_response, self._date())
        return answer(start_response)

    def _date(self) -> tuple[str, str]:
        """The stand-in's clock, for clients that compare it with theirs."""
        second = int(self._standin.clock.now().timestamp())
        if second != self._second:
            self._second, self._shown = second, formatdate(second, usegmt=True)
        return "Date", self._shown

    def _with_faults(
        self, endpoint: str, act: Callable[[], Answer], record: dict[str, Any]
    ) -> Answer | Callable[[StartResponse], Iterable[bytes]]:
        faults = self._standin.faults
        if delay := faults.take(endpoint, ["delay"]):
            self._stopping.wait(delay.seconds)
        if endpoint != "token" and faults.take(endpoint, ["missing_scope"]):
            return failure(errors.insufficient())
        if fault := faults.take(endpoint, _INSTEAD):
            if fault.kind == "drop_before":
                raise HangUp
            return _made_up(fault, fault.status or 503)
        answer = act()
        fault = faults.take(endpoint, _AFTER)
        if fault is None:
            return answer
        if fault.kind == "drop_after":
            raise HangUp
        if fault.kind == "body":
            return _made_up(fault, fault.status or answer.status)
        record["status"] = answer.status
        return lambda start_response: _cut_off(answer, start_response)

    def _flask(self, environ: WSGIEnvironment) -> Answer:
        head: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> Any:
            head[:] = [int(status[:3]), tuple(pair for pair in headers if pair[0] != "Content-Length")]

        body = b"".join(self._pages(environ, start_response))
        return Answer(head[0], head[1], body)


def _made_up(fault: Fault, status: int) -> Answer:
    """The answer a fault asks for; Google's error JSON when it names no body."""
    if fault.body is None:
        made = failure(errors.backend(status))
        return Answer(status, (*made.headers, *fault.headers.items()), made.body)
    text = fault.body if isinstance(fault.body, str) else json.dumps(fault.body, ensure_ascii=False)
    kind = {"Content-Type": "application/json; charset=UTF-8"} | fault.headers
    return Answer(status, tuple(kind.items()), text.encode("utf-8", "surrogatepass"))


def _cut_off(answer: Answer, start_response: StartResponse) -> Iterator[bytes]:
    """Promise the whole body, send half of it, hang up."""
    body = iter(answer.send(start_response))
    whole = next(body, b"")
    yield whole[: len(whole) // 2]
    raise HangUp


def _is_loopback(address: str) -> bool:
    try:
        peer = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = peer.ipv4_mapped if isinstance(peer, ipaddress.IPv6Address) else None
    return (mapped or peer).is_loopback
