"""Secrets have types that do not print. Each leaves through one method, named for where it may go."""

import hmac

__all__ = [
    "AccessToken",
    "AuthorizationCode",
    "ClientSecret",
    "CodeVerifier",
    "RefreshToken",
    "Secret",
    "SigningKey",
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
