"""A statement that the driver itself runs: a tenth of what SQLAlchemy's execution costs, for what every call needs.

The statement is still SQLAlchemy's, spelled once an engine, and its errors are too. Values go in as the driver wants
them; rows come out as SQLAlchemy would give them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql import ClauseElement, Select

__all__ = ["Spelled"]


@dataclass(frozen=True, slots=True)
class _Spelling:
    text: str
    given: Callable[[Mapping[str, Any]], Any]  # from values by name to what this driver takes
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
        driver: Any = sql.connection.driver_connection
        try:
            return driver.execute(spelling.text, spelling.given({**spelling.fixed, **values}))
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
            given=_in_order(compiled.positiontup) if compiled.positional else dict,
            fixed=compiled.params,
            readers=tuple(column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns),
        )
        self._by_engine[dialect.name] = spelling
        return spelling


def _in_order(names: Sequence[str]) -> Callable[[Mapping[str, Any]], Any]:
    """The values of these names as a sequence. `itemgetter` does it in one step, but gives one value bare."""
    return itemgetter(*names) if len(names) > 1 else lambda values: [values[name] for name in names]
