"""Messages: what people wrote below a page's posts, fetched into threads and shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from connector.domain import replies
from connector.domain.calls import Caller, do
from connector.domain.errors import GoogleRefused, NotFound
from connector.domain.ports import Posted, PostedComment, Services, Tx
from connector.domain.records import Actor, Connection, Message, Page, Thread
from connector.domain.shown import Shown, shown
from connector.domain.trouble import Trouble
from connector.domain.words import Words, as_message, open_words, seal_words

__all__ = [
    "MessageView",
    "Synced",
    "ThreadSummary",
    "ThreadView",
    "pages",
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
class MessageView:
    """A comment with the replies that were written to it here."""

    id: str
    author: Shown
    text: Shown
    at: datetime
    by_page: bool
    unread: bool
    replies: tuple[replies.ReplyView, ...]


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
    customer = actor.acting_for()
    with svc.store.read() as tx:
        if page is not None:
            _page(tx, actor, page)
        found = []
        for item in tx.inbox.threads(customer, page):
            messages = tx.inbox.messages(customer, item.id)
            if not messages:
                continue
            newest = messages[-1]
            words = open_words(svc, tx, newest)
            on = tx.connections.page(customer, item.page)
            found.append(
                ThreadSummary(
                    id=item.id, page_id=item.page, page_name=on.name if on else "", author=shown(words.author),
                    excerpt=shown(_short(words.text)), newest_at=newest.published_at, unread=item.unread,
                    messages=len(messages),
                )
            )  # fmt: skip
    return tuple(sorted(found, key=lambda line: line.newest_at, reverse=True))


def thread(svc: Services, actor: Actor, id: str) -> ThreadView:
    """A thread as a person reads it; reading marks it as read. Raises: NotFound."""
    customer = actor.acting_for()
    with svc.store.read() as tx:
        found = tx.inbox.thread(customer, id)
        if found is None:
            raise NotFound(id)
        page = tx.connections.page(customer, found.page)
        words = open_words(svc, tx, found)
        answers = [(item, replies.view(svc, tx, item)) for item in tx.inbox.replies(customer, id)]
        sent_here = {item.provider_id for item, _ in answers}  # shown below the message they answer
        messages = tuple(
            _message_view(svc, tx, item, [view for reply, view in answers if reply.message == item.id])
            for item in tx.inbox.messages(customer, id)
            if item.provider_id not in sent_here
        )
        why_not = _why_no_reply(svc, tx, actor, found)
        connection = tx.connections.get(customer, found.connection)
    with svc.store.write() as tx:
        tx.inbox.mark_read(customer, id, svc.clock.now())
    provider = connection.provider if connection else next(iter(svc.networks))
    return ThreadView(
        id=found.id, page_id=found.page, page_name=page.name if page else "", author=shown(words.author),
        text=shown(words.text), published_at=found.published_at, messages=messages, may_reply=why_not is None,
        why_not=why_not, reply_limit=svc.network(provider).api.reply_limit,
    )  # fmt: skip


def _comments(svc: Services, caller: Caller, page: Page, post: Posted) -> list[PostedComment]:
    api = svc.network(caller.provider).api
    found: dict[str, PostedComment] = {}
    cursor: str | None = None
    seen: set[str] = set()
    for _ in range(MOST_LISTS):
        try:
            comments, cursor = do(svc, caller, api.comments(page.provider_id, post.provider_id, cursor))
        except GoogleRefused as no:
            if no.trouble is not Trouble.TARGET_GONE:
                raise
            break  # the post was deleted since the list of posts was read; the other posts are read all the same
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
                sealed=seal_words(svc, tx, page.customer, lasting, Words(post.author.name, post.text)),
            )
        )  # fmt: skip
        known = {message.provider_id: message for message in tx.inbox.messages(page.customer, stored.id)}
        for comment in comments:
            tx.inbox.put_message(as_message(svc, tx, stored, page, comment, known.get(comment.provider_id)))
        replies.read_back(svc, tx, stored, page, comments)
    return sum(comment.provider_id not in known for comment in comments)


def _message_view(svc: Services, tx: Tx, item: Message, answers: list[replies.ReplyView]) -> MessageView:
    words = open_words(svc, tx, item)
    return MessageView(
        id=item.id, author=shown(words.author), text=shown(words.text), at=item.published_at,
        by_page=item.by_page, unread=item.read_at is None and not item.by_page, replies=tuple(answers),
    )  # fmt: skip


def _why_no_reply(svc: Services, tx: Tx, actor: Actor, on: Thread) -> str | None:
    standing = tx.connections.standing(actor.acting_for(), on.connection, actor.id)
    if standing is None or standing.connection.ended_at is not None:
        return "The account behind this page is no longer connected."
    needed = frozenset(svc.network(standing.connection.provider).catalogue.scopes_for(["reply-to-messages"]))
    if not needed <= standing.granted:
        return "Replying misses a permission that was not given at Google."
    if "reply-to-messages" not in standing.purposes_on:
        return "Replying is switched off in Settings."
    if standing.member is not None and "reply-to-messages" in standing.member.may_not:
        return "Your organisation does not let you reply. One of its owners can change that in Settings, Members."
    return None


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= EXCERPT else line[:EXCERPT].rstrip() + "…"


def _page(tx: Tx, actor: Actor, page: str) -> tuple[Page, Connection]:
    customer = actor.acting_for()
    found = tx.connections.page(customer, page)
    connection = tx.connections.get(customer, found.connection) if found else None
    if found is None or connection is None:
        raise NotFound(page)
    return found, connection
