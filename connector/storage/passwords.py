"""Passwords (R54)."""

import os

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

__all__ = ["Argon2Passwords"]

_MEMORY_KIB = 47_104  # 46 MiB with one pass and one lane: OWASP ASVS 5.0, appendix C


class Argon2Passwords:
    """argon2id: `connector.domain.ports.Passwords`."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=1, memory_cost=_MEMORY_KIB, parallelism=1)
        self._nobodys = self._hasher.hash(os.urandom(16))  # compared with when there is no such person

    def hash(self, password: str) -> str:
        """The hash, with its salt and parameters, in PHC string format."""
        return self._hasher.hash(_bytes(password))

    def verify(self, password_hash: str | None, password: str) -> bool:
        """False for a wrong password; does the same work when there is no hash, so that timing tells nothing."""
        known = self._nobodys if password_hash is None else password_hash
        try:
            return self._hasher.verify(known, _bytes(password)) and password_hash is not None
        except (VerificationError, InvalidHashError):
            return False


def _bytes(password: str) -> bytes:
    """A browser can send half a surrogate pair; it is hashed like any other text."""
    return password.encode("utf-8", "surrogatepass")
