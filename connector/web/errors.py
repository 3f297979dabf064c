"""Every way a request can end badly has a page: what happened, what was kept, what to do.

The pages need no session and no database, so they also work when those are what failed; and a foreign thing, a missing
thing and a page for other roles get the same bytes.
"""

import math
from dataclasses import dataclass

import structlog
from flask import Flask, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from connector.domain.errors import (
    CannotOpen,
    ConnectorError,
    GoogleBusy,
    GoogleRefused,
    NeedsConsent,
    NotFound,
    Revoked,
)
from connector.domain.trouble import Trouble
from connector.web.refusals import NoCookie, SignedOut
from connector.web.settings import services

__all__ = ["Page", "install", "page"]

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Page:
    """One error page. `sentence` says what happened and what was kept; the link is what to do next."""

    status: int
    title: str
    sentence: str
    link: str = "/"
    link_text: str = "Go to the start page"
    reference: str | None = None


_TITLES = {
    400: "This cannot be used as it is",
    403: "This is not allowed",
    404: "There is nothing here",
    405: "This address does not work that way",
    409: "This cannot be done as things stand",
    410: "This is not at Google any more",
    413: "This is too long to accept",
    429: "Google takes no more requests at this pace",
    500: "Something went wrong on our side",
    502: "Google did not accept this",
    503: "This is not possible right now",
    504: "Google did not answer",
}
_SENTENCES = {
    400: "The request could not be read, so nothing was done. Go back and try again.",
    404: NotFound.public,
    405: "Nothing was done. Use the buttons and links on our pages.",
    413: "It is longer than 64 KiB, so it was not read and nothing was done. Shorten it and send it again.",
}


def page(shown: Page) -> ResponseReturnValue:
    """Render an error page with its status."""
    return render_template("error.html", page=shown), shown.status


def install(app: Flask) -> None:
    """Register the pages, the last resort included."""
    app.register_error_handler(ConnectorError, _on_purpose)
    app.register_error_handler(HTTPException, _from_werkzeug)
    app.register_error_handler(Exception, _last_resort)


def _on_purpose(error: ConnectorError) -> ResponseReturnValue:
    title = _TITLES.get(error.status, _TITLES[500])
    match error:
        case SignedOut():
            return page(Page(error.status, "You are signed out", error.public, "/sign-in", "Sign in"))
        case NoCookie():
            return page(Page(error.status, "Cookies are off", error.public, "/sign-in", "Load the sign-in page again"))
        case CannotOpen():  # its page says that the operator has been told
            _log.error("page failed", error=type(error).__name__, route=request.endpoint)
        case GoogleBusy(retry_after=float(seconds)):
            wait = {"Retry-After": str(max(1, math.ceil(seconds)))}
            return *page(Page(error.status, title, error.public)), wait  # type: ignore[misc]  # a body and a status
        case Revoked() | NeedsConsent() | GoogleRefused(trouble=Trouble.SCOPE_INSUFFICIENT):
            return page(Page(error.status, title, error.public, "/settings", "See your connected accounts"))
    return page(Page(error.status, title, error.public))


def _from_werkzeug(error: HTTPException) -> ResponseReturnValue:
    status = error.code or 500
    if status < 400:
        return error.get_response()  # a redirect of the router's
    family = status if status in _TITLES else 400 if status < 500 else 500
    sentence = _SENTENCES.get(family, ConnectorError.public)
    answer = page(Page(status, _TITLES[family], sentence))
    allowed = {name: value for name, value in error.get_headers() if name == "Allow"}  # RFC 9110 section 15.5.6
    return answer if not allowed else (*answer, allowed)  # type: ignore[misc]


def _last_resort(error: Exception) -> ResponseReturnValue:
    # NOTE: neither the error's text nor its arguments may be logged or shown; they can hold a token (R61, finding 16).
    reference = services().random.id("err")
    _log.error("page failed", reference=reference, error=type(error).__name__, route=request.endpoint)
    sentence = "What you asked for may not have been done. Nothing else was changed. If it happens again, tell us"
    return page(Page(500, _TITLES[500], f"{sentence} this reference:", reference=reference))
