"""The decision is the design's two tables and nothing else.

`table_says` is written from the design by hand. It shares no line with the catalogue, so a slip in either shows.
"""

import dataclasses
import itertools
from collections.abc import Iterator
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

import scopes
from scopes import Catalogue, Need, Refusal, RoutedCall, Router, Unroutable

ROOT = "https://www.googleapis.com/"
CHOSEN = "100000000000000000001"
STRANGER = "100000000000000000002"
SIX = {
    name: f"https://www.googleapis.com/auth/{name}"
    for name in (
        "plus.stream.write",
        "plus.stream.read",
        "plus.pages.manage",
        "plus.circles.read",
        "plus.media.readwrite",
        "plus.profiles.write",
    )
}
NEEDS = {
    "link-pages": "plus.pages.manage",
    "read-messages": "plus.stream.read plus.pages.manage",
    "reply-to-messages": "plus.stream.write plus.stream.read plus.pages.manage",
    "publish-to-circles": "plus.circles.read plus.stream.write plus.stream.read plus.pages.manage",
    "analyse": "plus.media.readwrite plus.stream.read plus.pages.manage",
    "show-profile": "plus.profiles.write",
}
COVERS = {
    "read-messages": "activities.list activities.get comments.list comments.get",
    "reply-to-messages": "comments.insert comments.list comments.get",
    "publish-to-circles": "circles.list circles.get activities.insert activities.list activities.get",
    "analyse": "activities.list activities.get people.listByActivity media.get",
}
PAGE_PURPOSES = frozenset(COVERS)
TO_A_CIRCLE = {"object": {"originalContent": "Hello"}, "access": {"items": [{"type": "circle", "id": "5e3"}]}}
SUBSETS = [
    frozenset(SIX[name] for name in part) for size in range(7) for part in itertools.combinations(sorted(SIX), size)
]


def table_says(purpose: str, operation: str, given: dict[str, str]) -> bool:
    """Whether the purposes table covers this operation with these parameters, for someone who chose `CHOSEN` alone."""
    acting, user = given.get("onBehalfOf"), given.get("userId")
    if operation == "people.get" and (purpose == "link-pages" or purpose in PAGE_PURPOSES):
        return user == "me" and acting is None
    if operation == "people.list" and (purpose == "link-pages" or purpose in PAGE_PURPOSES):
        return user == "me" and given["collection"] == "pages" and acting is None
    if operation == "people.get" and purpose == "show-profile":
        return user in ("me", CHOSEN) and acting in (None, CHOSEN)
    if operation not in COVERS.get(purpose, "").split():
        return False
    if operation == "activities.list":
        return user == CHOSEN and acting in (None, CHOSEN)
    if operation in ("circles.list", "activities.insert"):
        return user == CHOSEN
    if operation == "people.listByActivity" and given["collection"] not in ("plusoners", "resharers"):
        return False
    return acting == CHOSEN and "download" not in given


def variants(operation: scopes.Operation) -> Iterator[dict[str, str]]:
    """Every way of filling in the parameters that could matter; the others are all there or all left out."""
    choices: dict[str, list[str | None]] = {}
    others: dict[str, str] = {}
    for parameter in operation.parameters.values():
        if parameter.name == "userId":
            choices["userId"] = ["me", CHOSEN, STRANGER]
        elif parameter.name == "onBehalfOf":
            choices["onBehalfOf"] = [None, CHOSEN, STRANGER, "me"]
        elif parameter.name == "collection":
            choices["collection"] = list(parameter.enum)
        elif parameter.name == "download":
            choices["download"] = [None, "true", "false"]
        elif parameter.location == "path" or parameter.required:
            choices[parameter.name] = ["z12abcdefghijklmnop04"]
        elif parameter.enum:
            others[parameter.name] = parameter.enum[0]
        else:
            others[parameter.name] = {"boolean": "true", "integer": "7"}.get(parameter.kind, "CBQQ_x")
    for values in itertools.product(*choices.values()):
        filled = {name: value for name, value in zip(choices, values, strict=True) if value is not None}
        yield filled
        if others:
            yield filled | others


def address(operation: scopes.Operation, given: dict[str, str]) -> str:
    """The URL of a call, written as a client library writes it."""
    template = operation.path
    query = {"alt": "json"}
    for name, value in given.items():
        if operation.parameters[name].location == "path":
            template = template.replace(f"{{{name}}}", quote(value, safe=""))
        else:
            query[name] = value
    return f"{ROOT}{template}?{urlencode(query)}"


