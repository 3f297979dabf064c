"""Connecting a Google account: what is asked and why, the way there and back, and the choice of pages."""

from collections.abc import Collection
from urllib.parse import parse_qsl

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from connector.domain import choosing, connect, grants, linking
from connector.domain.errors import BadInput, ConnectorError, NotFound
from connector.web import headers, notices, session
from connector.web.disclosed import asked, included, rows
from connector.web.forms import one, word
from connector.web.settings import services, settings
from connector.web.stopped import declined, reason_of, stopped_page

__all__ = ["blueprint"]

blueprint = session.guarded("connect", "member")

ODD = "surrogateescape"  # bytes that are not UTF-8 stay visible as such, for the domain to refuse


@blueprint.get("/connect/<provider>")
def disclosure(provider: str) -> ResponseReturnValue:
    """What will be asked, for what, with an example of each, before anybody leaves for Google (P16)."""
    every = [purpose.id for purpose in services().network(provider).catalogue.choosable()]
    return _disclosure(provider, ticked=every, replaces=word(request.args, "replaces"))


@blueprint.post("/connect/<provider>")
def start(provider: str) -> ResponseReturnValue:
    """Go to Google with exactly the scopes of the ticked purposes."""
    ticked = request.form.getlist("purpose")
    replaces = word(request.form, "replaces")
    if "show" in request.form:  # without JavaScript: the page again, with the permissions of these purposes
        return _disclosure(provider, ticked=ticked, replaces=replaces)
    if not ticked:
        problem = "No purpose is ticked, so there is nothing to ask Google for. Nothing was sent. Tick at least one."
        return _disclosure(provider, ticked=(), replaces=replaces, problem=problem)
    address = connect.start(
        services(),
        person=session.current_person(),
        session=session.current_session(),
        provider=provider,
        purposes=ticked,
        replaces=replaces,
    )
    return redirect(address, 303)


def _disclosure(
    provider: str, *, ticked: Collection[str], replaces: str | None, problem: str | None = None
) -> ResponseReturnValue:
    catalogue = services().network(provider).catalogue
    every = [purpose.id for purpose in catalogue.choosable()]
    if not set(ticked) <= set(every):
        raise BadInput("The form names a purpose that does not exist. Nothing was sent.")
    renewed = None
    if replaces is not None:
        mine = grants.overview(services(), session.current_customer())
        renewed = next((view for view in mine if view.id == replaces), None)
        if renewed is None:
            raise NotFound(replaces)
    offer = connect.offer(services(), provider, every)
    headers.allow_form_to_reach(settings().authorization_origins)
    shown = render_template(
        "connect.html",
        provider=provider,
        title=catalogue.title,
        offer=offer,
        rows=rows(offer),
        included=included(offer),
        asked=asked(catalogue, ticked),
        ticked=frozenset(ticked),
        renewed=renewed,
        problem=problem,
        notice=notices.from_address(),
    )
    return shown, 400 if problem else 200


@blueprint.get("/connect/<provider>/callback")
@session.open_to_anyone
def callback(provider: str) -> ResponseReturnValue:
    """Take Google's answer, once, and leave this address: the code must not stay in it (R15)."""
    if request.method == "HEAD":  # it must not spend what the GET is for
        abort(405, valid_methods=["GET"])
    found = session.visitor()
    try:
        if found is None or found[1].kind != "member":
            connect.refuse_anonymous(services(), provider)
            return _stopped(provider, "session")
        finished = connect.finish(
            services(),
            person=found[1],
            session=found[0],
            provider=provider,
            query=parse_qsl(request.query_string.decode(errors=ODD), keep_blank_values=True, errors=ODD),
        )
    except NotFound:
        raise
    except ConnectorError as error:
        return _stopped(provider, reason_of(error))
    if finished.connection is None:
        return _stopped(provider, declined(request.args.get("error")))
    return _after(provider, finished.connection, finished)


def _stopped(provider: str, reason: str) -> ResponseReturnValue:
    return redirect(url_for("connect.stopped", provider=provider, because=reason), 303)


@blueprint.get("/connect/<provider>/stopped")
@session.open_to_anyone
def stopped(provider: str) -> ResponseReturnValue:
    """Why no connection was made, in our own words; Google's are never shown (R13)."""
    services().network(provider)
    return stopped_page(provider, one(request.args, "because"))


def _after(provider: str, connection: str, finished: linking.Finished) -> ResponseReturnValue:
    if finished.pages_to_choose:
        target = url_for("connect.pages", provider=provider, connection=connection, notice=finished.state)
    else:
        target = url_for("account.overview", notice=finished.state, _anchor=connection)
    return redirect(target, 303)


@blueprint.post("/connect/<provider>/resume/<connection>")
def resume(provider: str, connection: str) -> ResponseReturnValue:
    """Go on with a connection whose account could not be read when Google's answer came."""
    finished = linking.resume(services(), actor=session.current_actor(), connection=connection)
    return _after(provider, finished.connection or connection, finished)


@blueprint.get("/connect/<provider>/pages/<connection>")
def pages(provider: str, connection: str) -> ResponseReturnValue:
    """Which pages of the account may be worked with."""
    choice = choosing.choice(services(), session.current_actor(), connection)
    return render_template("pages.html", provider=provider, choice=choice, notice=notices.from_address())


@blueprint.post("/connect/<provider>/pages/<connection>")
def choose_pages(provider: str, connection: str) -> ResponseReturnValue:
    """Exactly the ticked pages are the chosen ones from now on."""
    ticked = request.form.getlist("page")
    choosing.choose(services(), session.current_actor(), connection, ticked)
    if not ticked:
        return redirect(url_for("account.overview", notice="no-pages", _anchor=connection), 303)
    return redirect(url_for("inbox.threads", notice="pages-chosen"), 303)
