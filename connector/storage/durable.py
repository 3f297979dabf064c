"""What makes a change of a folder or a list last through a power failure."""

import fcntl
import os
from pathlib import Path

__all__ = ["append_line", "sync_folder"]


def append_line(path: Path, line: str) -> None:
    """Add a line to a list of mode 0600; it is on disk when this returns, folder included. Raises: OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "rb+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        text = file.read()
        # A line without its end was cut off by a power failure, before anything was done that hangs on it.
        file.truncate(text.rfind(b"\n") + 1)
        file.write(line.encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Put the names in the folder on disk: a new file, a rename or a removal is there after a crash."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
