"""Short messages that a page shows after something was done.

An address carries a code and at most one number, never a sentence, so nobody can put words into our mouth.
"""

from dataclasses import dataclass
from typing import Literal

from flask import request

from connector.web.wording import plural

__all__ = ["Notice", "from_address"]


@dataclass(frozen=True, slots=True)
class Notice:
    """`tone` is one of the status colours; the sentence says everything without it."""

    tone: Literal["ok", "warn", "bad", "info"]
    sentence: str


_NOTICES = {
    "signed-out": Notice("info", "You are signed out."),
    "password-set": Notice("ok", "Your password is set. Sign in with it now."),
    "complete": Notice("ok", "Google granted everything that was asked."),
    "partial": Notice("warn", "Google granted a part of what was asked. Purposes that miss a permission are off."),
    "nothing": Notice("warn", "Google granted none of the permissions, so nothing can be done with this account."),
    "needs-consent": Notice("warn", "Google did not allow lasting access. Connect the account again."),
    "interrupted": Notice("warn", "Google's answer is stored, but the account could not be read yet. Continue below."),
    "pages-chosen": Notice("ok", "Your choice of pages is saved."),
    "no-pages": Notice("info", "No page is chosen, so nothing is read."),
    "switched-on": Notice("ok", "The purpose is on. It holds from the next request."),
    "switched-off": Notice("ok", "The purpose is off. Nothing more is done for it."),
    "member-may": Notice("ok", "They may do this from now on."),
    "member-may-not": Notice("ok", "They may not do this any more. It holds from their next request."),
    "confirmed": Notice("ok", "The connection has ended, and Google confirmed the removal."),
    "already-gone": Notice("ok", "The connection has ended. Google had forgotten the permission already."),
    "pending": Notice("warn", "The connection has ended here. Removal at Google is pending; it is tried again."),
    "kept": Notice("ok", "The connection has ended here. The permission at Google was left in place."),
    "no-token": Notice("ok", "The connection has ended. No token was held here, so Google had nothing to remove."),
    "program-ended": Notice("ok", "The program has ended. Its next request is refused."),
    "fetched": Notice("ok", "No new messages."),
    "replied": Notice("ok", "Your reply is sent."),
    "reply-kept": Notice("info", "Your reply is below, with what is known of it."),
}


def from_address() -> Notice | None:
    """The notice that the address names, if it names one of ours."""
    code = request.args.get("notice", "")
    count = request.args.get("new", "")
    if code == "fetched" and count.isascii() and count.isdigit() and int(count[:6]) > 0:
        return Notice("ok", f"{plural(int(count[:6]), 'new message')} fetched.")
    return _NOTICES.get(code)
