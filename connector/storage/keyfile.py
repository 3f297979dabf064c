"""Key files: made once, whole and on disk before their first use, and read only where nobody else can."""

import os
import secrets
import stat
from pathlib import Path

from connector.domain.errors import NotSetUp
from connector.storage.durable import sync_folder

__all__ = ["create", "read"]


def create(path: Path, content: bytes) -> None:
    """Mode 0600, on disk with its name when this returns. Of two who create it at once, one wins and both read that."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(draft)  # unlike a rename, it refuses where there is a key
        except FileExistsError:
            return
        sync_folder(path.parent)
    finally:
        draft.unlink()


def read(path: Path, *, most: int) -> bytes:
    """At most that many bytes of it. Raises: NotSetUp when it is no plain file, or others can read or replace it."""
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
        return os.read(handle, most)
    finally:
        os.close(handle)
