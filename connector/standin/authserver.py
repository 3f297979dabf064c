"""Authlib's authorization server, taught Google's words.

Authlib checks clients, codes, PKCE and scopes; here is what Google does its own way: token shapes, the order of scopes,
when a refresh token is given, and the bodies of errors.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from authlib.oauth2.base import OAuth2Error  # type: ignore[import-untyped]
from authlib.oauth2.rfc6749 import AuthorizationServer, grants  # type: ignore[import-untyped]
from authlib.oauth2.rfc6749.errors import InvalidGrantError, InvalidScopeError  # type: ignore[import-untyped]
from authlib.oauth2.rfc6749.requests import OAuth2Payload, OAuth2Request  # type: ignore[import-untyped]
from authlib.oauth2.rfc7636 import CodeChallenge  # type: ignore[import-untyped]
from werkzeug.datastructures import MultiDict

from connector.standin.state import StandIn
from connector.standin.tokens import LIFETIME, Client, Code, Consent, Refresh

__all__ = ["Form", "GoogleServer", "OAuthAnswer", "ordered"]

# Authlib writes whole tokens to its debug log; in one process with a test or the demo they would reach its logs.
logging.getLogger("authlib.oauth2.rfc6749").setLevel(logging.INFO)

_DEAD = "Token has been expired or revoked."
_NO_VERIFIER, _WRONG_VERIFIER = "Missing code verifier.", "Invalid code verifier."
_NEEDLESS_VERIFIER = "code_verifier or verifier is not needed."
_SAID = (_DEAD, _NO_VERIFIER, _WRONG_VERIFIER, _NEEDLESS_VERIFIER)  # Google gives reasons for these; else "Bad Request"


@dataclass(frozen=True, slots=True)
class OAuthAnswer:
    """What an OAuth endpoint says; the web layer sends it."""

    status: int
    body: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Form:
    """Parameters as they came, from a query or a form."""

    method: str
    url: str
    headers: Mapping[str, str]
    values: MultiDict[str, str]


class _Payload(OAuth2Payload):  # type: ignore[misc]
    def __init__(self, values: MultiDict[str, str]) -> None:
        self.data = values
        self.datalist = values.to_dict(flat=False)

    data: Any = None
    datalist: Any = None


class _Request(OAuth2Request):  # type: ignore[misc]
    def __init__(self, form: Form) -> None:
        # NOTE: Authlib refuses plain http beyond loopback. The stand-in may be published on another address inside a
        # closed test network, so the request is shown to Authlib as if it had come over TLS.
        super().__init__(form.method, form.url.replace("http://", "https://", 1), headers=form.headers)
        self.payload = _Payload(form.values)
        self._values = form.values

    @property
    def args(self) -> MultiDict[str, str]:
        return self._values

    @property
    def form(self) -> MultiDict[str, str]:
        return self._values


class _RedirectMismatch(OAuth2Error):  # type: ignore[misc]
    error = "redirect_uri_mismatch"
    description = "Bad Request"


class _Codes(grants.AuthorizationCodeGrant):  # type: ignore[misc]
    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "client_secret_post")
    server: "GoogleServer"

    def generate_authorization_code(self) -> str:
        return ""  # made with the rest of the record, below

    def create_authorization_response(self, redirect_uri: str, grant_user: Consent) -> Any:
        """Hand out the code. The web layer adds `state`, `scope` and `iss` in Google's order."""
        data = self.request.payload.data
        challenge = (data.get("code_challenge"), data.get("code_challenge_method"))
        code = self.server.standin.tokens.begin(self.request.client, grant_user, redirect_uri, challenge)
        return 302, "", [("code", code.value), ("scope", ordered(code.scopes))]

    def query_authorization_code(self, code: str, client: Client) -> Code | None:
        found = self.server.standin.tokens.code(code, client)
        if found and self.request.payload.redirect_uri != found.redirect_uri:
            raise _RedirectMismatch
        return found

    def delete_authorization_code(self, authorization_code: Code) -> None:
        self.server.standin.tokens.spend(authorization_code)

    def authenticate_user(self, authorization_code: Code) -> Code:
        return authorization_code  # it knows the account, and what to issue


class _Refreshes(grants.RefreshTokenGrant):  # type: ignore[misc]
    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "client_secret_post")
    server: "GoogleServer"

    def authenticate_refresh_token(self, refresh_token: str) -> Refresh:
        found = self.server.standin.tokens.refresh(refresh_token)
        if found is None:
            raise InvalidGrantError(_DEAD)
        asked = frozenset((self.request.payload.scope or "").split())
        if asked and asked < found.scopes and self.server.standin.faults.take("token", ["refuses_narrowing"]):
            raise InvalidScopeError
        return found

    def authenticate_user(self, refresh_token: Refresh) -> Refresh:
        return refresh_token

    def revoke_old_credential(self, refresh_token: Refresh) -> None:
        """Google does not rotate refresh tokens."""


