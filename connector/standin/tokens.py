"""Clients, consents, codes and tokens, with Google's habits about when each lives and dies.

Source: reference "OAuth in 2018"; Google's OAuth guides for web server applications (memory) for what it leaves out.
"""

import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from connector.standin.clock import Clock

__all__ = ["Access", "Client", "Code", "Consent", "Grant", "Refresh", "Tokens"]

LIFETIME = 3599  # seconds; Google answered "near 3600"
_CODE_LIFETIME = timedelta(minutes=10)
_REFRESH_TOKENS = 100  # for one account and one client; the oldest gives way


@dataclass(frozen=True, slots=True)
class Client:
    """A registered OAuth client. The methods are those Authlib asks for."""

    client_id: str
    secrets: tuple[str, ...] = field(repr=False)
    redirect_uris: tuple[str, ...]
    project: str

    def check_client_secret(self, given: str) -> bool:
        """Any of the accepted secrets will do: two live at once while one is being replaced."""
        return any(hmac.compare_digest(secret.encode(), given.encode()) for secret in self.secrets)

    def check_redirect_uri(self, uri: str) -> bool:
        """Exact match, no patterns."""
        return uri in self.redirect_uris

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """Google takes the secret in the header or in the body."""
        return method in ("client_secret_basic", "client_secret_post")

    def check_response_type(self, response_type: str) -> bool:
        """Only the code flow."""
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        """Both of them."""
        return grant_type in ("authorization_code", "refresh_token")

    def get_default_redirect_uri(self) -> None:
        """None: Google wants it in the request."""

    def get_allowed_scope(self, scope: str) -> str:
        """Every client may ask for everything."""
        return scope


@dataclass(frozen=True, slots=True)
class Consent:
    """What a person decided on the consent page."""

    account: str
    scopes: frozenset[str]
    offline: bool
    forced: bool  # prompt=consent
    merge: bool  # include_granted_scopes=true


@dataclass(slots=True)
class Grant:
    """One account's standing consent to one client."""

    client_id: str
    account: str
    scopes: frozenset[str]
    offline: bool = False
    refresh: list["Refresh"] = field(default_factory=list)


@dataclass(slots=True)
class Code:
    """An authorization code on its way."""

    value: str = field(repr=False)
    client_id: str
    account: str
    scopes: frozenset[str]
    redirect_uri: str
    refreshable: bool
    expires: datetime
    code_challenge: str | None = field(repr=False)
    code_challenge_method: str | None
    used: bool = False

    def get_redirect_uri(self) -> str:
        """As Authlib asks for it."""
        return self.redirect_uri

    def get_scope(self) -> str:
        """As Authlib asks for it."""
        return " ".join(self.scopes)


@dataclass(slots=True)
class Refresh:
    """A refresh token, with the scopes of the consent it came from."""

    value: str = field(repr=False)
    client_id: str
    account: str
    scopes: frozenset[str]
    code: str = field(repr=False)

    def check_client(self, client: Client) -> bool:
        """As Authlib asks for it."""
        return client.client_id == self.client_id

    def get_scope(self) -> str:
        """As Authlib asks for it."""
        return " ".join(self.scopes)


@dataclass(frozen=True, slots=True)
class Access:
    """An access token."""

    value: str = field(repr=False)
    client_id: str
    account: str
    scopes: frozenset[str]
    expires: datetime
    offline: bool
    code: str = field(repr=False)


