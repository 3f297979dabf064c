"""The Pages API's writes: what Google would allow, also where the connector refuses."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests


def _comment(visitor, token, post, text, page):
    body = {"object": {"originalContent": text}}
    return visitor.call(token, "POST", f"activities/{post}/comments", body=body, onBehalfOf=page)


def _publish(visitor, token, user, *, text="Zpráva", access=({"type": "public"},), query=None, **body):
    body = {"object": {"originalContent": text}, "access": {"items": list(access)}, **body}
    return visitor.call(token, "POST", f"people/{user}/activities", body=body, **(query or {}))


def _reason(answer):
    detail = answer.json()["error"]["errors"][0]
    return answer.status_code, detail["reason"], detail.get("location")


def test_a_reply_is_stored_as_the_page_and_counted(visitor, token):
    post = visitor.newest_post(token)
    reply = _comment(visitor, token, post["id"], f"+{visitor.omar} Děkujeme & nashle\n<b>", visitor.cafe).json()
    assert reply["actor"]["id"] == visitor.cafe
    assert reply["object"]["originalContent"] == f"+{visitor.omar} Děkujeme & nashle\n<b>"
    assert f'oid="{visitor.omar}">Omar Haddad</a>' in reply["object"]["content"]
    assert "&amp; nashle<br />&lt;b&gt;\ufeff" in reply["object"]["content"]
    assert visitor.get(token, f"comments/{reply['id']}", onBehalfOf=visitor.cafe).json() == reply
    after = visitor.newest_post(token)
    assert after["object"]["replies"]["totalItems"] == post["object"]["replies"]["totalItems"] + 1
    assert after["updated"] > post["updated"]


def test_links_and_tags_become_markup(visitor, token):
    post = visitor.newest_post(token)["id"]
    content = _comment(visitor, token, post, "https://a.example/?x=1&y=2 #káva a+b", visitor.cafe).json()["object"][
        "content"
    ]
    assert '<a href="https://a.example/?x=1&amp;y=2" class="ot-anchor" rel="nofollow">' in content
    assert '<a class="ot-hashtag" href="https://plus.google.com/s/%23káva">#káva</a>' in content


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, (400, "required", "object.originalContent")),
        ({"object": {"originalContent": ""}}, (400, "required", "object.originalContent")),
        ({"object": {"originalContent": "  "}}, (400, "invalidParameter", "object.originalContent")),
        ({"object": {"originalContent": 5}}, (400, "invalidParameter", "object.originalContent")),
        ({"object": "text"}, (400, "required", "object.originalContent")),
        ([], (400, "parseError", None)),
        (None, (400, "required", "resource")),
    ],
)
def test_a_comment_needs_a_text(visitor, token, body, expected):
    post = visitor.newest_post(token)["id"]
    answer = visitor.call(token, "POST", f"activities/{post}/comments", body=body, onBehalfOf=visitor.cafe)
    assert _reason(answer) == expected


def test_a_body_that_is_not_json_is_a_parse_error(visitor, token):
    post = visitor.newest_post(token)["id"]
    address = f"{visitor.url}/plusPages/v2/activities/{post}/comments?onBehalfOf={visitor.cafe}"
    answer = visitor.http.post(address, data=b"{", headers={"Authorization": f"Bearer {token}"})
    assert _reason(answer)[:2] == (400, "parseError")


def test_comments_made_in_the_same_moment_have_ids_of_their_own(visitor, token):
    visitor.http.post(f"{visitor.url}/test/clock", json={"now": "2018-10-06T09:00:00+00:00"})
    token = visitor.tokens(prompt="consent")["access_token"]
    post = visitor.newest_post(token)["id"]
    ids = {_comment(visitor, token, post, "ano", visitor.cafe).json()["id"] for _ in range(5)}
    assert len(ids) == 5
    assert all(id.startswith(f"{post}.15388164") for id in ids)


def test_a_page_may_delete_a_comment_under_its_post_and_its_own_elsewhere(visitor, token):
    post = visitor.newest_post(token)
    stranger = visitor.get(token, f"activities/{post['id']}/comments", onBehalfOf=visitor.cafe).json()["items"][0]
    own = _comment(visitor, token, post["id"], "od dílny", visitor.bike).json()
    assert _reason(visitor.call(token, "DELETE", f"comments/{stranger['id']}", onBehalfOf=visitor.bike))[0] == 403
    for page, comment in ((visitor.cafe, stranger), (visitor.bike, own)):
        answer = visitor.call(token, "DELETE", f"comments/{comment['id']}", onBehalfOf=page)
        assert (answer.status_code, answer.content) == (204, b"")
        assert visitor.get(token, f"comments/{comment['id']}", onBehalfOf=page).status_code == 404
    count = visitor.newest_post(token)["object"]["replies"]["totalItems"]
    assert count == post["object"]["replies"]["totalItems"] - 1


def test_a_post_is_published_to_the_chosen_circles_only(visitor, token):
    circle = visitor.get(token, f"people/{visitor.cafe}/circles").json()["items"][0]
    post = _publish(visitor, token, visitor.cafe, access=[{"type": "circle", "id": circle["id"]}]).json()
    assert post["id"].startswith("z12")
    assert post["access"]["items"] == [{"type": "circle", "id": circle["id"], "displayName": circle["displayName"]}]
    assert visitor.get(token, f"activities/{post['id']}", onBehalfOf=visitor.cafe).json() == post
    assert visitor.get(token, f"activities/{post['id']}", onBehalfOf=visitor.bike).status_code == 404
    assert visitor.newest_post(token)["id"] == post["id"]


@pytest.mark.parametrize(
    ("access", "place"),
    [
        ([], "access.items"),
        ([{"type": "everyone"}], "access.items.type"),
        ([{"type": "circle", "id": "none"}], "access.items.id"),
        ([{"type": "person", "id": "none"}], "access.items.id"),
        ([{"type": "extendedCircles"}], "access.items.type"),
    ],
)
def test_a_post_needs_somebody_it_may_be_shared_with(visitor, token, access, place):
    answer = _publish(visitor, token, visitor.cafe, access=access)
    assert (answer.status_code, _reason(answer)[2]) == (400, place)


def test_another_pages_circle_is_no_circle_of_ours(visitor, token):
    circle = visitor.get(token, f"people/{visitor.bike}/circles").json()["items"][0]
    assert _publish(visitor, token, visitor.cafe, access=[{"type": "circle", "id": circle["id"]}]).status_code == 400


def test_a_preview_publishes_nothing(visitor, token):
    before = visitor.newest_post(token)["id"]
    article = {"objectType": "article", "url": "https://cafe-slavia.example/menu"}
    body = {"object": {"originalContent": "Menu", "attachments": [article]}}
    preview = _publish(visitor, token, visitor.cafe, query={"preview": "true"}, **body).json()
    assert preview["object"]["attachments"][0]["previewThumbnails"]
    assert "id" not in preview
    assert visitor.newest_post(token)["id"] == before


def test_a_post_can_carry_a_photo_of_its_own_and_no_other(visitor, token):
    photos = list(visitor.standin.standin.world.media.values())
    for photo, status in ((photos[0], 200), (photos[1], 400)):
        body = {"object": {"originalContent": "Foto", "attachments": [{"objectType": "photo", "id": photo.id}]}}
        assert _publish(visitor, token, visitor.cafe, **body).status_code == status


def test_a_reshare_names_the_original_and_counts(visitor, token):
    original = visitor.newest_post(token, visitor.bike)
    body = {"verb": "share", "annotation": "Podívejte", "object": {"id": original["id"]}}
    share = _publish(visitor, token, visitor.cafe, **body).json()
    assert (share["verb"], share["annotation"], share["object"]["id"]) == ("share", "Podívejte", original["id"])
    assert share["object"]["actor"]["id"] == visitor.bike
    again = visitor.get(token, f"activities/{original['id']}", onBehalfOf=visitor.bike).json()
    assert again["object"]["resharers"]["totalItems"] == original["object"]["resharers"]["totalItems"] + 1


def test_a_person_posts_as_themselves_with_me(visitor, token):
    post = _publish(visitor, token, "me").json()
    assert post["actor"]["id"] == visitor.ana


def test_a_page_deletes_its_own_posts_and_their_comments_go_too(visitor, token):
    post = visitor.newest_post(token)
    comment = visitor.get(token, f"activities/{post['id']}/comments", onBehalfOf=visitor.cafe).json()["items"][0]
    assert visitor.call(token, "DELETE", f"activities/{post['id']}", onBehalfOf=visitor.bike).status_code == 403
    assert visitor.call(token, "DELETE", f"activities/{post['id']}", onBehalfOf=visitor.cafe).status_code == 204
    assert visitor.get(token, f"activities/{post['id']}", onBehalfOf=visitor.cafe).status_code == 404
    assert visitor.get(token, f"comments/{comment['id']}", onBehalfOf=visitor.cafe).status_code == 404
    assert visitor.newest_post(token)["id"] != post["id"]


@pytest.mark.parametrize("verb", ["PATCH", "PUT"])
def test_a_pages_picture_can_be_changed_to_a_photo_of_its_own(visitor, token, verb):
    photo, foreign = list(visitor.standin.standin.world.media.values())[:2]
    path = f"people/{visitor.cafe}"
    changed = visitor.call(token, verb, path, body={"image": {"id": photo.id}, "displayName": "Jiné jméno"}).json()
    assert changed["image"]["id"] == photo.id
    assert changed["displayName"] == "Café Slavia"
    assert visitor.get(token, path).json()["image"]["url"] == photo.details["mediaUrl"]
    assert visitor.call(token, verb, path, body={"image": {"id": foreign.id}}).status_code == 400


def test_if_match_guards_a_deletion(visitor, token):
    post = visitor.newest_post(token)
    path = f"activities/{post['id']}"
    stale = visitor.call(token, "DELETE", path, onBehalfOf=visitor.cafe, headers={"If-Match": '"x/y"'})
    assert _reason(stale)[:2] == (412, "conditionNotMet")
    fresh = visitor.call(token, "DELETE", path, onBehalfOf=visitor.cafe, headers={"If-Match": post["etag"]})
    assert fresh.status_code == 204


def test_replies_sent_at_once_are_all_kept_and_counted(visitor, token):
    post = visitor.newest_post(token)

    def reply(number):
        address = f"{visitor.url}/plusPages/v2/activities/{post['id']}/comments?onBehalfOf={visitor.cafe}"
        body = {"object": {"originalContent": f"odpověď {number}"}}
        answer = requests.post(address, json=body, headers={"Authorization": f"Bearer {token}"}, timeout=20)
        return answer.json()["id"]

    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(reply, range(24)))
    assert len(ids) == 24
    assert visitor.newest_post(token)["object"]["replies"]["totalItems"] == post["object"]["replies"]["totalItems"] + 24
