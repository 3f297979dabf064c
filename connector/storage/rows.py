"""From records to rows, and the one insert that the two engines spell alike but SQLAlchemy keeps apart."""

from collections.abc import Callable
from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Connection, CursorResult, Table
from sqlalchemy.dialects import postgresql, sqlite

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

__all__ = ["insert_into", "one", "record_columns", "values"]

T = TypeVar("T")


def values(record: "DataclassInstance", *, without: frozenset[str] = frozenset()) -> dict[str, Any]:
    """A record's fields by name, for the columns of the same names."""
    return {field.name: getattr(record, field.name) for field in fields(record) if field.name not in without}


def record_columns(table: Table, record: "type[DataclassInstance]") -> list[Any]:
    """The table's columns in the order of the record's fields, so that `record(*row)` holds."""
    return [table.c[field.name] for field in fields(record) if field.name in table.c]


def insert_into(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that takes ON CONFLICT."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


def one(record: Callable[..., T], found: CursorResult[Any]) -> T | None:
    """The one row as its record, or None."""
    row = found.one_or_none()
    return None if row is None else record(*row)
