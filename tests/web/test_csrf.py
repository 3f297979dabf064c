"""A form counts only when one of our own pages sent it."""

import pytest

ORIGIN = "https://connector.example"
SWITCH = "/settings/connections/con_one/purposes/analyse"

ACCEPTED = {
    "same origin, as browsers say it under no-referrer": {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
    "same origin with both": {"Sec-Fetch-Site": "same-origin", "Origin": ORIGIN},
    "an older browser with an origin": {"Origin": ORIGIN},
    "an older browser with a referer": {"Referer": f"{ORIGIN}/settings"},
}
REFUSED = {
    "another site": {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
    "another site that says nothing of itself": {"Sec-Fetch-Site": "cross-site", "Origin": "null"},
    "a neighbouring host": {"Sec-Fetch-Site": "same-site", "Origin": "https://other.connector.example"},
    "an address typed by hand": {"Sec-Fetch-Site": "none"},
    "a lie about the site": {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"},
    "a foreign origin": {"Origin": "https://evil.example"},
    "a null origin alone": {"Origin": "null"},
    "the right host over http": {"Origin": "http://connector.example"},
    "another port": {"Origin": "https://connector.example:8443"},
    "our name as another's subdomain": {"Origin": "https://connector.example.evil.example"},
    "a foreign referer": {"Referer": "https://evil.example/?https://connector.example/"},
    "a referer with our name before an at sign": {"Referer": "https://connector.example@evil.example/"},
    "a referer that is no address": {"Referer": "https://["},
    "nothing at all": {},
}


@pytest.mark.parametrize("headers", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_a_form_from_our_own_page_is_accepted(ada, world, headers):
    assert ada.post(SWITCH, {"on": "0"}, headers=headers).status_code == 303
    assert world.asked("switch") == [("con_one", "analyse", False)]


@pytest.mark.parametrize("headers", REFUSED.values(), ids=REFUSED.keys())
def test_a_form_from_anywhere_else_is_refused_even_with_the_right_token(ada, world, headers):
    answer = ada.post(SWITCH, {"on": "0"}, headers=headers)
    assert answer.status_code == 403
    assert "did not come from one of our own pages" in answer.text
    assert not world.asked("switch")


@pytest.mark.parametrize("token", [None, "wrong", "csrf-of-per_sam", "csrf-of-per_adä"])
def test_a_form_without_this_sessions_token_is_refused(ada, world, token):
    answer = ada.post(SWITCH, {"on": "0"}, csrf=token)
    assert answer.status_code == 403
    assert not world.asked("switch")


def test_a_token_that_comes_twice_is_refused(ada, world):
    answer = ada.post(SWITCH, {"on": "0", "csrf": ["csrf-of-per_ada", "csrf-of-per_ada"]}, csrf=None)
    assert answer.status_code == 403
    assert not world.asked("switch")


def test_a_token_in_the_address_does_not_count(ada, world):
    answer = ada.post(f"{SWITCH}?csrf=csrf-of-per_ada", {"on": "0"}, csrf=None)
    assert answer.status_code == 403


def test_every_form_of_the_product_is_refused_from_another_site_and_without_a_token(app, ada, sam, fill):
    posts = [(rule.endpoint, fill(rule)) for rule in app.url_map.iter_rules() if "POST" in rule.methods]
    assert len(posts) >= 10
    for endpoint, path in posts:
        browser = sam if endpoint.startswith(("admin.", "explain.")) else ada
        elsewhere = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
        assert (endpoint, browser.post(path, headers=elsewhere).status_code) == (endpoint, 403)
        without = browser.post(path, csrf=None).status_code
        assert without in (400, 403), endpoint


def test_every_page_that_holds_a_form_carries_the_sessions_token_in_it(ada, sam):
    pages = {
        ada: ("/connect/google-plus", "/connect/google-plus/pages/con_one", "/inbox", "/inbox/thr_1", "/settings",
              "/settings/connections/con_one/revoke", "/settings/members", "/activity"),
        sam: ("/admin/grants", "/admin/ledger", "/admin/explain", "/admin/connections/con_one/revoke"),
    }  # fmt: skip
    for browser, paths in pages.items():
        for path in paths:
            text = browser.get(path).text
            forms = text.count('method="post"')
            assert forms >= 1
            assert text.count(f'name="csrf" value="csrf-of-{browser.person.id}"') == forms, path
