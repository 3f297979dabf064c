"""The pages in a real browser: with JavaScript, without it, and as staff. Debian's Chromium, driven by Playwright.

On the way every page is looked at as a person on a phone and at a desk would see it, light and dark: labels, headings,
focus, contrast, sizes. Screenshots are kept in pytest's temporary folder.
"""

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from connector.demo.browser import Browser as PlainBrowser
from connector.demo.stage import Stage, stage

CIRCLES = "https://www.googleapis.com/auth/plus.circles.read"
CIRCLES_LABEL = "View your circles and the people and pages in them"
REPLY = "Thank you for asking. We open at nine."
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
SWITCHES = (
    *("--no-sandbox", "--disable-gpu", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
CONTRAST = 4.5  # WCAG 2.2, 1.4.3
TARGET = 44  # CSS pixels, on touch

# What a person who cannot see well, or has a small screen, would trip over. Answers with sentences; none is good.
LOOK = """
([contrast, target, touch]) => {
  const wrong = [];
  const name = (el) => `<${el.tagName.toLowerCase()} class="${el.className}"> ${(el.textContent || el.name || "")
    .trim().replace(/\\s+/g, " ").slice(0, 50)}`;
  const shown = (el) => el.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  const headings = document.querySelectorAll("h1").length;
  if (headings !== 1) wrong.push(`${headings} h1`);
  if (!document.title) wrong.push("no title");
  if (!document.documentElement.lang) wrong.push("no language");
  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  if (wide > 0) wrong.push(`scrolls sideways by ${wide} px`);
  for (const el of document.querySelectorAll("input:not([type=hidden]), select, textarea"))
    if (!el.labels.length && !el.ariaLabel && !el.getAttribute("aria-labelledby")) wrong.push(`no label: ${name(el)}`);
  for (const el of document.querySelectorAll("button, a"))
    if (!(el.ariaLabel || el.textContent.trim())) wrong.push(`no name: ${name(el)}`);
  for (const el of document.querySelectorAll("img:not([alt])")) wrong.push(`no alt: ${name(el)}`);
  const ids = [...document.querySelectorAll("[id]")].map((el) => el.id);
  for (const id of ids.filter((id, at) => ids.indexOf(id) !== at)) wrong.push(`id twice: ${id}`);
  if (touch) {
    const box = (el) => el.getBoundingClientRect();
    const big = (el) => Math.min(box(el).width, box(el).height) > target - 0.5;
    for (const el of document.querySelectorAll("button, a.button, summary, input[type=checkbox], input[type=radio]"))
      if (shown(el) && ![el, ...(el.labels || [])].some(big))
        wrong.push(`only ${Math.round(box(el).width)} × ${Math.round(box(el).height)} px to touch: ${name(el)}`);
  }
  const paint = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const read = (css) => {
    paint.clearRect(0, 0, 1, 1); paint.fillStyle = css; paint.fillRect(0, 0, 1, 1);
    return paint.getImageData(0, 0, 1, 1).data;
  };
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, at) => sum + v * [0.2126, 0.7152, 0.0722][at], 0);
  const behind = (el) => {
    for (let at = el; at; at = at.parentElement) {
      const back = read(getComputedStyle(at).backgroundColor);
      if (back[3] === 255) return back;
    }
    return read("Canvas");
  };
  const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const seen = new Set();
  while (words.nextNode()) {
    const el = words.currentNode.parentElement;
    if (!words.currentNode.textContent.trim() || seen.has(el) || !shown(el) || el.closest("noscript, script, style"))
      continue;
    seen.add(el);
    const [a, b] = [light(read(getComputedStyle(el).color)), light(behind(el))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < contrast) wrong.push(`contrast ${ratio.toFixed(2)}: ${name(el)}`);
  }
  return wrong;
}
"""
FOCUSED = """
() => {
  const el = document.activeElement;
  if (!el || el === document.body) return null;
  const style = getComputedStyle(el);
  // The picture in a date field is a stop of its own, out of our reach; the browser draws a ring around it.
  const native = el.matches("input[type=datetime-local]:not(:focus-visible)");
  const ring = native || (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2);
  return [ring, `<${el.tagName.toLowerCase()} class="${el.className}"> ${(el.textContent || el.name || "").trim()
    .replace(/\\s+/g, " ").slice(0, 50)}`];
}
"""


@dataclass
class Tour:
    """One person's browser, and what was noticed on the way."""

    browser: Browser
    running: Stage
    folder: Path
    scripts: bool = True
    problems: list[str] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)
    contexts: list[BrowserContext] = field(default_factory=list)
    count: int = 0

    def __post_init__(self) -> None:
        self.page = self._open("light", DESK)
        self._views = {
            f"{size}-{scheme}": self._open(scheme, box, touch=size == "phone")
            for size, box in (("phone", PHONE), ("desk", DESK))
            for scheme in ("light", "dark")
        }

    def _open(self, scheme: Any, box: Any, *, touch: bool = False) -> Page:
        context = self.browser.new_context(
            viewport=box, color_scheme=scheme, has_touch=touch, is_mobile=touch, java_script_enabled=self.scripts
        )
        self.contexts.append(context)
        context.set_default_timeout(15_000)
        page = context.new_page()
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.problems.append(f"script error: {error}"))
        page.on("requestfailed", lambda request: self.problems.append(f"failed: {request.url} ({request.failure})"))
        page.on("request", lambda request: self.asked.add(request.url))
        page.on("response", lambda answer: self._answered(answer.url, answer.status))
        return page

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.problems.append(f"console: {message.text}")

    def _answered(self, url: str, status: int) -> None:
        if status >= 400:
            self.problems.append(f"{status}: {url}")

    def go(self, path: str) -> None:
        """Type an address of ours."""
        self.page.goto(f"{self.running.url}{path}")

    def look(self, name: str) -> None:
        """Look at the page that is open, on a phone and at a desk, light and dark, and walk it with the Tab key."""
        self.count += 1
        cookies: Any = self.page.context.cookies()
        for view, page in self._views.items():
            if cookies:
                page.context.add_cookies(cookies)
            page.goto(self.page.url)
            page.screenshot(path=self.folder / f"{self.count:02}-{name}-{view}.png", full_page=True)
            for details in page.locator("details:not([open]) > summary").all():
                if details.is_visible():
                    details.click()
            touch = view.startswith("phone")
            found = page.evaluate(LOOK, [CONTRAST, TARGET, touch])
            self.problems += [f"{name}, {view}: {what}" for what in found]
        self._tab_through(name, self._views["desk-light"])

    def _tab_through(self, name: str, page: Page) -> None:
        page.goto("about:blank")
        page.goto(self.page.url.partition("#")[0])
        page.evaluate("() => document.activeElement.blur()")
        reached = 0
        for _ in range(40):
            page.keyboard.press("Tab")
            focused = page.evaluate(FOCUSED)
            if focused is None:
                break
            reached += 1
            if not focused[0]:
                self.problems.append(f"{name}: focus cannot be seen on {focused[1]}")
        if not reached:
            self.problems.append(f"{name}: the Tab key reaches nothing")

    def sign_in(self, email: str, password: str) -> None:
        """Through the form."""
        self.go("/sign-in")
        self.look("sign-in")
        self.page.get_by_label("Sign-in name").fill(email)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in").click()

    def end(self) -> None:
        """Nothing went wrong, and nobody else was asked for anything."""
        for context in self.contexts:
            context.close()
        ours = {urlsplit(url).netloc for url in (self.running.url, self.running.standin.url)}
        strangers = sorted({url for url in self.asked if urlsplit(url).netloc not in ours})
        assert not strangers
        assert not self.problems, "\n".join(dict.fromkeys(self.problems))


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, headless."""
    found = shutil.which("chromium")
    if found is None:
        reason = "Chromium is not installed, so nothing was tried in a browser. Install Debian's package `chromium`."
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(SWITCHES))
        yield browser
        browser.close()


@pytest.fixture
def running() -> Iterator[Stage]:
    """The demonstration: pages on a real port, the stand-in as a process of its own."""
    with stage() as made:
        yield made


def _consent(tour: Tour) -> None:
    """From the disclosure through Google's page, with one box unticked, to the choice of pages."""
    page = tour.page
    page.get_by_role("button", name="Continue to Google").click()
    assert page.url.startswith(tour.running.standin.url)
    expect(page.locator("input[name=scope]")).to_have_count(6)
    page.locator("input[name=account]").first.check()
    page.get_by_label(CIRCLES_LABEL).uncheck()
    page.get_by_role("button", name="Allow").click()
    assert page.url.startswith(f"{tour.running.url}/connect/google-plus/pages/")
    expect(page.get_by_role("status")).to_contain_text("a part of what was asked")


