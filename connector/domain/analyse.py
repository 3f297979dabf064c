"""The reads of an analysis, for the purpose `analyse`: posts, who reacted, photos. It reads and changes nothing."""

from dataclasses import dataclass, replace

from connector.domain.calls import Caller, do
from connector.domain.errors import NotFound
from connector.domain.ports import Posted, Services
from connector.domain.records import Actor

__all__ = ["PostFigures", "analyse"]

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
    return tuple(_figures(svc, caller, found.provider_id, post) for post in posts[:most])


def _figures(svc: Services, caller: Caller, page: str, post: Posted) -> PostFigures:
    api = svc.network(caller.provider).api
    caller = replace(caller, subject=post.provider_id)
    counts = [len(do(svc, caller, api.reactions(page, post.provider_id, kind))[0]) for kind in REACTIONS]
    for photo in post.photos:
        do(svc, caller, api.photo(page, photo))
    return PostFigures(post, counts[0], counts[1], len(post.photos))
