"""What the pages need to know about where they run, and how a view reaches it."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from flask import Flask, current_app

from connector.domain.ports import Services

__all__ = ["DemoAccount", "WebSettings", "attach", "services", "settings"]


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """A sign-in name that the demonstration shows on its sign-in page."""

    email: str
    password: str = field(repr=False)
    sees: str  # what this account is for, in a few words


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings:
    """`base_url` is the one address that links and cookies are made for; no request header changes it (R6)."""

    base_url: str
    trusted_hosts: tuple[str, ...]
    authorization_origins: tuple[str, ...] = ()  # where "Continue to Google" may lead, as scheme://host[:port]
    proxy_hops: int = 0  # proxies of our own in front of the application
    demo_accounts: tuple[DemoAccount, ...] = ()

    @property
    def https(self) -> bool:
        """Whether browsers reach the pages over TLS; plain http is for loopback only."""
        return urlsplit(self.base_url).scheme == "https"

    @property
    def origin(self) -> str:
        """`base_url` as browsers write it in the Origin header."""
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{parts.netloc}".lower()


@dataclass(frozen=True, slots=True)
class _Attached:
    svc: Services
    settings: WebSettings


_KEY = "connector.web"


def attach(app: Flask, svc: Services, given: WebSettings) -> None:
    """Hand the services and settings to the views of this application."""
    app.extensions[_KEY] = _Attached(svc, given)


def _attached() -> _Attached:
    attached = current_app.extensions[_KEY]
    assert isinstance(attached, _Attached)  # noqa: S101 - attach() is the only writer
    return attached


def services() -> Services:
    """The services of the current application."""
    return _attached().svc


def settings() -> WebSettings:
    """The settings of the current application."""
    return _attached().settings
