"""Small worlds for the database's tests."""

from datetime import UTC, datetime

import pytest

from connector.domain import records as r

NOON = datetime(2018, 10, 6, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def noon() -> datetime:
    """A time with microseconds."""
    return NOON


@pytest.fixture
def world(store) -> None:
    """Customers cus_a and cus_b, each with one active connection to the same account, a page and a grant."""
    with store.write() as tx:
        for letter in "ab":
            customer, connection = f"cus_{letter}", f"con_{letter}"
            tx.accounts.add_customer(r.Customer(customer, f"Customer {letter.upper()}", NOON))
            tx.connections.add(a_connection(connection, customer))
            tx.connections.put_pages([r.Page(f"pag_{letter}", connection, customer, "1001", "A page", chosen=True)])
            tx.connections.add_grant(a_grant(f"gra_{letter}", connection, customer))


def a_connection(id: str, customer: str) -> r.Connection:
    """An active connection."""
    return r.Connection(id, customer, "google_plus", "117", "Ann", r.ConnectionState.ACTIVE, NOON, "per_a")


def a_grant(id: str, connection: str, customer: str, **other) -> r.Grant:
    """A grant of two purposes with two scopes, of three asked."""
    fields = {
        "person": "per_a",
        "at": NOON,
        "purposes": ("read-messages", "analyse"),
        "requested": ("s1", "s2", "s3"),
        "granted": ("s1", "s2"),
        "refused": ("s3",),
        "extra": (),
        "source": "answer",
        "disclosure_hash": "d1",
        "policy_version": "2018-10-06",
    }
    return r.Grant(id=id, connection=connection, customer=customer, **(fields | other))


@pytest.fixture
def make_connection():
    """`a_connection`, for tests to call."""
    return a_connection


@pytest.fixture
def make_grant():
    """`a_grant`, for tests to call."""
    return a_grant


@pytest.fixture
def append():
    """Appends a ledger entry in a transaction: `append(tx, **columns)` answers its index."""

    def append_one(tx, **columns) -> int:
        index = tx.ledger.next_index()
        plain = dict.fromkeys(("customer", "connection", "actor", "purpose", "operation", "reason", "intent"))
        given = {"id": f"led_{index}", "kind": 1, "at": NOON.isoformat(), "decision": "done"} | plain | columns
        owner = given["customer"] or "operator"
        tx.ledger.append(r.LedgerRow(index, b'{"index":%d}' % index, owner, b"sealed"), given)
        return index

    return append_one
