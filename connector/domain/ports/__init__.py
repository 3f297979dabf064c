"""What the domain needs from outside, and nothing of how it is done. Adapters live in storage/ and google/."""

from connector.domain.ports.basic import Clock, Random
from connector.domain.ports.provider import (
    Author,
    Callback,
    Circle,
    FoundPage,
    FoundProfile,
    OAuth,
    Posted,
    PostedComment,
    ProviderApi,
    RevokeOutcome,
    Sender,
    Step,
    TokenAnswer,
)
from connector.domain.ports.sealing import Keks, Passwords, Shreds, Vault
from connector.domain.ports.services import Network, Services
from connector.domain.ports.store import Scrubbed, Store, Tx
from connector.domain.ports.tables import (
    Accounts,
    Authorizations,
    Connections,
    Inbox,
    Keys,
    Ledger,
    LedgerFilter,
    Refreshes,
    Tokens,
)

__all__ = [
    "Accounts",
    "Author",
    "Authorizations",
    "Callback",
    "Circle",
    "Clock",
    "Connections",
    "FoundPage",
    "FoundProfile",
    "Inbox",
    "Keks",
    "Keys",
    "Ledger",
    "LedgerFilter",
    "Network",
    "OAuth",
    "Passwords",
    "Posted",
    "PostedComment",
    "ProviderApi",
    "Random",
    "Refreshes",
    "RevokeOutcome",
    "Scrubbed",
    "Sender",
    "Services",
    "Shreds",
    "Step",
    "Store",
    "TokenAnswer",
    "Tokens",
    "Tx",
    "Vault",
]
