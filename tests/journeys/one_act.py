"""A process of its own that does one act and may be killed in the middle of it: `one_act.py NOW JSON`."""

import json
import sys
from dataclasses import dataclass, replace
from datetime import datetime

from connector import config, wiring
from connector.domain import connect, inbox, replies, revoke


@dataclass(frozen=True)
class Stopped:
    """The test's clock, as it stood when this process began."""

    time: datetime

    def now(self) -> datetime:
        return self.time


def main() -> None:
    svc = replace(wiring.services(config.load()), clock=Stopped(datetime.fromisoformat(sys.argv[1])))
    act = json.loads(sys.argv[2])
    with svc.store.read() as tx:
        person, session = tx.accounts.person(act["person"]), tx.accounts.session(act["session"])
    assert person is not None
    assert session is not None
    match act["do"]:
        case "finish":
            query = [(name, value) for name, value in act["query"]]
            connect.finish(svc, person=person, session=session, provider=wiring.PROVIDER, query=query)
        case "reply":
            replies.send(svc, person.actor(), act["message"], act["text"], key=act["key"])
        case "sync":
            inbox.sync(svc, person.actor(), act["page"])
        case "end":
            revoke.end(svc, person.actor(), act["connection"])


main()
