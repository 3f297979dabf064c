"""Showing a connected account's profile, for the purpose `show-profile`. It is read when asked for and not kept."""

from connector.domain.calls import Caller, do
from connector.domain.errors import NotFound
from connector.domain.ports import FoundProfile, Services
from connector.domain.records import Actor

__all__ = ["profiles"]


def profiles(svc: Services, actor: Actor, connection: str) -> tuple[FoundProfile, ...]:
    """The account's own profile, then those of its chosen pages. Raises: NotFound, and as `calls.do`."""
    with svc.store.read() as tx:
        found = tx.connections.get(actor.customer, connection) if actor.customer else None
        if found is None:
            raise NotFound(connection)
        pages = [page.provider_id for page in tx.connections.pages(connection) if page.chosen]
    caller = Caller(actor, found.provider, found.id, "show-profile", subject=found.account)
    api = svc.network(found.provider).api
    return (do(svc, caller, api.account()), *(do(svc, caller, api.profile_of(page)) for page in pages))
