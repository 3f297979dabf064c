"""Settings, members: what each person of an organisation may do, seen and changed by those who manage it."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from connector.domain import members
from connector.domain.errors import BadInput
from connector.web import notices, session
from connector.web.forms import one
from connector.web.settings import services

__all__ = ["blueprint"]

blueprint = session.guarded("members", "member")


@blueprint.get("/settings/members")
def overview() -> ResponseReturnValue:
    """Every member with what they may do."""
    found = members.listing(services(), session.current_actor(), session.current_customer())
    return render_template("members.html", members=found, me=session.current_person().id, notice=notices.from_address())


@blueprint.post("/settings/members/<person>/purposes/<purpose>")
def allow(person: str, purpose: str) -> ResponseReturnValue:
    """Let a member do what a purpose does, or no longer; it holds from their next request."""
    wanted = one(request.form, "on")
    if wanted not in ("0", "1"):
        raise BadInput("The switch was sent without saying on or off. Nothing was changed.")
    members.allow(services(), session.current_actor(), person, purpose, on=wanted == "1")
    notice = "member-may" if wanted == "1" else "member-may-not"
    return redirect(url_for("members.overview", notice=notice, _anchor=f"{person}-{purpose}"), 303)
