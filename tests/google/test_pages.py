import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest

import scopes
from connector.domain.errors import BadInput, GoogleRefused, UnreadableAnswer
from connector.domain.ports import Author, Circle, FoundPage, FoundProfile, Posted, PostedComment, Step
from connector.domain.records import Answer
from connector.google import GooglePlusApi

ROOT = "https://www.googleapis.com/"
PAGE, POST, CIRCLE = "100000000000000000001", "z12abcdefghijklmnop04aaaabbbbccccdd", "5e3f"
API = GooglePlusApi(ROOT)

STEPS: dict[str, tuple[Callable[[], Step], str]] = {
    "account": (API.account, "plusPages.people.get"),
    "profile_of": (lambda: API.profile_of(PAGE), "plusPages.people.get"),
    "pages": (lambda: API.pages("Cg0Q=-_"), "plusPages.people.list"),
    "posts": (lambda: API.posts(PAGE, "Cg0Q"), "plusPages.activities.list"),
    "post": (lambda: API.post(PAGE, POST), "plusPages.activities.get"),
    "comments": (lambda: API.comments(PAGE, POST, "CBQQ"), "plusPages.comments.list"),
    "reply": (lambda: API.reply(PAGE, POST, "Thank you"), "plusPages.comments.insert"),
    "circles": (lambda: API.circles(PAGE), "plusPages.circles.list"),
    "publish": (lambda: API.publish(PAGE, "Hello", [CIRCLE]), "plusPages.activities.insert"),
    "plusoners": (lambda: API.reactions(PAGE, POST, "plusoners"), "plusPages.people.listByActivity"),
    "resharers": (lambda: API.reactions(PAGE, POST, "resharers", "Cg0Q"), "plusPages.people.listByActivity"),
    "photo": (lambda: API.photo(PAGE, f"{PAGE}.62"), "plusPages.media.get"),
}
POSTED = {
    "id": POST,
    "actor": {"id": PAGE, "displayName": "Example Shop"},
    "published": "2018-05-01T09:00:00.000Z",
    "updated": "2018-05-01T11:00:00.123+01:00",
    "object": {
        "content": "Shop opens at nine<br />\ufeff",
        "originalContent": "Shop opens at nine",
        "replies": {"totalItems": 2},
        "attachments": [{"objectType": "photo", "id": f"{PAGE}.62"}, {"objectType": "article"}],
    },
}
COMMENT = {
    "id": f"{POST}.1525166400000000",
    "actor": {"id": "100000000000000000002", "displayName": "Ana"},
    "published": "2018-05-01T09:00:00.000Z",
    "object": {"content": "Hello"},
}


def answer(body: object, status: int = 200) -> Answer:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status, {"content-type": "application/json; charset=UTF-8"}, text)


@pytest.mark.parametrize(("build", "operation"), [pytest.param(*step, id=name) for name, step in STEPS.items()])
def test_every_request_is_routed_to_its_operation(build: Callable[[], Step], operation: str) -> None:
    router = scopes.Router(scopes.load("google-plus"), ROOT)
    request = build().request
    routed = router.route(request.verb, request.url)
    assert isinstance(routed, scopes.RoutedCall)
    assert routed.operation == operation


@pytest.mark.parametrize("name", ["post", "comments", "reply", "plusoners", "resharers", "photo"])
def test_what_is_done_to_a_post_comment_or_photo_is_done_as_the_page(name: str) -> None:
    asked = parse_qs(urlsplit(STEPS[name][0]().request.url).query)
    assert asked["onBehalfOf"] == [PAGE]


@pytest.mark.parametrize(("build", "_operation"), [pytest.param(*step, id=name) for name, step in STEPS.items()])
def test_every_request_leaves_its_fields_to_the_purpose_and_carries_no_credential(
    build: Callable[[], Step], _operation: str
) -> None:
    request = build().request
    assert "fields" not in parse_qs(urlsplit(request.url).query)
    assert not {name.lower() for name in request.headers} - {"accept", "content-type"}


