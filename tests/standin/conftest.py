"""A stand-in on a free port, and somebody who talks to it over real sockets."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests

from connector.standin import Running, start

AUTH = "https://www.googleapis.com/auth/"
SIX = [
    f"{AUTH}plus.{name}"
    for name in ("stream.write", "stream.read", "pages.manage", "circles.read", "media.readwrite", "profiles.write")
]


class Visitor:
    """A client program, and the person at its browser."""

    client_id, secret, redirect_uri = "tester", "a-secret", "http://127.0.0.1:9/callback"
    ana, omar, mirja = "101460000000000000017", "104820000000000000022", "107310000000000000038"
    cafe, bike, nile = "115200000000000000101", "115200000000000000202", "115200000000000000303"
    six = SIX

    def __init__(self, standin: Running, session: requests.Session) -> None:
        self.standin, self.url, self.http = standin, standin.url, session
        self.register(self.client_id)

    def register(self, client_id: str, **more: Any) -> None:
        client = {"client_id": client_id, "client_secret": self.secret, "redirect_uris": [self.redirect_uri], **more}
        assert self.http.post(f"{self.url}/test/clients", json=client).status_code == 200

    def auth_url(self, **more: str) -> str:
        asked = {
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "response_type": "code",
            "scope": " ".join(SIX),
            "state": "st-1",
            "access_type": "offline",
            **more,
        }
        return f"{self.url}/o/oauth2/v2/auth?{urlencode(asked)}"

    def consent(self, account: str = ana, scopes: list[str] | None = None, **more: str) -> dict[str, str]:
        decision = more.pop("decision", "allow")
        answer = self.http.post(
            f"{self.url}/test/consent",
            json={"url": self.auth_url(**more), "account": account, "scopes": scopes, "decision": decision},
        )
        assert answer.status_code == 200, answer.text
        return {name: values[0] for name, values in parse_qs(urlsplit(answer.json()["location"]).query).items()}

    def token(self, client_id: str = client_id, **form: str) -> requests.Response:
        return self.http.post(f"{self.url}/token", data=form, auth=(client_id, self.secret))

    def exchange(self, code: str, **form: str) -> requests.Response:
        return self.token(grant_type="authorization_code", code=code, redirect_uri=self.redirect_uri, **form)

    def tokens(self, account: str = ana, scopes: list[str] | None = None, **more: str) -> dict[str, Any]:
        """Connect, and bring the token answer back."""
        answer: dict[str, Any] = self.exchange(self.consent(account, scopes, **more)["code"]).json()
        return answer

    def refresh(self, token: str, **form: str) -> requests.Response:
        return self.token(grant_type="refresh_token", refresh_token=token, **form)

    def revoke(self, token: str) -> requests.Response:
        return self.http.post(f"{self.url}/revoke", data={"token": token})

    def call(self, token: str, verb: str, path: str, *, body: Any = None, **query: Any) -> requests.Response:
        headers = query.pop("headers", {}) | {"Authorization": f"Bearer {token}"}
        return self.http.request(verb, f"{self.url}/plusPages/v2/{path}", json=body, params=query, headers=headers)

    def get(self, token: str, path: str, **query: Any) -> requests.Response:
        return self.call(token, "GET", path, **query)

    def fault(self, endpoint: str, kind: str, **more: Any) -> None:
        answer = self.http.post(f"{self.url}/test/faults", json={"endpoint": endpoint, "kind": kind, **more})
        assert answer.status_code == 200, answer.text

    def recorded(self) -> list[dict[str, Any]]:
        requests_: list[dict[str, Any]] = self.http.get(f"{self.url}/test/requests").json()["requests"]
        return requests_

    def newest_post(self, token: str, page: str = cafe) -> dict[str, Any]:
        post: dict[str, Any] = self.get(token, f"people/{page}/activities/user").json()["items"][0]
        return post


@pytest.fixture
def standin() -> Iterator[Running]:
    with start() as running:
        yield running


@pytest.fixture
def visitor(standin: Running) -> Iterator[Visitor]:
    with requests.Session() as session:
        yield Visitor(standin, session)


@pytest.fixture
def token(visitor: Visitor) -> str:
    """Ana's access token with all six scopes."""
    token: str = visitor.tokens()["access_token"]
    return token
