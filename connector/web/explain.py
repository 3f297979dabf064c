"""Staff: whether a request would be allowed, and why not. Asking is recorded; nothing is sent."""

from dataclasses import dataclass

from flask import render_template, request
from flask.typing import ResponseReturnValue

from connector.domain import explaining
from connector.domain.errors import NotFound
from connector.domain.explaining import Explained, Question
from connector.web import session
from connector.web.forms import one, word
from connector.web.purposes import titles
from connector.web.settings import services

__all__ = ["blueprint"]

blueprint = session.guarded("explain", "staff")
VERBS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True, slots=True)
class Typed:
    """The form as it was filled in."""

    purpose: str = ""
    verb: str = "GET"
    url: str = ""
    subject: str = ""
    body: str = ""
    connection: str = ""


@blueprint.get("/admin/explain")
def form() -> ResponseReturnValue:
    """The empty form, or one for a connection."""
    return _page(Typed(connection=word(request.args, "connection") or ""))


@blueprint.post("/admin/explain")
def answer() -> ResponseReturnValue:
    """The answer above the form. A form, not an address, because what is asked about can hold people's words."""
    typed = Typed(**{name: one(request.form, name).strip() for name in Typed.__slots__})
    if not typed.purpose or not typed.verb or not typed.url:
        return _page(typed, problem="Choose a purpose and write the address.", status=400)
    question = Question(
        typed.purpose, typed.verb, typed.url, typed.body.encode("utf-8", "surrogatepass") or None, typed.subject or None
    )
    provider = next(iter(services().networks))
    try:
        told = explaining.explain_on(services(), session.current_actor(), question, typed.connection or None, provider)
    except NotFound:
        return _page(typed, problem="There is no connection of that id. The grants page shows them.", status=404)
    return _page(typed, answer=told)


def _page(
    typed: Typed, *, answer: Explained | None = None, problem: str | None = None, status: int = 200
) -> ResponseReturnValue:
    shown = render_template(
        "admin_explain.html", typed=typed, answer=answer, problem=problem, titles=titles(), verbs=VERBS
    )
    return shown, status
