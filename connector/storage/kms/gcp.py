"""Google Cloud KMS: the versions of one key, with the context as additional authenticated data.

https://cloud.google.com/kms/docs/reference/rest/v1/projects.locations.keyRings.cryptoKeys/decrypt (read 2026-11-24): a
CRC32C goes along with all that is sent, and what comes back is checked against its own. The account needs
cloudkms.cryptoKeys.get, cloudkms.cryptoKeyVersions.useToEncrypt and .useToDecrypt on the key; `connector keys rotate`
also cloudkms.cryptoKeyVersions.create and .update, or a person does those two.
"""

import re
import time
from collections.abc import Callable, Sequence
from typing import TypeVar
from urllib.parse import urlsplit

import google.auth.exceptions
import google_crc32c
import requests
from google.api_core import exceptions as gcp
from google.cloud import kms_v1
from google.cloud.kms_v1.services.key_management_service.transports import KeyManagementServiceRestTransport
from google.protobuf import json_format

from connector.domain.errors import CannotOpen, KeyServiceDown, NotSetUp
from connector.storage.kms.asking import Asking

__all__ = ["GcpKms"]

T = TypeVar("T")

GOOGLE = "https://cloudkms.googleapis.com"
TIMEOUT = 3.0  # seconds for each wait on an answer
LOOKS = 5  # at a version that is being made, a second apart
_State = kms_v1.CryptoKeyVersion.CryptoKeyVersionState


