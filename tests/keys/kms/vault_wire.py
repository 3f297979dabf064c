"""Vault's transit engine on the wire, as its API page documents it and its issues tell of it.

https://developer.hashicorp.com/vault/api-docs/secret/transit. Its words for a wrong context, a locked version and a
missing key are those of Vault (sdk/helper/keysutil/policy.go, issue hashicorp/vault#10842).
"""

import base64
import os
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

TOKEN = "hvs.a-token-of-the-tests"
DAMAGED = "cipher: message authentication failed"
TOO_OLD = "ciphertext or signature version is disallowed by policy (too old)"


def vault_wire(wire: Any) -> type:
    """The server's class, on top of `wire.Wire`."""

    class VaultWire(wire.Wire):
        """`keys` holds each key's versions; `may` what the token's policy allows; plain attributes."""

        def __init__(self) -> None:
            super().__init__()
            self.keys = {"connector": [os.urandom(32)]}
            self.least = {"connector": 1}
            self.type, self.derived = "aes256-gcm96", False
            self.binds = True  # Vault before 1.9 took no notice of associated_data
            self.damaged_status = 400  # 500 in Vault 1.6
            self.token = TOKEN
            self.may = {"encrypt", "decrypt", "read", "rotate", "config"}

        def failed(self, status: int) -> Any:
            said = {503: ["Vault is sealed"], 403: ["permission denied"]}.get(status, ["internal error"])
            return wire.Answer(status, {"errors": said})

        def answer(self, method: str, path: str, body: dict[str, Any], headers: Any) -> Any:
            self.tokens.append(headers.get("X-Vault-Token", ""))
            if self.tokens[-1] != self.token:
                return self.failed(403)
            match path.strip("/").split("/"):
                case ["v1", "transit", "encrypt", name] if "encrypt" in self.may:
                    return self._encrypt(name, body)
                case ["v1", "transit", "decrypt", name] if "decrypt" in self.may:
                    return self._decrypt(name, body)
                case ["v1", "transit", "keys", name] if method == "GET" and "read" in self.may:
                    return self._key(name)
                case ["v1", "transit", "keys", name, "rotate"] if "rotate" in self.may:
                    self.keys[name].append(os.urandom(32))
                    return wire.Answer(204)
                case ["v1", "transit", "keys", name, "config"] if "config" in self.may:
                    self.least[name] = body["min_decryption_version"]
                    return wire.Answer(204)
                case ["v1", "transit", *_]:
                    return self.failed(403)
            return wire.Answer(404, {"errors": [f"no handler for route {path!r}"]})

        def _key(self, name: str) -> Any:
            if name not in self.keys:
                return wire.Answer(404, {"errors": []})
            data = {
                "name": name, "type": self.type, "derived": self.derived, "latest_version": len(self.keys[name]),
                "min_decryption_version": self.least[name], "min_encryption_version": 0, "exportable": False,
            }  # fmt: skip
            return wire.Answer(200, {"data": data})

        def _encrypt(self, name: str, body: dict[str, Any]) -> Any:
            if name not in self.keys:
                return wire.Answer(400, {"errors": ["encryption key not found"]})
            version = body.get("key_version") or len(self.keys[name])
            if not self.least[name] <= version <= len(self.keys[name]):
                return wire.Answer(400, {"errors": ["no such key version"]})
            nonce = os.urandom(12)
            sealed = nonce + AESGCM(self.keys[name][version - 1]).encrypt(
                nonce, base64.b64decode(body["plaintext"]), self._context(body)
            )
            text = f"vault:v{version}:{base64.b64encode(sealed).decode()}"
            return wire.Answer(200, {"data": {"ciphertext": text, "key_version": version}})

        def _decrypt(self, name: str, body: dict[str, Any]) -> Any:
            if name not in self.keys:
                return wire.Answer(400, {"errors": ["encryption key not found"]})
            _, version, sealed = body["ciphertext"].split(":")
            number, raw = int(version[1:]), base64.b64decode(sealed)
            if number > len(self.keys[name]):
                return wire.Answer(400, {"errors": ["invalid ciphertext: version is too new"]})
            if number < self.least[name]:
                return wire.Answer(400, {"errors": [TOO_OLD]})
            try:
                plain = AESGCM(self.keys[name][number - 1]).decrypt(raw[:12], raw[12:], self._context(body))
            except (InvalidTag, ValueError):
                return wire.Answer(self.damaged_status, {"errors": [DAMAGED]})
            return wire.Answer(200, {"data": {"plaintext": base64.b64encode(plain).decode()}})

        def _context(self, body: dict[str, Any]) -> bytes:
            return base64.b64decode(body.get("associated_data", "")) if self.binds else b""

    return VaultWire
