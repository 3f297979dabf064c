"""Settings, members: who may write in the organisation's name."""

import re
from dataclasses import replace

import pytest

SWITCH = "/settings/members/per_bo/purposes/publish-to-circles"


def test_each_member_has_a_switch_for_every_purpose_that_writes(ada):
    text = ada.get("/settings/members").text
    switches = re.findall(r'aria-checked="(true|false)" aria-label="([^"]+)"', text)
    assert switches == [
        ("true", "Reply to messages: Ada Novak"),
        ("true", "Publish to circles: Ada Novak"),
        ("true", "Reply to messages: Bo Lund"),
        ("false", "Publish to circles: Bo Lund"),
    ]
    assert "Not allowed. Every try is refused and recorded." in text
    assert "This account is disabled" in text


@pytest.mark.parametrize(("on", "notice"), [("1", "member-may"), ("0", "member-may-not")])
def test_a_switch_says_what_is_wanted_and_the_page_says_what_came_of_it(ada, world, on, notice):
    answer = ada.post(SWITCH, {"on": on})
    assert answer.headers["Location"] == f"/settings/members?notice={notice}#per_bo-publish-to-circles"
    assert world.asked("allow") == [("per_bo", "publish-to-circles", on == "1")]
    assert "from their next request" in ada.get("/settings/members?notice=member-may-not").text


@pytest.mark.parametrize("form", [{}, {"on": ""}, {"on": "yes"}])
def test_a_form_that_says_neither_changes_nothing(ada, world, form):
    assert ada.post(SWITCH, form).status_code == 400
    assert not world.asked("allow")


def test_a_form_without_its_token_changes_nothing(ada, world):
    assert ada.post(SWITCH, {"on": "0"}, csrf=None).status_code == 403
    assert not world.asked("allow")


def test_settings_lead_owners_there_and_nobody_else(ada, world):
    assert 'href="/settings/members"' in ada.get("/settings").text
    world.cookies["ada"] = replace(world.cookies["ada"], role="member")
    assert 'href="/settings/members"' not in ada.get("/settings").text
