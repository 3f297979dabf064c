"""Programs and their secrets."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, insert, select, update

from connector.domain import records as r
from connector.storage.rows import one, record_columns, values
from connector.storage.schema import program_secrets, programs

__all__ = ["ProgramRows"]

_PROGRAM = select(*record_columns(programs, r.Program))
_BY_ID = _PROGRAM.where(programs.c.id == bindparam("id"))
_LOCKED = _BY_ID.with_for_update()
_SECRETS = select(*record_columns(program_secrets, r.ProgramSecretRow))


class ProgramRows:
    """`connector.domain.ports.Programs` in one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._sql = connection

    def add(self, program: r.Program) -> None:
        """Keep a new program."""
        self._sql.execute(insert(programs), values(program))

    def get(self, id: str) -> r.Program | None:
        """The program, ended or not, or None."""
        return one(r.Program, self._sql.execute(_BY_ID, {"id": id}))

    def locked(self, id: str) -> r.Program | None:
        """As `get`; nobody changes it or adds a secret until this transaction ends."""
        return one(r.Program, self._sql.execute(_LOCKED, {"id": id}))

    def listed(self, customer: str | None = None) -> Sequence[r.Program]:
        """One customer's or all, newest first."""
        chosen = _PROGRAM if customer is None else _PROGRAM.where(programs.c.customer == customer)
        rows = self._sql.execute(chosen.order_by(programs.c.created_at.desc(), programs.c.id))
        return [r.Program(*row) for row in rows]

    def end(self, id: str, at: datetime, by: str) -> None:
        """Mark it as ended."""
        self._sql.execute(update(programs).where(programs.c.id == id).values(ended_at=at, ended_by=by))

    def used(self, id: str, secret: str, at: datetime) -> None:
        """Note that it was given a token for that secret."""
        self._sql.execute(update(programs).where(programs.c.id == id).values(used_at=at))
        self._sql.execute(update(program_secrets).where(program_secrets.c.id == secret).values(used_at=at))

    def add_secret(self, secret: r.ProgramSecretRow) -> None:
        """Keep a new secret's hash."""
        self._sql.execute(insert(program_secrets), values(secret))

    def secret(self, id: str) -> r.ProgramSecretRow | None:
        """The secret, ended or not, or None."""
        return one(r.ProgramSecretRow, self._sql.execute(_SECRETS.where(program_secrets.c.id == id)))

    def secrets(self, program: str) -> Sequence[r.ProgramSecretRow]:
        """Those that are not ended, newest first."""
        chosen = _SECRETS.where(program_secrets.c.program == program, program_secrets.c.ended_at.is_(None))
        rows = self._sql.execute(chosen.order_by(program_secrets.c.created_at.desc(), program_secrets.c.id))
        return [r.ProgramSecretRow(*row) for row in rows]

    def end_secret(self, id: str, at: datetime) -> None:
        """Mark it as ended."""
        self._sql.execute(update(program_secrets).where(program_secrets.c.id == id).values(ended_at=at))
