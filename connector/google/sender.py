"""Sends one request to the Pages API, once."""

import re
import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

from urllib3 import BaseHTTPResponse

from connector.domain.calls import is_plain_header
from connector.domain.errors import OutcomeUnknown, Refused, UnreadableAnswer
from connector.domain.records import Answer, Request
from connector.domain.secret import AccessToken
from connector.google.quiet import quiet_loggers
from connector.google.wire import BROKEN, NEVER, open_pool, read_body

__all__ = ["PagesSender"]

VERB = re.compile(r"[A-Z]{1,16}")
ADDRESS = re.compile(r"[!\"$-\[\]-~]{1,8192}")  # printable, without # and backslash


class PagesSender:
    """Implements ports.Sender over one pool of kept connections to one fixed host. Safe to share between threads."""

    def __init__(
        self,
        api_root: str,
        *,
        timeout: tuple[float, float] = (3.05, 10.0),
        total: float = 30.0,
        limit: int = 8 * 1024 * 1024,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Set up without connecting.

        Args:
            api_root: such as `https://www.googleapis.com/`; requests go below it and nowhere else (R48).
            timeout: seconds to connect, and seconds one read may take.
            total: seconds from a request to the end of its answer.
            limit: bytes an answer may have, decompressed.
            tls: a context of one's own, for a private certificate authority.

        Raises: ValueError for a root that is neither https nor http on this machine.
        """
        quiet_loggers()
        self._root = api_root if api_root.endswith("/") else f"{api_root}/"
        parts = urlsplit(self._root)
        self._origin = len(f"{parts.scheme}://{parts.netloc}")
        self._limit = limit
        self._pool = open_pool(self._root, timeout=timeout, total=total, tls=tls)

    def send(self, request: Request, token: AccessToken) -> Answer:
        """Any status is an answer, a redirect too: it is not followed.

        Raises:
            Refused: the request is for another host, or carries a header that is not allowed. Nothing was sent.
            NotSent, OutcomeUnknown, UnreadableAnswer: as ports.Sender says.
        """
        target = self._target(request)
        headers = _headers(request.headers, token)
        try:
            response = self._pool.urlopen(
                request.verb,
                target,
                body=request.body,
                headers=headers,
                retries=NEVER,
                redirect=False,
                assert_same_host=False,  # the target is a path, so there is no host to compare
                preload_content=False,
                decode_content=False,
            )
        except BROKEN as broken:
            raise OutcomeUnknown(f"no answer from the API: {type(broken).__name__}") from None
        answer = Answer(response.status, _lower(response), read_body(response, self._limit))
        if token.stands_in(answer.body, *answer.headers.values()):
            raise UnreadableAnswer("it repeats the access token")  # and callers are handed the answer
        return answer

    def close(self) -> None:
        """Close every kept connection."""
        self._pool.close()

    def _target(self, request: Request) -> str:
        """The path and query. The second wall behind the router: only what literally begins with the root passes."""
        if not request.url.startswith(self._root):
            raise Refused("other-host", "This address is not Google's API, so nothing was sent.")
        if not ADDRESS.fullmatch(request.url) or not VERB.fullmatch(request.verb):
            raise Refused("bad-address", "This is not an address of Google's API, so nothing was sent.")
        return request.url[self._origin :]


def _headers(given: Mapping[str, str], token: AccessToken) -> dict[str, str]:
    headers = {"Accept": "application/json"}
    for name, value in given.items():
        if not is_plain_header(name, value):  # the second wall: the path of a call refused it already
            raise Refused("header-not-allowed", "The request carries a header that is not allowed. Nothing was sent.")
        headers[name.title()] = value
    # Google compresses only for clients that also say gzip in their User-Agent.
    headers |= {"Accept-Encoding": "gzip", "User-Agent": "page-connector (gzip)"}
    return headers | token.header()


def _lower(response: BaseHTTPResponse) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.itermerged()}
