"""Customers, people, sessions, one-time links and failed sign-ins."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, bindparam, delete, func, insert, select, update

from connector.domain import records as r
from connector.domain.errors import BadInput
from connector.storage.rows import insert_into, one, record_columns, values
from connector.storage.schema import attempts, customers, links, people, sessions

__all__ = ["AccountRows"]

_CUSTOMER = select(*record_columns(customers, r.Customer))
_PERSON = select(*record_columns(people, r.Person))
_PERSON_BY_ID = _PERSON.where(people.c.id == bindparam("id"))
_SESSION = select(*record_columns(sessions, r.Session)).where(sessions.c.id_hash == bindparam("id_hash"))


class AccountRows:
    """`connector.domain.ports.Accounts` in one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._sql = connection

    def add_customer(self, customer: r.Customer) -> None:
        """Keep a new customer."""
        self._sql.execute(insert(customers), values(customer))

    def customer(self, id: str) -> r.Customer | None:
        """The customer, or None."""
        return one(r.Customer, self._sql.execute(_CUSTOMER.where(customers.c.id == id)))

    def customers(self) -> Sequence[r.Customer]:
        """All, by name."""
        rows = self._sql.execute(_CUSTOMER.order_by(customers.c.name, customers.c.id))
        return [r.Customer(*row) for row in rows]

    def add_person(self, person: r.Person) -> None:
        """Keep a new person. Raises: BadInput when the e-mail address (compared in lower case) is taken."""
        row = values(person) | {"email": person.email.lower()}
        new = insert_into(self._sql, people).on_conflict_do_nothing(index_elements=["email"])
        if self._sql.execute(new.returning(people.c.id), row).one_or_none() is None:
            raise BadInput("That e-mail address is already in use.")

    def person(self, id: str) -> r.Person | None:
        """The person, or None."""
        return one(r.Person, self._sql.execute(_PERSON_BY_ID, {"id": id}))

    def person_by_email(self, email: str) -> r.Person | None:
        """The person with that address in any letter case, or None."""
        return one(r.Person, self._sql.execute(_PERSON.where(people.c.email == email.lower())))

    def members(self, customer: str) -> Sequence[r.Person]:
        """The customer's people, by name."""
        rows = self._sql.execute(_PERSON.where(people.c.customer == customer).order_by(people.c.name, people.c.id))
        return [r.Person(*row) for row in rows]

    def lock(self, person: str) -> None:
        """Hold the person's row until the transaction ends (PostgreSQL; SQLite has one writer anyway)."""
        self._sql.execute(select(people.c.id).where(people.c.id == person).with_for_update(key_share=True))

    def set_may_not(self, person: str, purposes: tuple[str, ...]) -> None:
        """Replace what was taken from what they may do."""
        self._sql.execute(update(people).where(people.c.id == person).values(may_not=purposes))

    def set_password(self, person: str, password_hash: str) -> None:
        """Replace the hash."""
        self._sql.execute(update(people).where(people.c.id == person).values(password_hash=password_hash))

    def add_session(self, session: r.Session) -> None:
        """Keep a new session."""
        self._sql.execute(insert(sessions), values(session))

    def session(self, id_hash: str) -> r.Session | None:
        """The session, expired or not, or None."""
        return one(r.Session, self._sql.execute(_SESSION, {"id_hash": id_hash}))

    def touch_session(self, id_hash: str, seen_at: datetime) -> None:
        """Note when it was last seen."""
        self._sql.execute(update(sessions).where(sessions.c.id_hash == id_hash).values(seen_at=seen_at))

    def end_session(self, id_hash: str) -> None:
        """Forget it."""
        self._sql.execute(delete(sessions).where(sessions.c.id_hash == id_hash))

    def add_link(self, link_hash: str, person: str, expires_at: datetime) -> None:
        """Keep the hash of a one-time link to set a password."""
        self._sql.execute(insert(links), {"link_hash": link_hash, "person": person, "expires_at": expires_at})

    def link_open(self, link_hash: str, now: datetime) -> bool:
        """Whether the link could be consumed now."""
        return self._sql.execute(select(links.c.person).where(*_open(link_hash, now))).first() is not None

    def use_link(self, link_hash: str, now: datetime) -> str | None:
        """Consume the link in one atomic update; the person's id, or None when unknown, used or expired."""
        used = update(links).where(*_open(link_hash, now)).values(used_at=now).returning(links.c.person)
        return self._sql.execute(used).scalar_one_or_none()

    def person_of_link(self, link_hash: str, now: datetime) -> str | None:
        """Whom a link is for that could be used now; it stays as it is."""
        usable = select(links.c.person).where(
            links.c.link_hash == link_hash, links.c.used_at.is_(None), links.c.expires_at > now
        )
        return self._sql.execute(usable).scalar_one_or_none()

    def add_attempt(self, key: str, at: datetime) -> None:
        """Count one failed sign-in."""
        self._sql.execute(insert(attempts), {"key": key, "at": at})

    def attempts_since(self, key: str, since: datetime) -> int:
        """Failed sign-ins of that key at or after that time."""
        counted = select(func.count()).where(attempts.c.key == key, attempts.c.at >= since)
        return self._sql.execute(counted).scalar_one()


def _open(link_hash: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return links.c.link_hash == link_hash, links.c.used_at.is_(None), links.c.expires_at > now
