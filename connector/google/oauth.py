"""Google's authorization server, through google-auth-oauthlib's Flow with its gaps closed.

https://developers.google.com/identity/protocols/oauth2/web-server; requirements.md, findings 4, 5, 7, 13 and 16.
"""

import hashlib
import hmac
import json
import os
import ssl
from collections.abc import Callable, Sequence
from datetime import timedelta
from urllib.parse import urlsplit

import requests
from google_auth_oauthlib.flow import Flow  # type: ignore[import-untyped]

from connector.domain.errors import TokenRefused
from connector.domain.ports import Callback, RevokeOutcome, TokenAnswer
from connector.domain.secret import AccessToken, AuthorizationCode, ClientSecret, CodeVerifier, RefreshToken
from connector.google.answers import read_token_answer, read_token_error
from connector.google.callback import read_callback
from connector.google.endpoint import Endpoints
from connector.google.quiet import quiet_loggers
from connector.google.wire import check_endpoint

__all__ = ["GoogleOAuth"]


class GoogleOAuth:
    """Implements ports.OAuth. Safe to share between threads; one per process is enough."""

    def __init__(
        self,
        client_id: str,
        client_secrets: Sequence[ClientSecret],
        *,
        auth_uri: str,
        token_uri: str,
        revoke_uri: str,
        issuer: str,
        redirect_uri: str,
        issuer_required: bool = True,
        timeout: tuple[float, float] = (3.05, 10.0),
        total: float = 20.0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Set up, and quiet the loggers of the libraries below.

        Args:
            client_secrets: newest first; the next one is tried when Google does not know the one before (R16).
            issuer: what `iss` in an authorization response must be.
            redirect_uri: a fixed address, never made from a request (R6).
            issuer_required: the server promises `iss` in every authorization response (RFC 9207).
            timeout: seconds to connect, and seconds one read may take.
            total: seconds from a request to the end of its answer.
            tls: a context of one's own, for a private certificate authority.

        Raises: ValueError for an endpoint that is neither https nor http on this machine, or for no secret.
        """
        if not client_secrets:
            raise ValueError("a client secret is needed")
        for uri in (auth_uri, token_uri, revoke_uri):
            check_endpoint(uri)
        if any(urlsplit(uri).scheme == "http" for uri in (auth_uri, token_uri)):
            # oauthlib refuses plain http unless this is set, reads it at every call, and offers no other switch.
            # Setting and unsetting it around calls would race between threads. It turns off oauthlib's check only:
            # check_endpoint has just let http pass for this machine alone, and Endpoints connects nowhere else.
            os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
        quiet_loggers()
        self._client_id, self._secrets = client_id, tuple(client_secrets)
        self._auth_uri, self._token_uri, self._revoke_uri = auth_uri, token_uri, revoke_uri
        self._issuer, self._issuer_required, self._redirect_uri = issuer, issuer_required, redirect_uri
        # Keyed by the secrets themselves: it tells that they have changed, and nothing of what they are.
        said = json.dumps([client_id, token_uri]).encode()
        secrets = json.dumps([secret.form_field() for secret in client_secrets]).encode()
        self._credentials = hmac.new(secrets, said, hashlib.sha256).hexdigest()
        self._longest = timedelta(seconds=total * len(client_secrets))
        self._endpoints = Endpoints((token_uri, revoke_uri), timeout=timeout, total=total, tls=tls)

    @property
    def issuer(self) -> str:
        """The issuer's identifier."""
        return self._issuer

    @property
    def credentials(self) -> str:
        """A fingerprint of the client's id and secrets, to tell whether they have changed."""
        return self._credentials

    @property
    def longest(self) -> timedelta:
        """How long an exchange or refresh can take at most, each secret tried."""
        return self._longest

    def authorization_url(
        self, *, state: str, verifier: CodeVerifier, scopes: Sequence[str], ask_again: bool, account: str | None
    ) -> str:
        """Where to send the browser. The scopes go out as given, in this order, and no others.

        Args:
            state: the caller's own, checked by the caller when the browser comes back (finding 5).
            verifier: 43 to 128 characters; only its S256 hash is in the address (R4).
            ask_again: Google's `prompt=consent`, which makes it give a refresh token again (R8).
            account: the account's id or e-mail address, for Google to preselect.
        """
        flow = self._flow(scopes, verifier, None, state)
        asked: dict[str, str] = {"state": state, "access_type": "offline"}
        if ask_again:
            asked["prompt"] = "consent"
        if account is not None:
            asked["login_hint"] = account
        # NOTE: include_granted_scopes is never sent. It would answer with every scope of every client (R7).
        url, _ = flow.authorization_url(**asked)
        return str(url)

    def read_callback(self, query: Sequence[tuple[str, str]]) -> Callback:
        """Check the redirect's parameters, issuer included (RFC 9207). Raises: CallbackRejected."""
        return read_callback(query, issuer=self._issuer, issuer_required=self._issuer_required)

    def exchange(self, code: AuthorizationCode, verifier: CodeVerifier, scopes: Sequence[str]) -> TokenAnswer:
        """Trade the code, once. Raises: TokenRefused, NotSent, OutcomeUnknown, UnreadableAnswer."""

        def trade(secret: ClientSecret) -> TokenAnswer:
            flow = self._flow(scopes, verifier, secret, None)
            answers: list[TokenAnswer] = []

            def check(response: requests.Response) -> requests.Response:
                answers.append(read_token_answer(response.status_code, response.headers, response.content))
                # oauthlib need not see the answer: it would raise a Warning for partial consent (finding 4).
                response._content = b'{"access_token": "checked", "token_type": "Bearer"}'
                return response

            flow.oauth2session.register_compliance_hook("access_token_response", check)
            # include_client_id puts the secret in the body, as refreshing does; the default is Basic (finding 13).
            flow.fetch_token(code=code.form_field(), include_client_id=True)
            return answers[0]

        return self._with_each_secret(trade)

    def refresh(self, token: RefreshToken, scopes: Sequence[str]) -> TokenAnswer:
        """A fresh access token, narrowed to `scopes` where the server honours it (RFC 6749 section 6).

        No scope is sent when none is given; the answer is then for all that was granted.

        Raises: TokenRefused, NotSent, OutcomeUnknown, UnreadableAnswer.
        """

        def ask(secret: ClientSecret) -> TokenAnswer:
            form = {
                "grant_type": "refresh_token",
                "refresh_token": token.form_field(),
                "client_id": self._client_id,
                "client_secret": secret.form_field(),
            }
            if scopes:
                form["scope"] = " ".join(scopes)
            response = self._endpoints.post(self._token_uri, form)
            return read_token_answer(response.status_code, response.headers, response.content)

        return self._with_each_secret(ask)

    def revoke(self, token: RefreshToken | AccessToken) -> RevokeOutcome:
        """End the whole grant (RFC 7009, R35). The token goes in the body, never in the address (R25).

        Raises: NotSent, OutcomeUnknown, TokenRefused, UnreadableAnswer.
        """
        if isinstance(token, RefreshToken):
            value = token.form_field()
        else:
            value = token.header()["Authorization"].removeprefix("Bearer ")
        response = self._endpoints.post(self._revoke_uri, {"token": value})
        if response.status_code == 200:
            return "confirmed"
        refused = read_token_error(response.status_code, response.content)
        if response.status_code == 400 and refused.code == "invalid_token":
            return "already-gone"
        raise refused

    def close(self) -> None:
        """Close every kept connection."""
        self._endpoints.close()

    def _flow(
        self, scopes: Sequence[str], verifier: CodeVerifier, secret: ClientSecret | None, state: str | None
    ) -> Flow:
        if not 43 <= len(verifier.form_field()) <= 128:
            raise ValueError("a PKCE verifier has 43 to 128 characters (RFC 7636 section 4.1)")
        client = {"client_id": self._client_id, "auth_uri": self._auth_uri, "token_uri": self._token_uri}
        if secret is not None:
            client["client_secret"] = secret.form_field()
        flow = Flow.from_client_config(
            {"web": client},
            scopes=list(scopes),
            state=state,
            redirect_uri=self._redirect_uri,
            code_verifier=verifier.form_field(),
            autogenerate_code_verifier=False,
        )
        session = flow.oauth2session
        session.trust_env = False  # neither proxies nor .netrc decide where a secret goes
        session.max_redirects = 0
        for scheme in list(session.adapters):
            session.mount(scheme, self._endpoints)
        return flow

    def _with_each_secret(self, ask: Callable[[ClientSecret], TokenAnswer]) -> TokenAnswer:
        """Safe for a code too: a server that does not know the client has not looked at the code."""
        *newer, oldest = self._secrets
        for secret in newer:
            try:
                return ask(secret)
            except TokenRefused as no:
                if no.code != "invalid_client":
                    raise
        return ask(oldest)
