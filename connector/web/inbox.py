"""Reading messages on the chosen pages, and replying to them."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from connector.domain import inbox, replies
from connector.domain.errors import BadInput, ConnectorError, GoogleRefused, NotFound, NotSent, Refused
from connector.web import notices, session
from connector.web.forms import one, word
from connector.web.notices import Notice
from connector.web.settings import services

__all__ = ["blueprint"]

blueprint = session.guarded("inbox", "member")


@blueprint.get("/inbox")
def threads() -> ResponseReturnValue:
    """Posts with their messages, newest activity first."""
    return _list(word(request.args, "page"), notices.from_address())


def _list(page: str | None, notice: Notice | None, status: int = 200) -> ResponseReturnValue:
    pages = inbox.pages(services(), session.current_customer())
    if page is not None and page not in {known.id for known in pages}:
        raise NotFound(page)
    found = inbox.threads(services(), session.current_actor(), page)
    return render_template("inbox.html", pages=pages, page=page, threads=found, notice=notice), status


@blueprint.post("/inbox/sync")
def sync() -> ResponseReturnValue:
    """Fetch new messages of one page, or of every chosen page."""
    page = word(request.form, "page")
    pages = inbox.pages(services(), session.current_customer())
    wanted = [known for known in pages if page in (None, known.id)]
    if page is not None and not wanted:
        raise NotFound(page)
    new, failed = 0, []
    for known in wanted:
        try:
            new += inbox.sync(services(), session.current_actor(), known.id).new_messages
        except ConnectorError as error:
            failed.append((known.name, error))
    if failed:
        told = " ".join(f"{name}: {error.public}" for name, error in failed)
        kept = "What was fetched before is still here."
        return _list(page, Notice("bad", f"{told} {kept}"), failed[0][1].status)
    return redirect(url_for("inbox.threads", page=page, notice="fetched", new=new), 303)


@blueprint.get("/inbox/<thread>")
def thread(thread: str) -> ResponseReturnValue:
    """One post with its messages and replies; opening it marks them read."""
    return _thread(thread)


def _thread(
    id: str, *, status: int = 200, message: str | None = None, problem: str | None = None, typed: str = ""
) -> ResponseReturnValue:
    actor = session.current_actor()
    shown = inbox.thread(services(), actor, id)
    page = word(request.args, "page")
    others = inbox.threads(services(), actor, page)
    return (
        render_template(
            "thread.html",
            thread=shown,
            threads=others,
            pages=inbox.pages(services(), session.current_customer()),
            page=page,
            key=services().random.token(),
            message=message,
            problem=problem,
            typed=typed,
            notice=notices.from_address(),
        ),
        status,
    )


@blueprint.post("/inbox/messages/<message>/reply")
def reply(message: str) -> ResponseReturnValue:
    """Reply once; the form's key makes a second press of the button the same reply (R43)."""
    thread, text, key = (one(request.form, name) for name in ("thread", "text", "key"))
    try:
        sent = replies.send(services(), session.current_actor(), message, text, key=key)
    except NotFound:
        raise
    except ConnectorError as error:
        kept = text if _surely_not_posted(error) else ""
        return _thread(thread, status=error.status, message=message, problem=error.public, typed=kept)
    notice = "replied" if sent.state == "sent" else "reply-kept"
    return redirect(url_for("inbox.thread", thread=thread, notice=notice, _anchor=sent.id), 303)


def _surely_not_posted(error: ConnectorError) -> bool:
    """Whether to offer the text again. After any other outcome, writing it twice must be a person's own decision."""
    match error:
        case BadInput() | Refused() | NotSent():
            return True
        case GoogleRefused():
            return error.http_status < 500
    return False
