"""Google Cloud KMS on the wire, as its REST reference documents it.

https://cloud.google.com/kms/docs/reference/rest/v1/projects.locations.keyRings.cryptoKeys: int64 values are texts,
bytes are base64, errors are google.rpc.Status.
"""

import base64
import os
from typing import Any

import google_crc32c
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY = "projects/p1/locations/europe-west1/keyRings/r1/cryptoKeys/connector"
_WORDS = {400: "INVALID_ARGUMENT", 403: "PERMISSION_DENIED", 404: "NOT_FOUND", 429: "RESOURCE_EXHAUSTED",
          500: "INTERNAL", 503: "UNAVAILABLE"}  # fmt: skip


def gcp_wire(wire: Any) -> type:
    """The server's class, on top of `wire.Wire`."""

    class GcpWire(wire.Wire):
        """`versions` and their `states`; `may` what the account is allowed; `flips` damages what is answered."""

        def __init__(self) -> None:
            super().__init__()
            self.versions, self.states = [os.urandom(32)], ["ENABLED"]
            self.primary, self.pending = 1, 0
            self.purpose = "ENCRYPT_DECRYPT"
            self.binds = True
            self.may = {"encrypt", "decrypt", "get", "create", "update"}
            self.flips: str | None = None

        def failed(self, status: int, word: str | None = None, said: str = "told by the tests") -> Any:
            word = word or _WORDS.get(status, "UNKNOWN")
            return wire.Answer(status, {"error": {"code": status, "message": said, "status": word}})

        def answer(self, method: str, path: str, body: dict[str, Any], headers: Any) -> Any:
            self.tokens.append(headers.get("Authorization", ""))
            if not self.tokens[-1].startswith("Bearer ey"):
                return self.failed(401, "UNAUTHENTICATED")
            name, _, verb = path.removeprefix("/v1/").partition(":")
            if name != KEY and not name.startswith(f"{KEY}/"):
                return self.failed(404)
            rest = name.removeprefix(KEY).strip("/").split("/")
            match method, verb, rest:
                case "POST", "encrypt", ["cryptoKeyVersions", number] if "encrypt" in self.may:
                    return self._encrypt(int(number), body)
                case "POST", "decrypt", [""] if "decrypt" in self.may:
                    return self._decrypt(body)
                case "GET", "", [""] if "get" in self.may:
                    primary = self._version(self.primary)
                    return wire.Answer(200, {"name": KEY, "purpose": self.purpose, "primary": primary})
                case "GET", "", ["cryptoKeyVersions", number] if "get" in self.may:
                    self.states[int(number) - 1] = "ENABLED"
                    return wire.Answer(200, self._version(int(number)))
                case "POST", "", ["cryptoKeyVersions"] if "create" in self.may:
                    self.versions.append(os.urandom(32))
                    self.states.append("PENDING_GENERATION" if self.pending else "ENABLED")
                    return wire.Answer(200, self._version(len(self.versions)))
                case "PATCH", "", ["cryptoKeyVersions", number] if "update" in self.may:
                    self.states[int(number) - 1] = body["state"] if isinstance(body["state"], str) else "DISABLED"
                    return wire.Answer(200, self._version(int(number)))
            return self.failed(403)

        def _version(self, number: int) -> dict[str, Any]:
            return {"name": f"{KEY}/cryptoKeyVersions/{number}", "state": self.states[number - 1]}

        def _encrypt(self, number: int, body: dict[str, Any]) -> Any:
            if self.states[number - 1] != "ENABLED":
                return self.failed(400, "FAILED_PRECONDITION")
            plain, context = self._checked(body, "plaintext"), self._checked(body, "additionalAuthenticatedData")
            nonce = os.urandom(12)
            sealed = AESGCM(self.versions[number - 1]).encrypt(nonce, plain, context if self.binds else b"")
            value = number.to_bytes(2, "big") + nonce + sealed
            told = {
                "name": f"{KEY}/cryptoKeyVersions/{number}", "ciphertext": _text(value),
                "ciphertextCrc32c": str(google_crc32c.value(value)), "verifiedPlaintextCrc32c": True,
                "verifiedAdditionalAuthenticatedDataCrc32c": True,
            }  # fmt: skip
            if self.flips == "sent":
                told["verifiedPlaintextCrc32c"] = False
            if self.flips == "version":
                told["name"] = f"{KEY}/cryptoKeyVersions/{number + 1}"
            return self._told(told, "ciphertext", value)

        def _decrypt(self, body: dict[str, Any]) -> Any:
            value, context = self._checked(body, "ciphertext"), self._checked(body, "additionalAuthenticatedData")
            number = int.from_bytes(value[:2], "big")
            if not 0 < number <= len(self.versions):
                return self.failed(400)
            if self.states[number - 1] != "ENABLED":
                return self.failed(400, "FAILED_PRECONDITION")
            try:
                plain = AESGCM(self.versions[number - 1]).decrypt(
                    value[2:14], value[14:], context if self.binds else b""
                )
            except (InvalidTag, ValueError):
                return self.failed(400, said="Decryption failed: verify that 'name' refers to the correct CryptoKey.")
            crc = str(google_crc32c.value(plain))
            return self._told({"plaintext": _text(plain), "plaintextCrc32c": crc}, "plaintext", plain)

        def _told(self, told: dict[str, Any], name: str, value: bytes) -> Any:
            if self.flips == name:
                told[name] = _text(value[:-1] + bytes([value[-1] ^ 1]))
            return wire.Answer(200, told)

        @staticmethod
        def _checked(body: dict[str, Any], name: str) -> bytes:
            value = base64.b64decode(body[name])
            assert int(body[f"{name}Crc32c"]) == google_crc32c.value(value)
            return value

    return GcpWire


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()
