"""Where a person may be sent after signing in."""

import pytest

from connector.web.return_to import own_path

OURS = (
    "/inbox",
    "/inbox/thr_abc-123",
    "/settings",
    "/activity",
    "/connect/google-plus",
    "/connect/google-plus/pages/con_1",
    "/admin/grants",
    "/admin/ledger",
)
HOSTILE = (
    "", " ", "/", "//evil.example", "///evil.example", "////evil.example", "/\\evil.example", "\\\\evil.example",
    "\\/evil.example", "/\\/evil.example", "https://evil.example", "http:evil.example", "https:/evil.example",
    "https:\\\\evil.example", "HTTPS://EVIL.EXAMPLE", "hTtPs://evil.example", "javascript:alert(1)",
    "JaVaScRiPt:alert(1)", "java\nscript:alert(1)", "data:text/html,x", "vbscript:x", "ftp://evil.example",
    "evil.example", "www.evil.example", ".evil.example", "@evil.example", "/@evil.example",
    "https://connector.example@evil.example", "https://connector.example:pw@evil.example",
    "https://connector.example.evil.example", "https://connector.example/inbox", "//connector.example/inbox",
    "/%0a/evil.example", "/%09/evil.example", "/%0d/evil.example", "/%5cevil.example", "/%2f%2fevil.example",
    "%2f%2fevil.example", "/\t/evil.example", "/\n/evil.example", "/\r/evil.example", "\t//evil.example",
    " //evil.example", "/inbox\n", "/inbox\r\nSet-Cookie: a=b", "/inbox ", " /inbox", "/inbox/", "/INBOX", "/Inbox",
    "/inbox/../admin", "/inbox/..", "/inbox//evil.example", "/inbox?next=//evil.example", "/inbox#//evil.example",
    "/inbox/thr/x", "/inbox/thr%2e", "/inbox;x", "/sign-out", "/sign-in", "/welcome/token", "/healthz", "/api/v1/x",
    "/connect/google-plus/callback?code=x", "/connect/google-plus/callback", "/admin", "/admin/", "/admin/grants/x",
    "/ınbox", "／inbox", "/inbox\u2028", "/inbox\x00", "\u202e/inbox", "/inbox/" + "a" * 81,
)  # fmt: skip


@pytest.mark.parametrize("path", OURS)
def test_our_own_pages_are_kept(path):
    assert own_path(path) == path


@pytest.mark.parametrize("path", HOSTILE)
def test_everything_else_leads_to_the_start_page(path):
    assert own_path(path) == "/"


def test_nothing_asked_for_leads_to_the_start_page():
    assert own_path(None) == "/"


@pytest.mark.parametrize("path", ["//evil.example", "https://evil.example", "/\\evil.example"])
def test_signing_in_never_leaves_the_site(nobody, form_token, path):
    token = form_token(nobody.get("/sign-in", query_string={"return_to": path}))
    given = {"email": "ada@bakery.example", "password": "right", "return_to": path}
    assert nobody.post("/sign-in", given, csrf=token).headers["Location"] == "/"
