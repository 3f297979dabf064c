"""A selector is read one way or not at all, and what is beyond it is found and removed."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopes.fields import Malformed, beyond, read, without

POSTS = read("items(id,actor(id,displayName),object/content,tags),nextPageToken")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("id", {"id": {}}),
        ("a,b", {"a": {}, "b": {}}),
        ("a/b/c", {"a": {"b": {"c": {}}}}),
        ("a(b,c/d)", {"a": {"b": {}, "c": {"d": {}}}}),
        ("a/b(c,d),e", {"a": {"b": {"c": {}, "d": {}}}, "e": {}}),
        ("a/b,a/c", {"a": {"b": {}, "c": {}}}),
        ("a(b),a(c)", {"a": {"b": {}, "c": {}}}),
        ("*", {"*": {}}),
        ("a/*/b", {"a": {"*": {"b": {}}}}),
    ],
)
def test_a_selector_is_read_as_a_tree(text, tree):
    assert read(text).tree == tree
    assert read(text).text == text


@pytest.mark.parametrize(
    "text",
    ["", ",", "a,", ",a", "a,,b", "a/", "/a", "a//b", "a(", "a()", "a(b", "a)b", "a(b))", "(a)", "a(b)c", "a(b)/c",
     "a b", " a", "a\n", "a.b", "a-b", "1a", "a;b", "a%2Cb", "a,a", "a,a/b", "a/b,a", "a(b,b)", "a(b),a/b",
     "é", "a" * 65, "/".join("abcdefghijklmnopq"), "a(" * 500 + "b" + ")" * 500],
)  # fmt: skip
def test_what_is_not_surely_one_selector_is_refused(text):
    with pytest.raises(Malformed):
        read(text)


@pytest.mark.parametrize(
    ("asked", "place"),
    [
        ("nextPageToken", None),
        ("items/id", None),
        ("items(actor/id,object/content)", None),
        ("items(id,actor(id,displayName),object/content,tags),nextPageToken", None),
        ("items", "items"),
        ("*", "*"),
        ("items/*", "items.*"),
        ("items(id,kind)", "items.kind"),
        ("items/actor", "items.actor"),
        ("items/actor/image/url", "items.actor.image"),
        ("items/id/x", "items.id"),
        ("kind", "kind"),
    ],
)
def test_one_selector_stays_within_another_or_the_first_place_beyond_is_named(asked, place):
    assert beyond(read(asked).tree, POSTS.tree) == place


def test_an_answer_within_the_fields_is_the_very_same_object():
    answer = {"items": [{"id": "a", "actor": {"id": "b"}, "tags": ["x", "y"]}, {"id": None, "actor": None}]}
    kept, removed = without(answer, POSTS.tree)
    assert kept is answer
    assert removed == ()


@pytest.mark.parametrize(
    ("answer", "kept", "removed"),
    [
        ({"kind": "feed"}, {}, ("kind",)),
        ({"items": [{"id": "a", "url": "u"}]}, {"items": [{"id": "a"}]}, ("items.url",)),
        (
            {"items": [{"actor": {"id": "b", "image": {"url": "u"}}}, {"actor": {"image": 1, "id": "c"}}]},
            {"items": [{"actor": {"id": "b"}}, {"actor": {"id": "c"}}]},
            ("items.actor.image",),
        ),
        # A value of another kind than the named one holds something that was not named.
        ({"nextPageToken": {"e-mail": "x"}}, {}, ("nextPageToken",)),
        ({"items": "everything about Ana"}, {}, ("items",)),
        ({"items": ["everything about Ana", {"id": "a"}]}, {"items": [{"id": "a"}]}, ("items",)),
        ({"items": [{"tags": ["x", {"e-mail": "y"}]}]}, {"items": [{"tags": ["x"]}]}, ("items.tags",)),
        ({"items": [{"tags": [["x", {"y": 1}]]}]}, {"items": [{"tags": [["x"]]}]}, ("items.tags",)),
        ({"items": [{"actor": "Ana"}]}, {"items": [{}]}, ("items.actor",)),
        ({"items": {"id": "a", "x": 1}}, {"items": {"id": "a"}}, ("items.x",)),
        ({"ana@example.org": 1}, {}, ("?",)),
    ],
)
def test_what_is_beyond_the_fields_is_removed_and_its_place_named(answer, kept, removed):
    assert without(answer, POSTS.tree) == (kept, removed)


def test_places_are_named_once_each_and_no_more_than_twenty():
    answer = {f"field{number}": number for number in range(100)} | {"items": [{"x": 1}] * 500}
    kept, removed = without(answer, POSTS.tree)
    assert kept == {"items": [{}] * 500}
    assert len(removed) == 20


leaves = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
names = st.sampled_from(["items", "id", "actor", "displayName", "object", "content", "tags", "nextPageToken", "kind"])
answers = st.dictionaries(
    names,
    st.recursive(leaves, lambda below: st.lists(below, max_size=3) | st.dictionaries(names, below, max_size=4)),
    max_size=4,
)


def values(held, place=()):
    """Every value with the names above it."""
    match held:
        case dict():
            for name, below in held.items():
                yield from values(below, (*place, name))
        case list():
            for below in held:
                yield from values(below, place)
        case None:
            pass
        case _:
            yield place


ALLOWED = {
    ("items", "id"),
    ("items", "actor", "id"),
    ("items", "actor", "displayName"),
    ("items", "object", "content"),
    ("items", "tags"),
    ("nextPageToken",),
}


@given(answers)
def test_whatever_comes_only_named_values_remain_and_all_of_those(answer):
    kept, removed = without(json.loads(json.dumps(answer)), POSTS.tree)
    assert set(values(kept)) <= ALLOWED
    assert (removed == ()) == (kept == answer)
    assert without(kept, POSTS.tree) == (kept, ())
    assert sorted(values(kept)) == sorted(place for place in values(answer) if place in ALLOWED)
