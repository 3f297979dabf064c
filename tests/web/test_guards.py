"""Who may see what: closed unless declared open, roles apart, and the same words for foreign and missing."""

import pytest

OPEN = {
    "signin.start",
    "signin.show",
    "signin.submit",
    "signin.welcome",
    "signin.set_password",
    "connect.callback",
    "connect.stopped",
    "health.alive",
    "health.ready",
    "pages.static",
}


@pytest.fixture
def routes(app, fill):
    """Endpoint and address of every route that takes a method."""
    return lambda method: [(rule.endpoint, fill(rule)) for rule in app.url_map.iter_rules() if method in rule.methods]


def test_every_route_that_is_not_declared_open_sends_strangers_to_the_sign_in_page(routes, nobody):
    closed = [(endpoint, path) for endpoint, path in routes("GET") if endpoint not in OPEN]
    assert len(closed) >= 10
    for endpoint, path in closed:
        answer = nobody.get(path)
        assert (endpoint, answer.status_code) == (endpoint, 303)
        assert answer.headers["Location"].startswith("/sign-in")


def test_every_form_that_is_not_declared_open_is_refused_to_strangers(routes, nobody, world):
    closed = [(endpoint, path) for endpoint, path in routes("POST") if endpoint not in OPEN]
    assert len(closed) >= 8
    for endpoint, path in closed:
        answer = nobody.post(path)
        assert (endpoint, answer.status_code) == (endpoint, 403)
        assert "You are signed out" in answer.text
    assert not world.calls


def test_the_views_declared_open_are_the_ones_on_this_list(app):
    declared = {name for name, view in app.view_functions.items() if getattr(view, "open_to_anyone", False)}
    assert declared | {"pages.static"} == OPEN


def test_a_member_who_asks_for_a_staff_page_gets_the_bytes_of_a_missing_page(routes, ada, world):
    missing = ada.get("/no-such-page")
    assert missing.status_code == 404
    for endpoint, path in routes("GET"):
        if endpoint.startswith(("admin.", "explain.")):
            answer = ada.get(path)
            assert (endpoint, answer.status_code, answer.text) == (endpoint, 404, missing.text)
    assert not world.asked("listing")


def test_staff_who_ask_for_a_members_page_get_the_bytes_of_a_missing_page(routes, sam):
    missing = sam.get("/no-such-page")
    members = ("inbox.", "account.", "members.", "activity.")
    for endpoint, path in routes("GET"):
        if endpoint.startswith(members):
            answer = sam.get(path)
            assert (endpoint, answer.status_code, answer.text) == (endpoint, 404, missing.text)


@pytest.mark.parametrize(
    "path",
    [
        "/inbox/thr_foreign",
        "/inbox?page=pag_foreign",
        "/connect/google-plus?replaces=con_foreign",
        "/connect/google-plus/pages/con_foreign",
        "/connect/no-such-network",
        "/settings/connections/con_foreign/revoke",
    ],
)
def test_a_foreign_id_reads_like_a_missing_one(ada, path):
    answer = ada.get(path)
    assert answer.status_code == 404
    assert answer.text == ada.get("/no-such-page").text


@pytest.mark.parametrize(
    "path",
    [
        "/inbox/messages/msg_foreign/reply",
        "/settings/connections/con_foreign/purposes/analyse",
        "/settings/connections/con_one/purposes/no-such-purpose",
        "/settings/connections/con_foreign/revoke",
        "/connect/google-plus/pages/con_foreign",
        "/connect/google-plus/resume/con_foreign",
        "/settings/members/per_foreign/purposes/publish-to-circles",
        "/settings/members/per_bo/purposes/analyse",
    ],
)
def test_a_form_about_a_foreign_thing_changes_nothing_and_reads_like_a_missing_page(ada, world, path):
    answer = ada.post(path, {"on": "1", "text": "hello", "key": "k", "thread": "thr_1"})
    assert answer.status_code == 404
    assert answer.text == ada.get("/no-such-page").text
    assert {name for name, _ in world.calls} <= {"of_cookie", "overview"}


def test_the_customer_comes_from_the_session_and_never_from_the_request(ada, world):
    ada.get("/activity?customer=cus_other")
    ada.get("/settings?customer=cus_other")
    assert world.asked("activity")[0][0] == ("cus_bakery",)
    assert world.asked("overview") == [("cus_bakery",)]


def test_a_cookie_that_is_not_a_live_session_signs_nobody_in(app, browser):
    assert browser(app, "made-up").get("/inbox").status_code == 303


def test_what_postgresql_cannot_look_up_never_reaches_it(ada, sam, world):
    assert ada.get("/inbox/%00").status_code == 404
    assert ada.get("/activity?purpose=%00").status_code == 400
    assert sam.get("/admin/grants?customer=%00").status_code == 400
    assert not world.asked("thread") + world.asked("activity") + world.asked("listing")


def test_a_data_key_is_fetched_for_who_is_signed_in_and_for_nobody_that_is_named_in_an_address(ada, sam, nobody, world):
    ada.get("/settings")
    ada.get("/admin/grants?customer=cus_other")
    nobody.get("/settings")
    assert world.at_hand == ["cus_bakery"]
    sam.get("/admin/grants?customer=cus_other")
    assert world.at_hand == ["cus_bakery", "operator"]
