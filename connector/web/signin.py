"""Signing in and out, the first password, and the start page."""

from flask import g, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from connector.domain import grants, people
from connector.domain.errors import ConnectorError
from connector.web import csrf, notices, session
from connector.web.forms import one
from connector.web.return_to import own_path
from connector.web.settings import services, settings

__all__ = ["blueprint"]

blueprint = session.guarded("signin", "anyone")


@blueprint.get("/")
@session.open_to_anyone
def start() -> ResponseReturnValue:
    """Send each person to the page they need first."""
    found = session.visitor()
    if found is None:
        return redirect(url_for("signin.show"), 303)
    person = found[1]
    if person.kind == "staff" or person.customer is None:
        return redirect(url_for("admin.grants_table"), 303)
    if not any(view.state != "revoked" for view in grants.overview(services(), person.customer)):
        return redirect(url_for("connect.disclosure", provider=next(iter(services().networks))), 303)
    return redirect(url_for("inbox.threads"), 303)


@blueprint.get("/sign-in")
@session.open_to_anyone
def show() -> ResponseReturnValue:
    """The sign-in form."""
    return _sign_in_form()


@blueprint.post("/sign-in")
@session.open_to_anyone
def submit() -> ResponseReturnValue:
    """Check name and password; a right answer always gets a new session (R50)."""
    email, password = one(request.form, "email"), one(request.form, "password")
    try:
        signed_in = people.sign_in(services(), email, password, address=request.remote_addr or "")
    except ConnectorError as refusal:
        return _sign_in_form(problem=refusal.public, email=email, status=refusal.status)
    earlier = session.visitor()
    if earlier is not None:
        people.sign_out(services(), earlier[0])
    response = redirect(own_path(request.form.get("return_to")), 303)
    session.set_cookie(response, signed_in.cookie)
    return response


def _sign_in_form(problem: str | None = None, email: str = "", status: int = 200) -> ResponseReturnValue:
    return _open_form(
        "sign_in.html",
        status,
        problem=problem,
        email=email,
        notice=notices.from_address(),
        return_to=own_path(request.values.get("return_to")),
        demo_accounts=settings().demo_accounts,
    )


@blueprint.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """End this session, here and in the store."""
    people.sign_out(services(), session.current_session())
    response = redirect(url_for("signin.show", notice="signed-out"), 303)
    session.clear_cookie(response)
    return response


@blueprint.get("/welcome/<token>")
@session.open_to_anyone
def welcome(token: str) -> ResponseReturnValue:
    """The form for a first password. Looking at it does not use the link up."""
    return _open_form("welcome.html", 200, token=token, problem=None)


@blueprint.post("/welcome/<token>")
@session.open_to_anyone
def set_password(token: str) -> ResponseReturnValue:
    """Set the password; the link works once."""
    password, again = one(request.form, "password"), one(request.form, "again")
    if password != again:
        return _open_form("welcome.html", 400, token=token, problem="The two passwords differ. Nothing was saved.")
    try:
        people.accept_link(services(), token, password)
    except ConnectorError as refusal:
        return _open_form("welcome.html", refusal.status, token=token, problem=refusal.public)
    return redirect(url_for("signin.show", notice="password-set"), 303)


def _open_form(template: str, status: int, **shown: object) -> ResponseReturnValue:
    g.form_token = csrf.token_for_browser()
    response = make_response(render_template(template, **shown), status)
    csrf.keep_in_browser(response, g.form_token)
    return response
