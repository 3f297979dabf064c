"""The reads of an analysis, for the purpose `analyse`: posts, who reacted, photos. It reads and changes nothing."""

from dataclasses import dataclass, replace
from typing import TypeVar

from connector.domain.calls import Caller, do
from connector.domain.errors import GoogleRefused, NotFound
from connector.domain.ports import Posted, Services, Step
from connector.domain.records import Actor
from connector.domain.trouble import Trouble

__all__ = ["PostFigures", "analyse"]

T = TypeVar("T")

REACTIONS = ("plusoners", "resharers")


@dataclass(frozen=True, slots=True)
class PostFigures:
    """Counts for one post; `photos` is how many of its attached photos could be read."""

    post: Posted
    plusoners: int
    resharers: int
    photos: int


def analyse(svc: Services, actor: Actor, page: str, *, most: int = 20) -> tuple[PostFigures, ...]:
    """Figures of the page's newest posts, at most `most` of them. Raises: NotFound, and as `calls.do`."""
    with svc.store.read() as tx:
        found = tx.connections.page(actor.customer, page) if actor.customer else None
        connection = tx.connections.get(found.customer, found.connection) if found else None
    if found is None or connection is None:
        raise NotFound(page)
    caller = Caller(actor, connection.provider, connection.id, "analyse", subject=found.provider_id)
    posts, _ = do(svc, caller, svc.network(connection.provider).api.posts(found.provider_id))
    figures = (_figures(svc, caller, found.provider_id, post) for post in posts[:most])
    return tuple(one for one in figures if one is not None)


def _figures(svc: Services, caller: Caller, page: str, post: Posted) -> PostFigures | None:
    """The figures; None for a post that was deleted since the list was read."""
    api = svc.network(caller.provider).api
    caller = replace(caller, subject=post.provider_id)
    counts = [_unless_gone(svc, caller, api.reactions(page, post.provider_id, kind)) for kind in REACTIONS]
    if counts[0] is None or counts[1] is None:
        return None
    photos = [_unless_gone(svc, caller, api.photo(page, photo)) for photo in post.photos]
    return PostFigures(post, len(counts[0][0]), len(counts[1][0]), sum(photo is not None for photo in photos))


def _unless_gone(svc: Services, caller: Caller, step: Step[T]) -> T | None:
    try:
        return do(svc, caller, step)
    except GoogleRefused as no:
        if no.trouble is not Trouble.TARGET_GONE:
            raise
        return None