def test_a_reply_is_the_text_and_nothing_else() -> None:
    request = API.reply(PAGE, POST, "Grüße 👋").request
    assert request.verb == "POST"
    assert urlsplit(request.url).path == f"/plusPages/v2/activities/{POST}/comments"
    assert json.loads(request.body or b"") == {"object": {"originalContent": "Grüße 👋"}}


def test_a_post_is_shown_to_the_chosen_circles_only() -> None:
    request = API.publish(PAGE, "Hello", ["5e3f", "77a"]).request
    assert urlsplit(request.url).path == f"/plusPages/v2/people/{PAGE}/activities"
    assert json.loads(request.body or b"") == {
        "object": {"originalContent": "Hello"},
        "access": {"items": [{"type": "circle", "id": "5e3f"}, {"type": "circle", "id": "77a"}]},
    }


def test_a_post_for_no_circle_is_refused() -> None:
    with pytest.raises(BadInput):
        API.publish(PAGE, "Hello", [])


@pytest.mark.parametrize("text", ["", "  \n", "x" * 10_001, "half \ud83d", "nul \x00"])
def test_a_reply_that_cannot_be_sent_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        API.reply(PAGE, POST, text)


def test_a_reply_may_have_exactly_the_limit() -> None:
    assert API.reply(PAGE, POST, "x" * API.reply_limit).request.body


@pytest.mark.parametrize("id", ["../../people/me", "a/b", "a?b=c", "a#b", "a b", "%2e%2e", "é", "a&onBehalfOf=2"])
def test_an_id_stays_one_part_of_the_path(id: str) -> None:
    parts = urlsplit(API.comments(PAGE, id).request.url)
    assert parts.path.count("/") == 5
    assert parse_qs(parts.query)["onBehalfOf"] == [PAGE]
    assert not parts.fragment


@pytest.mark.parametrize("id", ["", ".", ".."])
def test_an_id_that_would_name_another_path_is_refused(id: str) -> None:
    with pytest.raises(BadInput):
        API.comments(PAGE, id)


def test_a_page_id_stays_one_value_of_the_query() -> None:
    asked = parse_qs(urlsplit(API.comments("1&onBehalfOf=2#", POST).request.url).query)
    assert asked["onBehalfOf"] == ["1&onBehalfOf=2#"]


def test_reactions_of_another_kind_are_refused() -> None:
    with pytest.raises(BadInput):
        API.reactions(PAGE, POST, "sharedto")


def test_a_profile_is_read() -> None:
    found = {"id": PAGE, "displayName": "Ana", "url": "https://plus.google.com/1", "image": {"url": "//lh3.example/p"}}
    profile = API.account().read(answer(found))
    assert profile == FoundProfile(PAGE, "Ana", "https://plus.google.com/1", "https://lh3.example/p")


@pytest.mark.parametrize(
    ("given", "repaired"),
    [
        ("https:https://lh3.example/p", "https://lh3.example/p"),
        ("https:http://lh3.example/p", "http://lh3.example/p"),
        ("//lh3.example/p", "https://lh3.example/p"),
        ("https://lh3.example/p?sz=50", "https://lh3.example/p?sz=50"),
        ("javascript:alert(1)", None),
        ("data:text/html,x", None),
        ("https://lh3.example/p x", None),
        ("https://" + "x" * 5000, None),
        ("", None),
        (7, None),
        (None, None),
    ],
)
def test_odd_picture_addresses_are_repaired_or_left_out(given: object, repaired: str | None) -> None:
    assert API.account().read(answer({"id": PAGE, "image": {"url": given}})).picture == repaired


def test_of_the_listed_pages_only_pages_are_kept() -> None:
    items = [
        {"objectType": "person", "id": "1", "displayName": "Ana herself"},
        {"objectType": "page", "id": PAGE, "displayName": "Example Shop"},
    ]
    assert API.pages().read(answer({"items": items})) == ((FoundPage(PAGE, "Example Shop"),), None)