def _choose_every_page(tour: Tour) -> None:
    for box in tour.page.get_by_role("checkbox").all():
        box.check()
    tour.page.get_by_role("button", name="Save the choice").click()
    expect(tour.page).to_have_url(re.compile(r"/inbox\?notice=pages-chosen$"))


def _fetch_and_open(tour: Tour) -> None:
    tour.page.get_by_role("button", name="Fetch new messages").click()
    expect(tour.page.get_by_role("status")).to_contain_text("fetched")
    tour.page.locator("a[data-thread]").first.click()
    expect(tour.page.get_by_role("heading", level=1)).to_contain_text("on a post of")


def _purpose(tour: Tour, title: str) -> Any:
    return tour.page.locator(".purpose").filter(has=tour.page.get_by_role("heading", name=title, exact=True))


def _titles(running: Stage) -> dict[str, str]:
    return {p.id: p.title for p in running.svc.network("google-plus").catalogue.choosable()}


def test_a_customer_connects_with_one_box_unticked_replies_and_leaves(
    chromium: Browser, running: Stage, tmp_path: Path
) -> None:
    tour, titles = Tour(chromium, running, tmp_path), _titles(running)
    page = tour.page
    tour.sign_in(running.member.email, running.member.password)
    expect(page).to_have_url(f"{running.url}/connect/google-plus")
    tour.look("disclosure")
    count = page.locator("#asked-count")
    expect(count).to_have_text("6 of 6 permissions")
    page.get_by_label(titles["analyse"]).uncheck()
    expect(count).to_have_text("5 of 6 permissions")
    page.get_by_label(titles["analyse"]).check()
    expect(count).to_have_text("6 of 6 permissions")
    _consent(tour)
    tour.look("choose-pages")
    _choose_every_page(tour)
    tour.look("inbox-empty")

    tour.go("/settings")
    publishing = _purpose(tour, titles["publish-to-circles"])
    expect(publishing).to_contain_text(f"this permission was not given at Google: {CIRCLES_LABEL}")
    expect(publishing.get_by_role("switch")).to_have_count(0)
    expect(_purpose(tour, titles["read-messages"]).get_by_role("switch")).to_have_attribute("aria-checked", "true")
    tour.look("settings-partial")

    tour.go("/inbox")
    _fetch_and_open(tour)
    page.keyboard.press("r")
    page.locator("textarea:focus").fill(REPLY)
    tour.look("thread")
    page.locator("details[open] button[type=submit]").click()
    sent = page.locator(".reply", has_text=REPLY)
    expect(sent).to_have_count(1)
    expect(sent.locator(".outcome")).to_contain_text("sent")
    posts = [one for one in running.standin.api_requests() if one["method"] == "POST"]
    assert len(posts) == 1
    tour.look("thread-replied")
    tour.go("/inbox")
    tour.look("inbox")

    tour.go("/activity")
    expect(page.locator(".entry", has_text=titles["reply-to-messages"]).first).to_be_visible()
    tour.look("activity")

    tour.go("/settings")
    _purpose(tour, titles["analyse"]).get_by_role("switch").click()
    expect(page.get_by_role("status")).to_contain_text("The purpose is off")
    expect(_purpose(tour, titles["analyse"])).to_contain_text("It was switched off here")
    expect(_purpose(tour, titles["analyse"]).get_by_role("switch")).to_have_attribute("aria-checked", "false")
    tour.look("settings-switched-off")

    page.get_by_role("link", name="End this connection").click()
    box = page.locator(".consequence")
    expect(box).to_contain_text(f"“{titles['read-messages']}” stops at once")
    expect(box).to_contain_text("Messages that were fetched stay readable here")
    tour.look("end-connection")
    page.get_by_role("button", name="End the connection").click()
    expect(page.get_by_role("status")).to_contain_text("Google confirmed the removal")
    expect(page.locator(".ended")).to_contain_text("Google confirmed the removal")
    assert running.standin.live_tokens() == 0
    tour.look("settings-ended")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("status")).to_contain_text("You are signed out")
    tour.end()


