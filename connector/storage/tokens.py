"""Sealed tokens."""

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, delete, func, select

from connector.domain import records as r
from connector.storage.driver import Spelled
from connector.storage.rows import insert_into, record_columns, values
from connector.storage.schema import tokens

__all__ = ["TokenRows"]

_COLUMNS = record_columns(tokens, r.TokenRow)
_ONE = Spelled(
    select(*_COLUMNS).where(
        tokens.c.connection == bindparam("connection"),
        tokens.c.kind == bindparam("kind"),
        tokens.c.scopes == bindparam("scopes"),
    )
)


class TokenRows:
    """`connector.domain.ports.Tokens` in one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._sql = connection

    def put(self, row: r.TokenRow) -> None:
        """Insert or replace by connection, kind and scopes; a stored `version` goes up by one."""
        new = insert_into(self._sql, tokens)
        replaced = {name: new.excluded[name] for name in ("sealed", "stored_at", "expires_at")}
        self._sql.execute(
            new.on_conflict_do_update(
                index_elements=["connection", "kind", "scopes"], set_={**replaced, "version": tokens.c.version + 1}
            ),
            values(row),
        )

    def get(self, connection: str, kind: str, scopes: str) -> r.TokenRow | None:
        """The token, or None."""
        row = _ONE.first(self._sql, {"connection": connection, "kind": kind, "scopes": scopes})
        return None if row is None else r.TokenRow(*row)

    def access_tokens(self, connection: str) -> Sequence[r.TokenRow]:
        """All access tokens of the connection, by scopes."""
        chosen = select(*_COLUMNS).where(tokens.c.connection == connection, tokens.c.kind == "access")
        return [r.TokenRow(*row) for row in self._sql.execute(chosen.order_by(tokens.c.scopes))]

    def drop(self, row: r.TokenRow) -> bool:
        """Delete that token, unless another has been stored in its place; whether it was there."""
        same = [tokens.c[name] == getattr(row, name) for name in ("connection", "kind", "scopes", "version", "sealed")]
        return self._sql.execute(delete(tokens).where(*same)).rowcount == 1

    def destroy(self, connection: str) -> int:
        """Delete every token of the connection; how many there were."""
        return self._sql.execute(delete(tokens).where(tokens.c.connection == connection)).rowcount

    def destroy_access(self, connection: str) -> int:
        """Delete its access tokens and keep the refresh token; how many there were."""
        chosen = delete(tokens).where(tokens.c.connection == connection, tokens.c.kind == "access")
        return self._sql.execute(chosen).rowcount

    def count(self) -> int:
        """Sealed tokens in the whole database."""
        return self._sql.execute(select(func.count()).select_from(tokens)).scalar_one()