def test_a_post_is_read() -> None:
    posts, cursor = API.posts(PAGE).read(answer({"items": [POSTED], "nextPageToken": "Cg0Q"}))
    assert cursor == "Cg0Q"
    assert posts == (
        Posted(
            provider_id=POST,
            author=Author(PAGE, "Example Shop"),
            text="Shop opens at nine",
            published_at=datetime(2018, 5, 1, 9, tzinfo=UTC),
            updated_at=datetime(2018, 5, 1, 10, 0, 0, 123_000, tzinfo=UTC),
            comments=2,
            photos=(f"{PAGE}.62",),
        ),
    )


def test_a_comment_is_read() -> None:
    assert API.reply(PAGE, POST, "x").read(answer(COMMENT)) == PostedComment(
        f"{POST}.1525166400000000",
        Author("100000000000000000002", "Ana"),
        "Hello",
        datetime(2018, 5, 1, 9, tzinfo=UTC),
    )


def test_circles_reactions_and_photos_are_read() -> None:
    circles = {"items": [{"id": "5e3", "displayName": "Customers", "people": {"totalItems": 3}}]}
    assert API.circles(PAGE).read(answer(circles)) == ((Circle("5e3", "Customers", 3),), None)
    people = {"items": [{"id": "2", "displayName": "Ana"}], "nextPageToken": ""}
    assert API.reactions(PAGE, POST, "plusoners").read(answer(people)) == ((Author("2", "Ana"),), None)
    media = {"id": "1.2", "displayName": "door.png", "width": 928, "height": 572, "published": "2018-05-01T09:00:00Z"}
    assert API.photo(PAGE, "1.2").read(answer(media)) == {
        "id": "1.2",
        "name": "door.png",
        "width": 928,
        "height": 572,
        "published_at": "2018-05-01T09:00:00+00:00",
    }


def test_an_empty_list_is_an_empty_list() -> None:
    assert API.posts(PAGE).read(answer({})) == ((), None)


def test_a_page_token_that_comes_again_is_handed_on_for_the_caller_to_notice() -> None:
    assert API.posts(PAGE, "Cg0Q").read(answer({"nextPageToken": "Cg0Q"})) == ((), "Cg0Q")


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("Shop opens at nine<br />\ufeff", "Shop opens at nine"),
        ("one<br>two<BR/>three", "one\ntwo\nthree"),
        ("R&amp;D &lt;b&gt; &#39;ok&#39; &#x1F44B;", "R&D <b> 'ok' 👋"),
        (
            '<span class="proflinkWrapper"><span class="proflinkPrefix">+</span>'
            '<a class="proflink" href="https://plus.google.com/2" oid="2">Ana</a></span> hi',
            "+Ana hi",
        ),
        ('see <a class="ot-anchor" href="https://evil.example">https://good.example</a>', "see https://good.example"),
        ('<a class="ot-hashtag" href="https://plus.google.com/s/x">#x</a>', "#x"),
        ("<b>bold</b> <i>it</i> <del>x</del>", "bold it x"),
        ("a<script>alert(1)</script>b<style>*{}</style>c", "abc"),
        ("a<script/>b", "ab"),
        ("a<!-- hidden -->b", "ab"),
        ("<img src=x onerror=alert(1)>text", "text"),
        ("1 < 2 & 3 > 2", "1 < 2 & 3 > 2"),
        ("<![bad[ x", "<![bad[ x"),
        ("a<![CDATA[b]]>c<?php x ?><!DOCTYPE html>", "ac"),
        ("a<!-- never closed", "a"),
        ("a<SCRIPT>never closed", "a"),
        ("a<script>x</ScRiPt>b", "ab"),
        ("&#" + "9" * 5000 + ";x", "\ufffdx"),
        ("<p>one</p><p>two</p>", "one\ntwo"),
        ("\x00a\ud800b", "ab"),
    ],
)
def test_html_is_reduced_to_text(html: str, text: str) -> None:
    comment = COMMENT | {"object": {"content": html}}
    assert API.reply(PAGE, POST, "x").read(answer(comment)).text == text


