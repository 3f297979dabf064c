"""Threads, messages and replies of a customer's pages."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, select, update

from connector.domain import records as r
from connector.domain.errors import AlreadyDone
from connector.storage.rows import insert_into, one, record_columns, values
from connector.storage.schema import messages, replies, threads

__all__ = ["InboxRows"]

_COUNTED = frozenset({"unread", "newest_at"})  # fields of a thread that its messages tell
_mine = messages.c.thread == threads.c.id
_THREAD: Select[Any] = select(
    *record_columns(threads, r.Thread),
    select(func.count())
    .where(_mine, messages.c.read_at.is_(None), ~messages.c.by_page)
    .correlate(threads)
    .scalar_subquery()
    .label("unread"),
    select(func.max(messages.c.published_at, type_=messages.c.published_at.type))
    .where(_mine)
    .correlate(threads)
    .scalar_subquery()
    .label("newest_at"),
)
_NEWEST = func.coalesce(_THREAD.selected_columns.newest_at, threads.c.published_at)
_MESSAGE = record_columns(messages, r.Message)
_REPLY = select(*record_columns(replies, r.Reply))


class InboxRows:
    """`connector.domain.ports.Inbox` in one transaction. A foreign id is a missing one (R49)."""

    def __init__(self, connection: Connection) -> None:
        self._sql = connection

    def put_thread(self, thread: r.Thread) -> r.Thread:
        """Insert, or update by page and provider id; the stored thread, with its lasting id.

        A known one is updated only under its lasting id: what was sealed for another id would not open in its row.
        """
        new = insert_into(self._sql, threads)
        changed = {name: new.excluded[name] for name in ("connection", "published_at", "updated_at", "sealed")}
        kept = new.on_conflict_do_update(
            index_elements=["page", "provider_id"], set_=changed, where=threads.c.id == new.excluded.id
        )
        self._sql.execute(kept, values(thread, without=_COUNTED))
        known = (threads.c.page == thread.page) & (threads.c.provider_id == thread.provider_id)
        return r.Thread(*self._sql.execute(_THREAD.where(known)).one())

    def put_message(self, message: r.Message) -> r.Message:
        """Insert, or update by thread and provider id (keeps id and read_at); under its lasting id, as a thread."""
        new = insert_into(self._sql, messages)
        changed = {name: new.excluded[name] for name in ("published_at", "by_page", "sealed")}
        kept = new.on_conflict_do_update(
            index_elements=["thread", "provider_id"], set_=changed, where=messages.c.id == new.excluded.id
        )
        row = self._sql.execute(kept.returning(*_MESSAGE), values(message)).one_or_none()
        if row is None:
            known = (messages.c.thread == message.thread) & (messages.c.provider_id == message.provider_id)
            row = self._sql.execute(select(*_MESSAGE).where(known)).one()
        return r.Message(*row)

    def threads(self, customer: str, page: str | None = None, limit: int = 100) -> Sequence[r.Thread]:
        """Newest activity first (the newest message, or the post itself), with unread counts."""
        wanted = _THREAD.where(threads.c.customer == customer)
        if page is not None:
            wanted = wanted.where(threads.c.page == page)
        rows = self._sql.execute(wanted.order_by(_NEWEST.desc(), threads.c.id).limit(limit))
        return [r.Thread(*row) for row in rows]

    def thread(self, customer: str, id: str) -> r.Thread | None:
        """The customer's thread, or None."""
        return one(r.Thread, self._sql.execute(_THREAD.where(threads.c.id == id, threads.c.customer == customer)))

    def thread_of(self, page: str, provider_id: str) -> r.Thread | None:
        """The thread of a provider's post on a page of ours; the page's id is one customer's."""
        wanted = _THREAD.where(threads.c.page == page, threads.c.provider_id == provider_id)
        return one(r.Thread, self._sql.execute(wanted))

    def messages(self, customer: str, thread: str) -> Sequence[r.Message]:
        """Oldest first."""
        wanted = select(*_MESSAGE).where(messages.c.thread == thread, messages.c.customer == customer)
        rows = self._sql.execute(wanted.order_by(messages.c.published_at, messages.c.seq))
        return [r.Message(*row) for row in rows]

    def message(self, customer: str, id: str) -> r.Message | None:
        """The customer's message, or None."""
        wanted = select(*_MESSAGE).where(messages.c.id == id, messages.c.customer == customer)
        return one(r.Message, self._sql.execute(wanted))

    def mark_read(self, customer: str, thread: str, at: datetime) -> None:
        """Mark every unread message of the thread; earlier marks stay."""
        here = (messages.c.thread == thread) & (messages.c.customer == customer) & messages.c.read_at.is_(None)
        self._sql.execute(update(messages).where(here).values(read_at=at))

    def add_reply(self, reply: r.Reply) -> None:
        """Keep a new reply. Raises: AlreadyDone when the customer has used its key before."""
        new = insert_into(self._sql, replies).on_conflict_do_nothing(index_elements=["customer", "key"])
        if self._sql.execute(new.returning(replies.c.id), values(reply)).one_or_none() is None:
            raise AlreadyDone("a reply with this idempotency key is kept already")

    def reply(self, customer: str, id: str) -> r.Reply | None:
        """The customer's reply, or None."""
        return one(r.Reply, self._sql.execute(_REPLY.where(replies.c.id == id, replies.c.customer == customer)))

    def reply_by_key(self, customer: str, key: str) -> r.Reply | None:
        """The customer's reply with that idempotency key, or None."""
        return one(r.Reply, self._sql.execute(_REPLY.where(replies.c.key == key, replies.c.customer == customer)))

    def replies(self, customer: str, thread: str) -> Sequence[r.Reply]:
        """Oldest first."""
        wanted = _REPLY.where(replies.c.thread == thread, replies.c.customer == customer)
        rows = self._sql.execute(wanted.order_by(replies.c.created_at, replies.c.seq))
        return [r.Reply(*row) for row in rows]

    def reply_of_intent(self, intent: int) -> r.Reply | None:
        """The reply that was sent under that ledger entry, or None."""
        return one(r.Reply, self._sql.execute(_REPLY.where(replies.c.intent == intent)))

    def settle_reply(self, id: str, state: r.ReplyState, at: datetime, provider_id: str | None) -> None:
        """Note what is known of it now."""
        settled = {"state": state, "settled_at": at, "provider_id": provider_id}
        self._sql.execute(update(replies).where(replies.c.id == id).values(settled))
