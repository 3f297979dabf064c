"""All that one stand-in knows, for the life of its process."""

import threading
from collections import deque
from collections.abc import Mapping
from typing import Any

from connector.standin import world
from connector.standin.clock import Clock
from connector.standin.faults import Faults
from connector.standin.tokens import Client, Tokens

__all__ = ["StandIn"]

_REQUESTS = 20_000  # recorded at most; the oldest are forgotten


class StandIn:
    """The world, the tokens, the clock, the faults and the recorded requests, behind one lock."""

    def __init__(self, world_file: Mapping[str, Any] | None = None) -> None:
        """`world_file` is a world as JSON; the default one when left out.

        Raises: WorldError when it does not add up.
        """
        self.lock = threading.RLock()
        self.clock = Clock()
        self.faults = Faults()
        self.tokens = Tokens(self.clock)
        self.requests: deque[dict[str, Any]] = deque(maxlen=_REQUESTS)
        self.base_url = "http://127.0.0.1"
        self.configured_issuer: str | None = None
        self.generation = 0
        self._start = world_file if world_file is not None else world.default()
        self.load(self._start)

    @property
    def issuer(self) -> str:
        """The `iss` of authorization answers: as configured, else the server's own address."""
        return self.configured_issuer or self.base_url

    def load(self, data: Mapping[str, Any]) -> None:
        """Replace the world; the file's clients are added to those registered.

        Raises: WorldError when it does not add up; nothing has changed then.
        """
        new = world.from_json(data)
        clients = [client_from(entry) for entry in data.get("clients", ())]
        with self.lock:
            self.world = new
            self.generation += 1
            for client in clients:
                self.tokens.clients[client.client_id] = client

    def reset(self) -> None:
        """As at the start: its world, no consents or tokens, no faults, no recorded requests, the machine's time.

        Clients and settings stay; they are set up, not lived.
        """
        with self.lock:
            self.load(self._start)
            self.tokens.clear()
            self.clock.reset()
            self.faults.clear()
            self.requests.clear()


def client_from(entry: Mapping[str, Any]) -> Client:
    """Read a client: `client_id`, `client_secret` (one or a list), `redirect_uris`, and `project` if it shares one.

    Raises: WorldError when something is missing; there is no default secret.
    """
    secrets = entry.get("client_secret")
    secrets = [secrets] if isinstance(secrets, str) else secrets
    uris = entry.get("redirect_uris")
    client_id = entry.get("client_id")
    if not isinstance(client_id, str) or not client_id:
        raise world.WorldError("a client needs a client_id")
    if not _strings(secrets):
        raise world.WorldError("a client needs a client_secret: a string, or a list of accepted ones")
    if not _strings(uris):
        raise world.WorldError("a client needs redirect_uris: a list of addresses")
    return Client(client_id, tuple(secrets or ()), tuple(uris or ()), str(entry.get("project", client_id)))


def _strings(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, str) and item for item in value)