def test_a_call_is_allowed_exactly_when_the_tables_say_so(catalogue: Catalogue, router: Router) -> None:
    allowed = asked = 0
    for operation in catalogue.operations.values():
        for filled in variants(operation):
            call = router.route(operation.verb, address(operation, filled))
            if operation.id == "plusPages.activities.insert" and isinstance(call, RoutedCall):
                call = dataclasses.replace(call, body=TO_A_CIRCLE)
            for purpose, names in NEEDS.items():
                needed = frozenset(SIX[name] for name in names.split())
                said = table_says(purpose, operation.id.removeprefix("plusPages."), filled)
                for granted in SUBSETS:
                    answer = scopes.decide(
                        catalogue,
                        purpose,
                        call,
                        granted=granted,
                        purposes_on={"show-profile", "read-messages", purpose},
                        chosen_pages={CHOSEN},
                        subject=filled.get("activityId"),
                    )
                    expected = said and needed <= granted
                    assert isinstance(answer, Need) == expected, (operation.id, filled, purpose, granted, answer)
                    asked += 1
                    if isinstance(answer, Need):
                        allowed += 1
                        assert answer.scopes == needed
                        assert answer.operation == operation.id
                        assert answer.policy_version == "2018-10-06"
    assert len(SUBSETS) == 64
    assert 0 < allowed < asked / 20


def test_a_purpose_is_on_only_through_its_own_switch(catalogue: Catalogue, router: Router) -> None:
    switches = [p for p in NEEDS if p != "link-pages"]
    me = router.route("GET", f"{ROOT}plusPages/v2/people/me")
    comments = router.route("GET", f"{ROOT}plusPages/v2/activities/z12/comments?onBehalfOf={CHOSEN}")
    for size in range(len(switches) + 1):
        for on in itertools.combinations(switches, size):
            for purpose in NEEDS:
                call = me if purpose in ("link-pages", "show-profile") else comments
                if purpose in ("publish-to-circles", "analyse"):
                    call = router.route("GET", f"{ROOT}plusPages/v2/activities/z12?onBehalfOf={CHOSEN}")
                answer = scopes.decide(
                    catalogue, purpose, call, granted=SUBSETS[-1], purposes_on=frozenset(on), chosen_pages={CHOSEN}
                )
                expected = bool(PAGE_PURPOSES & set(on)) if purpose == "link-pages" else purpose in on
                assert isinstance(answer, Need) == expected, (purpose, on)
                assert isinstance(answer, Need) or answer.reason == "purpose-off"


def test_an_implied_purpose_has_no_switch_of_its_own(catalogue: Catalogue, router: Router) -> None:
    answer = scopes.decide(
        catalogue,
        "link-pages",
        router.route("GET", f"{ROOT}plusPages/v2/people/me"),
        granted=SUBSETS[-1],
        purposes_on={"link-pages", "show-profile", "no-such-purpose"},
        chosen_pages=(),
    )
    assert isinstance(answer, Refusal)
    assert answer.reason == "purpose-off"