def test_without_javascript_the_same_works(chromium: Browser, running: Stage, tmp_path: Path) -> None:
    tour, titles = Tour(chromium, running, tmp_path, scripts=False), _titles(running)
    page = tour.page
    tour.sign_in(running.other.email, running.other.password)
    tour.look("disclosure")
    page.get_by_label(titles["analyse"]).uncheck()
    page.get_by_role("button", name="Show the permissions for the ticked purposes").click()
    expect(page.locator("#asked-count")).to_have_text("5 of 6 permissions")
    page.get_by_label(titles["analyse"]).check()
    _consent(tour)
    _choose_every_page(tour)
    _fetch_and_open(tour)
    page.locator("details.answer > summary").first.click()
    page.locator("details[open] textarea").fill(REPLY)
    page.locator("details[open] button[type=submit]").click()
    sent = page.locator(".reply", has_text=REPLY)
    expect(sent.locator(".outcome")).to_contain_text("sent")
    tour.look("thread-replied")
    tour.go("/activity")
    page.get_by_label("Purpose").select_option(label=titles["reply-to-messages"])
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".entry").first).to_contain_text(titles["reply-to-messages"])
    tour.look("activity")
    tour.go("/settings")
    expect(_purpose(tour, titles["publish-to-circles"])).to_contain_text("was not given at Google")
    _purpose(tour, titles["analyse"]).get_by_role("switch").click()
    expect(_purpose(tour, titles["analyse"])).to_contain_text("It was switched off here")
    page.get_by_role("link", name="End this connection").click()
    page.get_by_role("button", name="End the connection").click()
    expect(page.locator(".ended")).to_contain_text("Google confirmed the removal")
    assert running.standin.live_tokens() == 0
    tour.end()


