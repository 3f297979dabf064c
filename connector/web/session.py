"""Who is at the browser: the session cookie, and the guard that every page stands behind."""

import functools
from collections.abc import Callable
from typing import Literal, TypeVar

from flask import Blueprint, Response, current_app, g, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from connector.domain import people
from connector.domain.errors import NotFound
from connector.domain.ledger import OPERATOR
from connector.domain.records import Actor, Person, Session
from connector.web import csrf
from connector.web.refusals import SignedOut
from connector.web.return_to import own_path
from connector.web.settings import services, settings

__all__ = [
    "clear_cookie",
    "cookie_name",
    "current_actor",
    "current_customer",
    "current_person",
    "current_session",
    "guarded",
    "is_open",
    "open_to_anyone",
    "set_cookie",
    "shown_person",
    "visitor",
]

Kind = Literal["member", "staff", "anyone"]
View = TypeVar("View", bound=Callable[..., object])


def open_to_anyone(view: View) -> View:
    """Declare a view open: it is served without a session. Every other view is closed."""
    view.open_to_anyone = True  # type: ignore[attr-defined]
    return view


def is_open(endpoint: str | None) -> bool:
    """Whether the endpoint was declared open; unknown endpoints are closed."""
    return bool(getattr(current_app.view_functions.get(endpoint or ""), "open_to_anyone", False))


def guarded(name: str, kind: Kind) -> Blueprint:
    """A blueprint whose views are closed to all but this kind of person, unless declared open one by one."""
    blueprint = Blueprint(name, __name__)
    blueprint.before_request(csrf.refuse_other_sites)
    blueprint.before_request(functools.partial(_guard, kind))
    blueprint.before_request(_check_form)
    return blueprint


def _guard(kind: Kind) -> AnyResponse | None:
    if "\0" in request.path:  # no id holds it, and PostgreSQL cannot look for it
        raise NotFound(request.path)
    if is_open(request.endpoint):
        return None
    found = visitor()
    if found is None:
        if request.method not in csrf.SAFE:
            raise SignedOut
        return redirect(url_for("signin.show", return_to=own_path(request.path)), 303)
    if kind not in ("anyone", found[1].kind):
        raise NotFound(request.path)  # told in the same words as a page that does not exist
    services().vault.ready(services().store, found[1].customer or OPERATOR)
    return None


def _check_form() -> None:
    if is_open(request.endpoint):
        csrf.require_browser_token()
    else:
        csrf.require_token(current_session().csrf)


def visitor() -> tuple[Session, Person] | None:
    """The live session of this browser, looked up once a request."""
    if "visitor" not in g:
        cookie = request.cookies.get(cookie_name())
        g.visitor = people.of_cookie(services(), cookie) if cookie else None
    found: tuple[Session, Person] | None = g.visitor
    return found


def shown_person() -> Person | None:
    """Who the page's header names, if this request has looked them up; never a look-up of its own."""
    found = g.get("visitor")
    return found[1] if found else None


def _present() -> tuple[Session, Person]:
    found = visitor()
    if found is None:
        raise SignedOut
    return found


def current_session() -> Session:
    """Raises: SignedOut."""
    return _present()[0]


def current_person() -> Person:
    """Raises: SignedOut."""
    return _present()[1]


def current_actor() -> Actor:
    """Raises: SignedOut."""
    return _present()[1].actor()


def current_customer() -> str:
    """The customer of the signed-in member; never taken from the request (R49). Raises: SignedOut, NotFound."""
    customer = current_person().customer
    if customer is None:
        raise NotFound(request.path)
    return customer


def cookie_name() -> str:
    """`__Host-` binds the cookie to this host and to TLS; browsers refuse that prefix over plain http."""
    return "__Host-session" if settings().https else "session"


def set_cookie(response: Response | AnyResponse, value: str) -> None:
    """Hand the browser a new session. Lax, because the return from Google is a navigation from another site (R50)."""
    response.set_cookie(cookie_name(), value, secure=settings().https, httponly=True, samesite="Lax", path="/")


def clear_cookie(response: Response | AnyResponse) -> None:
    """Take the session cookie back."""
    response.delete_cookie(cookie_name(), secure=settings().https, httponly=True, samesite="Lax", path="/")
