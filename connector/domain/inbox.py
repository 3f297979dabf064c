"""Messages: what people wrote below a page's posts, and the page's replies.

A reply is kept before it is sent and sent once. When no answer came, it reads "unknown" and is never sent again
on its own (R43): whoever looks decides.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from connector.domain import ledger
from connector.domain.calls import Caller, do
from connector.domain.errors import AlreadyDone, BadInput, NotFound
from connector.domain.ports import Posted, PostedComment, Services, Tx
from connector.domain.records import Actor, Answer, Connection, Message, Page, Reply, ReplyState, Thread
from connector.domain.shown import Shown, shown

__all__ = [
    "MessageView",
    "ReplyView",
    "Synced",
    "ThreadSummary",
    "ThreadView",
    "pages",
    "reply",
    "sync",
    "thread",
    "threads",
]

MOST_LISTS = 20  # lists of posts, and of comments below one post, read in one sync
EXCERPT = 140  # characters


@dataclass(frozen=True, slots=True)
class Synced:
    """What one sync of a page brought."""

    page_name: str
    threads: int
    new_messages: int


@dataclass(frozen=True, slots=True)
class ThreadSummary:
    """A line of the list."""

    id: str
    page_id: str
    page_name: str
    author: Shown
    excerpt: Shown
    newest_at: datetime
    unread: int
    messages: int


@dataclass(frozen=True, slots=True)
class ReplyView:
    """A reply and what is known of it."""

    id: str
    text: str
    state: ReplyState
    state_sentence: str
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class MessageView:
    """A comment with the replies that were written to it here."""

    id: str
    author: Shown
    text: Shown
    at: datetime
    by_page: bool
    unread: bool
    replies: tuple[ReplyView, ...]


@dataclass(frozen=True, slots=True)
class ThreadView:
    """A post with its comments."""

    id: str
    page_id: str
    page_name: str
    author: Shown
    text: Shown
    published_at: datetime
    messages: tuple[MessageView, ...]
    may_reply: bool
    why_not: str | None
    reply_limit: int


def pages(svc: Services, customer: str) -> tuple[Page, ...]:
    """The pages whose messages are read."""
    with svc.store.read() as tx:
        return tuple(tx.connections.chosen_pages(customer))


def sync(svc: Services, actor: Actor, page: str) -> Synced:
    """Fetch a page's posts and the comments below them, for the purpose `read-messages`.

    What came in before a failure stays. Raises: NotFound, and as `calls.do`.
    """
    with svc.store.read() as tx:
        found, connection = _page(tx, actor, page)
    caller = Caller(actor, connection.provider, connection.id, "read-messages", subject=found.provider_id)
    api = svc.network(connection.provider).api
    count = new = 0
    cursor: str | None = None
    seen: set[str] = set()
    for _ in range(MOST_LISTS):
        posts, cursor = do(svc, caller, api.posts(found.provider_id, cursor))
        for post in posts:
            comments = _comments(svc, caller, found, post) if post.comments else []
            new += _keep(svc, found, post, comments)
            count += 1
        if cursor is None or cursor in seen:
            break
        seen.add(cursor)
    return Synced(found.name, count, new)


def threads(svc: Services, actor: Actor, page: str | None = None) -> tuple[ThreadSummary, ...]:
    """The customer's threads that somebody wrote in, newest activity first."""
    customer = _customer(actor)
    with svc.store.read() as tx:
        if page is not None:
            _page(tx, actor, page)
        found = []
        for item in tx.inbox.threads(customer, page):
            messages = tx.inbox.messages(customer, item.id)
            if not messages:
                continue
            newest = messages[-1]
            words = _opened(svc, tx, customer, newest.id, newest.sealed)
            on = tx.connections.page(customer, item.page)
            found.append(
                ThreadSummary(
                    id=item.id, page_id=item.page, page_name=on.name if on else "", author=shown(words["author"]),
                    excerpt=shown(_short(words["text"])), newest_at=newest.published_at, unread=item.unread,
                    messages=len(messages),
                )
            )  # fmt: skip
    return tuple(sorted(found, key=lambda line: line.newest_at, reverse=True))


def thread(svc: Services, actor: Actor, id: str) -> ThreadView:
    """A thread as a person reads it; reading marks it as read. Raises: NotFound."""
    customer = _customer(actor)
    with svc.store.read() as tx:
        found = tx.inbox.thread(customer, id)
        if found is None:
            raise NotFound(id)
        page = tx.connections.page(customer, found.page)
        words = _opened(svc, tx, customer, found.id, found.sealed)
        replies = [(item, _reply_view(svc, tx, item)) for item in tx.inbox.replies(customer, id)]
        messages = tuple(
            _message_view(svc, tx, item, [view for reply, view in replies if reply.message == item.id])
            for item in tx.inbox.messages(customer, id)
        )
        why_not = _why_no_reply(svc, tx, customer, found)
        connection = tx.connections.get(customer, found.connection)
    with svc.store.write() as tx:
        tx.inbox.mark_read(customer, id, svc.clock.now())
    provider = connection.provider if connection else next(iter(svc.networks))
    return ThreadView(
        id=found.id, page_id=found.page, page_name=page.name if page else "", author=shown(words["author"]),
        text=shown(words["text"]), published_at=found.published_at, messages=messages, may_reply=why_not is None,
        why_not=why_not, reply_limit=svc.network(provider).api.reply_limit,
    )  # fmt: skip


