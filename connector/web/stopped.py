"""Why a way to Google ended without a connection: what happened, what was kept, what to do.

The sentences are ours and fixed. What Google or anybody else wrote into the address is never shown (R13).
"""

from dataclasses import dataclass

from flask import render_template, url_for
from flask.typing import ResponseReturnValue

from connector.domain.errors import (
    AlreadyDone,
    ConnectorError,
    KeyServiceDown,
    NotSent,
    OutcomeUnknown,
    Paused,
    Refused,
    TokenRefused,
)

__all__ = ["REASONS", "Reason", "declined", "reason_of", "stopped_page"]

_KEPT = "Nothing was connected. What was connected before has not changed."


@dataclass(frozen=True, slots=True)
class Reason:
    """`todo` is a full sentence; the button below it leads to the disclosure page unless signing in comes first."""

    status: int
    title: str
    happened: str
    todo: str = "Start again when you are ready."
    kept: str = _KEPT
    sign_in: bool = False


REASONS = {
    "access_denied": Reason(
        200, "Nothing was connected", "You came back from Google without giving a permission. That is your choice."
    ),
    "other-account": Reason(
        409,
        "You chose another Google account",
        "The consent was for another account than the one to reconnect, so it was given up again.",
        "Connect again and choose the same account at Google, or connect the other one on its own from Settings.",
    ),
    "admin_policy_enforced": Reason(
        403,
        "Your organisation does not allow this",
        "The administrator of this Google account does not let this app ask for these permissions.",
        "Ask the administrator to allow it, or use another Google account.",
    ),
    "org_internal": Reason(
        403,
        "This Google account cannot be used here",
        "Google lets only accounts of one organisation use this app, and this account is not one of them.",
        "Choose another Google account, or tell us.",
    ),
    "redirect_uri_mismatch": Reason(
        502,
        "This app is not set up correctly at Google",
        "Google does not know the address that it should send you back to.",
        "Tell us; only we can correct it.",
    ),
    "disallowed_useragent": Reason(
        400,
        "Google does not accept this browser",
        "Google shows its consent page in full browsers only, not inside another app.",
        "Open this address in your usual browser and start again there.",
    ),
    "declined": Reason(
        502, "Google ended the request", "Google sent you back without a permission and without saying why."
    ),
    "session": Reason(
        403,
        "This browser did not ask for that",
        "An answer from Google arrived in a browser that had not started the request, or that is signed out.",
        "Sign in and start again in this browser. Do not open links to this address that somebody sent you.",
        sign_in=True,
    ),
    "expired": Reason(400, "That took too long", "A request to Google is good for ten minutes, and this one is older."),
    "person": Reason(
        403,
        "You cannot connect accounts here any more",
        "Your place in this organisation changed while you were at Google.",
        "Ask somebody of your organisation to connect the account.",
    ),
    "already-done": Reason(
        409,
        "This was already done",
        "The same answer from Google arrived twice. The first one counted.",
        "See your connected accounts.",
        "What the first one connected is in Settings.",
    ),
    "google-refused": Reason(
        502, "Google did not give the permission", "Google refused to turn your consent into a permission for us."
    ),
    "not-sent": Reason(
        503,
        "Google cannot be reached right now",
        "You agreed at Google, but Google could not be reached from here to fetch the permission.",
        "Try again in a moment.",
    ),
    "our-fault": Reason(
        503,
        "This app is not set up correctly at Google",
        "You agreed at Google, but Google does not accept our own credentials. The mistake is on our side.",
        "The operator has been told. Start again later; Google asks you once more.",
    ),
    "no-answer": Reason(
        504,
        "Google did not answer",
        "You agreed at Google, but Google gave no usable answer when the permission was fetched.",
        "Start again; Google asks you once more.",
    ),
    "key-service": Reason(
        503,
        "This is not possible right now",
        "The service that guards the stored keys is not available to us, so the permission was not fetched.",
        "Try again in a few minutes.",
    ),
    "rejected": Reason(
        400,
        "This answer cannot be used",
        "What came back from Google does not fit a request that was made here, so it was not used.",
    ),
    "failed": Reason(
        500,
        "Something went wrong on our side",
        "Google's answer arrived, but it could not be stored.",
        "Start again; Google asks you once more.",
    ),
}


def declined(error: str | None) -> str:
    """Google's error word when it is one of the documented ones, else that it gave none we know."""
    known = ("access_denied", "admin_policy_enforced", "org_internal", "redirect_uri_mismatch", "disallowed_useragent")
    return error if error in known else "declined"


def reason_of(error: ConnectorError) -> str:
    """The reason that an error of the domain stands for."""
    match error:
        case AlreadyDone():
            return "already-done"
        case Refused(reason=reason):
            return reason if reason in ("session", "expired", "person", "other-account") else "rejected"
        case TokenRefused():
            return "google-refused"
        case Paused():
            return "our-fault"
        case NotSent():
            return "not-sent"
        case OutcomeUnknown():
            return "no-answer"
        case KeyServiceDown():
            return "key-service"
    return "no-answer" if error.status == 502 else "failed"


def stopped_page(provider: str, because: str) -> ResponseReturnValue:
    """The page for a reason; one that is not in the list reads as an answer that cannot be used."""
    reason = REASONS.get(because, REASONS["rejected"])
    if because == "already-done":
        link, text = url_for("account.overview"), "See your connected accounts"
    elif reason.sign_in:
        link, text = url_for("signin.show", return_to=url_for("connect.disclosure", provider=provider)), "Sign in"
    else:
        link, text = url_for("connect.disclosure", provider=provider), "Start again"
    return render_template("stopped.html", reason=reason, link=link, link_text=text), reason.status
