"""The Pages API's reads: the small world, pages of it, parts of it, and what has not changed."""

import re

import pytest

ETAG = re.compile(r'"[\w-]{27}/[\w-]{27}"')


def _all(visitor, token, path, size, **query):
    """Every item of a listing, page by page, and how many pages there were."""
    items, pages, after = [], 0, {}
    while True:
        feed = visitor.get(token, path, maxResults=size, **query, **after).json()
        items += feed["items"]
        pages += 1
        assert len(feed["items"]) <= size
        if "nextPageToken" not in feed:
            return items, pages
        after = {"pageToken": feed["nextPageToken"]}


def test_an_account_finds_itself_and_its_pages(visitor, token):
    feed = visitor.get(token, "people/me/people/pages").json()
    assert [(item["objectType"], item["id"]) for item in feed["items"]] == [
        ("person", visitor.ana),
        ("page", visitor.cafe),
        ("page", visitor.bike),
    ]
    assert feed["kind"] == "plus#peopleFeed"
    assert set(feed["items"][0]) == {"kind", "etag", "objectType", "id", "displayName", "url", "image"}


def test_a_shared_page_is_found_by_both_and_nobody_finds_none(visitor):
    for account, pages in ((visitor.omar, {visitor.cafe, visitor.nile}), (visitor.mirja, set())):
        token = visitor.tokens(account=account)["access_token"]
        items = visitor.get(token, "people/me/people/pages").json()["items"]
        assert {item["id"] for item in items if item["objectType"] == "page"} == pages


def test_me_is_the_account_or_the_page_it_acts_as(visitor, token):
    assert visitor.get(token, "people/me").json()["id"] == visitor.ana
    page = visitor.get(token, "people/me", onBehalfOf=visitor.cafe).json()
    assert (page["id"], page["objectType"], page["verified"]) == (visitor.cafe, "page", True)


def test_the_email_address_needs_its_scope(visitor):
    email = "https://www.googleapis.com/auth/userinfo.email"
    with_scope = visitor.tokens(scope=email)["access_token"]
    assert visitor.get(with_scope, "people/me").json()["emails"][0]["value"] == "ana.novakova@example.com"
    assert "emails" not in visitor.get(with_scope, f"people/{visitor.omar}").json()
    without = visitor.tokens()["access_token"]
    assert "emails" not in visitor.get(without, "people/me").json()