def reply(svc: Services, actor: Actor, message: str, text: str, *, key: str) -> ReplyView:
    """Answer a message as the page, once. The same `key` with the same text answers with the same reply.

    Raises:
        NotFound: not this customer's message.
        BadInput: empty, too long, or the key came before with another text.
        AlreadyDone: the reply with this key is being sent right now.
        Refused and the rest of `calls.do`: with the reply kept as failed or unknown, whichever is true.
    """
    customer = _customer(actor)
    words = _clean(text)
    digest = hashlib.sha256(words.encode()).hexdigest()
    with svc.store.read() as tx:
        target = tx.inbox.message(customer, message)
        found = tx.inbox.thread(customer, target.thread) if target else None
        page = tx.connections.page(customer, found.page) if found else None
        connection = tx.connections.get(customer, found.connection) if found else None
        if target is None or found is None or page is None or connection is None:
            raise NotFound(message)
        before = tx.inbox.reply_by_key(customer, key)
        if before is not None:
            return _same(svc, tx, before, digest)
    api = svc.network(connection.provider).api
    if len(words) > api.reply_limit:
        raise BadInput(f"This reply has {len(words):,} characters; {api.reply_limit:,} is the most. Shorten it.")
    draft = Reply(
        id=svc.random.id("rep"), customer=customer, thread=found.id, message=target.id, person=actor.id, key=key,
        text_hash=digest, sealed=b"", state=ReplyState.SENDING, intent=None, created_at=svc.clock.now(),
    )  # fmt: skip
    sending = _Sending(svc, draft, words)
    caller = Caller(actor, connection.provider, connection.id, "reply-to-messages", subject=target.provider_id)
    try:
        posted = do(svc, caller, api.reply(page.provider_id, found.provider_id, words), sending)
    except _Twice:
        with svc.store.read() as tx:
            first = tx.inbox.reply_by_key(customer, key)
            if first is None:
                raise NotFound(key) from None
            return _same(svc, tx, first, digest)
    with svc.store.write() as tx:
        stored = tx.inbox.put_message(_message(svc, tx, found, page, posted))
        tx.inbox.settle_reply(draft.id, ReplyState.SENT, svc.clock.now(), stored.provider_id)
    with svc.store.read() as tx:
        sent = tx.inbox.reply(customer, draft.id)
        if sent is None:
            raise NotFound(draft.id)
        return _reply_view(svc, tx, sent)


class _Twice(Exception):
    """A reply with this key was committed by somebody else first."""


@dataclass(slots=True)
class _Sending:
    """The reply's row changes in the same transactions as the call's entries."""

    svc: Services
    draft: Reply
    words: str
    settled: ReplyState | None = field(default=None)

    def opened(self, tx: Tx, intent: int) -> None:
        if tx.inbox.reply_by_key(self.draft.customer, self.draft.key) is not None:
            raise _Twice
        place = (self.draft.id, "reply")
        sealed = self.svc.vault.seal(tx, self.draft.customer, place, self.words.encode())
        draft = self.draft
        tx.inbox.add_reply(
            Reply(
                id=draft.id, customer=draft.customer, thread=draft.thread, message=draft.message, person=draft.person,
                key=draft.key, text_hash=draft.text_hash, sealed=sealed, state=ReplyState.SENDING, intent=intent,
                created_at=draft.created_at,
            )
        )  # fmt: skip

    def closed(self, tx: Tx, decision: ledger.Decision, answer: Answer | None) -> None:
        state = {
            "answered": ReplyState.SENT,
            "refused": ReplyState.FAILED,
            "failed": ReplyState.FAILED,
            "unknown": ReplyState.UNKNOWN,
        }[decision]
        tx.inbox.settle_reply(self.draft.id, state, self.svc.clock.now(), None)


def _comments(svc: Services, caller: Caller, page: Page, post: Posted) -> list[PostedComment]:
    api = svc.network(caller.provider).api
    found: dict[str, PostedComment] = {}
    cursor: str | None = None
    seen: set[str] = set()
    for _ in range(MOST_LISTS):
        comments, cursor = do(svc, caller, api.comments(page.provider_id, post.provider_id, cursor))
        found.update((comment.provider_id, comment) for comment in comments)
        if cursor is None or cursor in seen:
            break
        seen.add(cursor)
    return list(found.values())


