"""Publishing a post to chosen circles, for the purpose `publish-to-circles`."""

from collections.abc import Sequence

from connector.domain.calls import Caller, do
from connector.domain.errors import BadInput, NotFound
from connector.domain.ports import Circle, Posted, Services
from connector.domain.records import Actor, Connection, Page

__all__ = ["circles", "publish"]

MOST_LISTS = 20
MOST_TEXT = 20_000  # characters; our own bound, Google's was not documented


def circles(svc: Services, actor: Actor, page: str) -> tuple[Circle, ...]:
    """The page's circles, by name. Raises: NotFound, and as `calls.do`."""
    found, caller = _caller(svc, actor, page)
    api = svc.network(caller.provider).api
    seen: dict[str, Circle] = {}
    cursor: str | None = None
    cursors: set[str] = set()
    for _ in range(MOST_LISTS):
        some, cursor = do(svc, caller, api.circles(found.provider_id, cursor))
        seen.update((circle.id, circle) for circle in some)
        if cursor is None or cursor in cursors:
            break
        cursors.add(cursor)
    return tuple(sorted(seen.values(), key=lambda circle: circle.name.casefold()))


def publish(svc: Services, actor: Actor, page: str, text: str, to: Sequence[str]) -> Posted:
    """Publish a post that only these circles see.

    Raises: BadInput for no text, too much of it, or no circle; NotFound; and as `calls.do`.
    """
    if not text.strip():
        raise BadInput("A post needs some text.")
    if len(text) > MOST_TEXT:
        raise BadInput(f"This post has {len(text):,} characters; {MOST_TEXT:,} is the most. Shorten it.")
    if not to:
        raise BadInput("Choose at least one circle. A post without one would be for nobody.")
    found, caller = _caller(svc, actor, page)
    return do(svc, caller, svc.network(caller.provider).api.publish(found.provider_id, text, tuple(to)))


def _caller(svc: Services, actor: Actor, page: str) -> tuple[Page, Caller]:
    with svc.store.read() as tx:
        found: Page | None = tx.connections.page(actor.customer, page) if actor.customer else None
        connection: Connection | None = tx.connections.get(found.customer, found.connection) if found else None
    if found is None or connection is None:
        raise NotFound(page)
    return found, Caller(actor, connection.provider, connection.id, "publish-to-circles", subject=found.provider_id)
