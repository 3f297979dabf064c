"""What an error answer of a provider's API means for what comes next (R41): a closed set, and what a customer is told.

The provider's own module says which answer is which; nothing else looks at a status or a reason.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

__all__ = ["TOLD", "Told", "Trouble", "in_words"]


class Trouble(StrEnum):
    """One class for every error answer. The words stand in the ledger as reasons."""

    TOKEN_ENDED = "token-ended"  # noqa: S105 — a word of the ledger
    RATE_LIMITED = "rate-limited"
    QUOTA_SPENT = "quota-spent"
    SCOPE_INSUFFICIENT = "scope-insufficient"
    API_NOT_ENABLED = "api-not-enabled"
    TARGET_GONE = "target-gone"
    SERVER_TROUBLE = "server-trouble"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Told:
    """The HTTP status of our own answer, and the sentence in it."""

    status: int
    sentence: str


TOLD: Mapping[Trouble, Told] = MappingProxyType(
    {
        Trouble.TOKEN_ENDED: Told(
            502, "Google did not accept the permission, although it was renewed just now. Nothing was changed there. "
            "Try again in a moment."),
        Trouble.RATE_LIMITED: Told(
            429, "Google takes no more requests at this pace. Nothing was changed there. Try again in {when}."),
        Trouble.QUOTA_SPENT: Told(
            503, "The number of requests that Google allows us for today is used up. Nothing was changed there, and "
            "nothing is lost. It begins anew at midnight in California."),
        Trouble.SCOPE_INSUFFICIENT: Told(
            409, "Google says that this account did not give the permission that this needs. Nothing was changed "
            "there. Connect the account again and leave its box ticked."),
        Trouble.API_NOT_ENABLED: Told(
            503, "Google does not let our app use this service right now. The mistake is on our side: nothing is "
            "lost, and no account has to be connected again. The operator has been told."),
        Trouble.TARGET_GONE: Told(
            410, "What this is about is not at Google any more, or this account may not see it. Nothing was changed "
            "there."),
        Trouble.SERVER_TROUBLE: Told(
            502, "Google has trouble of its own right now ({status}). A reply or a post may have arrived all the "
            "same: look before you send it again."),
        Trouble.OTHER: Told(502, "Google did not accept this ({status}, {code}). Nothing was changed there."),
    }
)  # fmt: skip


def in_words(seconds: float | None) -> str:
    """How long to wait, in words that follow "in"."""
    if seconds is None:
        return "a moment"
    if seconds <= 60:
        whole = max(1, -int(-seconds // 1))
        return "one second" if whole == 1 else f"{whole} seconds"
    minutes = -int(-seconds // 60)
    return f"{minutes} minutes" if minutes < 120 else f"{-(-minutes // 60)} hours"
