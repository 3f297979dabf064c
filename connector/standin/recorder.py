"""What is written down of a request: enough to test against, and never the value of a token, code or secret."""

from typing import Any
from urllib.parse import parse_qs
from wsgiref.types import WSGIEnvironment

from connector.standin.api import bearer, first_values
from connector.standin.clock import stamp
from connector.standin.state import StandIn

__all__ = ["begin", "endpoint_of", "shown"]

_ENDPOINTS = {"/o/oauth2/v2/auth": "auth", "/token": "token", "/revoke": "revoke", "/tokeninfo": "tokeninfo"}
_SHOWN_IN_FORM = ("grant_type", "scope")
_HIDDEN = frozenset(
    {"access_token", "client_secret", "code", "code_verifier", "id_token", "key", "oauth_token"}
    | {"refresh_token", "request", "state", "token"}
)


def endpoint_of(path: str) -> str | None:
    """The short name of an OAuth address."""
    return _ENDPOINTS.get(path)


def begin(standin: StandIn, environ: WSGIEnvironment, endpoint: str | None, operation: str | None) -> dict[str, Any]:
    """Note a request that has come in; its status and what it did are filled in when it is over."""
    query = first_values(environ["QUERY_STRING"])
    token = bearer(environ, query)
    access = standin.tokens.access(token) if token else None
    record = {
        "at": standin.clock.now(),
        "method": environ["REQUEST_METHOD"],
        "path": environ["PATH_INFO"],
        "query": {name: "(hidden)" if name in _HIDDEN else value for name, value in query.items()},
        "endpoint": endpoint,
        "operation": operation,
        "status": None,
        "acted": False,
        "authorization": "present" if environ.get("HTTP_AUTHORIZATION") else "absent",
        "form": _form(environ) if endpoint in ("token", "revoke") else None,
        "token_scopes": sorted(access.scopes) if access else None,
    }
    standin.requests.append(record)
    return record


def shown(record: dict[str, Any]) -> dict[str, Any]:
    """A record as JSON."""
    return record | {"at": stamp(record["at"])}


def _form(environ: WSGIEnvironment) -> dict[str, Any]:
    """The names of the fields, and the two values that are no secret."""
    body = environ["wsgi.input"]
    raw = body.read(int(environ.get("CONTENT_LENGTH") or 0))
    body.seek(0)
    fields = parse_qs(raw.decode("utf-8", "replace"), keep_blank_values=True)
    return {"names": sorted(fields)} | {name: fields[name][0] for name in _SHOWN_IN_FORM if name in fields}
