"""What a key service has to be able to do, and a key at one."""

from collections.abc import Sequence
from typing import Protocol

__all__ = ["KeyService", "ServiceKek"]


class KeyService(Protocol):
    """One key at a key service, in its versions. Each version is a key-encryption key with an id that is true anywhere.

    All but `order` ask the service and raise KeyServiceDown; none may be called inside a transaction that writes.
    """

    @property
    def name(self) -> str:
        """As `CONNECTOR_KEY_BACKEND` has it."""
        ...

    def order(self, id: str) -> int | None:
        """Where the version stands among its like, newer ones higher; None for an id that is not of this key."""
        ...

    def newest(self) -> str:
        """The version that the service would use itself."""
        ...

    def create(self) -> str:
        """Make a newer version, ready to use. Raises: NotSetUp where a person has to do it."""
        ...

    def wrap(self, id: str, key: bytes, context: bytes) -> bytes:
        """Encrypt a data key under that very version, bound to its context."""
        ...

    def unwrap(self, id: str, wrapped: bytes, context: bytes) -> bytes:
        """Raises: CannotOpen when the version, the context or the bytes are not those it was wrapped with."""
        ...

    def lock(self, retired: Sequence[str], used: Sequence[str]) -> str | None:
        """Have it refuse the retired versions, so that it can be undone. A sentence when a person has to do it."""
        ...


class ServiceKek:
    """One version of a key at a service: `connector.storage.kek.Kek`."""

    remote = True

    def __init__(self, id: str, service: KeyService) -> None:
        self.id, self._service = id, service

    def __repr__(self) -> str:
        return f"<ServiceKek {self.id}>"

    def wrap(self, key: bytes, context: bytes) -> bytes:
        """Raises: KeyServiceDown."""
        return self._service.wrap(self.id, key, context)

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """Raises: CannotOpen, KeyServiceDown."""
        return self._service.unwrap(self.id, wrapped, context)
