"""The pages in a real browser: the policy holds, forms are accepted, keys work, nothing runs off a phone."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import sync_playwright
from werkzeug.serving import make_server

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
PAGES = {
    "ada": (
        "/connect/google-plus",
        "/connect/google-plus/pages/con_one",
        "/connect/google-plus/stopped?because=session",
        "/inbox",
        "/inbox/thr_1",
        "/settings",
        "/settings/connections/con_one/revoke",
        "/settings/members",
        "/activity",
    ),
    "sam": ("/admin/grants", "/admin/ledger", "/admin/explain", "/admin/connections/con_one/revoke"),
    None: ("/sign-in", "/welcome/one-time"),
}
pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Debian's Chromium")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def served(world, make_app, real_settings) -> Iterator[str]:
    """The pages on a loopback port."""
    server = make_server("127.0.0.1", 0, lambda _environ, _start: [], threaded=True)
    url = f"http://127.0.0.1:{server.port}"
    server.app = make_app(world, replace(real_settings, base_url=url, trusted_hosts=("127.0.0.1",)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield url
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def visit(chromium, served) -> Iterator[Any]:
    """Open a tab as somebody; `troubles` collects what the browser complained about and foreign addresses."""
    troubles: list[str] = []
    contexts = []

    def opened(cookie: str | None, path: str, **how: Any) -> Any:
        context = chromium.new_context(**({"viewport": {"width": 1280, "height": 900}} | how))
        contexts.append(context)
        if cookie:
            context.add_cookies([{"name": "session", "value": cookie, "url": served}])
        tab = context.new_page()
        tab.on("console", lambda line: troubles.append(line.text) if "Content Security Policy" in line.text else None)
        tab.on("pageerror", lambda error: troubles.append(str(error)))
        tab.on("request", lambda sent: None if sent.url.startswith(served) else troubles.append(sent.url))
        tab.goto(served + path)
        return tab

    yield opened
    for context in contexts:
        context.close()
    assert troubles == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 390, 768, 1280])
def test_no_page_is_wider_than_its_screen_or_loads_anything_from_elsewhere(visit, served, width, scheme):
    for cookie, paths in PAGES.items():
        tab = visit(cookie, paths[0], viewport={"width": width, "height": 844}, color_scheme=scheme)
        for path in paths:
            tab.goto(served + path)
            assert tab.evaluate("document.documentElement.scrollWidth") <= width, path
            assert tab.locator("h1").count() == 1, path


def test_a_browsers_own_form_is_accepted_under_no_referrer(visit, world):
    tab = visit("ada", "/settings")
    tab.get_by_role("switch", name="Analyse your pages").click()
    tab.get_by_text("The purpose is off.").wait_for()
    assert world.asked("switch") == [("con_one", "analyse", False)]


def test_signing_in_works_without_scripts(visit, world):
    tab = visit(None, "/sign-in", java_script_enabled=False)
    tab.get_by_label("Sign-in name").fill("ada@bakery.example")
    tab.get_by_label("Password").fill("right")
    world.cookies["new-ada"] = world.cookies["ada"]
    tab.get_by_role("button", name="Sign in").click()
    tab.get_by_role("heading", name="Messages on your pages").wait_for()


def test_unticking_a_purpose_takes_its_permissions_off_the_list(visit):
    tab = visit("ada", "/connect/google-plus")
    tab.get_by_role("checkbox", name="Publish to circles").uncheck()
    tab.get_by_text("5 of 6 permissions").wait_for()
    assert tab.locator(".asked .chip--left-out code").all_inner_texts() == ["plus.circles.read"]


def test_without_scripts_the_list_is_brought_up_to_date_by_a_button(visit):
    tab = visit("ada", "/connect/google-plus", java_script_enabled=False)
    tab.get_by_role("checkbox", name="Publish to circles").uncheck()
    tab.get_by_role("button", name="Show the permissions").click()
    tab.get_by_text("5 of 6 permissions").wait_for()


def test_the_inbox_is_read_and_answered_by_keys(visit, world, make_summary):
    world.threads = [make_summary(1), make_summary(2, id="thr_2")]
    tab = visit("ada", "/inbox")
    tab.keyboard.press("?")
    assert tab.locator("#keys").get_attribute("open") is not None
    tab.keyboard.press("j")
    tab.keyboard.press("Enter")
    tab.get_by_role("heading", name="1 message on a post").wait_for()
    tab.keyboard.press("r")
    tab.keyboard.type("jkre?")
    assert tab.locator("textarea").input_value() == "jkre?"
    tab.get_by_role("button", name="Send the reply").click()
    tab.get_by_text("Your reply is sent").wait_for()
    assert world.asked("reply")[0][:2] == ("msg_1", "jkre?")
    tab.keyboard.press("e")
    tab.get_by_role("heading", name="Messages on your pages").wait_for()


def test_the_first_tab_stop_skips_to_the_content(visit):
    tab = visit("ada", "/inbox")
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.textContent") == "Skip to the content"
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.activeElement.id") == "main"
