"""Our own access tokens: JWTs after RFC 9068, signed with Ed25519 (RFC 8037, named as RFC 9864 says).

The API is their only audience, so nobody else needs a key to verify them and none is published. They are signed and
not opaque so that a request with a made-up one costs no look at the database; what may change during ten minutes, the
program and its secret, is asked there all the same.
"""

import re
from dataclasses import dataclass

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import GuestProtocol, OKPKey

from connector.domain.admitting import TOKEN_LIFE, Admitted
from connector.domain.errors import ConnectorError
from connector.domain.ports import Clock, Random, TokenKeys
from connector.domain.secret import TokenKey

__all__ = ["Claims", "Jwts", "TokenMissing", "TokenRejected"]

ALGORITHM, KIND = "Ed25519", "at+jwt"
LEEWAY = 5  # seconds that the clocks of our machines may differ
LONGEST = 2048  # characters; ours have about 700
_FORM = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
# What a hostile header or payload makes the library raise before it comes to its own errors.
_BROKEN = (JoseError, ValueError, TypeError, AttributeError, KeyError, RecursionError)


class TokenMissing(ConnectorError):
    """The request carries no access token."""

    status = 401
    public = "This needs an access token, in the header “Authorization: Bearer …” and nowhere else."


class TokenRejected(ConnectorError):
    """The access token is not one of ours, or has run out. The same words for every flaw; `flaw` is for the log."""

    status = 401
    public = "This access token is not valid here, or it has run out."

    def __init__(self, flaw: str) -> None:
        super().__init__(f"access token rejected: {flaw}")
        self.flaw = flaw


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says that was signed by us and has not run out."""

    program: str
    secret: str
    purposes: tuple[str, ...]


class Jwts:
    """Makes and reads access tokens for one issuer."""

    def __init__(self, keys: TokenKeys, clock: Clock, random: Random, base_url: str) -> None:
        self._keys, self._clock, self._random = keys, clock, random
        self._issuer, self._audience = base_url, f"{base_url}/api/v1"
        self._read: dict[str, OKPKey] = {}

    def make(self, admitted: Admitted, purposes: tuple[str, ...]) -> str:
        """A token for these purposes, in its compact form."""
        key, now = self._keys.newest(), int(self._clock.now().timestamp())
        claims = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": admitted.program.id,
            "client_id": admitted.program.id,
            "iat": now,
            "exp": now + int(TOKEN_LIFE.total_seconds()),
            "jti": self._random.id("tok"),
            "scope": " ".join(purposes),
            "secret_id": admitted.secret.id,
        }
        header = {"alg": ALGORITHM, "typ": KIND, "kid": key.id}
        return jwt.encode(header, claims, self._usable(key), algorithms=[ALGORITHM])

    def read(self, token: str) -> Claims:
        """Check form, kind, key, signature, issuer, audience and times. Raises: TokenRejected."""
        if len(token) > LONGEST or not _FORM.fullmatch(token):
            raise TokenRejected("form")
        try:
            claims = jwt.decode(token, self._key_for, algorithms=[ALGORITHM]).claims
            self._rules().validate(claims)
            return Claims(claims["sub"], claims["secret_id"], tuple(claims["scope"].split(" ")))
        except _BROKEN as broken:
            raise TokenRejected(type(broken).__name__) from None

    def _key_for(self, signed: GuestProtocol) -> OKPKey:
        """NOTE: our own headers hold these three and nothing else, so neither does one that is accepted."""
        header = signed.headers()
        kid = header.get("kid")
        if header != {"alg": ALGORITHM, "typ": KIND, "kid": kid} or not isinstance(kid, str):
            raise TokenRejected("header")
        key = self._keys.find(kid)
        if key is None:
            raise TokenRejected("key")
        return self._usable(key)

    def _usable(self, key: TokenKey) -> OKPKey:
        if key.id not in self._read:
            self._read[key.id] = OKPKey.import_key(key.for_signing())
        return self._read[key.id]

    def _rules(self) -> jwt.JWTClaimsRegistry:
        return jwt.JWTClaimsRegistry(
            now=int(self._clock.now().timestamp()),
            leeway=LEEWAY,
            iss={"essential": True, "value": self._issuer},
            aud={"essential": True, "value": self._audience},
            sub={"essential": True},
            client_id={"essential": True},
            iat={"essential": True},
            exp={"essential": True},
            jti={"essential": True},
            scope={"essential": True},
            secret_id={"essential": True},
        )
