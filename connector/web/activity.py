"""What was done with a customer's data, told to that customer."""

from flask import render_template, request
from flask.typing import ResponseReturnValue

from connector.domain import history
from connector.web import session
from connector.web.forms import index, word
from connector.web.marks import OUTCOMES
from connector.web.purposes import titles
from connector.web.settings import services

__all__ = ["FILTERED", "blueprint"]

blueprint = session.guarded("activity", "member")

FILTERED = tuple((decision, mark.word) for decision, mark in OUTCOMES.items() if decision != "in-flight")


@blueprint.get("/activity")
def timeline() -> ResponseReturnValue:
    """Totals for 30 days, then every entry, newest first; refusals are told like successes."""
    purpose, decision = word(request.args, "purpose"), word(request.args, "decision")
    found = history.activity(
        services(),
        session.current_actor(),
        session.current_customer(),
        purpose=purpose,
        decision=decision,
        before=index(request.args, "before"),
    )
    return render_template(
        "activity.html", activity=found, purpose=purpose, decision=decision, titles=titles(), outcomes=FILTERED
    )
