"""How dates, numbers and scopes are written for people."""

from datetime import UTC, datetime

from markupsafe import Markup

from connector.domain.shown import visible

__all__ = ["clock_time", "day", "finished", "number", "plural", "when"]


def finished(value: object) -> object:
    """What a template puts into a page: text with its hidden characters marked, whoever wrote it (R46).

    Markup is done already. A field that gives back what a person typed is escaped by hand, so it stays as typed.
    """
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def clock_time(moment: datetime) -> str:
    """`3 May 2026, 14:05`, in UTC."""
    moment = moment.astimezone(UTC)
    return f"{moment.day} {moment:%B %Y, %H:%M}"


def _time(moment: datetime, words: str) -> Markup:
    exact = moment.astimezone(UTC)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        exact.isoformat(timespec="seconds"), f"{exact.day} {exact:%B %Y, %H:%M:%S} UTC", words
    )


def when(moment: datetime) -> Markup:
    """The moment as a time element; the exact second and the zone show on hover."""
    return _time(moment, clock_time(moment))


def day(moment: datetime) -> Markup:
    """As `when`, without the time of day: `3 May 2026`."""
    exact = moment.astimezone(UTC)
    return _time(moment, f"{exact.day} {exact:%B %Y}")


def number(count: int) -> str:
    """`12,480`."""
    return f"{count:,}"


def plural(count: int, one: str, many: str | None = None) -> str:
    """`1 message`, `12 messages`."""
    return f"{number(count)} {one if count == 1 else many or one + 's'}"