def test_where_there_is_html_mentions_have_names() -> None:
    oid = "118401000000000000001"
    html = f'<span class="proflinkWrapper"><a class="proflink" oid="{oid}">Ana</a></span> hello<br />you\ufeff'
    written = {"content": html, "originalContent": f"+{oid} hello\nyou"}
    assert API.reply(PAGE, POST, "x").read(answer(COMMENT | {"object": written})).text == "Ana hello\nyou"


def test_the_authors_own_text_alone_is_kept_as_written() -> None:
    written = {"originalContent": "<b>*1 < 2*</b> _x_\n=HYPERLINK()\x00\ud800\u202e"}
    text = API.reply(PAGE, POST, "x").read(answer(COMMENT | {"object": written})).text
    assert text == "<b>*1 < 2*</b> _x_\n=HYPERLINK()\u202e"


@pytest.mark.parametrize("field", ["content", "originalContent"])
@pytest.mark.parametrize("character", ["x", "é", "界", "👋", "a\u0301"])
def test_text_is_cut_to_64_kib_between_characters(field: str, character: str) -> None:
    comment = COMMENT | {"object": {field: character * 70_000}}
    text = API.reply(PAGE, POST, "x").read(answer(comment)).text
    assert 65_000 < len(text.encode()) <= 65_536
    assert set(text) == set(character)


