"""A statement that the driver itself runs: a tenth of what SQLAlchemy's execution costs, for what every entry needs.

The statement is still SQLAlchemy's, spelled once an engine. Values and rows pass as the driver has them, so this is
for columns of plain types; errors are SQLAlchemy's.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql import ClauseElement

__all__ = ["Spelled"]


class Spelled:
    """One statement for both engines. Safe to share between threads."""

    def __init__(self, statement: ClauseElement) -> None:
        self._statement = statement
        self._by_engine: dict[str, tuple[str, tuple[str, ...] | None, Mapping[str, Any]]] = {}

    def run(self, sql: Connection, values: Mapping[str, Any]) -> Any:
        """Execute in the connection's transaction; the driver's cursor.

        Raises: sqlalchemy.exc.DBAPIError, as SQLAlchemy would.
        """
        text, order, fixed = self._by_engine.get(sql.dialect.name) or self._spell(sql.dialect)
        given = {**fixed, **values}
        driver: Any = sql.connection.driver_connection
        try:
            return driver.execute(text, given if order is None else [given[name] for name in order])
        except sql.dialect.loaded_dbapi.Error as error:
            base = sql.dialect.loaded_dbapi.Error
            told = DBAPIError.instance(text, None, error, base, hide_parameters=True, dialect=sql.dialect)
            raise told from error

    def _spell(self, dialect: Dialect) -> tuple[str, tuple[str, ...] | None, Mapping[str, Any]]:
        compiled: Any = self._statement.compile(dialect=dialect)
        order = tuple(compiled.positiontup) if compiled.positional else None
        self._by_engine[dialect.name] = spelled = (str(compiled), order, compiled.params)
        return spelled
