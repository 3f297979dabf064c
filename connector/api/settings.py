"""What the API needs to know about where it runs, and how a view reaches it."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import Flask, current_app

from connector.api.jwts import Jwts
from connector.domain.ports import Services

__all__ = ["ApiSettings", "attach", "jwts", "services", "settings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings:
    """`base_url` is the issuer of tokens; `roots` are where each provider's API lives, with a slash at the end."""

    base_url: str
    trusted_hosts: tuple[str, ...]
    roots: Mapping[str, str]

    @property
    def https(self) -> bool:
        """Whether programs reach it over TLS; plain http is for loopback only."""
        return urlsplit(self.base_url).scheme == "https"


@dataclass(frozen=True, slots=True)
class _Attached:
    svc: Services
    settings: ApiSettings
    jwts: Jwts


_KEY = "connector.api"


def attach(app: Flask, svc: Services, given: ApiSettings, jwts: Jwts) -> None:
    """Hand these to the views of this application."""
    app.extensions[_KEY] = _Attached(svc, given, jwts)


def _attached() -> _Attached:
    attached = current_app.extensions[_KEY]
    assert isinstance(attached, _Attached)  # noqa: S101 - attach() is the only writer
    return attached


def services() -> Services:
    """The services of the current application."""
    return _attached().svc


def settings() -> ApiSettings:
    """The settings of the current application."""
    return _attached().settings


def jwts() -> Jwts:
    """What makes and reads access tokens."""
    return _attached().jwts
