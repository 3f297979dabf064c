"""What keeps secrets: the vault, the keys outside the database, and passwords."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from connector.domain import records as r
from connector.domain.ports.store import Tx
from connector.domain.secret import TokenKey

__all__ = ["Keks", "Passwords", "Shreds", "TokenKeys", "Vault"]


class Keks(Protocol):
    """The key-encryption keys, kept outside the database."""

    def ids(self) -> Sequence[str]:
        """The keys in use, oldest first, as of now. The last is the one that wraps."""
        ...

    def make(self) -> str:
        """Make the next one; it outlives a crash when this returns. Its id."""
        ...

    def retire(self, id: str) -> None:
        """Take one out of use."""
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

    def seal(self, tx: Tx, owner: str, place: tuple[str, str], plain: bytes) -> bytes:
        """Seal for `(connection or other id, field)`. Makes the owner's data key on first use, in this transaction."""
        ...

    def open(self, tx: Tx, owner: str, place: tuple[str, str], sealed: bytes) -> bytes:
        """Raises: CannotOpen."""
        ...

    @property
    def keks(self) -> Keks: ...
    @property
    def shreds(self) -> Shreds: ...
    def opens(self, row: r.KeyRow) -> bool:
        """Whether a wrapped data key opens under the key-encryption key that it names."""
        ...

    def rewrapped(self, row: r.KeyRow, kek: str) -> r.KeyRow:
        """The same data key under that key-encryption key. Raises: CannotOpen."""
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