@pytest.mark.parametrize(
    ("purpose", "operation", "path", "query", "reason"),
    [
        ("sell-data", "comments.list", {"activityId": "z12"}, {"onBehalfOf": CHOSEN}, "unknown-purpose"),
        ("", "comments.list", {"activityId": "z12"}, {"onBehalfOf": CHOSEN}, "unknown-purpose"),
        ("read-messages", "comments.insert", {"activityId": "z12"}, {"onBehalfOf": CHOSEN}, "operation-not-in-purpose"),
        ("read-messages", "comments.fetch", {}, {"onBehalfOf": CHOSEN}, "operation-not-in-purpose"),
        ("read-messages", "comments.list", {"activityId": "z12"}, {}, "acting-page-missing"),
        ("read-messages", "comments.list", {"activityId": "z12"}, {"onBehalfOf": ""}, "parameter-not-in-purpose"),
        ("read-messages", "comments.list", {"activityId": "z12"}, {"onBehalfOf": "me"}, "parameter-not-in-purpose"),
        ("link-pages", "people.list", {"userId": "me", "collection": "circled"}, {}, "parameter-not-in-purpose"),
        ("link-pages", "people.list", {"userId": "me"}, {}, "parameter-not-in-purpose"),
        ("link-pages", "people.get", {"userId": "me"}, {"onBehalfOf": CHOSEN}, "parameter-not-in-purpose"),
        ("link-pages", "people.get", {"userId": "me"}, {"asOwner": "true"}, "parameter-not-in-purpose"),
        ("show-profile", "people.get", {"userId": STRANGER}, {}, "page-not-chosen"),
        ("show-profile", "people.get", {"userId": CHOSEN}, {"onBehalfOf": STRANGER}, "page-not-chosen"),
        ("read-messages", "comments.list", {"activityId": "z12"}, {"onBehalfOf": "$page"}, "page-not-chosen"),
        ("link-pages", "people.get", {"userId": "me"}, {"onBehalfOf": "$absent"}, "parameter-not-in-purpose"),
    ],
)
def test_a_refusal_has_a_code_and_a_sentence(
    catalogue: Catalogue, purpose: str, operation: str, path: dict[str, str], query: dict[str, str], reason: str
) -> None:
    answer = scopes.decide(
        catalogue,
        purpose,
        RoutedCall(f"plusPages.{operation}", path, query),
        granted=SUBSETS[-1],
        purposes_on=set(NEEDS),
        chosen_pages={CHOSEN},
    )
    assert isinstance(answer, Refusal)
    assert answer.reason == reason
    assert answer.sentence.endswith(".")
    assert not answer.missing


SAYS = [
    ("sell-data", RoutedCall("plusPages.comments.list", {}, {}),
     "No purpose of that name is documented, so nothing may be done for it."),
    ("read-messages", Unroutable("other-host"),
     "This request is not surely one documented operation of Google+ (other-host), so no purpose covers it."),
    ("read-messages", RoutedCall("plusPages.comments.fetch", {}, {}),
     "“Read messages” does not cover plusPages.comments.fetch."),
    ("read-messages", RoutedCall("plusPages.comments.remove", {}, {}),
     "“Read messages” does not cover plusPages.comments.remove. Replying was asked for; deleting a comment was not."),
    ("read-messages", RoutedCall("plusPages.comments.list", {"activityId": "z"}, {"onBehalfOf": CHOSEN}, upload=True),
     "“Read messages” does not cover uploads."),
    ("read-messages", RoutedCall("plusPages.comments.list", {"activityId": "z"}, {}),
     "This does not say which page it acts for."),
    ("read-messages", RoutedCall("plusPages.comments.list", {"activityId": "z"}, {"onBehalfOf": "me"}),
     "“Read messages” does not cover plusPages.comments.list as the page that “onBehalfOf” names."),
    ("link-pages", RoutedCall("plusPages.people.list", {"userId": "me"}, {}),
     "“Find your pages” covers plusPages.people.list, but not with this “collection”."),
    ("link-pages", RoutedCall("plusPages.people.list", {"userId": "me", "collection": "circled"}, {}),
     "“Find your pages” covers plusPages.people.list, but not with this “collection”."),
    ("link-pages", RoutedCall("plusPages.people.get", {"userId": "me"}, {"asOwner": "true"}),
     "“Find your pages” covers plusPages.people.get, but not with this “asOwner”."),
    ("reply-to-messages",
     RoutedCall("plusPages.comments.insert", {"activityId": "z"}, {"onBehalfOf": CHOSEN}, body={"object": {"id": "x"}}),
     "“Reply to messages” does not cover plusPages.comments.insert with this “object.id” in it."),
    ("publish-to-circles", RoutedCall("plusPages.activities.insert", {"userId": CHOSEN}, {}),
     "“Publish to circles” does not cover plusPages.activities.insert with this “access.items.type” in it."),
    ("show-profile", RoutedCall("plusPages.people.get", {"userId": STRANGER}, {}),
     "This page was not chosen for this account, so nothing is done as it."),
]  # fmt: skip


@pytest.mark.parametrize(("purpose", "call", "says"), SAYS)
def test_a_refusal_says_to_a_person_what_is_in_the_way(
    catalogue: Catalogue, purpose: str, call: RoutedCall | Unroutable, says: str
) -> None:
    answer = scopes.decide(catalogue, purpose, call, granted=SUBSETS[-1], purposes_on=set(NEEDS), chosen_pages={CHOSEN})
    assert isinstance(answer, Refusal)
    assert answer.sentence == says