class GcpKms:
    """`connector.storage.kms.service.KeyService`. An id is a version's resource name."""

    name = "gcp-kms"

    def __init__(self, *, key: str, endpoint: str = "", asking: Asking | None = None) -> None:
        """`key` is a key's resource name; credentials are Google's library's own to find.

        Raises: NotSetUp when it finds none.
        """
        self._key = key
        self._id = re.compile(re.escape(f"{key}/cryptoKeyVersions/") + r"([1-9][0-9]{0,8})")
        self._ask = asking or Asking(self.name)
        address = urlsplit(endpoint or GOOGLE)
        try:
            self._client = kms_v1.KeyManagementServiceClient(
                # REST: one TLS stack and one kind of timeout in this process, and it answers to a deadline.
                transport=KeyManagementServiceRestTransport(
                    host=address.netloc, url_scheme=address.scheme, always_use_jwt_access=True
                )
            )
        except google.auth.exceptions.GoogleAuthError:
            raise NotSetUp(
                "Google's library finds no credentials for Cloud KMS. Set GOOGLE_APPLICATION_CREDENTIALS, or run where "
                "a service account is attached."
            ) from None

    def __repr__(self) -> str:
        return f"<GcpKms {self._key}>"

    def order(self, id: str) -> int | None:
        """The version's number."""
        match = self._id.fullmatch(id)
        return int(match[1]) if match else None

    def newest(self) -> str:
        """The key's primary version. Raises: KeyServiceDown; NotSetUp for a key that is not for encryption."""
        found = self._asked(lambda: self._client.get_crypto_key(name=self._key, retry=None, timeout=TIMEOUT))
        if found.purpose != kms_v1.CryptoKey.CryptoKeyPurpose.ENCRYPT_DECRYPT or self.order(found.primary.name) is None:
            raise NotSetUp(f"{self._key} is not for symmetric encryption, or has no primary version.")
        return str(found.primary.name)

    def create(self) -> str:
        """Make a version. Each wrap names its version, so the primary one stays as it is.

        Raises: KeyServiceDown; NotSetUp when the account may not.
        """
        try:
            made = self._asked(
                lambda: self._client.create_crypto_key_version(
                    parent=self._key, crypto_key_version=kms_v1.CryptoKeyVersion(), retry=None, timeout=TIMEOUT
                )
            )
            for _ in range(LOOKS):
                if made.state != _State.PENDING_GENERATION:
                    break
                time.sleep(1)
                name = str(made.name)
                made = self._asked(
                    lambda: self._client.get_crypto_key_version(name=name, retry=None, timeout=TIMEOUT)  # noqa: B023
                )
        except KeyServiceDown as down:
            if down.cause != "denied":
                raise
            raise NotSetUp(
                f"Google does not let this program make a version of {self._key}. Rotate it there, then run this again."
            ) from None
        if made.state != _State.ENABLED or self.order(made.name) is None:
            raise KeyServiceDown(self.name, "no-key", "The new version is not ready. Run this again later.")
        return str(made.name)

    def wrap(self, id: str, key: bytes, context: bytes) -> bytes:
        """Raises: KeyServiceDown."""
        answer = self._asked(
            lambda: self._client.encrypt(
                request={
                    "name": id, "plaintext": key, "plaintext_crc32c": _crc(key),
                    "additional_authenticated_data": context, "additional_authenticated_data_crc32c": _crc(context),
                }, retry=None, timeout=TIMEOUT,
            )
        )  # fmt: skip
        if answer.name != id or not (
            answer.verified_plaintext_crc32c and answer.verified_additional_authenticated_data_crc32c
        ):
            raise KeyServiceDown(
                self.name, "unreadable", "What was sent did not arrive whole, or another version answered."
            )
        return self._whole(answer.ciphertext, answer.ciphertext_crc32c)

    def unwrap(self, id: str, wrapped: bytes, context: bytes) -> bytes:
        """Raises: CannotOpen, KeyServiceDown."""
        if not wrapped:
            raise CannotOpen(f"a data key is not what {id} wraps")
        answer = self._asked(
            lambda: self._client.decrypt(
                request={
                    "name": self._key, "ciphertext": wrapped, "ciphertext_crc32c": _crc(wrapped),
                    "additional_authenticated_data": context, "additional_authenticated_data_crc32c": _crc(context),
                }, retry=None, timeout=TIMEOUT,
            ),
            opening=id,
        )  # fmt: skip
        return self._whole(answer.plaintext, answer.plaintext_crc32c)

    def lock(self, retired: Sequence[str], used: Sequence[str]) -> str | None:
        """Disable the retired versions; enabling undoes that."""
        for id in retired:
            version = kms_v1.CryptoKeyVersion(name=id, state=_State.DISABLED)
            try:
                self._asked(
                    lambda version=version: self._client.update_crypto_key_version(  # type: ignore[misc]
                        crypto_key_version=version, update_mask={"paths": ["state"]}, retry=None, timeout=TIMEOUT
                    )
                )
            except KeyServiceDown as down:
                if down.cause == "no-key":  # destroyed already
                    continue
                if down.cause != "denied":
                    raise
                return f"Disable {', '.join(retired)} in Google Cloud KMS: this program may not."
        return None

    def _asked(self, question: Callable[[], T], opening: str | None = None) -> T:
        """The answer. With `opening`, a no to the ciphertext is told as CannotOpen."""

        def ask() -> T:
            try:
                return question()
            except gcp.BadRequest as no:
                if _status(no) == "FAILED_PRECONDITION":
                    raise KeyServiceDown(self.name, "no-key", "The key's version is disabled or destroyed.") from None
                if opening:
                    raise CannotOpen(f"a data key does not open under {opening}") from None
                raise KeyServiceDown(self.name, "refused", "Google did not accept what was asked.") from None
            except (gcp.Forbidden, gcp.Unauthorized, google.auth.exceptions.RefreshError):
                raise KeyServiceDown(self.name, "denied", f"Check the account and its rights on {self._key}.") from None
            except gcp.NotFound:
                raise KeyServiceDown(self.name, "no-key", f"Check that {self._key} is there.") from None
            except gcp.GoogleAPICallError:
                raise KeyServiceDown(self.name, "in-trouble", "See Google Cloud's own status.") from None
            except (requests.RequestException, google.auth.exceptions.GoogleAuthError, OSError):
                raise KeyServiceDown(
                    self.name, "no-answer", "Check the network and CONNECTOR_GCP_KMS_ENDPOINT."
                ) from None
            except (json_format.Error, gcp.GoogleAPIError, ValueError, TypeError, AttributeError):
                raise KeyServiceDown(self.name, "unreadable", "Check CONNECTOR_GCP_KMS_ENDPOINT.") from None

        return self._ask(ask)

    def _whole(self, value: bytes, crc: int | None) -> bytes:
        if not value or crc != _crc(value):
            raise KeyServiceDown(self.name, "unreadable", "What it answered did not arrive whole.")
        return value


def _status(no: gcp.GoogleAPICallError) -> str:
    """Google's own word. Over REST the library goes by the HTTP status, and 400 has two meanings."""
    try:
        return str(no.response.json()["error"]["status"])
    except (AttributeError, ValueError, KeyError, TypeError):
        return ""


def _crc(value: bytes) -> int:
    return int(google_crc32c.value(value))
