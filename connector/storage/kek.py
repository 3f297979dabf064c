"""The key-encryption key: wraps the data keys, and is kept outside the database (R21)."""

import base64
import os
import secrets
import stat
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from connector.domain.errors import CannotOpen, NotSetUp

__all__ = ["FileKek", "Kek"]

_KEY_BYTES, _NONCE_BYTES = 32, 12
_MOST_BYTES = 200  # of a key file; 44 and a line end are right


class Kek(Protocol):
    """A key that wraps other keys and never leaves its place; a file by default, a key service otherwise."""

    @property
    def id(self) -> str:
        """The name that a wrapped key is filed under."""
        ...

    def wrap(self, key: bytes, context: bytes) -> bytes:
        """Encrypt a data key, bound to its context."""
        ...

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """Raises: CannotOpen when the key, the context or the bytes are not those it was wrapped with."""
        ...

    def destroy(self) -> None:
        """Make everything under this key unreadable, for good."""
        ...


class FileKek:
    """`<folder>/kek-1.key`: 32 random bytes in base64, mode 0600, in a folder of mode 0700.

    Losing the file loses every sealed value, so it is backed up apart from the database (R20, R68).
    """

    def __init__(self, folder: Path) -> None:
        """Read the key, or make it. `open` is the way in for a program that has a database already."""
        self.id = "file-1"
        self._path = folder / "kek-1.key"
        if not self._path.is_symlink() and not self._path.exists():
            _create(self._path)
        self._aead = AESGCM(_read(self._path))

    @classmethod
    def open(cls, folder: Path, *, sealed_data_exists: bool) -> "FileKek":
        """Read the key; make it only when nothing has been sealed yet.

        Raises:
            NotSetUp: when it is missing though sealed data exists, malformed, a link, or readable by others.
        """
        path = folder / "kek-1.key"
        if sealed_data_exists and not path.is_symlink() and not path.exists():
            raise NotSetUp(f"The key file {path} is missing and the database holds sealed data. Restore it.")
        return cls(folder)

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

    def destroy(self) -> None:
        """Overwrite and remove the file. Copies of it, in a backup or in a disk's spare blocks, are out of reach."""
        with self._path.open("r+b") as file:
            file.write(b"\0" * os.fstat(file.fileno()).st_size)
            file.flush()
            os.fsync(file.fileno())
        self._path.unlink()
        _sync_folder(self._path.parent)


def _create(path: Path) -> None:
    """On disk before its first use. Of two who create it at once, one wins and both read the winner's."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(base64.b64encode(secrets.token_bytes(_KEY_BYTES)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(draft)  # unlike a rename, it refuses where there is a key
        except FileExistsError:
            return
        _sync_folder(path.parent)
    finally:
        draft.unlink()


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _read(path: Path) -> bytes:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise NotSetUp(f"The key file {path} cannot be read ({error.strerror}). It must be a plain file.") from None
    try:
        mode = os.fstat(handle).st_mode
        if not stat.S_ISREG(mode):
            raise NotSetUp(f"The key file {path} is not a plain file. Restore it from its backup.")
        if mode & 0o077:
            raise NotSetUp(f"Others can read the key file {path}. Run: chmod 600 {path}")
        if path.parent.stat().st_mode & 0o022:
            raise NotSetUp(f"Others can replace the key in {path.parent}. Run: chmod 700 {path.parent}")
        text = os.read(handle, _MOST_BYTES)
    finally:
        os.close(handle)
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise NotSetUp(f"The key file {path} is not 32 bytes in base64. Restore it from its backup.")
    return key