def test_what_does_not_hold_is_said_to_a_person(catalogue: Catalogue) -> None:
    need = scopes.require(catalogue, "show-profile", RoutedCall("plusPages.people.get", {"userId": "me"}, {}))

    def holds(need: Need, granted: frozenset[str] = SUBSETS[-1], on: tuple[str, ...] = tuple(NEEDS)) -> Refusal:
        answer = scopes.holds(need, catalogue=catalogue, granted=granted, purposes_on=on, chosen_pages=())
        assert isinstance(answer, Refusal)
        return answer

    unknown = holds(dataclasses.replace(need, purpose="sell-data"))
    assert unknown == Refusal(
        "unknown-purpose", "No purpose of that name is documented, so nothing may be done for it."
    )
    off = holds(need, on=("read-messages",))
    assert off == Refusal("purpose-off", "“Show your profile” is switched off for this account.")
    nothing = holds(dataclasses.replace(need, scopes=frozenset()))
    assert nothing == Refusal("scope-missing", "This permission was not given at Google+: none is named.")
    two = dataclasses.replace(need, scopes=frozenset({SIX["plus.stream.read"], SIX["plus.stream.write"]}))
    assert holds(two, granted=frozenset()).sentence == (
        "This permission was not given at Google+: Manage your Google+ posts, comments and stream; "
        "View your Google+ posts, comments and stream."
    )


def test_a_parameter_that_may_be_left_out_excuses_no_other(catalogue: Catalogue) -> None:
    """Each one is looked at, whichever comes first in the rule."""
    rule = scopes.Rule("plusPages.people.get", {"onBehalfOf": ("$absent",), "userId": ("me",)})
    purpose = dataclasses.replace(catalogue.purpose("show-profile"), rules=(rule,))
    changed = dataclasses.replace(catalogue, purposes=(purpose,))
    answer = scopes.need(changed, "show-profile", RoutedCall("plusPages.people.get", {"userId": STRANGER}, {}))
    assert isinstance(answer, Refusal)
    assert answer.reason == "parameter-not-in-purpose"


def test_no_purpose_covers_an_upload_even_of_an_operation_it_covers(catalogue: Catalogue) -> None:
    call = RoutedCall("plusPages.people.get", {"userId": "me"}, {}, upload=True)
    answer = scopes.need(catalogue, "show-profile", call)
    assert isinstance(answer, Refusal)
    assert answer.reason == "upload-not-in-purpose"


def test_a_refused_operation_is_refused_with_its_own_reason(catalogue: Catalogue) -> None:
    call = RoutedCall("plusPages.comments.remove", {"commentId": "z12.1"}, {"onBehalfOf": CHOSEN})
    answer = scopes.need(catalogue, "reply-to-messages", call)
    assert isinstance(answer, Refusal)
    assert "deleting a comment was not" in answer.sentence


def test_missing_scopes_are_named_in_googles_words(catalogue: Catalogue) -> None:
    call = RoutedCall("plusPages.comments.insert", {"activityId": "z12"}, {"onBehalfOf": CHOSEN})
    answer = scopes.decide(
        catalogue,
        "reply-to-messages",
        call,
        granted={SIX["plus.stream.read"], SIX["plus.pages.manage"]},
        purposes_on={"reply-to-messages"},
        chosen_pages={CHOSEN},
        subject="z12",
    )
    assert isinstance(answer, Refusal)
    assert answer.reason == "scope-missing"
    assert answer.missing == {SIX["plus.stream.write"]}
    assert "Manage your Google+ posts, comments and stream" in answer.sentence


def test_a_request_that_is_no_operation_is_in_no_purpose(catalogue: Catalogue) -> None:
    for purpose in NEEDS:
        with pytest.raises(scopes.NotForPurpose) as refused:
            scopes.require(catalogue, purpose, Unroutable("other-host"))
        assert refused.value.refusal.reason == "unroutable"


def test_a_need_of_nothing_is_refused(catalogue: Catalogue) -> None:
    call = RoutedCall("plusPages.people.get", {"userId": "me"}, {})
    need = scopes.require(catalogue, "show-profile", call)
    everything = {"granted": SUBSETS[-1], "purposes_on": set(NEEDS), "chosen_pages": {CHOSEN}}
    assert scopes.holds(need, catalogue=catalogue, **everything) is need
    for empty in (dataclasses.replace(need, scopes=frozenset()), dataclasses.replace(need, purpose="")):
        assert isinstance(scopes.holds(empty, catalogue=catalogue, **everything), Refusal)


