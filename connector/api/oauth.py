"""`/api/oauth/token`: a program shows its secret and gets a token for some of its purposes (RFC 6749 section 4.4).

Authlib's authorization server decides in which order things are asked and how its errors read. What it would do too
freely is done here: it reads parameters from the address too, takes repeated ones, tells an unknown client from a wrong
secret, tries a second way to authenticate after the first failed, narrows scopes without a word, lets tokens live for
ten days, and writes each token to its debug log.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from authlib.oauth2.base import OAuth2Error  # type: ignore[import-untyped]
from authlib.oauth2.rfc6749 import AuthorizationServer, grants  # type: ignore[import-untyped]
from authlib.oauth2.rfc6749.errors import InvalidRequestError, InvalidScopeError  # type: ignore[import-untyped]
from authlib.oauth2.rfc6749.requests import OAuth2Payload, OAuth2Request  # type: ignore[import-untyped]
from flask import Blueprint, Response, request

from connector.api import form
from connector.api.guard import open_to_anyone
from connector.api.jwts import Jwts
from connector.api.settings import jwts, services, settings
from connector.domain import admitting
from connector.domain.admitting import TOKEN_LIFE, Admitted, ProgramRefused, TooManyTries
from connector.domain.ports import Services

__all__ = ["blueprint"]

blueprint = Blueprint("oauth", __name__)
METHODS = ("client_secret_basic", "client_secret_post")


@blueprint.post("/api/oauth/token")
@open_to_anyone
def token() -> Response:
    """Client credentials in, a bearer token out. Open, because the secret is what lets a program in."""
    server = TokenServer(services(), jwts(), request.remote_addr or "")
    try:
        return server.create_token_response(_read())  # type: ignore[no-any-return]
    except OAuth2Error as no:
        return server.handle_error_response(None, no)  # type: ignore[no-any-return]
    except ProgramRefused as no:
        return server.handle_error_response(None, _NotLetIn(no))  # type: ignore[no-any-return]


def _read() -> "_Request":
    """Raises: OAuth2Error for what is not surely one token request."""
    if request.query_string:
        raise InvalidRequestError("Nothing may stand in the address. If a secret did, have another one made.")
    if request.content_length is not None and request.content_length > form.LARGEST:
        raise InvalidRequestError(f"A token request has at most {form.LARGEST} bytes.", status_code=413)
    fields = form.fields(request.headers.get("Content-Type", ""), request.get_data())
    if "grant_type" not in fields:
        raise InvalidRequestError("grant_type is missing.")
    return _Request(fields, form.credentials(request.headers.get("Authorization"), fields))


class _Payload(OAuth2Payload):  # type: ignore[misc]
    def __init__(self, fields: Mapping[str, str]) -> None:
        self.data = fields
        self.datalist = {name: [value] for name, value in fields.items()}

    data: Any = None
    datalist: Any = None


class _Request(OAuth2Request):  # type: ignore[misc]
    """A token request as we read it. Authlib sees no header, so it finds no credentials of its own accord."""

    def __init__(self, fields: Mapping[str, str], shown: form.Credentials) -> None:
        super().__init__("POST", f"{settings().base_url}/api/oauth/token", headers={})
        self.payload = _Payload(fields)
        self.shown = shown


class _NotLetIn(OAuth2Error):  # type: ignore[misc]
    """401 whichever way the secret came, so that the answers do not differ."""

    error = "invalid_client"

    def __init__(self, no: ProgramRefused) -> None:
        super().__init__(no.public, status_code=no.status)

    def get_headers(self) -> list[tuple[str, str]]:
        """What RFC 9110 sections 11.6.1 and 10.2.3 want beside the status."""
        headers: list[tuple[str, str]] = super().get_headers()
        if self.status_code == TooManyTries.status:
            return [*headers, ("Retry-After", str(int(admitting.TRIES_WITHIN.total_seconds())))]
        return [*headers, ("WWW-Authenticate", 'Basic realm="connector", charset="UTF-8"')]


class _Client:
    """An admitted program as Authlib sees a client."""

    def __init__(self, admitted: Admitted) -> None:
        self.admitted = admitted

    def __repr__(self) -> str:
        return f"<program {self.admitted.program.id}>"

    def check_endpoint_auth_method(self, method: str, _endpoint: str) -> bool:
        """Both ways."""
        return method in METHODS

    def check_grant_type(self, grant_type: str) -> bool:
        """This one and no other."""
        return grant_type == "client_credentials"


class ClientCredentials(grants.ClientCredentialsGrant):  # type: ignore[misc]
    """The only grant. Authlib's own answer to it would log the token."""

    TOKEN_ENDPOINT_AUTH_METHODS = METHODS

    def create_token_response(self) -> tuple[int, dict[str, Any], Sequence[tuple[str, str]]]:
        """The token, once the record of it is written."""
        token = self.generate_token(scope=self.request.payload.scope, include_refresh_token=False)
        self.save_token(token)
        return 200, token, self.TOKEN_RESPONSE_HEADER


class TokenServer(AuthorizationServer):  # type: ignore[misc]
    """Authlib's server for one request."""

    def __init__(self, svc: Services, jwts: Jwts, address: str) -> None:
        super().__init__()
        self._svc, self._jwts, self._address = svc, jwts, address
        for method in METHODS:
            self.register_client_auth_method(method, self._authenticated(method))
        self.register_token_generator("default", self._token)
        self.register_grant(ClientCredentials)

    def query_client(self, client_id: str) -> None:
        """Never asked: a program is found together with its secret."""

    def _authenticated(self, method: str) -> Callable[[object, _Request], _Client | None]:
        def check(_query: object, asked: _Request) -> _Client | None:
            shown = asked.shown
            if shown.method != method:
                return None
            return _Client(admitting.admit(self._svc, shown.client_id, shown.secret, address=self._address))

        return check

    def validate_requested_scope(self, _scope: str | None) -> None:
        """Looked at when the token is made, with the program at hand."""

    def _token(self, *, client: _Client, scope: str | None, **_other: object) -> dict[str, Any]:
        """Raises: InvalidScopeError for more than the program was given. None asked for means all of them."""
        allowed = client.admitted.program.purposes
        asked = allowed if scope is None else tuple(scope.split(" "))
        if not set(asked) <= set(allowed):
            admitting.asked_beyond(self._svc, client.admitted)
            raise InvalidScopeError("This program was not given all of these purposes.")
        given = tuple(purpose for purpose in allowed if purpose in asked)
        return {
            "access_token": self._jwts.make(client.admitted, given),
            "token_type": "Bearer",
            "expires_in": int(TOKEN_LIFE.total_seconds()),
            "scope": " ".join(given),
        }

    def save_token(self, token: dict[str, Any], asked: _Request) -> None:
        """Nothing of the token is kept; that it is given goes on the ledger first."""
        admitting.issued(self._svc, asked.client.admitted, token["scope"].split(" "))

    def create_oauth2_request(self, asked: _Request) -> _Request:
        """As it is."""
        return asked

    def send_signal(self, _name: str, **_about: object) -> None:
        """Nobody listens."""

    def handle_response(self, status: int, body: Any, headers: Sequence[tuple[str, str]]) -> Response:
        """RFC 6749 sections 5.1 and 5.2."""
        return Response(json.dumps(body), status, list(headers))
