"""The one way to the token and revocation endpoints, as an adapter for `requests`, which google-auth-oauthlib uses."""

import ssl
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool

from connector.domain.errors import NotSent, OutcomeUnknown, UnreadableAnswer
from connector.google.answers import BODY_LIMIT
from connector.google.wire import BROKEN, open_pool, read_body

__all__ = ["Endpoints"]


class Endpoints(HTTPAdapter):
    """Sends each request once, to these endpoints' hosts and no other, and reads the answer under a limit.

    Mounted on every session of google-auth-oauthlib, so that all share kept connections and one TLS context
    (requirements.md, finding 17). Redirects, proxies and the environment's settings are left out: a token request
    goes where it was configured to go, or nowhere (R48).
    """

    def __init__(
        self, uris: Sequence[str], *, timeout: tuple[float, float], total: float, tls: ssl.SSLContext | None = None
    ) -> None:
        super().__init__(max_retries=0)
        self._timeout = timeout
        self._pools: dict[str, HTTPConnectionPool] = {}
        for uri in uris:
            if _origin(uri) not in self._pools:
                self._pools[_origin(uri)] = open_pool(uri, timeout=timeout, total=total, tls=tls)

    def post(self, uri: str, form: Mapping[str, str]) -> requests.Response:
        """POST a form. Raises: NotSent, OutcomeUnknown, UnreadableAnswer."""
        request = requests.Request("POST", uri, data=dict(form), headers={"Accept": "application/json"})
        return self.send(request.prepare())

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Any = None,
    ) -> requests.Response:
        """As HTTPAdapter's, but whole and bounded. Raises: NotSent, OutcomeUnknown, UnreadableAnswer."""
        try:
            response = super().send(request, stream=True, timeout=self._timeout)
        except (requests.RequestException, *BROKEN) as broken:
            # Not chained: a request's exception holds the request, and that holds secrets (finding 16).
            raise OutcomeUnknown(f"no answer from the endpoint: {type(broken).__name__}") from None
        if 300 <= response.status_code < 400:
            response.raw.close()
            raise UnreadableAnswer("a redirect")
        response._content = read_body(response.raw, BODY_LIMIT)
        response._content_consumed = True  # type: ignore[attr-defined]
        response.encoding = "utf-8"  # or requests guesses, at length
        return response

    def get_connection_with_tls_context(
        self, request: requests.PreparedRequest, verify: Any, proxies: Any = None, cert: Any = None
    ) -> HTTPConnectionPool:
        try:
            return self._pools[_origin(request.url or "")]
        except KeyError:
            raise NotSent("not an endpoint that is configured") from None

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Nothing to set up: the pool's own TLS context verifies, and is shared."""

    def close(self) -> None:
        """Close every kept connection."""
        super().close()
        for pool in self._pools.values():
            pool.close()


def _origin(uri: str) -> str:
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}"
