"""AWS KMS on the wire: moto's, a third party's, behind a door where things can go wrong.

https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html names the errors.
"""

import json
import urllib.error
import urllib.request
from typing import Any

import boto3

REGION = "eu-west-1"


def aws_wire(wire: Any) -> type:
    """The server's class, on top of `wire.Wire`, given the address of moto's server."""

    class AwsWire(wire.Wire):
        """`refuse` names the error that every question is answered with."""

        def __init__(self, moto: str) -> None:
            super().__init__()
            self._moto = moto
            self.refuse: str | None = None
            self.binds = True
            self.arns = [self.make_key()]

        @property
        def kms(self) -> Any:
            """The service itself, for what a person does there."""
            return boto3.client(
                "kms", region_name=REGION, endpoint_url=self._moto, aws_access_key_id="person",
                aws_secret_access_key="person",
            )  # fmt: skip

        def make_key(self) -> str:
            """A new key's ARN."""
            arn: str = self.kms.create_key()["KeyMetadata"]["Arn"]
            return arn

        def failed(self, status: int, word: str | None = None) -> Any:
            word = word or {403: "AccessDeniedException", 429: "ThrottlingException"}.get(
                status, "KMSInternalException"
            )
            return wire.Answer(status, {"__type": word, "message": "told by the tests"})

        def answer(self, method: str, path: str, body: dict[str, Any], headers: Any) -> Any:
            target = headers["X-Amz-Target"].rpartition(".")[2].lower()
            self.seen[-1] = (method, target, body)
            self.tokens.append(headers.get("Authorization", ""))
            if not self.tokens[-1].startswith("AWS4-HMAC-SHA256"):
                return self.failed(400, "MissingAuthenticationTokenException")
            if self.refuse:
                return self.failed(400, self.refuse)
            if not self.binds:
                body = body | {"EncryptionContext": {}}
            asked = urllib.request.Request(  # noqa: S310 — loopback
                self._moto, json.dumps(body).encode(), {name: headers[name] for name in
                ("X-Amz-Target", "Content-Type", "Authorization", "X-Amz-Date") if name in headers}
            )  # fmt: skip
            try:
                with urllib.request.urlopen(asked, timeout=10) as said:  # noqa: S310 — loopback
                    return wire.Answer(said.status, said.read())
            except urllib.error.HTTPError as said:
                return wire.Answer(said.code, said.read())

    return AwsWire
