"""The keys that sign programs' access tokens: Ed25519, in files beside the vault's, changed while the product runs.

`token-<n>.pem` (PKCS 8, mode 0600); n is when it was made, in Unix seconds. The newest signs. The one before verifies
for as long as a token that it signed can live, counted from when the newest was made, and a signature of an older one
counts for nothing, whoever holds it.
"""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from connector.domain.admitting import TOKEN_LIFE
from connector.domain.errors import NotSetUp
from connector.domain.ports import Clock
from connector.domain.secret import TokenKey
from connector.storage.durable import sync_folder
from connector.storage.keyfile import create, read

__all__ = ["FileTokenKeys"]

SLACK = timedelta(minutes=1)  # for a process that signed with the older key while the newer one was being made
_FILE = re.compile(r"token-([1-9][0-9]{0,14})\.pem")
_MOST_BYTES = 1000  # of a key file; 119 are right


class FileTokenKeys:
    """The keys of one folder: `connector.domain.ports.TokenKeys`. Looks at the folder each time, which costs 30 µs."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        """Make the first key if there is none. Raises: NotSetUp when one is malformed, or others can read it."""
        self._folder, self._clock = folder, clock
        self._held: dict[int, TokenKey] = {}
        if not self._numbers():
            self._make([], only=False)
        for number in self._numbers():
            self._key_if_there(number)

    def newest(self) -> TokenKey:
        """The one that signs, also when another process made it."""
        return self._key(self._numbers()[-1])

    def find(self, id: str) -> TokenKey | None:
        """The key of that name, while its signatures count."""
        numbers = self._numbers()
        for number, following in zip(numbers, [*numbers[1:], None], strict=True):
            if f"token-{number}" == id and self._counts(following):
                return self._key_if_there(number)
        return None

    def make(self, *, only: bool = False) -> TokenKey:
        """Make the next one, and delete those whose signatures do not count any more; with `only`, all others."""
        return self._make(self._numbers(), only=only)

    def _make(self, numbers: list[int], *, only: bool) -> TokenKey:
        """NOTE: two processes that start at once both find no key, and then make the same one within a second."""
        number = max([int(self._clock.now().timestamp()), *(known + 1 for known in numbers)])
        pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        create(self._path(number), pem)
        for old, following in zip(numbers, [*numbers, number][1:], strict=True):
            if only or not self._counts(following):
                self._path(old).unlink(missing_ok=True)
                self._held.pop(old, None)
        sync_folder(self._folder)
        return self._key(number)

    def _counts(self, following: int | None) -> bool:
        """Whether a key's signatures still count, by when the one after it was made."""
        if following is None:
            return True
        return self._clock.now() < datetime.fromtimestamp(following, UTC) + TOKEN_LIFE + SLACK

    def _key_if_there(self, number: int) -> TokenKey | None:
        try:
            return self._key(number)
        except NotSetUp:
            if number in self._numbers():
                raise
            return None  # another process deleted it this moment

    def _key(self, number: int) -> TokenKey:
        if number not in self._held:
            path = self._path(number)
            pem = read(path, most=_MOST_BYTES)
            try:
                good = isinstance(load_pem_private_key(pem, None), Ed25519PrivateKey)
            except (ValueError, TypeError):
                good = False
            if not good:
                raise NotSetUp(f"{path} is no Ed25519 key. Remove it; programs ask for new tokens by themselves.")
            self._held[number] = TokenKey(f"token-{number}", pem.decode())
        return self._held[number]

    def _path(self, number: int) -> Path:
        return self._folder / f"token-{number}.pem"

    def _numbers(self) -> list[int]:
        try:
            found = [_FILE.fullmatch(path.name) for path in self._folder.iterdir()]
        except FileNotFoundError:
            return []
        return sorted(int(match[1]) for match in found if match)
