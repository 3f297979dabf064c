"""The page's replies: kept before they are sent, sent once, and never sent again on their own (R43).

When no answer came, a reply reads "unknown". It is found again when its text comes back from Google among the page's
own comments; until then whoever looks decides.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from connector.domain import events, ledger
from connector.domain.calls import Caller, do
from connector.domain.errors import AlreadyDone, BadInput, NotFound
from connector.domain.ports import PostedComment, Services, Tx
from connector.domain.records import Actor, Answer, Page, Reply, ReplyState, Thread
from connector.domain.words import as_message

__all__ = ["ReplyView", "read_back", "send", "view"]

_KEY = re.compile(r"[!-~]{1,200}")
BEFORE, AFTER = timedelta(minutes=2), timedelta(minutes=10)  # how far Google's time of a reply may be from ours


@dataclass(frozen=True, slots=True)
class ReplyView:
    """A reply and what is known of it."""

    id: str
    text: str
    state: ReplyState
    state_sentence: str
    at: datetime
    by: str


def send(svc: Services, actor: Actor, message: str, text: str, *, key: str) -> ReplyView:
    """Answer a message as the page, once. The same `key` with the same words answers with the same reply.

    Raises:
        NotFound: not this customer's message.
        BadInput: empty, too long, no usable key, or the key came before with another text or for another message.
        AlreadyDone: the reply with this key is being sent right now.
        Refused and the rest of `calls.do`: with the reply kept as failed or unknown, whichever is true.
    """
    customer = actor.acting_for()
    words = _clean(text)
    if not _KEY.fullmatch(key):
        raise BadInput("This form is not complete. Reload the page and write the reply again.")
    with svc.store.read() as tx:
        target = tx.inbox.message(customer, message)
        found = tx.inbox.thread(customer, target.thread) if target else None
        page = tx.connections.page(customer, found.page) if found else None
        connection = tx.connections.get(customer, found.connection) if found else None
        if target is None or found is None or page is None or connection is None:
            raise NotFound(message)
        api = svc.network(connection.provider).api
        if len(words) > api.reply_limit:
            raise BadInput(f"This reply has {len(words):,} characters; {api.reply_limit:,} is the most. Shorten it.")
        draft = Reply(
            id=svc.random.id("rep"), customer=customer, thread=found.id, message=target.id, person=actor.id, key=key,
            text_hash=_digest(words), sealed=b"", state=ReplyState.SENDING, intent=None, created_at=svc.clock.now(),
        )  # fmt: skip
        before = tx.inbox.reply_by_key(customer, key)
        if before is not None:
            return _same(svc, tx, before, draft)
    caller = Caller(actor, connection.provider, connection.id, "reply-to-messages", subject=target.provider_id)
    try:
        posted = do(svc, caller, api.reply(page.provider_id, found.provider_id, words), _Sending(svc, draft, words))
    except _Twice:
        with svc.store.read() as tx:
            first = tx.inbox.reply_by_key(customer, key)
            if first is None:
                raise NotFound(key) from None
            return _same(svc, tx, first, draft)
    with svc.store.write() as tx:
        stored = tx.inbox.put_message(as_message(svc, tx, found, page, posted))
        tx.inbox.settle_reply(draft.id, ReplyState.SENT, svc.clock.now(), stored.provider_id)
    with svc.store.read() as tx:
        sent = tx.inbox.reply(customer, draft.id)
        if sent is None:
            raise NotFound(draft.id)
        return view(svc, tx, sent)


def read_back(svc: Services, tx: Tx, on: Thread, page: Page, comments: Iterable[PostedComment]) -> None:
    """Settle the thread's unknown replies that are among the page's own comments: same text, at about that time."""
    replies = tx.inbox.replies(on.customer, on.id)
    taken = {reply.provider_id for reply in replies}
    own = [c for c in comments if c.author.id == page.provider_id and c.provider_id not in taken]
    for reply in replies:
        if _as_known(svc, reply) is not ReplyState.UNKNOWN:
            continue
        earliest, latest = reply.created_at - BEFORE, reply.created_at + AFTER
        found = next(
            (c for c in own if earliest <= c.published_at <= latest and _digest(c.text.strip()) == reply.text_hash),
            None,
        )
        if found is None:
            continue
        own.remove(found)
        tx.inbox.settle_reply(reply.id, ReplyState.SENT, svc.clock.now(), found.provider_id)
        ledger.note(
            svc, tx, events.REPLY_FOUND, actor=ledger.SYSTEM, customer=on.customer, connection=on.connection,
            purpose="reply-to-messages", details={"reply": reply.id, "comment": found.provider_id},
        )  # fmt: skip


def view(svc: Services, tx: Tx, item: Reply) -> ReplyView:
    """A reply as its customer sees it."""
    person = tx.accounts.person(item.person)
    words = svc.vault.open(tx, item.customer, (item.id, "reply"), item.sealed).decode()
    state = _as_known(svc, item)
    return ReplyView(
        id=item.id, text=words, state=state, state_sentence=_STATES[state], at=item.settled_at or item.created_at,
        by=person.name if person else item.person,
    )  # fmt: skip


_STATES = {
    ReplyState.SENDING: "Being sent.",
    ReplyState.SENT: "Sent.",
    ReplyState.FAILED: "Not sent. Nothing was posted; you can write it again.",
    ReplyState.UNKNOWN: (
        "Unknown: Google did not answer, so it may or may not be posted. It was sent once and is not sent again. "
        "Fetch new messages to see whether it arrived."
    ),
}


class _Twice(Exception):
    """A reply with this key was committed by somebody else first."""


@dataclass(frozen=True, slots=True)
class _Sending:
    """The reply's row changes in the same transactions as the call's entries."""

    svc: Services
    draft: Reply
    words: str

    def opened(self, tx: Tx, intent: int) -> None:
        draft = self.draft
        if tx.inbox.reply_by_key(draft.customer, draft.key) is not None:
            raise _Twice
        sealed = self.svc.vault.seal(tx, draft.customer, (draft.id, "reply"), self.words.encode())
        tx.inbox.add_reply(replace(draft, sealed=sealed, intent=intent))

    def closed(self, tx: Tx, decision: ledger.Decision, answer: Answer | None) -> None:
        state = {
            "answered": ReplyState.SENT,
            "refused": ReplyState.FAILED,
            "failed": ReplyState.FAILED,
            "unknown": ReplyState.UNKNOWN,
        }[decision]
        tx.inbox.settle_reply(self.draft.id, state, self.svc.clock.now(), None)


def _as_known(svc: Services, item: Reply) -> ReplyState:
    """A reply whose process ended while it was being sent is unknown."""
    stale = item.state is ReplyState.SENDING and svc.clock.now() - item.created_at > ledger.CALL_LIMIT
    return ReplyState.UNKNOWN if stale else item.state


def _same(svc: Services, tx: Tx, before: Reply, draft: Reply) -> ReplyView:
    if (before.text_hash, before.message) != (draft.text_hash, draft.message):
        raise BadInput("This form was sent before with another text. Reload the page and write the reply again.")
    if _as_known(svc, before) is ReplyState.SENDING:
        raise AlreadyDone("this reply is being sent")
    return view(svc, tx, before)


def _digest(words: str) -> str:
    return hashlib.sha256(words.encode()).hexdigest()


def _clean(text: str) -> str:
    words = text.replace("\r\n", "\n").replace("\x00", "").strip()
    try:
        words.encode("utf-8")
    except UnicodeEncodeError:
        raise BadInput("This text holds a broken character. Remove it and send again.") from None
    if not words:
        raise BadInput("A reply needs some text.")
    return words
