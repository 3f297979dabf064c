"""A process whose threads commit in groups until it is killed: `killed_groups.py DATABASE NAME`.

Each unit is an entry and a customer of one name; the name is printed when the unit is committed.
"""

import os
import sys
import threading
from datetime import UTC, datetime

from connector.domain import records as r
from connector.storage import SqlStore, make_engine

NOON = datetime(2018, 10, 6, 12, 0, tzinfo=UTC)
COLUMNS = ("id", "customer", "connection", "actor", "purpose", "operation", "reason", "intent")


def work(store: SqlStore, name: str) -> None:
    turn = 0
    while True:
        turn += 1
        told = f"{name}.{turn}"

        def unit(tx, told=told):
            index = tx.ledger.next_index()
            columns = dict.fromkeys(COLUMNS) | {"id": f"led_{told}", "kind": 1, "at": NOON, "decision": "done"}
            tx.ledger.append(r.LedgerRow(index, b"{}", "operator", b"sealed"), columns | {"reason": told})
            tx.accounts.add_customer(r.Customer(f"cus_{told}", told, NOON))

        store.grouped(unit, durable=turn % 2 == 0)
        os.write(1, f"{told}\n".encode())


def main() -> None:
    store = SqlStore(make_engine(sys.argv[1]))
    for number in range(6):
        threading.Thread(target=work, args=(store, f"{sys.argv[2]}.{number}")).start()


main()
