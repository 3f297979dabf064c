"""What other people wrote is shown inert: marks for what hides, links only where they lead where they say."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.shown import shown, visible


def kinds(text: str) -> list[str]:
    return [part.kind for part in shown(text).parts]


def test_plain_text_is_one_part() -> None:
    assert [(p.kind, p.text) for p in shown("Dobrý den, مرحبا, こんにちは 👋🏽").parts] == [
        ("text", "Dobrý den, مرحبا, こんにちは 👋🏽")
    ]


@pytest.mark.parametrize("hidden", ["\u202e", "\u200b", "\u2066", "\ufeff", "\x00", "\x1b", "\u2028", "\ud800"])
def test_a_hidden_character_becomes_a_visible_mark(hidden: str) -> None:
    parts = shown(f"a{hidden}b").parts
    assert [p.kind for p in parts] == ["text", "mark", "text"]
    assert parts[1].text == f"[U+{ord(hidden):04X}]"


def test_joiners_that_spelling_and_emoji_need_are_kept() -> None:
    assert kinds("می‌خواهم 👩‍🔧") == ["text"]


def test_a_pile_of_combining_marks_is_cut_to_what_a_letter_can_have() -> None:
    parts = shown("a" + "\u0301" * 10_000 + "b").parts
    assert [p.kind for p in parts] == ["text", "mark", "text"]
    assert len(str(shown("a" + "\u0301" * 10_000))) < 20


def test_a_web_address_becomes_a_link_with_its_host_as_a_resolver_sees_it() -> None:
    (before, link, after) = shown("see https://exämple.org/a?b=c. Thanks").parts
    assert (before.text, after.text) == ("see ", ". Thanks")
    assert (link.kind, link.href, link.title) == ("link", "https://exämple.org/a?b=c", "xn--exmple-cua.org")


@pytest.mark.parametrize(
    "text",
    [
        "javascript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "https://user:password@host.example/",
        "https://[::1/",
        "https://host.example:99999/",
        "ftp://host.example/",
        "<a href='javascript:1'>x</a>",
    ],
)
def test_an_address_that_is_not_plain_http_is_no_link(text: str) -> None:
    assert "link" not in kinds(text)


@given(st.text(max_size=300))
def test_whatever_comes_in_no_hidden_character_comes_out(text: str) -> None:
    out = str(shown(text))
    for char in out:
        if char not in "\n\t\u200c\u200d":
            assert unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
    for part in shown(text).parts:
        if part.kind == "link":
            assert part.href is not None
            assert part.href.startswith(("http://", "https://"))


def test_a_visible_name_keeps_its_letters_and_marks_what_hides() -> None:
    assert visible("Žižkov 👋🏽 مرحبا\u202e\x9b") == "Žižkov 👋🏽 مرحبا[U+202E][U+009B]"
