"""The Pages API: one WSGI application over the discovery document's methods.

Doors in order: token, scopes, parameters, page, body. Answers to reads are kept until the world changes.
"""

import functools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs
from wsgiref.types import StartResponse, WSGIEnvironment

from connector.standin import needs, resources
from connector.standin.caller import Call, acting
from connector.standin.errors import (
    ApiError,
    insufficient,
    invalid,
    login_required,
    not_found,
    not_implemented,
    parse_error,
    required,
    unauthorized,
)
from connector.standin.fields import select
from connector.standin.reading import READS
from connector.standin.routes import Route
from connector.standin.state import StandIn
from connector.standin.tokens import Access
from connector.standin.writing import WRITES

__all__ = ["Answer", "Api", "bearer", "failure", "first_values"]

_KEPT = 5_000  # answers; forgotten together when full or out of date
_HEADERS = (
    ("Cache-Control", "private, max-age=0, must-revalidate, no-transform"),
    ("Content-Type", "application/json; charset=UTF-8"),
    ("Server", "GSE"),
)
_indented = json.JSONEncoder(indent=1, ensure_ascii=False).encode
_compact = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, complete."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    etag: str | None = None

    def send(self, start_response: StartResponse, *more: tuple[str, str]) -> Iterable[bytes]:
        """As WSGI wants it, with more headers."""
        length = () if self.status in (204, 304) else (("Content-Length", str(len(self.body))),)
        start_response(f"{self.status} -", [*self.headers, *more, *length])
        return [self.body]


def failure(error: ApiError) -> Answer:
    """An error as an answer."""
    body = _indented(error.json()).encode("utf-8", "surrogatepass")
    return Answer(error.status, (*_HEADERS, *error.headers.items()), body)


def bearer(environ: WSGIEnvironment, query: Mapping[str, str]) -> str | None:
    """The token of a request: in the header, or in the query as Google then allowed."""
    kind, _, value = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    if kind.lower() == "bearer" and value:
        return str(value.strip())
    return query.get("access_token") or query.get("oauth_token")


class Api:
    """Answers the methods of the discovery document."""

    def __init__(self, standin: StandIn) -> None:
        self._standin = standin
        self._answers: dict[tuple[Any, ...], Answer] = {}
        self._of: tuple[Any, ...] = ()

    def answer(self, environ: WSGIEnvironment, route: Route | None) -> Answer:
        """Answer one request; `route` is None when the document has no such method."""
        with self._standin.lock:
            try:
                return self._answer(environ, route)
            except ApiError as error:
                return failure(error)

    def _answer(self, environ: WSGIEnvironment, route: Route | None) -> Answer:
        if route is None:
            raise not_found()
        query = first_values(environ["QUERY_STRING"])
        access = self._access(environ, query)
        if route.operation not in READS:
            return self._fresh(environ, route, query, access)
        # An answer is kept under all that it depends on, the scopes too: what is found here passed the doors before.
        key = (route.operation, access.account, access.scopes, environ["REQUEST_URI"])
        now = (self._standin.generation, self._standin.world.version, self._standin.base_url)
        if self._of != now or len(self._answers) > _KEPT:
            self._answers.clear()
            self._of = now
        kept = self._answers.get(key)
        if kept is None:
            kept = self._answers[key] = self._fresh(environ, route, query, access)
        if kept.etag is not None and _names(environ.get("HTTP_IF_NONE_MATCH", ""), kept.etag):
            return Answer(304, kept.headers, b"")
        return kept

    def _access(self, environ: WSGIEnvironment, query: Mapping[str, str]) -> Access:
        value = bearer(environ, query)
        if value is None:
            raise login_required()
        access = self._standin.tokens.access(value)
        if access is None:
            raise unauthorized()
        return access

    def _fresh(self, environ: WSGIEnvironment, route: Route, query: Mapping[str, str], access: Access) -> Answer:
        route.check_address()
        if not needs.enough(route.operation, route.path, access.scopes):
            raise insufficient()
        parameters = route.parameters(query)
        if query.get("alt", "json") not in ("json", "media"):
            raise invalid("alt", f"Invalid string value: '{query['alt']}'. Allowed values: [json]")
        viewer = acting(self._standin, access, route.operation, parameters)
        if route.operation not in READS and route.operation not in WRITES:
            raise not_implemented(route.operation)
        body = _body(environ) if "request" in route.method else {}
        call = Call(self._standin, route.operation, parameters, access, viewer, body, environ.get("HTTP_IF_MATCH"))
        if route.operation in READS:
            return _success(READS[route.operation](call), route, query)
        return _success(WRITES[route.operation](call), route, query)


def _success(resource: dict[str, Any] | None, route: Route, query: Mapping[str, str]) -> Answer:
    if resource is None:
        return Answer(204, _HEADERS[:1] + _HEADERS[2:], b"")
    fields = query.get("fields", "")
    resource = tagged = resources.tagged(resource, fields)
    if fields:
        resource = select(resource, fields, route.method["response"]["$ref"])
    encode = _compact if query.get("prettyPrint") == "false" else _indented
    body = encode(resource).encode("utf-8", "surrogatepass")
    return Answer(200, (*_HEADERS, ("ETag", tagged["etag"])), body, tagged["etag"])


def _body(environ: WSGIEnvironment) -> dict[str, Any]:
    raw = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    if not raw:
        raise required("resource", "body")
    try:
        body = json.loads(raw)
    except ValueError:
        raise parse_error() from None
    if not isinstance(body, dict):
        raise parse_error()
    return body


def _names(if_none_match: str, etag: str) -> bool:
    return if_none_match == "*" or etag in (part.strip().removeprefix("W/") for part in if_none_match.split(","))


@functools.lru_cache(maxsize=2048)
def first_values(query: str) -> Mapping[str, str]:
    """A query's parameters; of a repeated one the first counts. Not to be changed by the caller."""
    return {name: values[0] for name, values in parse_qs(query, keep_blank_values=True).items()}
