"""Secrets have types that do not print. Each leaves through one method, named for where it may go."""

import hashlib
import hmac

__all__ = [
    "AccessToken",
    "AuthorizationCode",
    "ClientSecret",
    "CodeVerifier",
    "ProgramSecret",
    "RefreshToken",
    "Secret",
    "SigningKey",
    "TokenKey",
]


class Secret:
    """A string that shows its type and nothing else when printed, formatted, logged or pickled."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    __str__ = __repr__

    def __format__(self, _spec: str) -> str:
        return repr(self)

    def __reduce__(self) -> str:
        raise TypeError(f"{type(self).__name__} is never serialised")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash((type(self), self._value))

    def for_vault(self) -> bytes:
        """The bytes to seal. Callers hand them to the vault in the same expression."""
        return self._value.encode()


class AccessToken(Secret):
    """What Google's API takes, in a header and nowhere else (RFC 6750 section 2.1)."""

    __slots__ = ()

    def header(self) -> dict[str, str]:
        """The one header that carries it."""
        return {"Authorization": f"Bearer {self._value}"}

    def stands_in(self, body: bytes, *texts: str) -> bool:
        """Whether an answer repeats it."""
        return self._value.encode() in body or any(self._value in text for text in texts)


class RefreshToken(Secret):
    """What the token and revocation endpoints take, in a form body."""

    __slots__ = ()

    def form_field(self) -> str:
        """The value for a form body to the token or revocation endpoint."""
        return self._value


class AuthorizationCode(Secret):
    """What the browser brought back; good once."""

    __slots__ = ()

    def form_field(self) -> str:
        """The value for a form body to the token endpoint."""
        return self._value


class CodeVerifier(Secret):
    """The PKCE verifier (RFC 7636), 43 to 128 characters."""

    __slots__ = ()

    def form_field(self) -> str:
        """The value for a form body to the token endpoint; the authorization URL carries its S256 hash only."""
        return self._value


class ClientSecret(Secret):
    """This app's secret at the provider's token endpoint."""

    __slots__ = ()

    def form_field(self) -> str:
        """The value for a form body to the token endpoint."""
        return self._value


class SigningKey(Secret):
    """Signs what a browser keeps for us before anyone is signed in."""

    __slots__ = ()

    def for_signing(self) -> str:
        """The key itself, for the signer."""
        return self._value


class ProgramSecret(Secret):
    """What a program shows at our own token endpoint: 256 random bits, made by us and never chosen."""

    __slots__ = ()

    def shown_once(self) -> str:
        """The value itself, for the one answer to whoever had it made."""
        return self._value

    def digest(self) -> str:
        """SHA-256 (hex), which is what is stored.

        A slow hash buys time against guessing what people choose. Nobody guesses 256 random bits, so all that a slow
        one would do here is let strangers spend our processor.
        """
        return hashlib.sha256(self._value.encode()).hexdigest()


class TokenKey(Secret):
    """A private key that signs our own access tokens; `id` is the name that tokens carry for it."""

    __slots__ = ("id",)

    def __init__(self, id: str, pem: str) -> None:
        super().__init__(pem)
        self.id = id

    def for_signing(self) -> str:
        """The key itself (PKCS 8 in PEM), for the signer."""
        return self._value
