"""The gate as the `http` object under Google's client: whatever the service asks for takes THE PATH of one call."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any

import httplib2

from connector.domain.calls import Ask, call
from connector.domain.errors import NotFound, Refused
from connector.domain.ports import Services
from connector.domain.records import Actor, Request
from connector.google.service import HasService

__all__ = ["Gate", "use"]

# Google's client writes these; the sender writes its own. Every other header goes along, to be judged on the path.
OURS_TO_WRITE = frozenset({"accept-encoding", "content-length", "user-agent", "x-goog-api-client"})


class Gate:
    """Stands where Google's client expects an `httplib2.Http`. It holds no token; each request is decided anew."""

    def __init__(
        self, svc: Services, *, actor: Actor, provider: str, connection: str, purpose: str, subject: str | None
    ) -> None:
        self._svc, self._actor = svc, actor
        self._provider, self._connection, self._purpose, self._subject = provider, connection, purpose, subject
        self._open = True

    def request(
        self,
        uri: str,
        method: str = "GET",
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        redirections: int = 0,
        connection_type: object = None,
    ) -> tuple[httplib2.Response, bytes]:
        """Make one request, as Google's client asks for it. Redirects are never followed.

        Raises: Refused once the `use` block has ended; else as connector.domain.calls.call.
        """
        if not self._open:
            raise Refused("use-ended", "This use of the connection has ended. Start a new one.")
        kept = {name: value for name, value in (headers or {}).items() if name.lower() not in OURS_TO_WRITE}
        request = Request(method, uri, kept, _bytes(body))
        ask = Ask(self._actor, self._provider, self._connection, self._purpose, request, self._subject)
        answer = call(self._svc, ask)
        return httplib2.Response({**answer.headers, "status": str(answer.status)}), answer.body

    def close(self) -> None:
        """End this use. Requests made before and executed later are refused."""
        self._open = False


@contextmanager
def use(
    svc: Services,
    connection: str,
    *,
    purpose: str,
    actor: Actor,
    subject: str | None = None,
    provider: str = "google-plus",
) -> Generator[Any, None, None]:
    """Google's own client for one connection and one stated purpose.

    Args:
        connection: the connection's id.
        purpose: the purpose's id; every request must be covered by it.
        actor: who asks.
        subject: the message or post this is about, by the provider's id; a purpose that answers one thing needs it.

    Raises: NotFound for a provider that is not set up, or that Google's client does not serve.
    """
    api = svc.network(provider).api
    if not isinstance(api, HasService):
        raise NotFound(provider)
    gate = Gate(svc, actor=actor, provider=provider, connection=connection, purpose=purpose, subject=subject)
    try:
        yield api.service.view(gate)
    finally:
        gate.close()


def _bytes(body: Any) -> bytes | None:
    if body is None or isinstance(body, bytes):
        return body
    if isinstance(body, str):
        return body.encode()
    raise Refused("body-not-bytes", "Streams are not sent. No purpose covers uploads.")