def _keep(svc: Services, page: Page, post: Posted, comments: Sequence[PostedComment]) -> int:
    """Store a post and its comments; how many of them were new."""
    with svc.store.write() as tx:
        before = tx.inbox.thread_of(page.id, post.provider_id)
        lasting = before.id if before else svc.random.id("thr")
        stored = tx.inbox.put_thread(
            Thread(
                id=lasting, customer=page.customer, connection=page.connection, page=page.id,
                provider_id=post.provider_id, published_at=post.published_at, updated_at=post.updated_at,
                sealed=_sealed(svc, tx, page.customer, lasting, post.author.name, post.text),
            )
        )  # fmt: skip
        known = {message.provider_id: message for message in tx.inbox.messages(page.customer, stored.id)}
        for comment in comments:
            tx.inbox.put_message(_message(svc, tx, stored, page, comment, known.get(comment.provider_id)))
    return sum(comment.provider_id not in known for comment in comments)


def _message(
    svc: Services, tx: Tx, on: Thread, page: Page, comment: PostedComment, before: Message | None = None
) -> Message:
    lasting = before.id if before else svc.random.id("msg")
    by_page = comment.author.id == page.provider_id
    return Message(
        id=lasting, customer=page.customer, thread=on.id, provider_id=comment.provider_id,
        published_at=comment.published_at, by_page=by_page,
        sealed=_sealed(svc, tx, page.customer, lasting, comment.author.name, comment.text),
        read_at=svc.clock.now() if by_page else None,
    )  # fmt: skip


def _sealed(svc: Services, tx: Tx, customer: str, id: str, author: str, text: str) -> bytes:
    return svc.vault.seal(tx, customer, (id, "message"), json.dumps({"author": author, "text": text}).encode())


def _opened(svc: Services, tx: Tx, customer: str, id: str, sealed: bytes) -> dict[str, str]:
    words: dict[str, str] = json.loads(svc.vault.open(tx, customer, (id, "message"), sealed))
    return words


def _message_view(svc: Services, tx: Tx, item: Message, replies: list[ReplyView]) -> MessageView:
    words = _opened(svc, tx, item.customer, item.id, item.sealed)
    return MessageView(
        id=item.id, author=shown(words["author"]), text=shown(words["text"]), at=item.published_at,
        by_page=item.by_page, unread=item.read_at is None and not item.by_page, replies=tuple(replies),
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


def _reply_view(svc: Services, tx: Tx, item: Reply) -> ReplyView:
    person = tx.accounts.person(item.person)
    words = svc.vault.open(tx, item.customer, (item.id, "reply"), item.sealed).decode()
    stale = item.state is ReplyState.SENDING and svc.clock.now() - item.created_at > ledger.CALL_LIMIT
    state = ReplyState.UNKNOWN if stale else item.state
    return ReplyView(
        id=item.id, text=words, state=state, state_sentence=_STATES[state], at=item.settled_at or item.created_at,
        by=person.name if person else item.person,
    )  # fmt: skip


def _same(svc: Services, tx: Tx, before: Reply, digest: str) -> ReplyView:
    if before.text_hash != digest:
        raise BadInput("This form was sent before with another text. Reload the page and write the reply again.")
    if before.state is ReplyState.SENDING and svc.clock.now() - before.created_at <= ledger.CALL_LIMIT:
        raise AlreadyDone("this reply is being sent")
    return _reply_view(svc, tx, before)


def _why_no_reply(svc: Services, tx: Tx, customer: str, on: Thread) -> str | None:
    standing = tx.connections.standing(customer, on.connection)
    if standing is None or standing.connection.ended_at is not None:
        return "The account behind this page is no longer connected."
    needed = frozenset(svc.network(standing.connection.provider).catalogue.scopes_for(["reply-to-messages"]))
    if not needed <= standing.granted:
        return "Replying misses a permission that was not given at Google."
    if "reply-to-messages" not in standing.purposes_on:
        return "Replying is switched off in Settings."
    return None


def _clean(text: str) -> str:
    words = text.replace("\r\n", "\n").replace("\x00", "").strip()
    try:
        words.encode("utf-8")
    except UnicodeEncodeError:
        raise BadInput("This text holds a broken character. Remove it and send again.") from None
    if not words:
        raise BadInput("A reply needs some text.")
    return words


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= EXCERPT else line[:EXCERPT].rstrip() + "…"


def _page(tx: Tx, actor: Actor, page: str) -> tuple[Page, Connection]:
    customer = _customer(actor)
    found = tx.connections.page(customer, page)
    connection = tx.connections.get(customer, found.connection) if found else None
    if found is None or connection is None:
        raise NotFound(page)
    return found, connection


def _customer(actor: Actor) -> str:
    if actor.customer is None:
        raise NotFound(actor.id)
    return actor.customer
