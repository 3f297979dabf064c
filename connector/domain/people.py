"""Customers, their members and the company's staff: signing in, sessions, first passwords."""

import hashlib
import ipaddress
import re
from dataclasses import dataclass
from datetime import timedelta

from connector.domain import events, ledger
from connector.domain.errors import BadInput, ConnectorError, NotFound
from connector.domain.ports import Services
from connector.domain.records import Actor, Customer, Person, Session

__all__ = [
    "SignInRefused",
    "SignedIn",
    "accept_link",
    "add_customer",
    "add_person",
    "customer_name",
    "invite",
    "network_of",
    "of_cookie",
    "sign_in",
    "sign_out",
]

IDLE = timedelta(minutes=60)
LONGEST = timedelta(hours=12)
TOUCH = timedelta(minutes=1)  # how exactly idle time is kept; spares a write on every request
LINK_LIFE = timedelta(hours=48)
SHORTEST_PASSWORD, LONGEST_PASSWORD = 15, 256  # characters (ASVS 6.2.1, 6.2.9)
ATTEMPTS, ATTEMPTS_WITHIN = 10, timedelta(minutes=10)
_EMAIL = re.compile(r"[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f]{1,190}")


class SignInRefused(ConnectorError):
    """The same words for an unknown name, a wrong password, a disabled account and too many tries."""

    status = 403
    public = "That e-mail address and password do not match, or there were too many tries. Wait a moment and try again."


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session; `cookie` is the only copy of its value."""

    cookie: str
    session: Session
    person: Person


def add_customer(svc: Services, actor: Actor, name: str) -> Customer:
    """Add a customer. Raises: BadInput for an empty name."""
    if not name.strip():
        raise BadInput("A customer needs a name.")
    customer = Customer(svc.random.id("cus"), name.strip(), svc.clock.now())
    svc.vault.ready(svc.store, customer.id)
    with svc.store.write() as tx:
        tx.accounts.add_customer(customer)
        ledger.note(
            svc, tx, events.CUSTOMER_ADDED, actor=actor, customer=customer.id, details={"customer_name": customer.name}
        )
    return customer


def add_person(
    svc: Services, actor: Actor, *, email: str, name: str, role: str, customer: str | None = None
) -> tuple[Person, str]:
    """Add a member (with a customer) or a person of the staff (without), and a one-time link's secret for them.

    Raises: BadInput for an address that is none or is taken; NotFound for an unknown customer.
    """
    address = email.strip().lower()
    if not _EMAIL.fullmatch(address):
        raise BadInput(f"{email!r} is not an e-mail address. Write it as name@example.org.")
    person = Person(
        id=svc.random.id("per"), kind="member" if customer else "staff", customer=customer, email=address,
        name=name.strip() or address, role=role, password_hash=None,
    )  # fmt: skip
    secret = svc.random.token()
    if customer is not None:
        customer_name(svc, customer)
    svc.vault.ready(svc.store, customer or ledger.OPERATOR)
    with svc.store.write() as tx:
        tx.accounts.add_person(person)
        tx.accounts.add_link(_digest(secret), person.id, svc.clock.now() + LINK_LIFE)
        ledger.note(
            svc, tx, events.PERSON_ADDED, actor=actor, customer=customer,
            details={"person": person.name, "person_id": person.id, "email": address, "role": role},
        )  # fmt: skip
    return person, secret


def invite(svc: Services, actor: Actor, *, email: str, name: str, role: str, customer: str | None = None) -> str:
    """As `add_person`; the address of the one-time page where the person sets a password."""
    _, secret = add_person(svc, actor, email=email, name=name, role=role, customer=customer)
    return f"{svc.base_url}/welcome/{secret}"


def accept_link(svc: Services, token: str, password: str) -> Person:
    """Set a password by a one-time link.

    Raises: BadInput for a weak password, or a link that is used, old or unknown.
    """
    if len(password) < SHORTEST_PASSWORD:
        raise BadInput(f"Choose a password of at least {SHORTEST_PASSWORD} characters. Four random words are good.")
    if len(password) > LONGEST_PASSWORD:
        raise BadInput(f"This password is longer than {LONGEST_PASSWORD} characters. Choose a shorter one.")
    now, no_link = svc.clock.now(), "This link was used already, is too old, or is not known. Ask for a new one."
    with svc.store.read() as tx:
        if not tx.accounts.link_open(_digest(token), now):  # looked up first: hashing is work a stranger could order
            raise BadInput(no_link)
    hashed = svc.passwords.hash(password)
    with svc.store.read() as tx:
        expected = tx.accounts.person_of_link(_digest(token), svc.clock.now())
        found = tx.accounts.person(expected) if expected else None
    if found is not None:
        svc.vault.ready(svc.store, found.customer or ledger.OPERATOR)
    with svc.store.write() as tx:
        invited = tx.accounts.use_link(_digest(token), now)
        person = tx.accounts.person(invited) if invited else None
        if person is None:
            raise BadInput(no_link)
        tx.accounts.set_password(person.id, hashed)
        ledger.note(svc, tx, events.PASSWORD_SET, actor=person.actor(), customer=person.customer)
    return person


def sign_in(svc: Services, email: str, password: str, *, address: str) -> SignedIn:
    """Check a name and password and begin a session with a new id.

    Failed tries are counted per name together with the network `address`, so that a stranger's guesses lock the
    stranger out and not the person (R54). Raises: SignInRefused.
    """
    now = svc.clock.now()
    key = _digest(f"{email.strip().lower()}\n{network_of(address)}")
    with svc.store.read() as tx:
        tries = tx.accounts.attempts_since(key, now - ATTEMPTS_WITHIN)
        person = tx.accounts.person_by_email(email.strip().lower()) if tries < ATTEMPTS else None
    svc.vault.ready(svc.store, (person.customer if person else None) or ledger.OPERATOR)
    good = svc.passwords.verify(person.password_hash if person else None, password[:LONGEST_PASSWORD])
    if person is None or not good or person.disabled:
        with svc.store.write() as tx:
            tx.accounts.add_attempt(key, now)
            ledger.note(
                svc, tx, events.SIGN_IN_REFUSED, actor=ledger.SYSTEM, customer=person.customer if person else None,
                decision="refused", reason="too-many" if tries >= ATTEMPTS else "no-match",
            )  # fmt: skip
        raise SignInRefused
    cookie = svc.random.token()
    session = Session(
        id_hash=_digest(cookie), person=person.id, csrf=svc.random.token(), created_at=now, seen_at=now,
        expires_at=now + LONGEST,
    )  # fmt: skip
    with svc.store.write() as tx:
        tx.accounts.add_session(session)
        ledger.note(svc, tx, events.SIGNED_IN, actor=person.actor(), customer=person.customer)
    return SignedIn(cookie, session, person)


def network_of(address: str) -> str:
    """An IPv6 address's first 64 bits: whoever has one address has all of that network's. Others as they are."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if found.version == 4 or found.ipv4_mapped:
        return str(found)
    return str(ipaddress.ip_network((int(found), 64), strict=False))


def of_cookie(svc: Services, cookie: str) -> tuple[Session, Person] | None:
    """The live session and person behind a cookie's value, or None."""
    now = svc.clock.now()
    with svc.store.read() as tx:
        session = tx.accounts.session(_digest(cookie))
        person = tx.accounts.person(session.person) if session else None
    if session is None or person is None or person.disabled:
        return None
    if now >= session.expires_at or now - session.seen_at > IDLE:
        return None
    if now - session.seen_at > TOUCH:
        with svc.store.write() as tx:
            tx.accounts.touch_session(session.id_hash, now)
    return session, person


def sign_out(svc: Services, session: Session) -> None:
    """End a session; its cookie is worth nothing afterwards."""
    with svc.store.write() as tx:
        person = tx.accounts.person(session.person)
        tx.accounts.end_session(session.id_hash)
        if person is not None:
            ledger.note(svc, tx, events.SIGNED_OUT, actor=person.actor(), customer=person.customer)


def customer_name(svc: Services, customer: str) -> str:
    """The customer's name. Raises: NotFound."""
    with svc.store.read() as tx:
        found = tx.accounts.customer(customer)
    if found is None:
        raise NotFound(customer)
    return found.name


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
