"""The ledger: what was asked, decided and done, written so that it can be proved.

`note` adds an entry inside the caller's transaction, so the entry and the state it is about commit together.
`entry` wraps one call to Google: the intent is durable before anything is sent, the outcome is added after.
An intent that nothing closes reads as "unknown": the process ended in between.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Literal, Protocol

import structlog

from connector.domain import events
from connector.domain.canonical import canonical
from connector.domain.errors import (
    CannotOpen,
    ConnectorError,
    GoogleRefused,
    KeyServiceDown,
    LedgerUnwritable,
    NotFound,
    NotSent,
    OutcomeUnrecorded,
    Paused,
    Refused,
    TokenRefused,
)
from connector.domain.events import Event
from connector.domain.policy import version_in_force
from connector.domain.ports import Services, Tx
from connector.domain.records import Actor, Answer, LedgerRow, ReplyState, Request
from scopes import RoutedCall, Unroutable

__all__ = ["CALL_LIMIT", "OPERATOR", "SYSTEM", "Closing", "Entry", "Settles", "close_abandoned", "commitment", "note"]

OPERATOR = "operator"  # owns the details of entries that belong to no customer
SYSTEM = Actor(kind="system", id="system", name="The connector")
# Longer than one round: the wait for another's refresh (25 s), the token endpoint's deadline for two secrets (46 s) and
# the sender's (33 s). A round that follows another begins in the call's first 15 s (`answering`: 10, and 5 of waiting).
CALL_LIMIT = timedelta(seconds=120)

FIRST_SERVER_ERROR = 500
MOST_ID = 64  # characters of a name that a program passed and that may be anything

# Fields of the entry that look-ups need; the entry's bytes stay the record.
_COLUMNS = ("id", "kind", "customer", "connection", "actor", "purpose", "operation", "decision", "reason", "intent")

_log = structlog.get_logger(__name__)

Decision = Literal["answered", "refused", "failed", "unknown"]


def commitment(salt: bytes, details: bytes) -> str:
    """SHA-256 (hex) over the salt and the RFC 8785 bytes of the details; it hides them and cannot be reopened."""
    return hashlib.sha256(salt + details).hexdigest()


def note(
    svc: Services,
    tx: Tx,
    event: Event,
    *,
    actor: Actor,
    customer: str | None = None,
    connection: str | None = None,
    purpose: str | None = None,
    operation: str | None = None,
    decision: str = "done",
    reason: str | None = None,
    intent: int | None = None,
    details: Mapping[str, Any] | None = None,
    owner: str | None = None,
) -> int:
    """Add one entry in this transaction and answer its index.

    `details` may hold names and texts: they are sealed under the customer's key, and the entry commits to them.
    Everything else must be a pseudonymous id or a word of a fixed set. With another `owner` than the customer the
    details must be fixed words too, as the customer's erasure would not reach them.
    """
    name = actor.name if owner is None else f"A {actor.kind}"
    owner = owner or customer or OPERATOR
    told = canonical({"actor": name, **(details or {})})
    salt = svc.random.bytes(16)
    index = tx.ledger.next_index()
    entry: dict[str, str | int | None] = {
        "v": 1,
        "index": index,
        "id": svc.random.id("led"),
        "time": svc.clock.now().isoformat(timespec="microseconds"),
        "kind": event.id,
        "event": event.name,
        "actor": actor.id,
        "actor_kind": actor.kind,
        "customer": customer,
        "connection": connection,
        "purpose": purpose,
        "operation": operation,
        "decision": decision,
        "reason": reason,
        "intent": intent,
        "policy_version": version_in_force(svc),
        "details_commitment": commitment(salt, told),
    }
    opening = b'{"details":%b,"salt":"%b"}' % (told, salt.hex().encode())
    sealed = svc.vault.seal(tx, owner, (str(entry["id"]), "ledger"), opening)
    columns = {name: entry[name] for name in _COLUMNS} | {"at": entry["time"]}
    tx.ledger.append(LedgerRow(index=index, entry=canonical(entry), owner=owner, sealed=sealed), columns)
    return index


class Settles(Protocol):
    """State that must change in the same transactions as a call's entries, such as a reply's."""

    def opened(self, tx: Tx, intent: int) -> None:
        """The intent is being committed."""
        ...

    def closed(self, tx: Tx, decision: Decision, answer: Answer | None) -> None:
        """The outcome is being committed."""
        ...


class Asked(Protocol):
    """What an entry needs to know of an ask."""

    @property
    def actor(self) -> Actor: ...
    @property
    def provider(self) -> str: ...
    @property
    def connection(self) -> str: ...
    @property
    def purpose(self) -> str: ...
    @property
    def subject(self) -> str | None: ...
    @property
    def request(self) -> Request: ...


class Closing:
    """How a call ended, as the ledger tells it."""

    __slots__ = ("answer", "decision", "reason", "why")

    def __init__(self, decision: Decision, reason: str | None, why: str, answer: Answer | None = None) -> None:
        self.decision, self.reason, self.why, self.answer = decision, reason, why, answer

    @classmethod
    def of(cls, error: BaseException) -> "Closing":
        """What an exception on the path of a call says about the call."""
        match error:
            case Refused():
                return cls("refused", error.reason, error.public)
            case NotFound():
                return cls("refused", "not-found", error.public)
            case CannotOpen():
                return cls("refused", "cannot-open", error.public)
            case KeyServiceDown():
                return cls("failed", "key-service", error.public)
            case TokenRefused():
                return cls("failed", f"token-{error.code}", error.public)
            case GoogleRefused():
                return cls("failed", error.reason, error.public)
            case Paused():
                return cls("failed", "paused", error.public)
            case NotSent():
                return cls("failed", "not-sent", error.public)
            case ConnectorError():
                return cls("unknown", "no-answer", error.public)
            case _:
                return cls("unknown", "crashed", "The program stopped in the middle of it.")


class Entry:
    """One call's entry: opened and committed before anything else happens, closed with how it ended."""

    def __init__(
        self, svc: Services, ask: Asked, routed: RoutedCall | Unroutable, settles: Settles | None = None
    ) -> None:
        self._svc, self._ask, self._routed, self._settles = svc, ask, routed, settles
        self._closing: Closing | None = None
        self._beyond: tuple[str, ...] = ()
        self.intent = -1

    def __enter__(self) -> "Entry":
        self._opened_at = self._svc.clock.now()
        try:
            self._svc.store.grouped(self._open)
        except CannotOpen as error:
            self._refuse_unsealed(error)
            raise
        return self

    def _open(self, tx: Tx) -> None:
        self.intent = self._note(tx, events.CALL_INTENT, "intent", None, "")
        if self._settles:
            self._settles.opened(tx, self.intent)

    def _refuse_unsealed(self, error: CannotOpen) -> None:
        """The customer's own data key does not open, so nothing can be sealed for them: on record without details."""
        closing = Closing.of(error)
        with self._svc.store.write() as tx:
            self.intent = self._note(tx, events.CALL_INTENT, "intent", None, "", owner=OPERATOR)
            event = _OUTCOMES[closing.decision]
            index = self._note(tx, event, closing.decision, closing.reason, closing.why, owner=OPERATOR)
        _alarm(closing, index)

    def answered(self, answer: Answer, beyond: tuple[str, ...], refusal: GoogleRefused | None) -> Answer:
        """Google answered; the entry will say so when the block ends, and what the answer held `beyond` the fields.

        `refusal` is what an error answer stands for.

        A server error on a write may come after the write was done, so only a clear no counts as not done.
        """
        self._beyond = beyond
        reason, why = f"http-{answer.status}", f"Google answered {answer.status}."
        if refusal is not None:
            reason, why = refusal.reason, refusal.public
        if answer.ok:
            self._closing = Closing("answered", None, "", answer)
        elif answer.status >= FIRST_SERVER_ERROR and self._ask.request.verb != "GET":
            self._closing = Closing("unknown", reason, why, answer)
        else:
            self._closing = Closing("failed", reason, why, answer)
        return answer

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        closing = Closing.of(error) if error is not None else self._closing
        if closing is None:
            closing = Closing("unknown", "crashed", "The program stopped in the middle of it.")
        # An outcome that a power failure takes back leaves the intent, which reads "unknown". State that hangs on the
        # outcome waits for the disk.
        with _told_truly(closing):
            index = self._svc.store.grouped(lambda tx: self._close(tx, closing), durable=self._settles is not None)
        if index is not None:
            _alarm(closing, index)

    def _close(self, tx: Tx, closing: Closing) -> int | None:
        # Past the limit another process may have closed this entry already as unknown; that stands.
        late = self._svc.clock.now() - self._opened_at > CALL_LIMIT
        if late and tx.ledger.outcomes_of([self.intent]):
            return None
        index = self._note(tx, _OUTCOMES[closing.decision], closing.decision, closing.reason, closing.why)
        if self._settles:
            self._settles.closed(tx, closing.decision, closing.answer)
        return index

    def _note(
        self, tx: Tx, event: Event, decision: str, reason: str | None, why: str, *, owner: str | None = None
    ) -> int:
        ask = self._ask
        details: dict[str, Any] = {"what": self._what(), "why": why, "subject": ask.subject}
        operation = None
        if isinstance(self._routed, RoutedCall):
            operation = self._routed.operation
            details["parameters"] = {**self._routed.path, **self._routed.query}
        if self._beyond:
            details["beyond_fields"] = list(self._beyond)
        if owner is not None:
            details = {"what": _title(self._svc, operation), "why": why}
        return note(
            self._svc,
            tx,
            event,
            actor=ask.actor,
            customer=ask.actor.customer,
            connection=ask.connection[:MOST_ID],
            purpose=ask.purpose[:MOST_ID],
            operation=operation,
            decision=decision,
            reason=reason,
            intent=None if decision == "intent" else self.intent,
            details=details,
            owner=owner,
        )

    def _what(self) -> str:
        """The act in words that follow "to"."""
        if isinstance(self._routed, RoutedCall):
            return _title(self._svc, self._routed.operation)
        # A URL that leads nowhere may hold anything, a token included; only its beginning up to the query is kept.
        request = self._ask.request
        shown = request.url.split("?", 1)[0].split("#", 1)[0][:200]
        return f"send {request.verb[:16]} {shown.encode('ascii', 'backslashreplace').decode()}"


