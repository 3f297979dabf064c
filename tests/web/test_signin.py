"""Signing in and out."""

import re

import pytest

HOST = {"domain": "connector.example"}


def form_token(answer) -> str:
    return re.search(r'name="csrf" value="([^"]+)"', answer.text)[1]


def sign_in(browser, password="right", **more):  # noqa: S107
    token = form_token(browser.get("/sign-in"))
    return browser.post("/sign-in", {"email": "ada@bakery.example", "password": password} | more, csrf=token)


def test_signing_in_sets_one_cookie_that_scripts_and_other_sites_cannot_use(nobody):
    answer = sign_in(nobody)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    cookies = [line for line in answer.headers.getlist("Set-Cookie") if "session" in line]
    assert len(cookies) == 1
    assert cookies[0].startswith("__Host-session=new-ada;")
    for word in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert word in cookies[0]
    assert "Domain" not in cookies[0]
    assert "Max-Age" not in cookies[0]


def test_signing_in_again_ends_the_session_that_the_browser_had(ada, world):
    sign_in(ada)
    assert world.asked("sign_out") == [("per_ada",)]


def test_a_refused_sign_in_keeps_the_name_forgets_the_password_and_says_the_same_to_everyone(nobody):
    wrong = sign_in(nobody, password="wrong-password")
    unknown = sign_in(nobody, email="nobody@nowhere.example")
    assert wrong.status_code == unknown.status_code == 403
    assert 'value="ada@bakery.example"' in wrong.text
    assert "wrong-password" not in wrong.text
    names = ('value="ada@bakery.example"', 'value="nobody@nowhere.example"')
    assert wrong.text.replace(names[0], "") == unknown.text.replace(names[1], "")
    assert not any("session" in line for line in wrong.headers.getlist("Set-Cookie"))


def test_a_browser_that_keeps_no_cookies_is_told_so(nobody):
    token = form_token(nobody.get("/sign-in"))
    nobody.client.delete_cookie("__Host-form", **HOST)
    answer = nobody.post("/sign-in", {"email": "ada@bakery.example", "password": "right"}, csrf=token)
    assert answer.status_code == 400
    assert "Cookies are off" in answer.text


def test_the_sign_in_form_needs_the_token_that_its_browser_was_given(nobody, world):
    nobody.get("/sign-in")
    answer = nobody.post("/sign-in", {"email": "ada@bakery.example", "password": "right"}, csrf="x" * 43)
    assert answer.status_code == 403
    assert not world.asked("sign_in")


def test_two_tabs_with_the_sign_in_page_both_work(nobody):
    first = form_token(nobody.get("/sign-in"))
    second = form_token(nobody.get("/sign-in"))
    assert first == second


def test_signing_out_ends_the_session_and_takes_the_cookie_back(ada, world):
    answer = ada.post("/sign-out")
    assert answer.headers["Location"] == "/sign-in?notice=signed-out"
    assert world.asked("sign_out") == [("per_ada",)]
    assert any(line.startswith("__Host-session=;") for line in answer.headers.getlist("Set-Cookie"))


def test_signing_out_by_following_a_link_is_not_possible(ada, world):
    assert ada.get("/sign-out").status_code == 405
    assert not world.asked("sign_out")


@pytest.mark.parametrize(
    ("cookie", "views", "target"),
    [
        (None, "some", "/sign-in"),
        ("sam", "some", "/admin/grants"),
        ("ada", "some", "/inbox"),
        ("ada", "none", "/connect/google-plus"),
    ],
)
def test_the_start_page_leads_each_person_to_what_they_need_first(app, browser, world, cookie, views, target):
    if views == "none":
        world.views = []
    assert browser(app, cookie).get("/").headers["Location"] == target


def test_a_stranger_comes_back_to_the_page_they_asked_for(nobody):
    asked = nobody.get("/inbox/thr_1")
    assert asked.headers["Location"] == "/sign-in?return_to=/inbox/thr_1"
    assert 'name="return_to" value="/inbox/thr_1"' in nobody.get(asked.headers["Location"]).text
    assert sign_in(nobody, return_to="/inbox/thr_1").headers["Location"] == "/inbox/thr_1"


def test_a_first_password_is_set_by_a_one_time_link_that_looking_does_not_use_up(nobody, world):
    page = nobody.get("/welcome/one-time")
    assert not world.asked("accept_link")
    words = "four quiet lorries sleeping"
    answer = nobody.post("/welcome/one-time", {"password": words, "again": words}, csrf=form_token(page))
    assert answer.headers["Location"] == "/sign-in?notice=password-set"
    assert world.asked("accept_link") == [("one-time", words)]


def test_two_passwords_that_differ_leave_the_link_unused(nobody, world):
    page = nobody.get("/welcome/one-time")
    answer = nobody.post("/welcome/one-time", {"password": "one", "again": "two"}, csrf=form_token(page))
    assert answer.status_code == 400
    assert "differ" in answer.text
    assert not world.asked("accept_link")


def test_sign_in_names_are_shown_only_where_a_demonstration_gave_them(nobody, make_app, world, browser, real_settings):
    assert "This is a demonstration" in nobody.get("/sign-in").text
    assert "demonstration" not in browser(make_app(world, real_settings)).get("/sign-in").text
