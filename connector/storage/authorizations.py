"""Authorization requests on their way, and the disclosures they were made under."""

from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from connector.domain import records as r
from connector.storage.rows import insert_into, one, record_columns, values
from connector.storage.schema import authorizations, disclosures

__all__ = ["AuthorizationRows"]

_COLUMNS = record_columns(authorizations, r.Authorization)


class AuthorizationRows:
    """`connector.domain.ports.Authorizations` in one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._sql = connection

    def add(self, authorization: r.Authorization) -> None:
        """Keep a new request."""
        self._sql.execute(insert(authorizations), values(authorization))

    def consume(self, state_hash: str, now: datetime) -> r.Authorization | None:
        """Mark as used in one atomic update, if unused and unexpired; the row, or None (R1)."""
        used = (
            update(authorizations)
            .where(
                authorizations.c.state_hash == state_hash,
                authorizations.c.used_at.is_(None),
                authorizations.c.expires_at > now,
            )
            .values(used_at=now)
            .returning(*_COLUMNS)
        )
        return one(r.Authorization, self._sql.execute(used))

    def find(self, state_hash: str) -> r.Authorization | None:
        """The request, used or not, or None."""
        return one(
            r.Authorization, self._sql.execute(select(*_COLUMNS).where(authorizations.c.state_hash == state_hash))
        )

    def keep_disclosure(self, hash: str, provider: str, policy_version: str, text: str, at: datetime) -> None:
        """Keep a disclosure's canonical JSON by its SHA-256 (hex); the same one twice is kept once."""
        row = {"hash": hash, "provider": provider, "policy_version": policy_version, "text": text, "at": at}
        self._sql.execute(insert_into(self._sql, disclosures).on_conflict_do_nothing(index_elements=["hash"]), row)

    def disclosure(self, hash: str) -> str | None:
        """Its canonical JSON, or None."""
        return self._sql.execute(select(disclosures.c.text).where(disclosures.c.hash == hash)).scalar_one_or_none()
