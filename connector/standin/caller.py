"""For whom a call acts: the account itself, or a page it administers.

Source: reference "Behaviour: Acting as a page" and rule 2 of "Enforcing scopes in a stand-in".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connector.standin.errors import forbidden, insufficient, not_found
from connector.standin.needs import PAGES_MANAGE
from connector.standin.state import StandIn
from connector.standin.tokens import Access
from connector.standin.world import World

__all__ = ["Call", "acting"]

_WRITES_AS_USER = (
    "plusPages.activities.insert",
    "plusPages.circles.insert",
    "plusPages.media.insert",
    "plusPages.people.patch",
    "plusPages.people.update",
)


@dataclass(frozen=True, slots=True)
class Call:
    """One API call that passed the doors."""

    standin: StandIn
    operation: str
    parameters: Mapping[str, Any]
    access: Access
    viewer: str
    body: Mapping[str, Any]
    if_match: str | None

    @property
    def world(self) -> World:
        """What there is to answer from."""
        return self.standin.world

    @property
    def root(self) -> str:
        """The API's base address, for links."""
        return f"{self.standin.base_url}/plusPages/v2/"

    @property
    def subject(self) -> str:
        """Whose things are asked for: `userId`, where "me" is whoever the call acts as.

        Raises: ApiError (404) when there is no such person or page.
        """
        named = self.parameters["userId"]
        id: str = self.viewer if named == "me" else named
        if id not in self.world.people:
            raise not_found()
        return id


def acting(standin: StandIn, access: Access, operation: str, parameters: Mapping[str, Any]) -> str:
    """The id of the person or page the call acts as.

    Raises: ApiError (403) when it would act for a page without the scope or without administering it, or for
    somebody else.
    """
    page = parameters.get("onBehalfOf")
    if page is not None:
        return _page(standin, access, page)
    user = parameters.get("userId", "me")
    if user in ("me", access.account) or not _personal(operation, parameters):
        return access.account
    person = standin.world.people.get(user)
    if person is None:
        raise not_found()
    if person.object_type == "page":
        return _page(standin, access, user)
    if operation == "plusPages.activities.list" and parameters["collection"] == "user":
        return access.account  # a person's posts, as far as the account may see them
    raise forbidden()


def _page(standin: StandIn, access: Access, page: str) -> str:
    if PAGES_MANAGE not in access.scopes:
        raise insufficient()
    if not standin.world.administers(access.account, page):
        raise forbidden()
    return page


def _personal(operation: str, parameters: Mapping[str, Any]) -> bool:
    """A write, or a read of what only the owner may see."""
    match operation:
        case "plusPages.activities.list":
            return bool(parameters["collection"] != "public")
        case "plusPages.people.list" | "plusPages.circles.list":
            return True
    return operation in _WRITES_AS_USER
