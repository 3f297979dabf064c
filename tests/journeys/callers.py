"""A process of its own that makes calls: `callers.py JSON`.

For every line on its standard input, a call in each thread, all at once; then one line with what became of each, as
purpose and `done` or the reason.

`{"person": …, "connection": …, "page": …, "post": …, "threads": {"analyse": 10, "show-profile": 5}}`
"""

import json
import sys
import threading
from typing import Any

from connector import config, wiring
from connector.domain.calls import Caller, do
from connector.domain.errors import ConnectorError, Refused


def main() -> None:
    act: dict[str, Any] = json.loads(sys.argv[1])
    svc = wiring.services(config.load())
    with svc.store.read() as tx:
        person = tx.accounts.person(act["person"])
    assert person is not None
    api = svc.network(wiring.PROVIDER).api
    steps = {
        "analyse": api.reactions(act["page"], act["post"], "plusoners"),
        "publish-to-circles": api.circles(act["page"]),
        "show-profile": api.account(),
    }

    def one(purpose: str, together: threading.Barrier, told: list[tuple[str, str]]) -> None:
        caller = Caller(person.actor(), wiring.PROVIDER, act["connection"], purpose)
        together.wait()
        try:
            do(svc, caller, steps[purpose])
            told.append((purpose, "done"))
        except Refused as no:
            told.append((purpose, no.reason))
        except ConnectorError as no:
            told.append((purpose, repr(no)))

    print("ready", flush=True)
    for _ in sys.stdin:
        told: list[tuple[str, str]] = []
        purposes = [purpose for purpose, count in act["threads"].items() for _ in range(count)]
        together = threading.Barrier(len(purposes))
        threads = [threading.Thread(target=one, args=(purpose, together, told)) for purpose in purposes]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        print(json.dumps(told), flush=True)


main()
