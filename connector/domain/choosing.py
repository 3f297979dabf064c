"""Which of an account's pages may be acted for: the customer's own choice."""

from collections.abc import Sequence
from dataclasses import dataclass

from connector.domain import events, ledger
from connector.domain.errors import NotFound
from connector.domain.ports import Services
from connector.domain.records import Actor, ConnectionState, Page

__all__ = ["PageChoice", "choice", "choose"]


@dataclass(frozen=True, slots=True)
class PageChoice:
    """The pages a connected account administers, to choose from."""

    connection: str
    account_name: str
    pages: tuple[Page, ...]


def choice(svc: Services, actor: Actor, connection: str) -> PageChoice:
    """The pages to choose from. Raises: NotFound."""
    with svc.store.read() as tx:
        found = tx.connections.get(actor.customer, connection) if actor.customer else None
        if found is None or found.state is not ConnectionState.ACTIVE:
            raise NotFound(connection)
        pages = tuple(sorted(tx.connections.pages(connection), key=lambda page: page.name.casefold()))
    return PageChoice(connection, found.account_name or "", pages)


def choose(svc: Services, actor: Actor, connection: str, page_ids: Sequence[str]) -> None:
    """Make exactly these pages the ones that may be acted for. Raises: NotFound for one that is not listed."""
    offered = choice(svc, actor, connection)
    listed = {page.id: page for page in offered.pages}
    if not set(page_ids) <= set(listed):
        raise NotFound(connection)
    chosen = [listed[page] for page in dict.fromkeys(page_ids)]
    with svc.store.write() as tx:
        tx.connections.choose_pages(connection, frozenset(page.provider_id for page in chosen))
        ledger.note(
            svc, tx, events.PAGES_CHOSEN, actor=actor, customer=actor.customer, connection=connection,
            details={"pages": ", ".join(page.name for page in chosen) or "none",
                     "ids": [page.provider_id for page in chosen]},
        )  # fmt: skip
