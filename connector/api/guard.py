"""Who calls: the bearer token in the one header it may come in. Closed unless declared open."""

import re
from collections.abc import Callable
from typing import TypeVar

import structlog
from flask import Flask, current_app, g, request

from connector.api.jwts import TokenMissing, TokenRejected
from connector.api.settings import jwts, services
from connector.domain import admitting
from connector.domain.admitting import Caller

__all__ = ["current_caller", "install", "is_open", "open_to_anyone"]

_log = structlog.get_logger(__name__)
_BEARER = re.compile(r"bearer +([^ ]+)", re.IGNORECASE)
View = TypeVar("View", bound=Callable[..., object])


def open_to_anyone(view: View) -> View:
    """Declare a view open: it is served without a token. Every other view is closed."""
    view.open_to_anyone = True  # type: ignore[attr-defined]
    return view


def is_open(endpoint: str) -> bool:
    """Whether the endpoint was declared open."""
    return bool(getattr(current_app.view_functions.get(endpoint), "open_to_anyone", False))


def install(app: Flask) -> None:
    """Stand before every view of the application."""
    app.before_request(_guard)


def _guard() -> None:
    if request.endpoint is None or is_open(request.endpoint):  # no endpoint: nothing is there to be guarded
        return
    given = request.headers.get("Authorization")
    if given is None:
        raise TokenMissing
    bearer = _BEARER.fullmatch(given)
    try:
        if bearer is None:
            raise TokenRejected("scheme")
        claims = jwts().read(bearer[1])
    except TokenRejected as no:
        _log.warning("access token rejected", reason=no.flaw, route=request.endpoint, method=request.method)
        raise
    g.caller = admitting.caller(services(), claims.program, claims.secret, claims.purposes)


def current_caller() -> Caller:
    """The program that calls; for views that are not open."""
    found: Caller = g.caller
    return found
