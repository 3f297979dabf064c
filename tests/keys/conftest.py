"""An instance on both engines, with customers who have sealed values."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from connector import config, wiring
from connector.domain import events, ledger
from connector.domain.ports import Services
from connector.domain.records import Connection, ConnectionState, Customer, TokenRow


@pytest.fixture
def environ(tmp_path: Path, database_url: str) -> dict[str, str]:
    """The settings of an instance with a migrated database."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CONNECTOR_")}
    return {**clean, "CONNECTOR_INSTANCE": str(tmp_path / "instance"), "CONNECTOR_DATABASE_URL": database_url}


@pytest.fixture
def start(environ: dict[str, str]) -> Iterator[Callable[[], Services]]:
    """Services as a process makes them at its start; calling it again is another process."""
    made: list[Services] = []

    def services() -> Services:
        made.append(wiring.services(config.load(environ)))
        return made[-1]

    yield services
    for svc in made:
        svc.store.close()


@pytest.fixture
def folder(environ: dict[str, str]) -> Path:
    """Where the keys are."""
    return Path(environ["CONNECTOR_INSTANCE"]) / "keys"


@dataclass(frozen=True)
class Values:
    """Customers `cus_000` and so on, each with an ended connection and one sealed token."""

    sealed: dict[str, bytes]

    def opens(self, svc: Services, owner: str) -> bytes:
        """What the owner's token says. Raises: CannotOpen."""
        with svc.store.read() as tx:
            return svc.vault.open(tx, owner, (f"con_{owner}", "refresh"), self.sealed[owner])

    def all_open(self, svc: Services) -> bool:
        """Whether every one says what was sealed, ten in a transaction."""
        owners = list(self.sealed)
        for start in range(0, len(owners), 10):
            with svc.store.read() as tx:
                for owner in owners[start : start + 10]:
                    if svc.vault.open(tx, owner, (f"con_{owner}", "refresh"), self.sealed[owner]) != owner.encode():
                        return False
        return True


@pytest.fixture
def fill() -> Callable[[Services, int], Values]:
    """`fill(svc, 300)`."""

    def seal(svc: Services, count: int) -> Values:
        sealed = {}
        with svc.store.write() as tx:
            ledger.note(svc, tx, events.SIGNED_IN, actor=ledger.SYSTEM)  # the operator has a key too
            for number in range(count):
                owner, now = f"cus_{number:03}", svc.clock.now()
                connection = f"con_{owner}"
                tx.accounts.add_customer(Customer(owner, f"Customer {number}", now))
                tx.connections.add(
                    Connection(connection, owner, "google-plus", "1" * 21, "Ann", ConnectionState.REVOKED, now, "per_1")
                )
                sealed[owner] = svc.vault.seal(tx, owner, (connection, "refresh"), owner.encode())
                tx.tokens.put(TokenRow(connection, owner, "refresh", "", sealed[owner], now, None, 1))
        return Values(sealed)

    return seal


@pytest.fixture
def kinds() -> Callable[[Services], list[int]]:
    """The kinds of the ledger's entries about keys, in order."""

    def read(svc: Services) -> list[int]:
        with svc.store.read() as tx:
            return list(
                tx.connection.exec_driver_sql("SELECT kind FROM ledger_entries WHERE kind >= 70 ORDER BY idx").scalars()
            )  # type: ignore[attr-defined]

    return read
