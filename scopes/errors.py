"""What can go wrong here, named for what the caller can do about it."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scopes.model import Refusal

__all__ = ["CatalogueError", "NotForPurpose", "UnknownPrivilege", "UnknownPurpose"]


class CatalogueError(ValueError):
    """A catalogue does not add up; every problem is named by its row, so that all can be mended in one go."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems: tuple[str, ...] = tuple(problems)
        super().__init__("\n".join(self.problems))


class UnknownPurpose(KeyError):
    """The catalogue has no purpose of that id."""


class UnknownPrivilege(KeyError):
    """The catalogue has no privilege with that scope."""


class NotForPurpose(Exception):
    """The stated purpose does not cover the call. `refusal` says why, in a code and in a sentence."""

    def __init__(self, refusal: "Refusal") -> None:
        super().__init__(f"{refusal.reason}: {refusal.sentence}")
        self.refusal = refusal
