"""AWS KMS: symmetric keys by their ARN, with the context as the encryption context.

https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html and API_Decrypt.html (read 2026-11-24). The role
needs kms:Encrypt and kms:Decrypt on the keys. An ARN's own rotation in AWS changes nothing here: it is AWS's to know
which of its key material a ciphertext is under. A rotation of ours is a move to another ARN.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import boto3
from botocore import exceptions as aws
from botocore.config import Config

from connector.domain.errors import CannotOpen, KeyServiceDown, NotSetUp
from connector.storage.kms.asking import Asking

__all__ = ["AwsKms"]

T = TypeVar("T")

TIMEOUTS = {"connect_timeout": 2, "read_timeout": 3}  # seconds
_DAMAGED = ("InvalidCiphertextException", "IncorrectKeyException")
_DENIED = ("AccessDeniedException", "UnrecognizedClientException", "InvalidSignatureException", "ExpiredTokenException",
           "MissingAuthenticationTokenException", "InvalidClientTokenId", "InvalidGrantTokenException")  # fmt: skip
_NO_KEY = ("NotFoundException", "DisabledException", "KMSInvalidStateException", "InvalidKeyUsageException")


class AwsKms:
    """`connector.storage.kms.service.KeyService`. An id is a key's ARN; credentials are boto3's own to find."""

    name = "aws-kms"

    def __init__(self, *, keys: Sequence[str], endpoint: str = "", asking: Asking | None = None) -> None:
        """`keys` are ARNs, newest first. `endpoint` is another address than the region's own. Raises: NotSetUp."""
        self._keys, self._endpoint = tuple(keys), endpoint
        self._ask = asking or Asking(self.name)
        try:
            self._session = boto3.session.Session()
            self._clients = {region: self._client(region) for region in {_region(key) for key in keys}}
        except aws.BotoCoreError as no:
            raise NotSetUp(f"boto3 cannot be set up ({type(no).__name__}). See its own settings, AWS_….") from None

    def __repr__(self) -> str:
        return f"<AwsKms {', '.join(self._keys)}>"

    def order(self, id: str) -> int | None:
        """How many keys are older in the setting."""
        return len(self._keys) - 1 - self._keys.index(id) if id in self._keys else None

    def newest(self) -> str:
        """The first in the setting."""
        return self._keys[0]

    def create(self) -> str:
        """Raises: NotSetUp: a key's policy and who pays for it are a person's to decide."""
        raise NotSetUp(
            "A rotation needs a new key of AWS KMS. Create one, put its ARN before the others in "
            "CONNECTOR_AWS_KMS_KEYS wherever this instance runs, restart, then run: connector keys rotate"
        )

    def wrap(self, id: str, key: bytes, context: bytes) -> bytes:
        """Raises: KeyServiceDown."""
        answer = self._asked(
            id, lambda kms: kms.encrypt(KeyId=id, Plaintext=key, EncryptionContext=_context(context))
        )  # fmt: skip
        return self._bytes(answer, "CiphertextBlob", id)

    def unwrap(self, id: str, wrapped: bytes, context: bytes) -> bytes:
        """Raises: CannotOpen, KeyServiceDown."""
        if not wrapped:
            raise CannotOpen(f"a data key is not what {id} wraps")
        answer = self._asked(
            id, lambda kms: kms.decrypt(KeyId=id, CiphertextBlob=wrapped, EncryptionContext=_context(context))
        )
        return self._bytes(answer, "Plaintext", id)

    def lock(self, retired: Sequence[str], used: Sequence[str]) -> str | None:
        """What only a person does: disabling a key stops whatever else uses it."""
        return (
            f"Disable {', '.join(retired)} in AWS KMS and take it out of CONNECTOR_AWS_KMS_KEYS. Schedule its deletion "
            "when no backup from before is kept."
        )

    def _client(self, region: str) -> Any:
        return self._session.client(
            "kms",
            region_name=region,
            endpoint_url=self._endpoint or None,
            # Only this program's own setting names another address (R48).
            config=Config(
                **TIMEOUTS, retries={"mode": "standard", "total_max_attempts": 2}, ignore_configured_endpoint_urls=True
            ),
        )

    def _asked(self, id: str, question: Callable[[Any], T]) -> T:
        client = self._clients[_region(id)]

        def ask() -> T:
            try:
                return question(client)
            except aws.ClientError as no:
                raise self._down(id, str(no.response.get("Error", {}).get("Code", ""))) from None
            except (aws.NoCredentialsError, aws.PartialCredentialsError, aws.CredentialRetrievalError):
                raise KeyServiceDown(
                    self.name, "denied", "boto3 finds no credentials: see its documentation."
                ) from None
            except (aws.ConnectionError, aws.HTTPClientError, OSError):
                raise KeyServiceDown(
                    self.name, "no-answer", "Check the network and CONNECTOR_AWS_KMS_ENDPOINT."
                ) from None
            except (aws.BotoCoreError, ValueError):
                raise KeyServiceDown(self.name, "unreadable", "Check CONNECTOR_AWS_KMS_ENDPOINT.") from None

        return self._ask(ask)

    def _down(self, id: str, code: str) -> CannotOpen | KeyServiceDown:
        if code in _DAMAGED:
            return CannotOpen(f"a data key does not open under {id}")
        if code in _DENIED:
            return KeyServiceDown(self.name, "denied", f"Check the credentials, and that the policy of {id} lets them.")
        if code in _NO_KEY:
            return KeyServiceDown(self.name, "no-key", f"Check that {id} is there, enabled and for encryption.")
        return KeyServiceDown(self.name, "in-trouble", "See AWS's own status.")

    def _bytes(self, answer: Any, name: str, id: str) -> bytes:
        value = answer.get(name)
        if answer.get("KeyId") != id or not isinstance(value, bytes) or not value:
            raise KeyServiceDown(self.name, "unreadable", "It answered for another key.")
        return value


def _region(arn: str) -> str:
    """A key answers in its own region alone."""
    return arn.split(":")[3]


def _context(context: bytes) -> dict[str, str]:
    """AWS writes it into CloudTrail as it is; it holds ids and no names."""
    return {"connector": context.decode()}
