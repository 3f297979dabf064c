"""Files that hold a secret are for this program's user alone; one that others can read is refused with what to do."""

import os
import stat
from pathlib import Path

from connector.domain.errors import NotSetUp

__all__ = ["read_secret", "refuse_others"]


def read_secret(path: Path, what: str, most: int) -> bytes:
    """The first `most` bytes of a plain file of mode 0600 or less.

    Raises: NotSetUp when it cannot be read, is a link or no plain file, or others can read it; `what` names it.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise NotSetUp(f"{what} {path} cannot be read ({error.strerror}). It must be a plain file.") from None
    try:
        mode = os.fstat(handle).st_mode
        if not stat.S_ISREG(mode):
            raise NotSetUp(f"{what} {path} is not a plain file. Restore it from its backup.")
        refuse_others(path, mode, what)
        return os.read(handle, most)
    finally:
        os.close(handle)


def refuse_others(path: Path, mode: int, what: str, *, group_may_read: bool = False) -> None:
    """Raises: NotSetUp when the mode lets others at it. A group may be allowed to read, never to write."""
    if mode & (0o027 if group_may_read else 0o077):
        raise NotSetUp(f"Others can read {what[0].lower()}{what[1:]} {path}. Run: chmod 600 {path}")
