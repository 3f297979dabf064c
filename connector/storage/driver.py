"""A statement that the driver itself runs: a tenth of what SQLAlchemy's execution costs, for what every call needs.

The statement is still SQLAlchemy's, spelled once an engine, and its errors are too. Values go in as the driver wants
them; rows come out as SQLAlchemy would give them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql import ClauseElement, Select

__all__ = ["Spelled"]


@dataclass(frozen=True, slots=True)
class _Spelling:
    text: str
    order: tuple[str, ...] | None  # names of positional parameters; None where they are passed by name
    fixed: Mapping[str, Any]  # parameters that are part of the statement
    readers: tuple[Callable[[Any], Any] | None, ...]  # a selected column's way from the driver's value, if any


class Spelled:
    """One statement for both engines. Safe to share between threads."""

    def __init__(self, statement: ClauseElement) -> None:
        self._statement = statement
        self._by_engine: dict[str, _Spelling] = {}

    def run(self, sql: Connection, values: Mapping[str, Any]) -> Any:
        """Execute in the connection's transaction; the driver's cursor.

        Raises: sqlalchemy.exc.DBAPIError, as SQLAlchemy would.
        """
        spelling = self._by_engine.get(sql.dialect.name) or self._spell(sql.dialect)
        given = {**spelling.fixed, **values}
        driver: Any = sql.connection.driver_connection
        try:
            return driver.execute(
                spelling.text, given if spelling.order is None else [given[name] for name in spelling.order]
            )
        except sql.dialect.loaded_dbapi.Error as error:
            base = sql.dialect.loaded_dbapi.Error
            told = DBAPIError.instance(spelling.text, None, error, base, hide_parameters=True, dialect=sql.dialect)
            raise told from error

    def first(self, sql: Connection, values: Mapping[str, Any]) -> list[Any] | None:
        """The first row of a SELECT, or None. Raises: as `run`."""
        cursor = self.run(sql, values)
        row = cursor.fetchone()
        cursor.close()
        if row is None:
            return None
        readers = self._by_engine[sql.dialect.name].readers
        return [value if read is None else read(value) for value, read in zip(row, readers, strict=True)]

    def _spell(self, dialect: Dialect) -> _Spelling:
        compiled: Any = self._statement.compile(dialect=dialect)
        columns = self._statement.selected_columns if isinstance(self._statement, Select) else ()
        spelling = _Spelling(
            text=str(compiled),
            order=tuple(compiled.positiontup) if compiled.positional else None,
            fixed=compiled.params,
            readers=tuple(column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns),
        )
        self._by_engine[dialect.name] = spelling
        return spelling