class Tokens:
    """All of them, in memory."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.clients: dict[str, Client] = {}
        self.grants: dict[tuple[str, str], Grant] = {}
        self._codes: dict[str, Code] = {}
        self._refresh: dict[str, Refresh] = {}
        self._access: dict[str, Access] = {}

    def clear(self) -> None:
        """Forget every consent, code and token. Clients stay: they are set up, not lived."""
        self.grants.clear()
        self._codes.clear()
        self._refresh.clear()
        self._access.clear()

    def begin(
        self, client: Client, consent: Consent, redirect_uri: str, challenge: tuple[str | None, str | None]
    ) -> Code:
        """Note a consent and hand out the code for it.

        A refresh token comes of it on the first offline consent of the account to the client, or when consent was
        forced (reference, "OAuth in 2018").
        """
        key = (client.client_id, consent.account)
        grant = self.grants.get(key)
        if grant is None:
            grant = self.grants[key] = Grant(client.client_id, consent.account, consent.scopes)
        scopes = consent.scopes | grant.scopes if consent.merge else consent.scopes
        grant.scopes = scopes
        refreshable = consent.offline and (consent.forced or not grant.offline)
        grant.offline = grant.offline or consent.offline
        code = Code(
            value="4/0A" + secrets.token_urlsafe(60),
            client_id=client.client_id,
            account=consent.account,
            scopes=scopes,
            redirect_uri=redirect_uri,
            refreshable=refreshable,
            expires=self._clock.now() + _CODE_LIFETIME,
            code_challenge=challenge[0],
            code_challenge_method=challenge[1],
        )
        self._codes[code.value] = code
        return code

    def code(self, value: str, client: Client) -> Code | None:
        """A code that may still be used. Seeing a used one again kills the tokens made from it."""
        code = self._codes.get(value)
        if code is None or code.client_id != client.client_id:
            return None
        if code.used:
            self._kill(lambda token: token.code == value)
            return None
        return code if self._clock.now() < code.expires else None

    def spend(self, code: Code) -> None:
        """The code was exchanged."""
        code.used = True

    def add_refresh(self, code: Code, scopes: frozenset[str]) -> Refresh:
        """A new refresh token; the oldest of the grant dies when there would be more than a hundred."""
        refresh = Refresh("1//0e" + secrets.token_urlsafe(70), code.client_id, code.account, scopes, code.value)
        grant = self.grants[(code.client_id, code.account)]
        grant.refresh.append(refresh)
        self._refresh[refresh.value] = refresh
        while len(grant.refresh) > _REFRESH_TOKENS:
            del self._refresh[grant.refresh.pop(0).value]
        return refresh

    def add_access(self, source: Code | Refresh, scopes: frozenset[str]) -> Access:
        """A new access token."""
        now = self._clock.now()
        if len(self._access) > 10_000:
            self._access = {value: token for value, token in self._access.items() if token.expires > now}
        access = Access(
            value="ya29.a0" + secrets.token_urlsafe(120),
            client_id=source.client_id,
            account=source.account,
            scopes=scopes,
            expires=now + timedelta(seconds=LIFETIME),
            offline=isinstance(source, Refresh) or source.refreshable,
            code=source.value if isinstance(source, Code) else source.code,
        )
        self._access[access.value] = access
        return access

    def refresh(self, value: str) -> Refresh | None:
        """A refresh token that is alive."""
        return self._refresh.get(value)

    def access(self, value: str) -> Access | None:
        """An access token that is alive."""
        access = self._access.get(value)
        return access if access and self._clock.now() < access.expires else None

    def revoke(self, value: str) -> bool:
        """End the whole grant of the account to the project by any of its tokens; false when the token is unknown."""
        token = self.refresh(value) or self.access(value)
        if token is None:
            return False
        project = self.clients[token.client_id].project
        clients = {client.client_id for client in self.clients.values() if client.project == project}
        self.end(token.account, clients)
        return True

    def end(self, account: str, clients: set[str]) -> None:
        """Take away what the account gave to these clients, as a person can on Google's own pages."""
        self._kill(lambda token: token.account == account and token.client_id in clients)
        for client_id in clients:
            self.grants.pop((client_id, account), None)
        for code in [code for code in self._codes.values() if code.account == account and code.client_id in clients]:
            del self._codes[code.value]

    def _kill(self, doomed: Any) -> None:
        for kept in (self._refresh, self._access):
            for value in [value for value, token in kept.items() if doomed(token)]:
                del kept[value]
        for grant in self.grants.values():
            grant.refresh = [token for token in grant.refresh if token.value in self._refresh]

    def summary(self) -> list[dict[str, Any]]:
        """Per grant: who, which scopes, how many tokens are alive. No values."""
        now = self._clock.now()
        return [
            {
                "account": grant.account,
                "client": grant.client_id,
                "scopes": sorted(grant.scopes),
                "live_refresh": len(grant.refresh),
                "live_access": sum(
                    1
                    for token in self._access.values()
                    if (token.client_id, token.account) == (grant.client_id, grant.account) and now < token.expires
                ),
            }
            for grant in self.grants.values()
        ]
