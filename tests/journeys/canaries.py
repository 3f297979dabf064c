"""What must not leak, how it could look, and what stands between it and the world: parts of `test_canary.py`."""

import base64
import hashlib
import html
import json
import re
from datetime import timedelta
from typing import Any, Protocol
from urllib.parse import quote

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from connector.domain.ports import OAuth

__all__ = ["Canaries", "Pages", "Recording"]

OURS = {"Sec-Fetch-Site": "same-origin", "Origin": "null"}


class Canaries:
    """Values by name, with every form in which one could turn up."""

    def __init__(self) -> None:
        self._forms: dict[str, dict[str, bytes]] = {}

    def keep(self, name: str, value: str | bytes) -> None:
        """Look for this value from now on; too short ones would be found by chance."""
        raw = value.encode() if isinstance(value, str) else value
        assert len(raw) >= 12, name
        # NOTE: under a name of its own. All tokens of a kind begin alike, and each one has to be looked for.
        self._forms.setdefault(f"{name} {hashlib.sha256(raw).hexdigest()[:12]}", _forms(raw))

    def names(self) -> set[str]:
        """The first words of what is kept."""
        return {name.rpartition(" ")[0] for name in self._forms}

    def found(self, data: bytes, *, without: tuple[str, ...] = ()) -> list[str]:
        """What is in the data, as name and form."""
        return [
            f"{name} ({form})"
            for name, forms in self._forms.items()
            if not name.startswith(without)
            for form, wanted in forms.items()
            if wanted in data
        ]


def _forms(raw: bytes) -> dict[str, bytes]:
    forms = {"plain": raw, "hex": raw.hex().encode(), "HEX": raw.hex().upper().encode()}
    for shift in range(3):
        whole = base64.b64encode(b"\0" * shift + raw)
        core = whole[-(-shift * 8 // 6) : (shift + len(raw)) * 8 // 6]
        forms[f"base64 +{shift}"] = core
        forms[f"base64url +{shift}"] = core.replace(b"+", b"-").replace(b"/", b"_")
    try:
        words = raw.decode()
    except UnicodeDecodeError:
        return forms
    forms["percent"] = quote(words, safe="").encode()
    forms["json"] = json.dumps(words)[1:-1].encode()
    forms["html"] = html.escape(words).encode()
    return forms


class Recording:
    """The OAuth adapter, with everything secret that passes through it kept for the search."""

    def __init__(self, oauth: OAuth, canaries: Canaries) -> None:
        self._oauth, self._canaries = oauth, canaries
        self.refresh_tokens: list[str] = []

    @property
    def issuer(self) -> str:
        return self._oauth.issuer

    @property
    def longest(self) -> timedelta:
        return self._oauth.longest

    @property
    def credentials(self) -> str:
        return self._oauth.credentials

    def authorization_url(self, *, state: str, verifier: Any, **more: Any) -> str:
        self._canaries.keep("state", state)
        self._canaries.keep("verifier", verifier.form_field())
        return self._oauth.authorization_url(state=state, verifier=verifier, **more)

    def read_callback(self, query: Any) -> Any:
        return self._oauth.read_callback(query)

    def exchange(self, code: Any, verifier: Any, scopes: Any) -> Any:
        self._canaries.keep("code", code.form_field())
        return self._kept(self._oauth.exchange(code, verifier, scopes))

    def refresh(self, token: Any, scopes: Any) -> Any:
        self._canaries.keep("refresh token", token.form_field())
        return self._kept(self._oauth.refresh(token, scopes))

    def revoke(self, token: Any) -> Any:
        return self._oauth.revoke(token)

    def _kept(self, answer: Any) -> Any:
        self._canaries.keep("access token", answer.access.header()["Authorization"].removeprefix("Bearer "))
        if answer.refresh is not None:
            self._canaries.keep("refresh token", answer.refresh.form_field())
            self.refresh_tokens.append(answer.refresh.form_field())
        return answer


class Takes(Protocol):
    """Who is given each answer."""

    def take(self, path: str, answer: TestResponse) -> TestResponse: ...


class Pages:
    """A browser whose every answer goes into the sinks."""

    def __init__(self, client: FlaskClient, base_url: str, sinks: "Takes") -> None:
        self._client, self._base, self._sinks = client, base_url, sinks

    def get(self, path: str) -> TestResponse:
        """Open a page."""
        return self._sinks.take(path, self._client.get(path, base_url=self._base, buffered=True))

    def post(self, path: str, at: str, **form: str | list[str]) -> TestResponse:
        """Send a form that stands on the page `at`."""
        token = re.search(r'name="csrf" value="([^"]+)"', self.get(at).text)
        assert token, at
        data = {"csrf": token[1], **form}
        answer = self._client.post(path, base_url=self._base, data=data, headers=OURS, buffered=True)
        return self._sinks.take(path, answer)
