"""Time and randomness, passed in."""

from datetime import datetime
from typing import Protocol

__all__ = ["Clock", "Random"]


class Clock(Protocol):
    """Time, passed in."""

    def now(self) -> datetime:
        """The time of day, aware, in UTC."""
        ...


class Random(Protocol):
    """Randomness, passed in; every value is from a CSPRNG with at least 128 bits."""

    def id(self, prefix: str) -> str:
        """A new opaque id such as `con_4g7…`."""
        ...

    def token(self) -> str:
        """A new URL-safe secret of 256 bits."""
        ...

    def bytes(self, count: int) -> bytes:
        """That many random bytes."""
        ...
