"""Staff: who granted what, ending connections and programs, the ledger. No page shows a message or a token (P07)."""

from typing import Literal

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from connector.domain import grants, history, programs, revoke
from connector.domain.errors import BadInput
from connector.web import notices, session
from connector.web.activity import FILTERED
from connector.web.forms import index, moment, one, word
from connector.web.granted import marked
from connector.web.purposes import choosable, titles
from connector.web.settings import services

__all__ = ["blueprint"]

LONGEST_REASON = 500  # characters; the form says so too

blueprint = session.guarded("admin", "staff")
_NO_REASON = "A reason is missing. Nothing was done. The customer sees it on their activity page."


@blueprint.get("/admin/")
def start() -> ResponseReturnValue:
    """The first page of the staff."""
    return redirect(url_for("admin.grants_table"), 303)


@blueprint.get("/admin/grants")
def grants_table() -> ResponseReturnValue:
    """Who granted what, at a moment; the look itself goes on the ledger."""
    customer, scope, as_of = word(request.args, "customer"), word(request.args, "scope"), moment(request.args, "as_of")
    table = grants.listing(services(), session.current_actor(), customer=customer, scope=scope, as_of=as_of)
    catalogues = {name: network.catalogue for name, network in services().networks.items()}
    return render_template(
        "admin_grants.html",
        table=table,
        rows=[marked(row, table.scopes, catalogues[row.connection.provider]) for row in table.rows],
        customers=[(known.id, known.name) for known in table.customers],
        scope_options=[(column.short, column.short) for column in table.scopes],
        customer=customer,
        scope=scope,
        as_of=as_of,
        titles=choosable(),
        notice=notices.from_address(),
    )


@blueprint.get("/admin/connections/<connection>/revoke")
def ask_revoke(connection: str) -> ResponseReturnValue:
    """What ends, and who else loses access, before anything is done."""
    return _ask_revoke(connection)


def _ask_revoke(connection: str, *, problem: str | None = None, at_google: str = "auto") -> ResponseReturnValue:
    consequences = revoke.consequences(services(), session.current_actor(), connection)
    shown = render_template("admin_revoke.html", consequences=consequences, problem=problem, at_google=at_google)
    return shown, 400 if problem else 200


@blueprint.post("/admin/connections/<connection>/revoke")
def end(connection: str) -> ResponseReturnValue:
    """End a customer's connection, with the reason on the record."""
    at_google, reason = _at_google(one(request.form, "at_google")), one(request.form, "reason").strip()
    if not reason:
        return _ask_revoke(connection, problem=_NO_REASON, at_google=at_google)
    if len(reason) > LONGEST_REASON:
        problem = f"The reason is longer than {LONGEST_REASON} characters. Nothing was done. Shorten it."
        return _ask_revoke(connection, problem=problem, at_google=at_google)
    ended = revoke.end(services(), session.current_actor(), connection, at_google=at_google, reason=reason)
    return redirect(url_for("admin.grants_table", notice=ended.state), 303)


def _at_google(given: str) -> Literal["yes", "no", "auto"]:
    match given:
        case "yes" | "no" | "auto":
            return given
    raise BadInput("The form does not say what to do at Google. Nothing was done.")


@blueprint.get("/admin/programs")
def programs_table() -> ResponseReturnValue:
    """Every customer's programs; the look itself goes on the ledger."""
    shown = programs.staff_list(services(), session.current_actor())
    return render_template("admin_programs.html", programs=shown, notice=notices.from_address())


@blueprint.get("/admin/programs/<program>/end")
def ask_end_program(program: str) -> ResponseReturnValue:
    """What ends with a program, before it does."""
    return _ask_end_program(program)


def _ask_end_program(program: str, *, problem: str | None = None) -> ResponseReturnValue:
    found = programs.one(services(), session.current_actor(), program)
    return render_template("admin_program_end.html", program=found, problem=problem), 400 if problem else 200


@blueprint.post("/admin/programs/<program>/end")
def end_program(program: str) -> ResponseReturnValue:
    """End a customer's program, with the reason on the record."""
    reason = one(request.form, "reason").strip()
    if not reason:
        return _ask_end_program(program, problem=_NO_REASON)
    programs.end(services(), session.current_actor(), program, reason=reason)
    return redirect(url_for("admin.programs_table", notice="program-ended"), 303)


@blueprint.get("/admin/ledger")
def entries() -> ResponseReturnValue:
    """The ledger, newest first, without personal data; the look itself goes on it."""
    customer, purpose, decision = (word(request.args, name) for name in ("customer", "purpose", "decision"))
    found = history.staff_list(
        services(),
        session.current_actor(),
        customer=customer,
        purpose=purpose,
        decision=decision,
        before=index(request.args, "before"),
    )
    with services().store.read() as tx:
        customers = [(known.id, known.name) for known in tx.accounts.customers()]
    return render_template(
        "admin_ledger.html",
        activity=found,
        customers=customers,
        customer=customer,
        purpose=purpose,
        decision=decision,
        titles=titles(),
        outcomes=FILTERED,
    )
