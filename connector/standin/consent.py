"""An authorization request: is it one Google would show a page for, and what comes of the person's decision.

Sources: reference "OAuth in 2018"; Google's OAuth guide for web server applications (memory) for parameters and errors.
"""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode, urlsplit

from authlib.oauth2.base import OAuth2Error  # type: ignore[import-untyped]

from connector.standin.authserver import Form, GoogleServer, OAuthAnswer
from connector.standin.routes import document
from connector.standin.state import StandIn
from connector.standin.tokens import Consent
from connector.standin.world import Person

__all__ = ["Asked", "ConsentDesk", "Redirect", "Refused"]

_PENDING = timedelta(minutes=10)
_ALIASES = {
    "email": "https://www.googleapis.com/auth/userinfo.email",
    "profile": "https://www.googleapis.com/auth/userinfo.profile",
}
_OPENID = "Associate you with your personal info on Google"


class Refused(Exception):
    """Google would show an error page and not go back to the client."""

    def __init__(self, error: str, explanation: str) -> None:
        super().__init__(explanation)
        self.error, self.explanation = error, explanation


class Redirect(Exception):
    """Google would go straight back to the client, without a page."""

    def __init__(self, location: str) -> None:
        super().__init__(location)
        self.location = location


@dataclass(frozen=True, slots=True)
class Asked:
    """An authorization request that waits for its decision."""

    id: str
    form: Form
    scopes: tuple[str, ...]
    until: datetime

    @property
    def client_id(self) -> str:
        """Who asks."""
        return self.form.values["client_id"]

    @property
    def host(self) -> str:
        """Where the answer goes, as shown to the person."""
        return urlsplit(self.form.values["redirect_uri"]).netloc

    def labels(self) -> list[tuple[str, str]]:
        """Each scope with the text that Google's page gave it."""
        known = document()["auth"]["oauth2"]["scopes"]
        return [(scope, known[scope]["description"] if scope in known else _OPENID) for scope in self.scopes]


class ConsentDesk:
    """Takes authorization requests in, and decisions."""

    def __init__(self, standin: StandIn, server: GoogleServer) -> None:
        self._standin, self._server = standin, server
        self._waiting: dict[str, Asked] = {}

    def ask(self, form: Form) -> Asked:
        """Check a request and keep it for the decision.

        Raises: Refused for an error page, Redirect for `prompt=none`.
        """
        values = form.values
        client = self._server.query_client(values.get("client_id", ""))
        if client is None:
            raise Refused("invalid_client", "The OAuth client was not found.")
        redirect_uri = values.get("redirect_uri", "")
        if not client.check_redirect_uri(redirect_uri):
            raise Refused(
                "redirect_uri_mismatch", f"The redirect URI in the request, {redirect_uri!r}, is not registered."
            )
        scopes = _scopes(values.get("scope", ""))
        _parameters(form)
        try:
            self._server.get_consent_grant(form)  # response_type, repeated parameters, PKCE
        except OAuth2Error as error:
            raise Refused(error.error, error.get_error_description() or error.error) from error
        now = self._standin.clock.now()
        asked = Asked(secrets.token_urlsafe(24), form, scopes, now + _PENDING)
        if "none" in values.get("prompt", "").split():
            raise Redirect(self._back(asked, {"error": "interaction_required"}))
        self._waiting = {id: waiting for id, waiting in self._waiting.items() if now < waiting.until}
        self._waiting[asked.id] = asked
        return asked

    def waiting(self, id: str) -> Asked:
        """The request whose page this is.

        Raises: Refused when it was decided already, or too long ago.
        """
        asked = self._waiting.get(id)
        if asked is None or asked.until <= self._standin.clock.now():
            raise Refused("invalid_request", "This request was answered already, or is too old. Start again.")
        return asked

    def decide(self, asked: Asked, account: Person | None, ticked: Collection[str], *, allow: bool) -> str:
        """Take the decision, once; the address to go back to. Only who allows has to say who they are."""
        self._waiting.pop(asked.id, None)
        scopes = frozenset(ticked) & frozenset(asked.scopes)
        if not allow or not scopes or account is None:
            return self._back(asked, {"error": "access_denied"})
        values = asked.form.values
        forced = "consent" in values.get("prompt", "").split() or values.get("approval_prompt") == "force"
        consent = Consent(
            account=account.id,
            scopes=scopes,
            offline=values.get("access_type") == "offline",
            forced=forced,
            merge=values.get("include_granted_scopes") == "true",
        )
        grant = self._server.get_consent_grant(asked.form)
        answer: OAuthAnswer = self._server.create_authorization_response(grant.request, consent, grant)
        return self._back(asked, {**answer.headers, "authuser": "0", "prompt": "consent" if forced else "none"})

    def _back(self, asked: Asked, answer: dict[str, str]) -> str:
        """The client's address with the answer; RFC 9207 says who answers, in errors too."""
        values = asked.form.values
        state = {"state": values["state"]} if "state" in values else {}
        query = urlencode({**state, "iss": self._standin.issuer, **answer})
        uri = values["redirect_uri"]
        return f"{uri}{'&' if urlsplit(uri).query else '?'}{query}"


def _scopes(text: str) -> tuple[str, ...]:
    """The scopes asked for, each once, under their full names."""
    if not text.split():
        raise Refused("invalid_request", "Missing required parameter: scope")
    asked = tuple(dict.fromkeys(_ALIASES.get(scope, scope) for scope in text.split()))
    known = {*document()["auth"]["oauth2"]["scopes"], "openid"}
    if wrong := [scope for scope in asked if scope not in known]:
        raise Refused("invalid_scope", f"Some requested scopes were invalid: {', '.join(wrong)}")
    return asked


def _parameters(form: Form) -> None:
    values = form.values
    if values.get("access_type", "online") not in ("online", "offline"):
        raise Refused("invalid_request", "Invalid parameter value for access_type: use online or offline")
    prompts = values.get("prompt", "").split()
    if set(prompts) - {"none", "consent", "select_account"}:
        raise Refused("invalid_request", "Invalid parameter value for prompt: use none, consent or select_account")
    if "none" in prompts and len(prompts) > 1:
        raise Refused("invalid_request", "Invalid parameter value for prompt: none stands alone")
    if prompts and "approval_prompt" in values:
        raise Refused("invalid_request", "Conflict params: approval_prompt and prompt")
    if values.get("include_granted_scopes", "false") not in ("true", "false"):
        raise Refused("invalid_request", "Invalid parameter value for include_granted_scopes: use true or false")