@pytest.mark.parametrize(
    "piece", ["<", "<a", "<a ", "<!--", "</", "&", "<!", "<?", '<a b="', "<a b='", "<script>", "&a", "&#9"]
)
def test_hostile_html_is_read_in_bounded_time(piece: str) -> None:
    comment = COMMENT | {"object": {"content": piece * (65_536 // len(piece))}}
    began = time.monotonic()
    API.reply(PAGE, POST, "x").read(answer(comment))
    assert time.monotonic() - began < 10


READS = {name: build for name, (build, _) in STEPS.items()}


@pytest.mark.parametrize("name", READS)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"x"',
        b"7",
        b"<html>",
        b'{"id":',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"\xff",
        b'{"x": NaN}',
    ],
    ids=lambda body: repr(body[:12]),
)
def test_a_body_that_is_not_a_json_object_is_unreadable(name: str, body: bytes) -> None:
    with pytest.raises(UnreadableAnswer):
        READS[name]().read(answer(body))


@pytest.mark.parametrize("name", READS)
def test_an_error_is_refused_by_every_reader_and_a_redirect_is_unreadable(name: str) -> None:
    with pytest.raises(GoogleRefused):
        READS[name]().read(answer(b"<html>", 403))
    with pytest.raises(UnreadableAnswer):
        READS[name]().read(answer(b"{}", 302))


@pytest.mark.parametrize(
    "broken",
    [
        {"items": {}},
        {"items": None},
        {"items": ["x"]},
        {"items": [None]},
        {"items": [[]]},
        {"items": [{}]},
        {"items": [POSTED] * 1001},
        {"items": [POSTED | {"id": None}]},
        {"items": [POSTED | {"id": ""}]},
        {"items": [POSTED | {"id": 7}]},
        {"items": [POSTED | {"id": "a b"}]},
        {"items": [POSTED | {"id": "a\x00"}]},
        {"items": [POSTED | {"id": "x" * 257}]},
        {"items": [POSTED | {"actor": None}]},
        {"items": [POSTED | {"actor": []}]},
        {"items": [POSTED | {"actor": {}}]},
        {"items": [POSTED | {"actor": {"id": "1", "displayName": {}}}]},
        {"items": [POSTED | {"published": None}]},
        {"items": [POSTED | {"published": 1525166400}]},
        {"items": [POSTED | {"published": "yesterday"}]},
        {"items": [POSTED | {"published": "2018-05-01T09:00:00"}]},
        {"items": [POSTED | {"published": "2018-13-01T09:00:00Z"}]},
        {"items": [POSTED | {"published": "0001-01-01T00:00:00+23:59"}]},
        {"items": [POSTED | {"published": "9999-12-31T23:59:59-23:59"}]},
        {"items": [POSTED | {"published": "2018-05-01T09:00:00Z" + " " * 100}]},
        {"items": [POSTED | {"updated": 7}]},
        {"items": [POSTED | {"object": "text"}]},
        {"items": [POSTED | {"object": {"originalContent": ["text"]}}]},
        {"items": [POSTED | {"object": {"content": 7}}]},
        {"items": [POSTED | {"object": {"replies": 2}}]},
        {"items": [POSTED | {"object": {"replies": {"totalItems": -1}}}]},
        {"items": [POSTED | {"object": {"replies": {"totalItems": 1.5}}}]},
        {"items": [POSTED | {"object": {"replies": {"totalItems": True}}}]},
        {"items": [POSTED | {"object": {"replies": {"totalItems": "2"}}}]},
        {"items": [POSTED | {"object": {"replies": {"totalItems": 10**30}}}]},
        {"items": [POSTED | {"object": {"attachments": {}}}]},
        {"items": [POSTED | {"object": {"attachments": ["x"]}}]},
        {"items": [POSTED | {"object": {"attachments": [{"objectType": "photo", "id": 7}]}}]},
        {"items": [], "nextPageToken": 7},
        {"items": [], "nextPageToken": ["x"]},
        {"items": [], "nextPageToken": "a b"},
        {"items": [], "nextPageToken": "x" * 5000},
    ],
    ids=lambda broken: repr(broken)[-60:],
)
def test_a_list_that_breaks_the_format_is_unreadable_and_nothing_of_it_is_repeated(broken: dict) -> None:
    with pytest.raises(UnreadableAnswer) as unreadable:
        API.posts(PAGE).read(answer(broken))
    assert "Shop" not in f"{unreadable.value}{unreadable.value.flaw}"


def google_error(reason: object, **more: object) -> dict:
    return {"error": {"errors": [{"domain": "global", "reason": reason, "message": "no"}], "code": 403} | more}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        *((google_error(reason), reason) for reason in ("authError", "forbidden", "insufficientPermissions")),
        *((google_error(reason), reason) for reason in ("notFound", "invalidParameter", "required", "invalid")),
        *((google_error(reason), reason) for reason in ("accessNotConfigured", "dailyLimitExceeded", "quotaExceeded")),
        *((google_error(reason), reason) for reason in ("rateLimitExceeded", "userRateLimitExceeded")),
        *((google_error(reason), reason) for reason in ("conditionNotMet", "backendError")),
        (
            google_error("forbidden", details=[{"reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT"}]),
            "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
        ),
        (google_error("somethingNew"), "unknown"),
        (google_error({"a": 1}), "unknown"),
        (google_error(None), "unknown"),
        ({"error": {"errors": {"reason": "forbidden"}}}, "unknown"),
        ({"error": {"errors": ["forbidden"]}}, "unknown"),
        ({"error": {"errors": []}}, "unknown"),
        ({"error": "forbidden"}, "unknown"),
        ({}, "unknown"),
        ([], "unknown"),
        (b"<html>ya29.secret</html>", "unknown"),
        (b"[" * 100_000, "unknown"),
        (b"", "unknown"),
    ],
)
def test_an_error_is_named_by_a_word_of_a_fixed_set(body: object, code: str) -> None:
    with pytest.raises(GoogleRefused) as refused:
        API.account().read(answer(body, 403))
    assert (refused.value.http_status, refused.value.code) == (403, code)
    assert "ya29" not in f"{refused.value} {refused.value.public}"
