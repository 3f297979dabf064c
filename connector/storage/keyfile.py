"""Key files: made once, whole and on disk before their first use, and read only where nobody else can."""

import os
import secrets
from pathlib import Path

from connector.domain.errors import NotSetUp
from connector.private import read_secret
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
    text = read_secret(path, "The key file", most)
    if path.parent.stat().st_mode & 0o022:
        raise NotSetUp(f"Others can replace the key in {path.parent}. Run: chmod 700 {path.parent}")
    return text
