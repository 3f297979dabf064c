"""The shred list: whose data keys were destroyed, kept outside the database so that no backup undoes it (R20).

One JSON line a shred, only ever appended: `{"owner", "through", "at", "sha256"}`. Every data key of the owner up to
version `through` is destroyed; the fingerprints are SHA-256 of the wrapped keys, for who wants to search a backup.
"""

import json
import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from connector.domain.errors import NotSetUp
from connector.storage.durable import append_line

__all__ = ["ShredList"]


class ShredList:
    """`connector.domain.ports.Shreds` in a file. What another process adds counts here from the next question on."""

    def __init__(self, path: Path) -> None:
        """Raises: NotSetUp when the list cannot be read: opening nothing is safer than opening what was shredded."""
        self._path = path
        self._name = os.fspath(path)
        self._seen: tuple[int, int, int] | None = None
        self._through: dict[str, int] = {}
        self._look()

    def through(self, owner: str) -> int:
        """The newest version of the owner's data keys that was destroyed; 0 for none. Raises: NotSetUp."""
        self._look()
        return self._through.get(owner, 0)

    def owners(self) -> Mapping[str, int]:
        """Everybody on the list, with the version as of `through`. Raises: NotSetUp."""
        self._look()
        return dict(self._through)

    def add(self, owner: str, through: int, at: datetime, fingerprints: Sequence[str]) -> None:
        """Add a line; it is on disk when this returns. Raises: NotSetUp."""
        line = json.dumps(
            {"owner": owner, "through": through, "at": at.isoformat(timespec="seconds"), "sha256": list(fingerprints)}
        )
        try:
            append_line(self._path, line)
        except OSError as error:
            raise NotSetUp(f"The shred list {self._path} cannot be written ({error.strerror}).") from None
        self._look()

    def _look(self) -> None:
        """Read the list again if it changed. What was read once stays true when the file goes."""
        try:
            there = os.stat(self._name)  # noqa: PTH116 — before every opening, and a Path takes twice as long
            seen = (there.st_ino, there.st_size, there.st_mtime_ns)
            if seen == self._seen:
                return
            text = self._path.read_bytes()
        except FileNotFoundError:
            return
        except OSError as error:
            raise NotSetUp(f"The shred list {self._path} cannot be read ({error.strerror}).") from None
        for number, line in enumerate(text[: text.rfind(b"\n") + 1].splitlines(), 1):
            try:
                told = json.loads(line)
                owner, through = str(told["owner"]), int(told["through"])
            except (ValueError, KeyError, TypeError):
                raise NotSetUp(f"Line {number} of {self._path} cannot be read. Restore it from its backup.") from None
            self._through[owner] = max(through, self._through.get(owner, 0))
        self._seen = seen
