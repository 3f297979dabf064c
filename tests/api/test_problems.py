"""Codes of the API: every reason of the gate has one, with advice, and the description lists them all."""

import re
from pathlib import Path

from connector.api.document import document
from connector.api.problems import CODES, REFUSALS, for_reads, problem_of
from connector.domain.errors import OutcomeUnknown, Refused, Revoked

ROOT = Path(__file__).parent.parent.parent


def reasons() -> set[str]:
    """What the rule and the path of a call give as reasons, read from their source."""
    names = ("scopes/decide.py", "connector/domain/calls.py", "connector/domain/refreshing.py")
    source = "".join((ROOT / name).read_text() for name in names)
    return set(re.findall(r'(?:Refusal|Refused)\(\s*"([a-z-]+)"', source))


def test_every_reason_of_the_gate_is_a_code_with_advice_of_its_own() -> None:
    assert len(reasons()) >= 10
    assert reasons() <= set(REFUSALS)
    for reason in reasons():
        assert (problem_of(Refused(reason, "Why.")).code, problem_of(Refused(reason, "Why.")).status) == (reason, 403)


def test_every_code_stands_in_the_description() -> None:
    told = document({"read-messages": "Read messages"}, ["GET"])
    assert set(told["components"]["schemas"]["Problem"]["properties"]["code"]["enum"]) == CODES


def test_an_ended_connection_and_an_unknown_outcome_have_codes_that_programs_can_decide_by() -> None:
    assert problem_of(Revoked()).code == "connection-ended"
    write = problem_of(OutcomeUnknown())
    assert (write.status, write.code, write.retry_after) == (502, "outcome-unknown", None)
    assert for_reads(write).code == write.code
    assert for_reads(write).advice != write.advice
