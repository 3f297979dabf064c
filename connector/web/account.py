"""Settings: connected accounts, their purposes and switches, and the way to end a connection or a program."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from connector.domain import grants, profile, programs, revoke
from connector.domain.errors import BadInput
from connector.domain.members import MANAGER
from connector.domain.shown import shown as safe
from connector.web import notices, session
from connector.web.forms import one
from connector.web.settings import services

__all__ = ["blueprint"]

blueprint = session.guarded("account", "member")


@blueprint.get("/settings")
def overview() -> ResponseReturnValue:
    """Every connected account and what may be done with it."""
    views = grants.overview(services(), session.current_customer())
    acting = programs.of_customer(services(), session.current_customer())
    return render_template(
        "settings.html",
        live=[view for view in views if view.state != "revoked"],
        ended=[view for view in views if view.state == "revoked"],
        programs=acting,
        manages=session.current_person().role == MANAGER,
        networks=[(name, network.catalogue.title) for name, network in services().networks.items()],
        notice=notices.from_address(),
    )


@blueprint.post("/settings/connections/<connection>/purposes/<purpose>")
def switch(connection: str, purpose: str) -> ResponseReturnValue:
    """Switch a purpose on or off; it holds from the next request to Google."""
    wanted = one(request.form, "on")
    if wanted not in ("0", "1"):
        raise BadInput("The switch was sent without saying on or off. Nothing was changed.")
    grants.switch(services(), session.current_actor(), connection, purpose, on=wanted == "1")
    notice = "switched-on" if wanted == "1" else "switched-off"
    return redirect(url_for("account.overview", notice=notice, _anchor=f"{connection}-{purpose}"), 303)


@blueprint.get("/settings/connections/<connection>/profile")
def show_profile(connection: str) -> ResponseReturnValue:
    """The profile behind a connected account and its chosen pages, as Google has them now."""
    found = profile.profiles(services(), session.current_actor(), connection)
    shown = [
        {"id": one.id, "name": safe(one.name), "url": safe(one.url or ""), "picture": safe(one.picture or "")}
        for one in found
    ]
    return render_template("profile.html", connection=connection, profiles=shown)


@blueprint.get("/settings/connections/<connection>/revoke")
def ask_revoke(connection: str) -> ResponseReturnValue:
    """What ends, for whom and when, and what remains, before anything is done."""
    consequences = revoke.consequences(services(), session.current_actor(), connection)
    return render_template("revoke.html", consequences=consequences)


@blueprint.post("/settings/connections/<connection>/revoke")
def end(connection: str) -> ResponseReturnValue:
    """End the connection."""
    ended = revoke.end(services(), session.current_actor(), connection)
    return redirect(url_for("account.overview", notice=ended.state), 303)


@blueprint.get("/settings/programs/<program>/end")
def ask_end_program(program: str) -> ResponseReturnValue:
    """What ends with a program, before it does."""
    return render_template("program_end.html", program=programs.one(services(), session.current_actor(), program))


@blueprint.post("/settings/programs/<program>/end")
def end_program(program: str) -> ResponseReturnValue:
    """End a program that acts for the customer."""
    programs.end(services(), session.current_actor(), program)
    return redirect(url_for("account.overview", notice="program-ended", _anchor="programs"), 303)