def test_two_pages_in_one_call_must_both_be_chosen(catalogue: Catalogue) -> None:
    call = RoutedCall("plusPages.activities.list", {"userId": CHOSEN, "collection": "user"}, {"onBehalfOf": STRANGER})
    need = scopes.require(catalogue, "read-messages", call)
    assert need.pages == {CHOSEN, STRANGER}


words = st.text(min_size=0, max_size=30) | st.sampled_from(["me", CHOSEN, STRANGER, "$page", "$absent", "pages"])
names = st.text(max_size=20) | st.sampled_from(["userId", "onBehalfOf", "collection", "download", "maxResults"])


@given(
    purpose=st.sampled_from([*NEEDS, "", "LINK-PAGES"]) | st.text(max_size=20),
    operation=st.sampled_from(sorted(scopes.load("google-plus").operations)) | st.text(max_size=40),
    path=st.dictionaries(names, words, max_size=4),
    query=st.dictionaries(names, words, max_size=4),
)
def test_no_call_however_odd_needs_less_than_its_purpose(
    purpose: str, operation: str, path: dict[str, str], query: dict[str, str]
) -> None:
    catalogue = scopes.load("google-plus")
    match scopes.need(catalogue, purpose, RoutedCall(operation, path, query)):
        case Refusal() as refusal:
            assert refusal.reason
        case Need() as need:
            assert need.scopes == {SIX[name] for name in NEEDS[purpose].split()}
            assert table_says(
                purpose, operation.removeprefix("plusPages."),
                {k: CHOSEN if v in need.pages else v for k, v in {**query, **path}.items()},
            )  # fmt: skip


CIRCLE, PUBLIC = {"type": "circle", "id": "5e3"}, {"type": "public"}


@pytest.mark.parametrize(
    "body",
    [
        None,
        {},
        {"object": {"originalContent": "Hello"}},
        {"object": {"originalContent": "Hello"}, "access": {}},
        {"object": {"originalContent": "Hello"}, "access": {"items": []}},
        {"object": {"originalContent": "Hello"}, "access": {"items": [PUBLIC]}},
        {"object": {"originalContent": "Hello"}, "access": {"items": [CIRCLE, PUBLIC]}},
        {"object": {"originalContent": "Hello"}, "access": {"items": [CIRCLE, {"id": "5e4"}]}},
        {"object": {"originalContent": "Hello"}, "access": {"items": [CIRCLE, {}]}},
        {"object": {"originalContent": "Hello"}, "access": {"items": [[CIRCLE], []]}},
        {"object": {"originalContent": "Hello"}, "access": {"items": [{"type": ["circle", "public"], "id": "5e3"}]}},
        {"object": {"originalContent": "Hello"}, "access": {"items": [{"type": "CIRCLE", "id": "5e3"}]}},
        {"object": {"originalContent": "Hello"}, "access": {"items": "circle"}},
        {"object": {"originalContent": "Hello"}, "access.items.type": "circle"},
        TO_A_CIRCLE | {"verb": "share"},
        TO_A_CIRCLE | {"access.items": [PUBLIC]},
    ],
)
def test_a_post_that_is_not_for_circles_alone_is_not_publishing_to_circles(catalogue: Catalogue, body: object) -> None:
    call = RoutedCall("plusPages.activities.insert", {"userId": CHOSEN}, {}, body=body)
    answer = scopes.need(catalogue, "publish-to-circles", call)
    assert isinstance(answer, Refusal)
    assert answer.reason == "content-not-in-purpose"


def test_a_post_for_circles_and_a_plain_reply_are_covered(catalogue: Catalogue) -> None:
    post = RoutedCall("plusPages.activities.insert", {"userId": CHOSEN}, {}, body=TO_A_CIRCLE)
    assert isinstance(scopes.need(catalogue, "publish-to-circles", post), Need)
    words = {"object": {"originalContent": "Hello"}}
    reply = RoutedCall("plusPages.comments.insert", {"activityId": "z12"}, {"onBehalfOf": CHOSEN}, body=words)
    assert isinstance(scopes.need(catalogue, "reply-to-messages", reply, subject="z12"), Need)
    more = dataclasses.replace(reply, body=words | {"actor": {"id": STRANGER}})
    answer = scopes.need(catalogue, "reply-to-messages", more, subject="z12")
    assert isinstance(answer, Refusal)
    assert answer.reason == "content-not-in-purpose"