@pytest.mark.parametrize("size", [1, 2, 4, 5, 6, 7])
def test_posts_come_newest_first_and_paging_loses_and_doubles_none(visitor, token, size):
    whole, _ = _all(visitor, token, f"people/{visitor.cafe}/activities/user", 100)
    paged, pages = _all(visitor, token, f"people/{visitor.cafe}/activities/user", size)
    assert [post["id"] for post in paged] == [post["id"] for post in whole]
    assert pages == -(-len(whole) // size)
    assert [post["published"] for post in whole] == sorted((post["published"] for post in whole), reverse=True)


def test_a_page_token_belongs_to_its_listing(visitor, token):
    path = "people/{}/activities/user"
    first = visitor.get(token, path.format(visitor.cafe), maxResults=1).json()["nextPageToken"]
    assert re.fullmatch(r"[\w-]+", first)
    assert visitor.get(token, path.format(visitor.bike), pageToken=first).status_code == 400
    assert visitor.get(token, f"people/{visitor.cafe}/activities/public", pageToken=first).status_code == 400
    assert visitor.get(token, path.format(visitor.cafe), pageToken=first[:-2]).status_code == 400


def test_a_comment_added_between_two_pages_repeats_and_hides_none(visitor, token):
    post = visitor.newest_post(token)
    path = f"activities/{post['id']}/comments"
    first = visitor.get(token, path, onBehalfOf=visitor.cafe, maxResults=2).json()
    body = {"object": {"originalContent": "mezitím"}}
    visitor.call(token, "POST", path, body=body, onBehalfOf=visitor.cafe)
    after = {"pageToken": first["nextPageToken"]}
    second = visitor.get(token, path, onBehalfOf=visitor.cafe, maxResults=2, **after).json()
    third = visitor.get(token, path, onBehalfOf=visitor.cafe, maxResults=2, pageToken=second["nextPageToken"]).json()
    ids = [item["id"] for feed in (first, second, third) for item in feed["items"]]
    assert len(ids) == len(set(ids)) == post["object"]["replies"]["totalItems"] + 1


def test_comments_come_in_either_order(visitor, token):
    path = f"activities/{visitor.newest_post(token)['id']}/comments"
    up, _ = _all(visitor, token, path, 2, onBehalfOf=visitor.cafe)
    down, _ = _all(visitor, token, path, 3, onBehalfOf=visitor.cafe, sortOrder="descending")
    assert [item["id"] for item in up] == [item["id"] for item in reversed(down)]
    assert visitor.get(token, path, onBehalfOf=visitor.cafe, maxResults=0).json()["items"] == []


def test_a_comment_is_found_by_its_id_with_a_dot_or_a_hash(visitor, token):
    post = visitor.newest_post(token)
    comment = visitor.get(token, f"activities/{post['id']}/comments", onBehalfOf=visitor.cafe).json()["items"][0]
    assert comment["inReplyTo"][0]["id"] == post["id"]
    for id in (comment["id"], comment["id"].replace(".", "%23")):
        assert visitor.get(token, f"comments/{id}", onBehalfOf=visitor.cafe).json() == comment


def test_the_posts_of_a_limited_circle_are_for_that_circle(visitor, token):
    posts = visitor.get(token, f"people/{visitor.cafe}/activities/user").json()["items"]
    limited = next(post for post in posts if post["access"]["description"] == "Limited")
    assert limited["access"]["items"][0]["type"] == "circle"
    assert visitor.get(token, f"activities/{limited['id']}", onBehalfOf=visitor.bike).status_code == 404
    public = visitor.get(token, f"people/{visitor.cafe}/activities/public").json()["items"]
    assert limited["id"] not in [post["id"] for post in public]
    assert len(public) == len(posts) - 1


def test_the_stream_holds_posts_that_mention_the_page_and_posts_of_its_circles(visitor, token):
    stream = visitor.get(token, f"people/{visitor.bike}/activities/stream").json()["items"]
    assert [post["actor"]["displayName"] for post in stream] == ["Petr Svoboda"]
    assert f'oid="{visitor.bike}"' in stream[0]["object"]["content"]
    cafe = visitor.get(token, f"people/{visitor.cafe}/activities/stream").json()["items"]
    assert {post["actor"]["displayName"] for post in cafe} == {"Eva Málková", "Petr Svoboda", "Jan Dvořák"}


def test_posts_by_circle(visitor, token):
    circles = visitor.get(token, f"people/{visitor.cafe}/circles").json()["items"]
    friends = next(circle for circle in circles if circle["displayName"] == "Friends")
    posts = visitor.get(token, f"circles/{friends['id']}/activities", onBehalfOf=visitor.cafe).json()["items"]
    assert {post["actor"]["displayName"] for post in posts} == {"Petr Svoboda"}
    everyone = visitor.get(token, "circles/myCircles/activities", onBehalfOf=visitor.cafe).json()["items"]
    assert len(everyone) > len(posts)


def test_circles_are_their_owners(visitor, token):
    feed = visitor.get(token, f"people/{visitor.cafe}/circles").json()
    assert feed["totalItems"] == 4
    assert {"Customers", "Friends", "VIP"} <= {circle["displayName"] for circle in feed["items"]}
    circle = feed["items"][0]
    assert visitor.get(token, f"circles/{circle['id']}", onBehalfOf=visitor.cafe).json() == circle
    assert visitor.get(token, f"circles/{circle['id']}", onBehalfOf=visitor.bike).status_code == 404
    people = visitor.get(token, f"circles/{circle['id']}/people", onBehalfOf=visitor.cafe).json()
    assert people["totalItems"] == circle["people"]["totalItems"] == len(people["items"])


def test_followers_and_circled_people(visitor, token):
    followers, pages = _all(visitor, token, f"people/{visitor.cafe}/people/followers", 3)
    assert (len(followers), pages) == (7, 3)
    circled, _ = _all(visitor, token, f"people/{visitor.cafe}/people/circled", 100)
    assert len(circled) == len({person["id"] for person in circled}) == 6


def test_plusoners_resharers_and_those_a_post_was_shared_to(visitor, token):
    posts = visitor.get(token, f"people/{visitor.cafe}/activities/user").json()["items"]
    oldest, limited = posts[-1], next(post for post in posts if post["access"]["description"] == "Limited")
    for collection in ("plusoners", "resharers"):
        feed = visitor.get(token, f"activities/{oldest['id']}/people/{collection}", onBehalfOf=visitor.cafe).json()
        assert feed["totalItems"] == oldest["object"][collection]["totalItems"] > 0
    shared = visitor.get(token, f"activities/{limited['id']}/people/sharedto", onBehalfOf=visitor.cafe).json()
    assert {person["displayName"] for person in shared["items"]} == {"Jan Dvořák", "Олена Коваль"}


def test_a_photo_belongs_to_its_page(visitor, token):
    post = visitor.get(token, f"people/{visitor.cafe}/activities/user").json()["items"][-1]
    id = post["object"]["attachments"][0]["id"]
    photo = visitor.get(token, f"media/{id}", onBehalfOf=visitor.cafe, imageSize=128, cropImage="true").json()
    assert photo["kind"] == "plus#media"
    assert photo["mediaUrl"].endswith("=s128-c")
    assert visitor.get(token, f"media/{id}", onBehalfOf=visitor.bike).status_code == 404


def test_hostile_and_foreign_text_arrives_unchanged(visitor, token):
    text = []
    for page in (visitor.cafe, visitor.bike):
        for post in visitor.get(token, f"people/{page}/activities/user").json()["items"]:
            comments = visitor.get(token, f"activities/{post['id']}/comments", onBehalfOf=page).json()["items"]
            assert len(comments) == post["object"]["replies"]["totalItems"]
            assert 3 <= len(comments) <= 6
            text += [comment["object"]["content"] for comment in comments]
    whole = "\n".join(text)
    for piece in (
        "<script>",
        "javascript:alert",
        "\u202e",
        "\u200b",
        "=HYPERLINK(",
        "👨‍👩‍👧‍👦",
        "ल",
        "来月",
        "قهوة",
        "\ufeff",
    ):
        assert piece in whole
    assert 'class="proflinkWrapper"' in whole
    assert max(map(len, text)) > 4000


def test_fields_cut_the_answer(visitor, token):
    path = f"people/{visitor.cafe}/activities/user"
    cut = visitor.get(token, path, fields="items(id,object/content),nextPageToken", maxResults=1).json()
    assert set(cut) == {"items", "nextPageToken"}
    assert set(cut["items"][0]) == {"id", "object"}
    assert set(cut["items"][0]["object"]) == {"content"}
    assert set(
        visitor.get(token, path, fields="items/object(replies/totalItems,url)").json()["items"][0]["object"]
    ) == {
        "replies",
        "url",
    }
    starred = visitor.get(token, path, fields="items/*/url").json()["items"][0]
    assert set(starred) == {"actor", "object"}
    comments = f"activities/{visitor.newest_post(token)['id']}/comments"
    empty = visitor.get(token, comments, onBehalfOf=visitor.cafe, maxResults=0, fields="items(id),nextPageToken").json()
    assert empty == {"items": []}
    whole = visitor.get(token, path).json()
    assert visitor.get(token, path, fields="*").json()["items"] == whole["items"]


def test_the_etag_is_in_the_body_and_the_header_and_gives_304(visitor, token):
    path = f"people/{visitor.cafe}/activities/user"
    first = visitor.get(token, path)
    etag = first.headers["ETag"]
    assert ETAG.fullmatch(etag)
    assert first.json()["etag"] == etag
    same = visitor.get(token, path, headers={"If-None-Match": etag})
    assert (same.status_code, same.content, same.headers["ETag"]) == (304, b"", etag)
    assert visitor.get(token, path, headers={"If-None-Match": f'"x", {etag}'}).status_code == 304
    post = first.json()["items"][0]["id"]
    body = {"object": {"originalContent": "nový"}}
    visitor.call(token, "POST", f"activities/{post}/comments", body=body, onBehalfOf=visitor.cafe)
    changed = visitor.get(token, path, headers={"If-None-Match": etag})
    assert changed.status_code == 200
    assert changed.headers["ETag"] != etag
    assert changed.headers["ETag"].split("/")[0] == etag.split("/")[0]


def test_the_headers_are_those_seen(visitor, token):
    headers = visitor.get(token, "people/me").headers
    assert headers["Content-Type"] == "application/json; charset=UTF-8"
    assert headers["Cache-Control"] == "private, max-age=0, must-revalidate, no-transform"
    assert headers["Server"] == "GSE"


def test_answers_are_indented_unless_asked_otherwise(visitor, token):
    assert "\n" in visitor.get(token, "people/me").text
    assert "\n" not in visitor.get(token, "people/me", prettyPrint="false").text


def test_pictures_are_as_odd_as_vendors_saw_them(visitor, token):
    followers = visitor.get(token, f"people/{visitor.cafe}/people/followers").json()["items"]
    pictures = {person["image"]["url"].partition("lh3")[0] for person in followers}
    assert {"https:https://", "//", "https://"} <= pictures
