"""What keeps secrets: the vault, the keys outside the database, and passwords."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from connector.domain import records as r
from connector.domain.ports.store import Store, Tx
from connector.domain.secret import TokenKey

__all__ = ["Keks", "Passwords", "Shreds", "TokenKeys", "Vault"]


class Keks(Protocol):
    """The key-encryption keys, kept outside the database: in files, or at a key service."""

    @property
    def remote(self) -> bool:
        """Whether the one that wraps is at another machine."""
        ...

    def ids(self) -> Sequence[str]:
        """The keys in use, oldest first, as of now. The last is the one that wraps."""
        ...

    def make(self, after: str | None = None) -> str:
        """Make the one after that, or after the newest; it outlives a crash when this returns. Its id.

        It may ask a key service, so call it outside a transaction. Raises: NotSetUp, KeyServiceDown.
        """
        ...

    def retire(self, id: str) -> None:
        """Take one out of use here, at once and for good; asks nobody."""
        ...

    def lock_retired(self) -> Sequence[str]:
        """Have the key services refuse what is retired; outside a transaction. What is left for the operator to do."""
        ...


class Shreds(Protocol):
    """Whose data keys were destroyed, kept outside the database: what a restored backup cannot undo (R20)."""

    def through(self, owner: str) -> int:
        """The newest version of the owner's data keys that was destroyed; 0 for none."""
        ...

    def owners(self) -> Mapping[str, int]:
        """Everybody whose keys were destroyed, with the version as of `through`."""
        ...

    def add(self, owner: str, through: int, at: datetime, fingerprints: Sequence[str]) -> None:
        """From when this returns, nothing of theirs up to that version opens, after a crash too."""
        ...


class Vault(Protocol):
    """Seals to an owner (customer id or `operator`) and a place; what was moved, edited or cut does not open."""

    def ready(self, store: Store, owner: str) -> None:
        """Have the owner's data key at hand, so that no transaction that follows waits for a key service (R64).

        Call it where the owner is known and before a transaction begins. It costs next to nothing while the key is
        at hand, makes the key where the owner has none yet, and leaves it at hand for as long as a call can take.

        Raises: KeyServiceDown; CannotOpen.
        """
        ...

    def seal(self, tx: Tx, owner: str, place: tuple[str, str], plain: bytes) -> bytes:
        """Seal for `(connection or other id, field)`. Makes the owner's data key on first use, in this transaction."""
        ...

    def open(self, tx: Tx, owner: str, place: tuple[str, str], sealed: bytes) -> bytes:
        """Raises: CannotOpen; KeyServiceDown when the key is not at hand and its service does not give it."""
        ...

    @property
    def keks(self) -> Keks: ...
    @property
    def shreds(self) -> Shreds: ...
    def opens(self, row: r.KeyRow) -> bool:
        """Whether a wrapped data key opens under the key-encryption key that it names. Raises: KeyServiceDown."""
        ...

    def rewrapped(self, row: r.KeyRow, kek: str) -> r.KeyRow:
        """The same data key under that key-encryption key. Raises: CannotOpen, KeyServiceDown."""
        ...

    def shredded(self, owner: str, sealed: bytes) -> bool:
        """Whether the key that it was sealed under was destroyed on purpose."""
        ...

    def forget(self, owner: str) -> None:
        """Drop the owner's keys from this process's memory."""
        ...


class Passwords(Protocol):
    """argon2id (R54)."""

    def hash(self, password: str) -> str: ...
    def verify(self, password_hash: str | None, password: str) -> bool:
        """False for a wrong password; does the same work when there is no hash, so that timing tells nothing."""
        ...


class TokenKeys(Protocol):
    """The keys that sign programs' access tokens, kept outside the database."""

    def newest(self) -> TokenKey:
        """The one that signs."""
        ...

    def find(self, id: str) -> TokenKey | None:
        """The key of that name, while its signatures count."""
        ...

    def make(self, *, only: bool = False) -> TokenKey:
        """Make the next one. With `only`, the signatures of all others stop counting at once."""
        ...
