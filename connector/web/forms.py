"""Reading what a form or an address holds, without guessing."""

from datetime import UTC, datetime

from werkzeug.datastructures import MultiDict

from connector.domain.errors import BadInput

__all__ = ["index", "moment", "one", "word"]


def one(given: MultiDict[str, str], name: str) -> str:
    """The field's only value, or an empty string.

    Raises: BadInput when it comes more than once (ASVS 15.3.7) or holds NUL.
    """
    values = given.getlist(name)
    if len(values) > 1:
        raise BadInput("A field came twice in one request, so it is not clear what was meant. Nothing was done.")
    if values and "\0" in values[0]:  # PostgreSQL cannot hold it
        raise BadInput("A field holds a character that cannot be used. Nothing was done.")
    return values[0] if values else ""


def word(given: MultiDict[str, str], name: str) -> str | None:
    """As `one`, with None for an empty field: a filter that is not set."""
    return one(given, name).strip() or None


def index(given: MultiDict[str, str], name: str) -> int | None:
    """A ledger index in an address. Raises: BadInput when it is not one."""
    value = word(given, name)
    if value is None:
        return None
    if not (value.isascii() and value.isdigit() and len(value) <= 15):
        raise BadInput("The address names a place in the record that cannot exist.")
    return int(value)


def moment(given: MultiDict[str, str], name: str) -> datetime | None:
    """A date, or a date and time, in UTC. A date alone means the end of that day. Raises: BadInput."""
    value = word(given, name)
    if value is None:
        return None
    try:
        read = datetime.fromisoformat(value)
        if len(value) == len("2026-05-03"):
            read = read.replace(hour=23, minute=59, second=59)
        return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)
    except (ValueError, OverflowError):  # the first or last day of all in another zone is no moment in UTC
        raise BadInput("The moment cannot be read. Write it as 2026-05-03 or 2026-05-03T14:05.") from None
