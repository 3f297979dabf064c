"""What people wrote, as it is kept: sealed under the customer's key, opened only to be shown to that customer."""

import json
from dataclasses import dataclass

from connector.domain.ports import PostedComment, Services, Tx
from connector.domain.records import Message, Page, Thread

__all__ = ["Words", "as_message", "open_words", "seal_words"]


@dataclass(frozen=True, slots=True)
class Words:
    """Who wrote and what, as received."""

    author: str
    text: str


def seal_words(svc: Services, tx: Tx, customer: str, kept_as: str, words: Words) -> bytes:
    """Seal for the message or thread with the id `kept_as`."""
    plain = json.dumps({"author": words.author, "text": words.text}).encode()
    return svc.vault.seal(tx, customer, (kept_as, "message"), plain)


def open_words(svc: Services, tx: Tx, kept: Message | Thread) -> Words:
    """Open what `seal_words` sealed. Raises: CannotOpen."""
    plain = json.loads(svc.vault.open(tx, kept.customer, (kept.id, "message"), kept.sealed))
    return Words(plain["author"], plain["text"])


def as_message(
    svc: Services, tx: Tx, on: Thread, page: Page, comment: PostedComment, before: Message | None = None
) -> Message:
    """A comment as it is kept; `before` is the message that it already is, if any."""
    lasting = before.id if before else svc.random.id("msg")
    by_page = comment.author.id == page.provider_id
    return Message(
        id=lasting, customer=page.customer, thread=on.id, provider_id=comment.provider_id,
        published_at=comment.published_at, by_page=by_page,
        sealed=seal_words(svc, tx, page.customer, lasting, Words(comment.author.name, comment.text)),
        read_at=svc.clock.now() if by_page else None,
    )  # fmt: skip
