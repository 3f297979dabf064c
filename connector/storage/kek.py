"""The key-encryption keys: each wraps data keys, and is kept outside the database (R21)."""

import base64
import os
import re
import secrets
from collections.abc import Collection
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from connector.domain.errors import CannotOpen, NotSetUp
from connector.domain.ports import Keks
from connector.storage.durable import sync_folder
from connector.storage.keyfile import create, read

__all__ = ["FileKek", "FileKeks", "Kek", "WrappingKeks"]

_KEY_BYTES, _NONCE_BYTES = 32, 12
_MOST_BYTES = 200  # of a key file; 44 and a line end are right
_FILE = re.compile(r"kek-([1-9][0-9]{0,8})\.(key|retired)")


class Kek(Protocol):
    """A key that wraps other keys and never leaves its place; a file by default, a key service otherwise."""

    @property
    def id(self) -> str:
        """The name that a wrapped key is filed under."""
        ...

    @property
    def remote(self) -> bool:
        """Whether using it asks another machine, which no transaction may wait for (R64)."""
        ...

    def wrap(self, key: bytes, context: bytes) -> bytes:
        """Encrypt a data key, bound to its context. Raises: KeyServiceDown."""
        ...

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """Raises: CannotOpen when key, context or bytes are not those it was wrapped with; KeyServiceDown."""
        ...


class WrappingKeks(Keks, Protocol):
    """`connector.domain.ports.Keks`, and the keys themselves. Its answers are known here; only they ask a service."""

    def current(self) -> Kek:
        """The newest key, also when another process made it."""
        ...

    def get(self, id: str) -> Kek:
        """Raises: CannotOpen when there is no such key here."""
        ...


class FileKek:
    """`kek-<n>.key`: 32 random bytes in base64, mode 0600. Its id is `file-<n>`."""

    remote = False

    def __init__(self, folder: Path, number: int) -> None:
        """Raises: NotSetUp when it cannot be read, is malformed, a link, or readable by others."""
        self.id = f"file-{number}"
        self._aead = AESGCM(_read(_path(folder, number)))

    def __repr__(self) -> str:
        return f"<FileKek {self.id}>"

    def wrap(self, key: bytes, context: bytes) -> bytes:
        """Encrypt a data key, bound to its context."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._aead.encrypt(nonce, key, context)

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """Raises: CannotOpen."""
        try:
            return self._aead.decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], context)
        except (InvalidTag, ValueError):
            raise CannotOpen(f"a data key does not open under the key-encryption key {self.id}") from None


class FileKeks:
    """The keys of one folder of mode 0700: `connector.domain.ports.Keks`. The newest one wraps.

    Losing a file loses every value sealed under it, so they are backed up apart from the database (R20, R68).
    A retired key is renamed to `kek-<n>.retired` and not used: only a database from before its rotation needs it.
    """

    remote = False

    def __init__(self, folder: Path) -> None:
        """Read the keys that are there. Raises: NotSetUp when one is malformed, a link, or readable by others."""
        self._folder = folder
        # NOTE: a key stays here after another process retired it. A snapshot from before may still name it.
        self._held: dict[str, FileKek] = {}
        for number in self._numbers("key"):
            try:
                key = FileKek(folder, number)
            except NotSetUp:
                if number in self._numbers("key"):
                    raise
            else:  # and where it was retired this moment, nothing needs it
                self._held[key.id] = key

    def ready_for(self, named: Collection[str]) -> "FileKeks":
        """Check that every key is here that a row of the database names; make the first one when no row does.

        NOTE: read the keys before the database is asked. A key that is retired in between is held, and named or not.

        Raises:
            NotSetUp: when one is missing or retired.
        """
        self.check(named)
        if not self._numbers("key"):
            _create(_path(self._folder, max(self._numbers("retired"), default=0) + 1))
        return self

    def check(self, named: Collection[str]) -> None:
        """As `ready_for`, and makes nothing. Raises: NotSetUp."""
        for id in sorted(set(named) - set(self._held)):
            kind, _, number = id.partition("-")
            if kind != "file" or not number.isdecimal():
                raise NotSetUp(
                    f"The database holds data keys under {id}, which is no key file. Set that key service's settings "
                    "again, until `connector keys status` says that nothing is under it."
                )
            if int(number) in self._numbers("key"):  # made since the keys were read
                continue
            path = _path(self._folder, int(number))
            retired = path.with_suffix(".retired")
            if retired.exists():
                raise NotSetUp(
                    f"The database is from before {path.name} was retired. "
                    f"Rename {retired} to {path.name}, then run: connector keys rotate"
                )
            raise NotSetUp(f"The key file {path} is missing and the database holds sealed data. Restore it.")

    def __repr__(self) -> str:
        return f"<FileKeks {', '.join(self._held)}>"

    def ids(self) -> list[str]:
        """The keys in use, oldest first, as they are in the folder now. The last is the one that wraps."""
        return [f"file-{number}" for number in self._numbers("key")]

    def current(self) -> FileKek:
        """The newest key, also when another process made it."""
        return self.get(self.ids()[-1])

    def get(self, id: str) -> FileKek:
        """Raises: CannotOpen when there is no such key here."""
        if id not in self._held:
            if id not in self.ids():
                raise CannotOpen(f"its data key is wrapped by {id}, and that key is not at hand")
            self._held[id] = FileKek(self._folder, int(id.partition("-")[2]))
        return self._held[id]

    def make(self, after: str | None = None) -> str:
        """Make the next key; it is on disk, folder included, when this returns. No number is used twice.

        With `after`, of two who make the key after that one, both get the first one's.
        """
        if after is not None and self.ids()[-1] != after:
            return self.ids()[-1]
        number = max(self._numbers("key") + self._numbers("retired"), default=0) + 1
        _create(_path(self._folder, number))
        return f"file-{number}"

    def retire(self, id: str) -> None:
        """Take a key out of use. Its file stays, renamed, for backups of the database from before."""
        path = _path(self._folder, int(id.partition("-")[2]))
        path.rename(path.with_suffix(".retired"))
        sync_folder(self._folder)

    def lock_retired(self) -> list[str]:
        """Nothing is left to do: a renamed file is not used."""
        return []

    def _numbers(self, suffix: str) -> list[int]:
        try:
            found = [_FILE.fullmatch(path.name) for path in self._folder.iterdir()]
        except FileNotFoundError:
            return []
        return sorted(int(match[1]) for match in found if match and match[2] == suffix)


def _path(folder: Path, number: int) -> Path:
    return folder / f"kek-{number}.key"


def _create(path: Path) -> None:
    create(path, base64.b64encode(secrets.token_bytes(_KEY_BYTES)) + b"\n")


def _read(path: Path) -> bytes:
    try:
        key = base64.b64decode(read(path, most=_MOST_BYTES).strip(), validate=True)
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise NotSetUp(f"The key file {path} is not 32 bytes in base64. Restore it from its backup.")
    return key
