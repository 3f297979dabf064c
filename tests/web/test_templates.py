"""Templates hold no script or style of their own, name no foreign address, and show other people's text inert."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

import connector.web
from connector.domain.errors import BadInput
from connector.domain.shown import Part, Shown, shown

FOLDER = Path(connector.web.__file__).parent
TEMPLATES = sorted((FOLDER / "templates").glob("*.html"))
HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' onmouseover='alert(1)",
    "{{ 7 * 191 }}",
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "[click](javascript:alert(1))",
    "\u202egnp.exe\u202c",
    "zero\u200bwidth",
    "http://user:secret@evil.example/",
    "https://ex\u0430mple.com/login",
)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_template_holds_inline_style_or_script_or_a_foreign_address(template):
    text = template.read_text()
    assert not re.search(r"<style|\sstyle\s*=", text)
    assert not re.search(r"\son[a-z]+\s*=", text)
    assert not re.search(r"<script(?![^>]*\bsrc=)", text)
    assert not re.search(r"""(?:src|href|action)\s*=\s*["'](?:https?:)?//""", text)
    assert "javascript:" not in text
    assert "| safe" not in text
    assert "autoescape" not in text


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_every_form_that_changes_something_carries_a_token(template):
    text = template.read_text()
    for form in re.findall(r'<form[^>]*method="post".*?</form>', text, flags=re.DOTALL):
        assert "csrf_field()" in form


def test_the_stylesheet_and_scripts_fetch_nothing():
    for file in (FOLDER / "static").iterdir():
        text = file.read_text()
        assert "@import" not in text
        assert not re.search(r"url\(|fetch\(|XMLHttpRequest|eval\(|innerHTML", text)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_from_google_is_shown_inert_everywhere(ada, world, make_thread, make_summary, text):
    world.thread = make_thread(text)
    world.threads = [make_summary(author=shown(text), excerpt=shown(text))]
    for path in ("/inbox", "/inbox/thr_1"):
        page = ada.get(path)
        assert page.status_code == 200
        assert not re.search(r"<(?:script(?! src=)|svg|img src=x)", page.text)
        assert not re.search(r"<[^>]*\son(?:error|load|mouseover)", page.text)
        assert "1337" not in page.text
        assert not re.search(r'href="(?!/|https?://|#)', page.text)
        assert "\u202e" not in page.text
        assert "\u200b" not in page.text


def test_a_link_in_a_message_says_where_it_leads_and_tells_nobody_where_it_was(ada, world, make_thread):
    world.thread = make_thread("see https://ex\u0430mple.com/login now")
    link = re.search(r'<a class="out"[^>]*>.*?</span>', ada.get("/inbox/thr_1").text, flags=re.DOTALL)[0]
    for word in ('rel="noopener nofollow"', 'referrerpolicy="no-referrer"', 'target="_blank"', "(xn--exmple-4nf.com)"):
        assert word in link


def test_a_link_that_is_not_web_is_shown_as_text_even_if_the_domain_called_it_a_link(ada, world, make_thread):
    evil = Shown((Part("link", "click me", title="evil", href="javascript:alert(1)"),))
    world.thread = make_thread(evil)
    text = ada.get("/inbox/thr_1").text
    assert "click me" in text
    assert "javascript:" not in text


def test_hidden_characters_are_marked_with_their_name(ada, world, make_thread):
    world.thread = make_thread("pay\u202eme")
    assert '<span class="mark" title="Right-to-left override">[U+202E]</span>' in ada.get("/inbox/thr_1").text


def test_hidden_characters_in_a_name_are_marked_wherever_it_stands(ada, sam, world, make_grant):
    hostile = "Bakery\u202e\u200b\x1b[2J"
    row = make_grant()
    world.rows = [replace(row, connection=replace(row.connection, account_name=hostile))]
    world.views = [replace(world.views[0], account_name=hostile)]
    for text in (sam.get("/admin/grants").text, ada.get("/settings").text):
        assert "Bakery[U+202E][U+200B][U+001B][2J" in text
        assert not {"\u202e", "\u200b", "\x1b"} & set(text)


def test_a_form_gives_back_what_was_typed_unmarked(ada, world):
    world.failing["reply"] = BadInput("Too long.")
    typed = "\u200fשלום <b>"
    answer = ada.post("/inbox/messages/msg_1/reply", {"thread": "thr_1", "text": typed, "key": "k"})
    assert "\u200fשלום &lt;b&gt;</textarea>" in answer.text
