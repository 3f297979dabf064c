"""The stand-in's clock: the machine's time, moved by the control plane."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

__all__ = ["Clock", "microseconds", "stamp"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def microseconds(moment: datetime) -> int:
    """Whole microseconds since 1970, the unit of a comment's id and of the paging cursors."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def stamp(moment: datetime) -> str:
    """The API's date format, with milliseconds: `2018-05-01T09:00:00.000Z`."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


class Clock:
    """Time that goes on from wherever it was set."""

    def __init__(self, machine: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._machine = machine
        self._ahead = timedelta(0)
        self._last = _EPOCH

    def now(self) -> datetime:
        """The time of day, aware, in UTC."""
        return self._machine() + self._ahead

    def unique(self) -> datetime:
        """Now, moved on by a microsecond where needed, so that no two answers are the same."""
        self._last = max(self.now(), self._last + timedelta(microseconds=1))
        return self._last

    def set(self, moment: datetime) -> None:
        """Go on from that moment, which must be aware."""
        self._ahead = moment - self._machine()
        self._last = _EPOCH

    def advance(self, seconds: float) -> None:
        """Jump ahead, or back when negative."""
        self._ahead += timedelta(seconds=seconds)

    def reset(self) -> None:
        """Show the machine's time again."""
        self._ahead = timedelta(0)
        self._last = _EPOCH
