"""The staff's question: would this request be allowed, and why not."""

import pytest

PAGE = "/admin/explain"
REPLY = {
    "purpose": "reply-to-messages", "verb": "POST", "subject": "z12post.1",
    "body": '{"object":{"originalContent":"Hi"}}',
    "url": "/plusPages/v2/activities/z12post/comments?onBehalfOf=104512345678901234567",
}  # fmt: skip


def test_an_allowed_request_is_told_with_all_that_it_needs(sam):
    answer = sam.post(PAGE, REPLY)
    assert answer.status_code == 200
    for words in (
        "Allowed", "post a comment", "plusPages.comments.insert", "Manage your Google+ posts, comments and stream",
        "plus.stream.write", "104512345678901234567", "id,actor(id,displayName)", "activityId",
    ):  # fmt: skip
        assert words in answer.text


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"subject": ""}, "subject-missing"),
        ({"subject": "z12other"}, "subject-mismatch"),
        ({"body": ""}, "fields-not-in-purpose"),
        ({"body": "{"}, "unroutable"),
        ({"body": '{"verb":"share"}'}, "content-not-in-purpose"),
        ({"verb": "DELETE"}, "unroutable"),
        ({"purpose": "analyse"}, "operation-not-in-purpose"),
        ({"purpose": "made-up"}, "unknown-purpose"),
        ({"url": "https://evil.example/"}, "unroutable"),
    ],
)
def test_a_refused_request_is_told_with_its_reason(sam, change, reason):
    asked = REPLY | change
    if reason == "fields-not-in-purpose":
        asked |= {"url": f"{REPLY['url']}&fields=plusoners"}
    answer = sam.post(PAGE, asked)
    assert answer.status_code == 200
    assert f"<code>{reason}</code>" in answer.text


def test_a_connection_is_passed_on_and_one_that_is_not_there_is_said(sam, world):
    assert "con_one" in sam.post(PAGE, REPLY | {"connection": "con_one"}).text
    assert world.asked("explain")[0][1] == "con_one"
    missing = sam.post(PAGE, REPLY | {"connection": "con_none"})
    assert missing.status_code == 404
    assert "There is no connection of that id." in missing.text
    assert "z12post" in missing.text


def test_what_was_typed_stays_and_is_inert(sam):
    typed = '"><script>alert(1)</script>'
    answer = sam.post(PAGE, REPLY | {"url": typed, "body": typed, "subject": typed})
    assert "<script>alert" not in answer.text
    assert answer.text.count("&lt;script&gt;alert(1)") >= 3


@pytest.mark.parametrize("change", [{"purpose": ""}, {"url": " "}, {"verb": ""}])
def test_a_question_that_is_not_whole_is_not_asked(sam, world, change):
    assert sam.post(PAGE, REPLY | change).status_code == 400
    assert not world.asked("explain")


def test_the_form_can_come_filled_in_for_a_connection(sam, world):
    assert 'value="con_one"' in sam.get(f"{PAGE}?connection=con_one").text
    assert "/admin/explain?connection=con_one" in sam.get("/admin/grants").text
    assert not world.asked("explain")


def test_members_have_no_such_page(ada, world):
    assert ada.get(PAGE).status_code == 404
    assert ada.post(PAGE, REPLY).status_code == 404
    assert not world.asked("explain")
