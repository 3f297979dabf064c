"""HashiCorp Vault's transit engine, or OpenBao's: one named key, its versions, and associated data as the context.

https://developer.hashicorp.com/vault/api-docs/secret/transit (read 2026-11-24). The token needs `update` on
`<mount>/encrypt/<key>` and `<mount>/decrypt/<key>` and `read` on `<mount>/keys/<key>`; `connector keys rotate` also
`update` on `<mount>/keys/<key>/rotate` and `<mount>/keys/<key>/config`, or a person does those two.
"""

import base64
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import hvac
import requests
from hvac import exceptions as vault
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from connector.domain.errors import CannotOpen, KeyServiceDown, NotSetUp
from connector.private import read_secret
from connector.storage.kms.asking import Asking

__all__ = ["VaultTransit"]

T = TypeVar("T")

TIMEOUT = (2.0, 3.0)  # seconds to connect, and for each wait on an answer
MOST_TOKEN = 4096  # bytes of a token file
# Types whose associated data is authenticated; for the others Vault would ignore it or refuse.
BINDING = ("aes128-gcm96", "aes256-gcm96", "chacha20-poly1305")
# Answers to a ciphertext that is not what it should be. Vault 1.6 gave the first with a 500 (hashicorp/vault#10842).
_DAMAGED = ("message authentication failed", "invalid ciphertext", "unable to decrypt")
_CIPHERTEXT = re.compile(r"vault:v([1-9][0-9]{0,8}):[A-Za-z0-9+/]+={0,2}")


