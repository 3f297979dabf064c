"""Column types that mean the same on SQLite and PostgreSQL."""

import json
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Dialect, Integer, Text
from sqlalchemy.types import TypeDecorator

__all__ = ["BIG", "Moment", "OneOf", "Words", "as_moment", "micros"]

BIG = BigInteger().with_variant(Integer(), "sqlite")  # SQLite keys its table by the word INTEGER and no other

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY, _SECOND = 86_400_000_000, 1_000_000


def micros(moment: datetime) -> int:
    """Microseconds since 1970 of an aware time. A naive one is a mistake and raises TypeError."""
    since = moment - _EPOCH
    return since.days * _DAY + since.seconds * _SECOND + since.microseconds


def as_moment(value: datetime | str | int) -> datetime:
    """A time from how the ledger may spell it: aware, as ISO 8601 text with its offset, or as microseconds."""
    if isinstance(value, str):
        return datetime.fromisoformat(value)
    return _EPOCH + timedelta(microseconds=value) if isinstance(value, int) else value


class Moment(TypeDecorator[datetime]):
    """An aware UTC time, kept as whole microseconds so that both engines order and compare it alike."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """To the database."""
        return None if value is None else micros(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """From the database."""
        return None if value is None else _EPOCH + timedelta(microseconds=value)


class Words(TypeDecorator[tuple[str, ...]]):
    """Several strings in their order, kept as JSON text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: Dialect) -> str | None:
        """To the database."""
        return None if value is None else json.dumps(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[str, ...] | None:
        """From the database."""
        return None if value is None else tuple(json.loads(value))


class OneOf(TypeDecorator[StrEnum]):
    """A word of a fixed set. A word that is not in the set does not come out of the database: ValueError."""

    impl = Text
    cache_ok = True

    def __init__(self, words: type[StrEnum]) -> None:
        super().__init__()
        self.words = words

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """To the database."""
        return None if value is None else self.words(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:
        """From the database."""
        return None if value is None else self.words(value)
