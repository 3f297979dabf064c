"""A process of its own that refreshes tokens: `refresher.py JSON`, steered by lines on its standard input.

`{"do": "sync", "now": …, …}` reads a page, and stops for a line between Google's token answer and what comes of it.
`{"do": "crowd", "threads": …, …}` makes a call in each thread, all at once, for every line; with the machine's clock.
"""

import json
import sys
import threading
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from connector import config, wiring
from connector.domain import inbox
from connector.domain.calls import Caller, do
from connector.domain.ports import Services
from connector.domain.records import Actor


@dataclass(frozen=True)
class Stopped:
    """The test's clock, as it stood when this process began."""

    time: datetime

    def now(self) -> datetime:
        return self.time


class Held:
    """The authorization server, with a stop behind each answer to a refresh."""

    def __init__(self, oauth: Any) -> None:
        self._oauth = oauth

    def __getattr__(self, name: str) -> Any:
        return getattr(self._oauth, name)

    def refresh(self, *given: Any) -> Any:
        try:
            return self._oauth.refresh(*given)
        finally:
            print("answered", flush=True)
            sys.stdin.readline()


def sync(svc: Services, actor: Actor, act: dict[str, Any]) -> None:
    network = svc.network(wiring.PROVIDER)
    held = replace(
        svc,
        clock=Stopped(datetime.fromisoformat(act["now"])),
        networks={wiring.PROVIDER: replace(network, oauth=Held(network.oauth))},
    )
    print(inbox.sync(held, actor, act["page"]).threads, flush=True)


def crowd(svc: Services, actor: Actor, act: dict[str, Any]) -> None:
    caller = Caller(actor, wiring.PROVIDER, act["connection"], "link-pages")
    step = svc.network(wiring.PROVIDER).api.account()

    def one(together: threading.Barrier, told: list[str]) -> None:
        together.wait()
        try:
            told.append(do(svc, caller, step).id)
        except Exception as no:  # noqa: BLE001 — the test is told whatever it was
            told.append(repr(no))

    print("ready", flush=True)
    for _ in sys.stdin:
        together, told = threading.Barrier(act["threads"]), list[str]()
        threads = [threading.Thread(target=one, args=(together, told)) for _ in range(act["threads"])]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        print(json.dumps(told), flush=True)


def main() -> None:
    act = json.loads(sys.argv[1])
    svc = wiring.services(config.load())
    with svc.store.read() as tx:
        person = tx.accounts.person(act["person"])
    assert person is not None
    {"sync": sync, "crowd": crowd}[act["do"]](svc, person.actor(), act)


main()