class VaultTransit:
    """`connector.storage.kms.service.KeyService`. A version's id is `vault:<mount>/<key>:v<n>`."""

    name = "vault"

    def __init__(
        self, *, address: str, key: str, mount: str = "transit", namespace: str = "", token_file: Path | None = None,
        asking: Asking | None = None,
    ) -> None:  # fmt: skip
        """`token_file` is read at each question, so that an agent may renew it; without one, hvac finds VAULT_TOKEN.

        Raises: NotSetUp when there is no token, or others can read its file.
        """
        self._key, self._mount, self._token_file = key, mount, token_file
        self._id = re.compile(re.escape(f"vault:{mount}/{key}:v") + r"([1-9][0-9]{0,8})")
        self._ask = asking or Asking(self.name)
        # Redirects are not followed: the token would go along to wherever the answer says.
        self._client = hvac.Client(
            url=address, token=self._token(), namespace=namespace or None, timeout=TIMEOUT, allow_redirects=False
        )
        if not self._client.token:
            raise NotSetUp("There is no Vault token. Set CONNECTOR_VAULT_TOKEN_FILE, or VAULT_TOKEN.")
        once = HTTPAdapter(
            max_retries=Retry(total=1, status=0, redirect=0, allowed_methods=None, raise_on_redirect=False)
        )
        self._client.session.mount("https://", once)
        self._client.session.mount("http://", once)

    def __repr__(self) -> str:
        return f"<VaultTransit {self._mount}/{self._key}>"

    def order(self, id: str) -> int | None:
        """The version's number."""
        match = self._id.fullmatch(id)
        return int(match[1]) if match else None

    def newest(self) -> str:
        """The key's latest version. Raises: KeyServiceDown; NotSetUp for a key that cannot bind a context."""
        found = self._read()
        if found.get("type") not in BINDING or found.get("derived"):
            raise NotSetUp(
                f"The key {self._mount}/{self._key} of Vault is of a type that does not bind its context. Make one of "
                "the type aes256-gcm96, not derived."
            )
        return self._numbered(_whole(found, "latest_version"))

    def create(self) -> str:
        """Rotate the key. Raises: KeyServiceDown; NotSetUp when the token may not."""
        try:
            self._asked(lambda transit: transit.rotate_key(self._key, mount_point=self._mount))
        except KeyServiceDown as down:
            if down.cause != "denied":
                raise
            raise NotSetUp(
                f"Vault does not let this program rotate {self._mount}/{self._key}. Rotate it there, then run this "
                "again."
            ) from None
        return self.newest()

    def wrap(self, id: str, key: bytes, context: bytes) -> bytes:
        """Raises: KeyServiceDown."""
        version = self.order(id)
        answer = self._asked(
            lambda transit: transit.encrypt_data(
                self._key, plaintext=_text(key), associated_data=_text(context), key_version=version,
                mount_point=self._mount,
            )
        )  # fmt: skip
        ciphertext = _data(answer).get("ciphertext")
        match = _CIPHERTEXT.fullmatch(ciphertext) if isinstance(ciphertext, str) else None
        if match is None or int(match[1]) != version:
            raise self._unreadable()
        return match[0].encode()

    def unwrap(self, id: str, wrapped: bytes, context: bytes) -> bytes:
        """Raises: CannotOpen, KeyServiceDown."""
        ciphertext = wrapped.decode("ascii", "replace")
        match = _CIPHERTEXT.fullmatch(ciphertext)
        if match is None or int(match[1]) != self.order(id):
            raise CannotOpen(f"a data key is not what {id} wraps")
        answer = self._asked(
            lambda transit: transit.decrypt_data(
                self._key, ciphertext=ciphertext, associated_data=_text(context), mount_point=self._mount
            ),
            opening=id,
        )
        try:
            return base64.b64decode(_data(answer)["plaintext"], validate=True)
        except (KeyError, TypeError, ValueError):
            raise self._unreadable() from None

    def lock(self, retired: Sequence[str], used: Sequence[str]) -> str | None:
        """Raise the key's `min_decryption_version` to the oldest version in use; lowering it undoes that."""
        numbers = [number for id in used if (number := self.order(id)) is not None]
        if not numbers:  # the latest version cannot be locked
            return (
                f"Nothing here is under {self._mount}/{self._key} of Vault any more. Delete that key when no backup "
                "from before is kept."
            )
        least = min(numbers)
        try:
            if _whole(self._read(), "min_decryption_version") < least:
                self._asked(
                    lambda transit: transit.update_key_configuration(
                        self._key, min_decryption_version=least, mount_point=self._mount
                    )
                )
        except KeyServiceDown as down:
            if down.cause != "denied":
                raise
            return f"Set min_decryption_version of {self._mount}/{self._key} in Vault to {least}: this program may not."
        return None

    def _numbered(self, version: int) -> str:
        return f"vault:{self._mount}/{self._key}:v{version}"

    def _token(self) -> str | None:
        if self._token_file is None:
            return None
        return read_secret(self._token_file, "The Vault token", MOST_TOKEN).decode("ascii", "replace").strip()

    def _read(self) -> dict[str, Any]:
        return _data(self._asked(lambda transit: transit.read_key(self._key, mount_point=self._mount)))

    def _asked(self, question: Callable[[Any], T], opening: str | None = None) -> T:
        """The answer. With `opening`, a no to the ciphertext is told as CannotOpen."""

        def ask() -> T:
            try:
                self._client.token = self._token() or self._client.token
            except NotSetUp as no:
                raise KeyServiceDown(self.name, "denied", str(no)) from None
            try:
                return question(self._client.secrets.transit)
            except vault.VaultError as no:
                if opening and any(words in f"{no.errors} {no.text}" for words in _DAMAGED):
                    raise CannotOpen(f"a data key does not open under {opening}") from None
                raise self._down(no) from None
            except (requests.RequestException, OSError):
                raise KeyServiceDown(
                    self.name, "no-answer", "Check CONNECTOR_VAULT_ADDRESS and that it runs."
                ) from None

        return self._ask(ask)

    def _down(self, no: vault.VaultError) -> KeyServiceDown:
        said = f"{no.errors} {no.text}"
        if isinstance(no, vault.Forbidden | vault.Unauthorized):
            return KeyServiceDown(self.name, "denied", "Check the token and its policy.")
        if isinstance(no, vault.InvalidPath) or "encryption key not found" in said or "no handler for route" in said:
            return KeyServiceDown(self.name, "no-key", f"Check that {self._mount}/{self._key} is there.")
        if "too old" in said or "no such key version" in said or "less than the minimum" in said:
            return KeyServiceDown(self.name, "no-key", "The version is locked: see min_decryption_version.")
        if isinstance(no, vault.VaultDown | vault.VaultNotInitialized):
            return KeyServiceDown(self.name, "sealed", "Unseal it.")
        if isinstance(no, vault.InvalidRequest):
            return KeyServiceDown(self.name, "refused", "See Vault's log for what it did not accept.")
        return KeyServiceDown(self.name, "in-trouble", "See Vault's own log.")

    def _unreadable(self) -> KeyServiceDown:
        return KeyServiceDown(
            self.name, "unreadable", "Check that CONNECTOR_VAULT_ADDRESS is Vault, and not a redirect."
        )


def _data(answer: Any) -> dict[str, Any]:
    """The `data` of an answer; whatever else came is told as unreadable."""
    found = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(found, dict):
        raise KeyServiceDown("vault", "unreadable", "Check that CONNECTOR_VAULT_ADDRESS is Vault, and not a redirect.")
    return found


def _whole(found: dict[str, Any], name: str) -> int:
    number = found.get(name)
    if not isinstance(number, int) or number < 0:
        raise KeyServiceDown("vault", "unreadable", f"It told no {name}.")
    return number


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()
