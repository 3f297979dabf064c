"""Everything a rule may use, in one value."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from connector.domain.errors import NotFound
from connector.domain.ports.basic import Clock, Random
from connector.domain.ports.provider import OAuth, ProviderApi, Sender
from connector.domain.ports.sealing import Passwords, Vault
from connector.domain.ports.store import Store
from scopes import Catalogue, Router

__all__ = ["Network", "Services"]


@dataclass(frozen=True, slots=True)
class Network:
    """One provider, ready to use."""

    catalogue: Catalogue
    router: Router
    oauth: OAuth
    sender: Sender
    api: ProviderApi
    narrowing: bool = True  # refreshes ask for the purpose's scopes alone (RFC 6749 section 6)


@dataclass(frozen=True, slots=True)
class Services:
    """Everything a rule may use, looked up at the edge and passed in."""

    store: Store
    vault: Vault
    passwords: Passwords
    clock: Clock
    random: Random
    networks: Mapping[str, Network]
    base_url: str
    sleep: Callable[[float], object] = time.sleep  # seconds

    def network(self, provider: str) -> Network:
        """Raises: NotFound for a provider that is not set up."""
        try:
            return self.networks[provider]
        except KeyError:
            raise NotFound(provider) from None
