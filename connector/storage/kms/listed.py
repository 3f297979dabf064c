"""Which keys of key services this instance uses: a list beside the key files, so that it is known without asking.

One JSON line a change, only ever appended: `{"kek", "is": "used" or "retired"}`. A retired key wraps nothing more, and
only a database from before its rotation needs it: the like of a key file that is renamed.
"""

import json
import os
from pathlib import Path

from connector.domain.errors import NotSetUp
from connector.storage.durable import append_line

__all__ = ["KekList"]


class KekList:
    """The list. What another process adds counts here from the next question on."""

    def __init__(self, path: Path) -> None:
        """Raises: NotSetUp when it cannot be read."""
        self.path = path
        self._seen: tuple[int, int, int] | None = None
        self._state: dict[str, str] = {}
        self._look()

    def used(self) -> list[str]:
        """Ids, in the order in which they came."""
        self._look()
        return [id for id, state in self._state.items() if state == "used"]

    def retired(self) -> list[str]:
        """Ids."""
        self._look()
        return [id for id, state in self._state.items() if state == "retired"]

    def use(self, id: str) -> None:
        """Note that it is used from now on; on disk when this returns. Raises: NotSetUp."""
        self._add(id, "used")

    def retire(self, id: str) -> None:
        """Note that it wraps nothing more; on disk when this returns. Raises: NotSetUp."""
        self._add(id, "retired")

    def _add(self, id: str, state: str) -> None:
        try:
            append_line(self.path, json.dumps({"kek": id, "is": state}))
        except OSError as error:
            raise NotSetUp(f"The list of keys {self.path} cannot be written ({error.strerror}).") from None
        self._look()

    def _look(self) -> None:
        try:
            there = os.stat(self.path)  # noqa: PTH116 — as for the shred list
            seen = (there.st_ino, there.st_size, there.st_mtime_ns)
            if seen == self._seen:
                return
            text = self.path.read_bytes()
        except FileNotFoundError:
            return
        except OSError as error:
            raise NotSetUp(f"The list of keys {self.path} cannot be read ({error.strerror}).") from None
        state: dict[str, str] = {}
        for number, line in enumerate(text[: text.rfind(b"\n") + 1].splitlines(), 1):
            try:
                told = json.loads(line)
                id, now = told["kek"], told["is"]
            except (ValueError, KeyError, TypeError):
                id = now = None
            if not isinstance(id, str) or now not in ("used", "retired"):
                raise NotSetUp(f"Line {number} of {self.path} cannot be read. Restore it from its backup.")
            state[id] = now
        self._state, self._seen = state, seen