def _alarm(closing: Closing, index: int) -> None:
    """Tell the operator of a stored secret that does not open: the database was damaged, or written by somebody."""
    if closing.reason == "cannot-open":
        _log.error("cannot_open", reason=closing.reason, index=index)


@contextmanager
def _told_truly(closing: Closing) -> Iterator[None]:
    """Do not say that nothing was done where a request went out and only its outcome cannot be written."""
    try:
        yield
    except LedgerUnwritable as no:
        if closing.answer is None and closing.decision != "unknown":
            raise
        raise OutcomeUnrecorded(str(no)) from None


def _title(svc: Services, operation: str | None) -> str:
    titles = (network.catalogue.titles.get(operation or "") for network in svc.networks.values())
    return next((title for title in titles if title), "make a request")


_OUTCOMES: dict[Decision, Event] = {
    "answered": events.CALL_ANSWERED,
    "refused": events.CALL_REFUSED,
    "failed": events.CALL_FAILED,
    "unknown": events.CALL_UNKNOWN,
}


def close_abandoned(svc: Services) -> int:
    """Close the intents whose process ended before it could; how many there were.

    Safe to run at any time and by several processes: an intent is closed once, and only past `CALL_LIMIT`.
    """
    before: datetime = svc.clock.now() - CALL_LIMIT
    with svc.store.read() as tx:
        waiting = list(tx.ledger.open_intents(before))
    for index, owner in [(row.index, row.owner) for row in waiting]:
        svc.vault.ready(svc.store, owner)
        with svc.store.write() as tx:
            tx.ledger.next_index()  # holds the ledger's head, so that nobody else closes it meanwhile
            row = tx.ledger.entry(index)
            if row is None or tx.ledger.outcomes_of([index]):
                continue
            _close_as_unknown(svc, tx, row)
    return len(waiting)


_ABANDONED = {
    events.CONNECT_EXCHANGE.id: events.CONNECT_FAILED,
    events.REVOKE_ASKED.id: events.REVOKE_PENDING,
}


def _close_as_unknown(svc: Services, tx: Tx, row: LedgerRow) -> None:
    entry = json.loads(row.entry)
    note(
        svc,
        tx,
        _ABANDONED.get(entry["kind"], events.CALL_UNKNOWN),
        actor=SYSTEM,
        customer=entry["customer"],
        connection=entry["connection"],
        purpose=entry["purpose"],
        operation=entry["operation"],
        decision="unknown",
        reason="process-ended",
        intent=row.index,
        details={"what": _title(svc, entry["operation"]), "why": "the program ended before an answer came",
                 "problem": "the program ended before Google's answer was stored"},
    )  # fmt: skip
    reply = tx.inbox.reply_of_intent(row.index)
    if reply is not None:
        tx.inbox.settle_reply(reply.id, ReplyState.UNKNOWN, svc.clock.now(), None)