def test_what_a_reading_call_carries_is_never_covered(catalogue: Catalogue) -> None:
    call = RoutedCall("plusPages.comments.get", {"commentId": "z12.1"}, {"onBehalfOf": CHOSEN}, body={"a": 1})
    assert isinstance(scopes.need(catalogue, "read-messages", call), Refusal)


REPLY = RoutedCall(
    "plusPages.comments.insert",
    {"activityId": "z12post"},
    {"onBehalfOf": CHOSEN},
    body={"object": {"originalContent": "Hello"}},
)


@pytest.mark.parametrize("subject", ["z12post", "z12post.1525166400000000", "z12post.1#2"])
def test_a_reply_is_about_the_post_it_goes_to_or_a_comment_below_it(catalogue: Catalogue, subject: str) -> None:
    assert isinstance(scopes.need(catalogue, "reply-to-messages", REPLY, subject=subject), Need)


@pytest.mark.parametrize(
    ("subject", "reason"),
    [
        (None, "subject-missing"),
        ("", "subject-missing"),
        ("z12other", "subject-mismatch"),
        ("z12other.1525166400000000", "subject-mismatch"),
        ("z12post1", "subject-mismatch"),
        ("z12post.", "subject-mismatch"),
        ("z12post1.1525166400000000", "subject-mismatch"),
        ("z12", "subject-mismatch"),
        ("1.z12post", "subject-mismatch"),
        (CHOSEN, "subject-mismatch"),
    ],
)
def test_a_reply_that_is_about_nothing_or_about_something_else_is_refused(
    catalogue: Catalogue, subject: str | None, reason: str
) -> None:
    answer = scopes.need(catalogue, "reply-to-messages", REPLY, subject=subject)
    assert isinstance(answer, Refusal)
    assert answer.reason == reason
    assert answer.sentence.endswith(".")


def test_what_is_not_done_for_one_thing_needs_no_subject_and_is_not_hindered_by_one(catalogue: Catalogue) -> None:
    acting = [(p.id, rule.operation) for p in catalogue.purposes for rule in p.rules if rule.subject]
    assert acting == [("reply-to-messages", "plusPages.comments.insert")]
    call = RoutedCall("plusPages.comments.list", {"activityId": "z12post"}, {"onBehalfOf": CHOSEN})
    for subject in (None, "z12post", "anything"):
        assert isinstance(scopes.need(catalogue, "reply-to-messages", call, subject=subject), Need)


def test_a_caller_may_ask_for_fewer_fields_and_not_for_others(catalogue: Catalogue) -> None:
    call = RoutedCall("plusPages.comments.get", {"commentId": "z12.1"}, {"onBehalfOf": CHOSEN})
    whole = scopes.require(catalogue, "read-messages", call)
    assert whole.fields is not None
    assert whole.fields.text == "id,actor(id,displayName),published,object(content,originalContent)"
    fewer = scopes.require(
        catalogue, "read-messages", dataclasses.replace(call, query=call.query | {"fields": "object/content"})
    )
    assert fewer.fields is not None
    assert fewer.fields.text == "object/content"
    for asked in ("*", "id,kind", "actor", "actor/image", "actor(id,image/url)", "id/x", "object/*", "a b", "id,", "("):
        answer = scopes.need(
            catalogue, "read-messages", dataclasses.replace(call, query=call.query | {"fields": asked})
        )
        assert isinstance(answer, Refusal), asked
        assert answer.reason == "fields-not-in-purpose"
        assert answer.sentence.endswith(".")


def test_the_same_operation_reads_other_fields_for_another_purpose(catalogue: Catalogue) -> None:
    me = RoutedCall("plusPages.people.get", {"userId": "me"}, {"fields": "image/url"})
    assert isinstance(scopes.need(catalogue, "show-profile", me), Need)
    for purpose in ("link-pages", "read-messages"):  # the second through the first, which it includes
        assert isinstance(scopes.need(catalogue, purpose, me), Refusal)
