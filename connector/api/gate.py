"""`/api/v1/connections/<id>/google/<path>`: one request to the provider, by THE PATH of one call.

The path and the query go on byte for byte as they came. A server decodes the path for the application behind it, and a
decoded slash cannot be told from a plain one; so both are taken from the request line. What does not stand there in the
one plain way is refused and recorded, as the router refuses all else.
"""

import re

from flask import Blueprint, Response, request
from werkzeug.routing import BaseConverter

from connector.api.guard import current_caller
from connector.api.settings import services, settings
from connector.domain.calls import PLAIN_HEADERS, Ask, call
from connector.domain.errors import BadInput, NotFound
from connector.domain.records import Answer, Request

__all__ = ["Rest", "blueprint"]

PURPOSE, SUBJECT = "Connector-Purpose", "Connector-Subject"
PASSED_BACK = ("content-type", "etag", "last-modified", "retry-after")
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_PRINTABLE = re.compile(r"[!-~]{1,64}")
_SUBJECT = re.compile(r"[ -~]{1,256}")
_HEADER_VALUE = re.compile(r"[ -~]{0,1024}")


class Rest(BaseConverter):
    """Everything that is left of an address, slashes and nothing included."""

    regex = r"[\s\S]*"
    part_isolating = False


def blueprint(verbs: tuple[str, ...]) -> Blueprint:
    """The view, for these methods."""
    made = Blueprint("gate", __name__)
    made.add_url_rule("/api/v1/connections/<connection>/google/<rest:path>", "forward", _forward, methods=list(verbs))
    return made


def _forward(connection: str, path: str) -> Response:
    """Forward one request for the purpose named in `Connector-Purpose`."""
    caller, purpose, subject = current_caller(), request.headers.get(PURPOSE, ""), request.headers.get(SUBJECT)
    if not _ID.fullmatch(connection):  # no id looks like that, and PostgreSQL could not look for some of it
        raise NotFound(connection)
    if not _PRINTABLE.fullmatch(purpose):
        raise BadInput(f"The header {PURPOSE} must name one purpose. Nothing was sent.")
    if subject is not None and not _SUBJECT.fullmatch(subject):
        raise BadInput(f"The header {SUBJECT} must be 1 to 256 printable ASCII characters. Nothing was sent.")
    provider = _provider(caller.program.customer, connection)
    prefix = f"/api/v1/connections/{connection}/google/"
    line = request.environ.get("REQUEST_URI", "")
    exact = line.startswith(prefix)
    asked = Request(
        verb=request.method,
        # What stands in the request line in another way is shown to the router as it is, which refuses it.
        url=settings().roots[provider] + line.removeprefix(prefix) if exact else line,
        headers={name: value for name, value in request.headers if name.lower() in PLAIN_HEADERS},
        body=request.get_data() or None,
    )
    ask = Ask(caller.program.actor(), provider, connection, purpose, asked, subject, within=caller.purposes)
    return _passed_back(call(services(), ask))


def _provider(customer: str, connection: str) -> str:
    """Whose API it is. One that is not the customer's is refused on the path of the call, which records it."""
    with services().store.read() as tx:
        found = tx.connections.get(customer, connection)
    return found.provider if found else next(iter(services().networks))


def _passed_back(answer: Answer) -> Response:
    response = Response(answer.body, answer.status)
    del response.headers["Content-Type"]
    for name in PASSED_BACK:
        value = answer.headers.get(name)
        if value is not None and _HEADER_VALUE.fullmatch(value):
            response.headers[name] = value
    response.headers["Connector-Answer"] = "google"  # ours are application/problem+json and do not have it
    return response