def _connected(running: Stage) -> None:
    """A customer who has connected with the circles box unticked, and fetched messages."""
    browser = PlainBrowser()
    try:
        at = browser.get(f"{running.url}/sign-in")
        form = at.form("/sign-in").set("email", running.member.email).set("password", running.member.password)
        browser.submit(at, form)
        at = browser.get(f"{running.url}/connect/google-plus")
        at = browser.submit(at, at.form("/connect/google-plus"))
        form = at.form_with("scope").choose("account").untick("scope", CIRCLES)
        at = browser.submit(at, form, ("decision", "allow"))
        form = at.form("/pages/")
        form.fields += [choice for choice in form.choices if choice[0] == "page"]
        at = browser.submit(at, form)
        browser.submit(at, at.form("/inbox/sync"))
    finally:
        browser.close()


def test_staff_see_what_was_granted_and_end_a_connection(chromium: Browser, running: Stage, tmp_path: Path) -> None:
    _connected(running)
    tour = Tour(chromium, running, tmp_path)
    page = tour.page
    tour.sign_in(running.staff.email, running.staff.password)
    expect(page).to_have_url(f"{running.url}/admin/grants")
    columns = [text.strip() for text in page.locator(".grants__scope").all_inner_texts()]
    row = page.locator("table.grants > tbody").filter(has_text="Harbour Cafés")
    marks = [text.strip() for text in row.locator(".grants__mark .unseen").all_text_contents()]
    seen = dict(zip(columns, marks, strict=True))
    assert seen["plus.circles.read"] == "refused at Google"
    assert seen["plus.pages.manage"] == seen["plus.stream.read"] == "granted and used"
    assert seen["plus.media.readwrite"] == seen["plus.profiles.write"] == "granted, not used yet"
    assert list(seen.values()).count("refused at Google") == 1
    expect(row).to_contain_text("2018-10-06")
    expect(row).to_contain_text("4 of 5")  # publishing misses a permission, so it is not on
    tour.look("grants")

    page.get_by_role("link", name="Ledger").first.click()
    expect(page.locator(".entry").first).to_contain_text("Staff")
    expect(page.locator("main")).not_to_contain_text("Harbour Cafés connected")
    tour.look("ledger")

    tour.go("/admin/grants")
    row.locator("summary").click()
    row.get_by_role("link", name="End this connection").click()
    tour.look("staff-end-connection")
    page.get_by_label("Reason").fill("The customer asked for it by telephone.")
    page.get_by_role("button", name="End the connection").click()
    expect(page.get_by_role("status")).to_contain_text("Google confirmed the removal")
    expect(row).to_contain_text("ended")
    assert running.standin.live_tokens() == 0
    tour.look("grants-ended")
    tour.end()
