"""The profile behind an account is shown as Google has it, and everything in it is other people's text."""

from typing import Any

import pytest

from connector.domain import profile
from connector.domain.errors import Refused
from connector.domain.ports import FoundProfile


def test_profiles_are_shown_with_their_addresses_and_nothing_of_them_is_markup(
    ada: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = (
        FoundProfile("1" * 21, "Ada <script>", "https://plus.example/1", "javascript:alert(1)"),
        FoundProfile("2" * 21, "Bakery", None, None),
    )
    monkeypatch.setattr(profile, "profiles", lambda *_given: found)
    text = ada.get("/settings/connections/con_one/profile").get_data(as_text=True)
    assert "Ada &lt;script&gt;" in text
    assert 'href="https://plus.example/1"' in text
    assert 'href="javascript' not in text
    assert text.count("<section") == 2


def test_a_refused_profile_says_why(ada: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_given: object) -> None:
        raise Refused("purpose-off", "“Show your profile” is switched off.")

    monkeypatch.setattr(profile, "profiles", refused)
    answer = ada.get("/settings/connections/con_one/profile")
    assert answer.status_code == 403
    assert "is switched off" in answer.get_data(as_text=True)