class _Pkce(CodeChallenge):  # type: ignore[misc]
    """PKCE is enforced when it was begun; the texts are Google's (memory)."""

    def validate_code_verifier(self, grant: Any, result: Any) -> None:
        code: Code = grant.request.authorization_code
        verifier = grant.request.form.get("code_verifier")
        if not code.code_challenge:
            if verifier:
                raise InvalidGrantError(_NEEDLESS_VERIFIER)
            return
        if not verifier:
            raise InvalidGrantError(_NO_VERIFIER)
        matches = self.CODE_CHALLENGE_METHODS[code.code_challenge_method or self.DEFAULT_CODE_CHALLENGE_METHOD]
        if not matches(verifier, code.code_challenge):
            raise InvalidGrantError(_WRONG_VERIFIER)


class GoogleServer(AuthorizationServer):  # type: ignore[misc]
    """Answers as `accounts.google.com` and `oauth2.googleapis.com` did."""

    def __init__(self, standin: StandIn) -> None:
        super().__init__()
        self.standin = standin
        self.register_grant(_Codes, [_Pkce(required=False)])
        self.register_grant(_Refreshes)
        self.register_token_generator("default", self._issue)

    def query_client(self, client_id: str) -> Client | None:
        """As Authlib asks for it."""
        return self.standin.tokens.clients.get(client_id)

    def save_token(self, token: Any, request: Any) -> None:
        """Nothing to do: tokens are kept where they are made."""

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens."""

    def create_oauth2_request(self, request: Form) -> Any:
        """As Authlib asks for it."""
        return _Request(request)

    def handle_response(self, status: int, body: Any, headers: Any) -> OAuthAnswer:
        """As Authlib asks for it; bodies are indented by two like Google's."""
        text = body if isinstance(body, str) else json.dumps(body, indent=2)
        return OAuthAnswer(status, text, dict(headers))

    def handle_error_response(self, request: Any, error: OAuth2Error) -> OAuthAnswer:
        """Google's status and text for each of Authlib's errors."""
        status, name, text = _in_google_words(error, request)
        body = {"error": name} | ({"error_description": text} if text else {})
        return OAuthAnswer(status, json.dumps(body, indent=2), {"Content-Type": "application/json; charset=utf-8"})

    def _issue(
        self,
        grant_type: str,
        client: Client,
        user: Code | Refresh,
        scope: str,
        expires_in: int | None = None,
        include_refresh_token: bool = True,
    ) -> dict[str, Any]:
        """Make the tokens and the answer; faults may narrow, widen or hide what was granted."""
        faults, tokens = self.standin.faults, self.standin.tokens
        scopes = frozenset(scope.split())
        if isinstance(user, Refresh) and scopes < user.scopes and faults.take("token", ["ignores_narrowing"]):
            scopes = user.scopes
        if fault := faults.take("token", ["missing_scope"]):
            scopes -= frozenset(fault.scopes or sorted(scopes)[:1])
        if fault := faults.take("token", ["extra_scope"]):
            scopes |= frozenset(fault.scopes or ["https://www.googleapis.com/auth/plus.circles.write"])
        access = tokens.add_access(user, scopes)
        answer: dict[str, Any] = {"access_token": access.value, "expires_in": LIFETIME}
        if isinstance(user, Code) and user.refreshable and not faults.take("token", ["no_refresh_token"]):
            answer["refresh_token"] = tokens.add_refresh(user, scopes).value
        if not faults.take("token", ["no_scope_field"]):
            answer["scope"] = ordered(scopes)
        return answer | {"token_type": "Bearer"}


def ordered(scopes: frozenset[str]) -> str:
    """The scopes in an order that is not the one they were asked in, as Google had its own."""
    return " ".join(sorted(scopes, reverse=True))


def _in_google_words(error: OAuth2Error, request: Any) -> tuple[int, str, str | None]:
    match error.error:
        case "invalid_client":
            known = "not exist" not in (error.description or "")
            return 401, "invalid_client", "Unauthorized" if known else "The OAuth client was not found."
        case "unsupported_grant_type":
            if not request.payload.grant_type:
                return 400, "invalid_request", "Missing required parameter: grant_type"
            return 400, "unsupported_grant_type", f"Invalid grant_type: {request.payload.grant_type}"
        case "invalid_grant":
            return 400, "invalid_grant", error.description if error.description in _SAID else "Bad Request"
        case "invalid_request":
            missing = "code" if "'code'" in str(error.description) else "refresh_token"
            return 400, "invalid_request", f"Missing required parameter: {missing}"
    return 400, error.error, "Bad Request"
