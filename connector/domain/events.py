"""Every kind of ledger entry: a stable id, a stable name, and the sentence a person reads.

NOTE: ids are stored in the ledger. Append new ones; never renumber, reuse or change what a name means.
"""

from dataclasses import dataclass

__all__ = ["KINDS", "Event", "kind_of"]


@dataclass(frozen=True, slots=True)
class Event:
    """`sentence` is filled from the details; `plain` is for readers who may not see them, or after erasure."""

    id: int
    name: str
    sentence: str
    plain: str


CUSTOMER_ADDED = Event(1, "customer:added", "{actor} added the customer {customer_name}.", "A customer was added.")
PERSON_ADDED = Event(2, "person:added", "{actor} added {person} as {role}.", "A person was added.")
SIGNED_IN = Event(3, "sign-in:done", "{actor} signed in.", "Someone signed in.")
SIGN_IN_REFUSED = Event(4, "sign-in:refused", "A sign-in was refused.", "A sign-in was refused.")
SIGNED_OUT = Event(5, "sign-in:ended", "{actor} signed out.", "Someone signed out.")
PASSWORD_SET = Event(6, "person:password", "{actor} set a password.", "Someone set a password.")

CONNECT_STARTED = Event(
    10, "connect:started", "{actor} went to Google to connect an account.", "A member went to Google to connect."
)
CONNECT_REFUSED = Event(
    11,
    "connect:refused",
    "An answer from Google's consent page was not accepted.",
    "A consent answer was not accepted.",
)
CONNECT_DECLINED = Event(
    12, "connect:declined", "{actor} came back from Google without a permission.", "No permission was given at Google."
)
CONNECT_EXCHANGE = Event(
    13, "connect:exchange", "{actor}'s consent is being fetched from Google.", "A consent is being fetched."
)
CONNECT_GRANTED = Event(
    14,
    "connect:granted",
    "{actor} allowed {granted_count} of {requested_count} permissions.",
    "A consent was recorded.",
)
CONNECT_FAILED = Event(15, "connect:failed", "Google gave no permission: {problem}.", "A consent could not be fetched.")
ACCOUNT_KNOWN = Event(
    16, "connect:account", "The connected Google account is {account_name}.", "The connected account was identified."
)
ACCOUNT_MERGED = Event(
    17, "connect:renewed", "The consent renews the connection to {account_name}.", "A consent renewed a connection."
)
PAGES_CHOSEN = Event(18, "pages:chosen", "{actor} chose the pages {pages}.", "A member chose pages.")

PURPOSE_OFF = Event(20, "purpose:off", "{actor} switched {purpose_title} off.", "A purpose was switched off.")
PURPOSE_ON = Event(21, "purpose:on", "{actor} switched {purpose_title} on.", "A purpose was switched on.")

CALL_INTENT = Event(30, "call:intent", "{actor} is about to {what}.", "A call to Google was asked for.")
CALL_ANSWERED = Event(
    31, "call:answered", "{actor} asked Google to {what}. Google answered.", "Google answered a call."
)
CALL_REFUSED = Event(
    32, "call:refused", "{actor} wanted to {what}. It was refused: {why}", "A call was refused before it was sent."
)
CALL_FAILED = Event(33, "call:failed", "{actor} wanted to {what}. It was not done: {why}", "A call was not done.")
CALL_UNKNOWN = Event(
    34,
    "call:unknown",
    "{actor} asked Google to {what}. Whether it was done is not known: {why}",
    "The end of a call is not known.",
)

REPLY_FOUND = Event(
    35, "reply:found", "A reply whose end was not known was found at Google.", "An unknown reply was found at Google."
)

MEMBER_MAY_NOT = Event(
    36,
    "member:may-not",
    "{actor} took “{purpose_title}” from what {person} may do.",
    "Something was taken from what a member may do.",
)
MEMBER_MAY = Event(
    37,
    "member:may",
    "{actor} added “{purpose_title}” to what {person} may do.",
    "Something was added to what a member may do.",
)
STAFF_EXPLAINED = Event(
    38, "staff:explain", "{actor} asked whether a request would be allowed.", "Staff asked what would be allowed."
)

TOKEN_REFRESHED = Event(
    40, "token:refreshed", "A fresh access token was fetched for this purpose.", "A fresh access token was fetched."
)
TOKEN_REFUSED = Event(
    41, "token:refused", "Google no longer accepts this connection ({code}).", "Google refused a stored permission."
)
TOKENS_PAUSED = Event(
    42,
    "token:paused",
    "Google does not accept this instance's own credentials ({code}). Nothing is fetched until it does.",
    "Google does not accept this instance's own credentials.",
)
TOKENS_RESUMED = Event(
    43, "token:resumed", "Google accepts this instance's own credentials again.",
    "Google accepts this instance's own credentials again.",
)  # fmt: skip

