"""The one scheme, host and port that requests may go to."""

import re

from scopes.values import Bad

__all__ = ["Root"]

_PORTS = {"http": "80", "https": "443"}
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*)://([^/?]*)(.*)")
_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.\-]+)(?::([1-9][0-9]{0,4}))?")


class Root:
    """Where an API lives. Case of the host and a default port that is written out make no difference; all else does."""

    def __init__(self, url: str) -> None:
        """Raises: ValueError when the URL is more than scheme, host, port and one slash."""
        scheme, host, port, rest = _split(url)
        if scheme not in _PORTS or rest not in ("", "/"):
            raise ValueError("an API root is http or https, a host, maybe a port, and nothing after the slash")
        self._scheme, self._host, self._port = scheme, host, port
        self._prefix = f"{scheme}://{host}/" if port == _PORTS[scheme] else f"{scheme}://{host}:{port}/"

    def below(self, url: str) -> str:
        """What of a URL comes after this root. Raises: Bad when it is not below it."""
        if url.startswith(self._prefix):  # how our own clients write it
            return url[len(self._prefix) :]
        scheme, host, port, rest = _split(url)
        if scheme != self._scheme:
            raise Bad("other-scheme")
        if host != self._host:
            raise Bad("other-host")
        if port != self._port:
            raise Bad("other-port")
        if not rest.startswith("/"):
            raise Bad("unknown-path")
        return rest[1:]


def _split(url: str) -> tuple[str, str, str, str]:
    """Scheme, host in lower case, port as digits, and the rest with its slash. Raises: Bad."""
    parts = _URL.fullmatch(url)
    if parts is None:
        raise Bad("not-absolute")
    scheme, authority, rest = parts.groups()
    if "@" in authority:
        raise Bad("userinfo")
    place = _AUTHORITY.fullmatch(authority)
    if place is None:
        raise Bad("other-host")
    return scheme, place[1].lower(), place[2] or _PORTS.get(scheme, ""), rest