QUOTA_SPENT = Event(
    44,
    "quota:spent",
    "Google's quota for this instance is spent ({code}). No call is sent before {until}.",
    "Google's quota for this instance is spent.",
)
QUOTA_BACK = Event(45, "quota:back", "Google's quota begins anew. Calls are sent again.", "Google's quota begins anew.")
API_NOT_ENABLED = Event(
    46,
    "api:not-enabled",
    "Google does not let this instance use its API ({code}). The operator has to enable it for the project.",
    "Google does not let this instance use its API.",
)

SCOPES_LOST = Event(
    47,
    "token:scopes-lost",
    "Google gives this permission no longer: {permissions}. What needs it is off.",
    "Google no longer gives a permission that was granted.",
)
SCOPES_BACK = Event(
    48,
    "token:scopes-back",
    "Google gives this permission again: {permissions}.",
    "Google gives a permission again.",
)

REVOKED = Event(50, "revoke:done", "{actor} ended the connection to {account_name}.", "A connection was ended.")
REVOKE_ASKED = Event(
    51,
    "revoke:asked",
    "Google is being asked to forget the permission.",
    "Google is being asked to forget a permission.",
)
REVOKE_CONFIRMED = Event(
    52, "revoke:confirmed", "Google confirmed: {outcome}. The stored tokens were destroyed.", "Google confirmed an end."
)
REVOKE_PENDING = Event(
    53, "revoke:pending", "Google could not confirm the end yet ({problem}).", "Google could not confirm an end yet."
)

STAFF_GRANTS = Event(60, "staff:grants", "{actor} looked at the list of grants.", "Staff looked at the grants.")
STAFF_LEDGER = Event(61, "staff:ledger", "{actor} looked at the ledger.", "Staff looked at the ledger.")
EXPORTED = Event(62, "ledger:exported", "{actor} exported the ledger.", "The ledger was exported.")

ROTATION_BEGUN = Event(
    70,
    "keys:rotating",
    "{actor} began to put the data keys under a new key-encryption key.",
    "A rotation of the vault's keys began.",
)
KEK_RETIRED = Event(
    71,
    "keys:retired",
    "No data key is under {kek} any more; it is retired for {current}.",
    "An old key-encryption key was retired.",
)
KEY_STUCK = Event(
    72,
    "keys:stuck",
    "Data key {version} of {owner} does not open under {kek}; it was left as it is.",
    "A data key that does not open was left as it is.",
)
KEYS_SHREDDED = Event(
    73,
    "keys:shredded",
    "{actor} destroyed the {keys} data keys of {owner}. What was sealed under them is gone.",
    "A customer's data keys were destroyed.",
)
SHRED_APPLIED = Event(
    74,
    "keys:shred-applied",
    "The database held {keys} destroyed data keys of {owner} again; they were destroyed again.",
    "Destroyed data keys had come back and were destroyed again.",
)
KEK_NOT_MADE = Event(
    75,
    "keys:not-made",
    "No new key-encryption key was made, and nothing was changed: {problem}",
    "No new key-encryption key was made.",
)
KEYS_MOVING = Event(
    76,
    "keys:moving",
    "{actor} is putting {keys} data keys under {kek}: an earlier rotation or a change of the settings left them.",
    "Data keys are being put under another key-encryption key.",
)

PROGRAM_ADDED = Event(
    80, "program:added", "{actor} added the program {program} for {purposes}.", "A program was added."
)
PROGRAM_SECRET = Event(
    81, "program:secret", "{actor} made another secret for {program}.", "Another secret was made for a program."
)
PROGRAM_SECRET_ENDED = Event(
    82, "program:secret-ended", "{actor} ended a secret of {program}.", "A program's secret was ended."
)
PROGRAM_ENDED = Event(83, "program:ended", "{actor} ended the program {program}.", "A program was ended.")
PROGRAM_TOKEN = Event(84, "program:token", "{actor} was given a token for {purposes}.", "A program was given a token.")
PROGRAM_REFUSED = Event(85, "program:refused", "A program was not let in: {why}", "A program was not let in.")
STAFF_PROGRAMS = Event(86, "staff:programs", "{actor} looked at the programs.", "Staff looked at the programs.")
TOKEN_KEY_MADE = Event(
    87,
    "program:key-made",
    "{actor} made a new key to sign programs' tokens with.",
    "A new key to sign programs' tokens was made.",
)

KINDS: dict[int, Event] = {event.id: event for event in list(globals().values()) if isinstance(event, Event)}


def kind_of(number: int) -> Event:
    """The event with that id; one this version does not know reads as such."""
    return KINDS.get(number) or Event(number, "unknown", "An entry of a newer kind.", "An entry of a newer kind.")
