"""Which fields of an answer a purpose reads: Google's selector, read once, and what goes beyond it.

The selector: names with commas between, `a/b` and `a(b,c)` for parts, as in `items(id,object/content),nextPageToken`
(https://developers.google.com/custom-search/v1/performance, "Partial response"). `*` is read as a name that no
purpose has, so whoever asks for everything asks for too much.
"""

import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Fields", "Malformed", "Tree", "beyond", "read", "strange", "without"]

# A name, and what of it; nothing below it means that it is a value, or a list of values.
Tree = Mapping[str, "Tree"]

DEEPEST = 16  # levels; no answer of the API has more than nine
MOST_TOLD = 20  # places beyond the fields that are named
_TOKEN = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}|[*/(),]")
_TELLABLE = re.compile(r"[A-Za-z0-9_$-]{1,64}")
_PARTS = (dict, list)


class Malformed(ValueError):
    """Not a selector that everybody reads alike."""


@dataclass(frozen=True, slots=True)
class Fields:
    """A selector: as it is sent, and as a tree. `text` needs no escaping in a query."""

    text: str
    tree: Tree = field(hash=False, repr=False)


@functools.lru_cache(maxsize=512)
def read(text: str) -> Fields:
    """Read a selector. Raises: Malformed, also when a name stands twice and it is not clear what of it is meant."""
    tokens = _TOKEN.findall(text)
    if not tokens or "".join(tokens) != text:
        raise Malformed
    tree: dict[str, Any] = {}
    if _list(tokens, 0, tree, 1) != len(tokens):
        raise Malformed
    return Fields(text, tree)


def _list(tokens: list[str], at: int, into: dict[str, Any], depth: int) -> int:
    """Read names up to the end or a closing bracket; where that is."""
    while True:
        at = _path(tokens, at, into, depth)
        if at == len(tokens) or tokens[at] != ",":
            return at
        at += 1


def _path(tokens: list[str], at: int, into: dict[str, Any], depth: int) -> int:
    if depth > DEEPEST or at == len(tokens) or tokens[at] in "/(),":
        raise Malformed
    name, at = tokens[at], at + 1
    follows = tokens[at] if at < len(tokens) else ""
    if follows not in ("/", "("):
        if name in into:
            raise Malformed
        into[name] = {}
        return at
    if into.get(name) == {}:
        raise Malformed  # all of it and a part of it
    below = into.setdefault(name, {})
    if follows == "/":
        return _path(tokens, at + 1, below, depth + 1)
    at = _list(tokens, at + 1, below, depth + 1)
    if at == len(tokens) or tokens[at] != ")":
        raise Malformed
    return at + 1


def beyond(asked: Tree, permitted: Tree) -> str | None:
    """The first place where one selector asks for more than another, as a dotted path; None when it does not."""
    for name, below in asked.items():
        held = permitted.get(name)
        if held is None or bool(held) != bool(below):
            return name
        further = beyond(below, held)
        if further is not None:
            return f"{name}.{further}"
    return None


def strange(tree: Tree, schema: Mapping[str, Any], schemas: Mapping[str, Any], place: str = "") -> Iterator[str]:
    """What a selector names that an answer of that schema does not have, one fault each.

    Every name has to end at a value: whoever names a whole object has not said what is read of it.
    """
    properties = _held(schema, schemas).get("properties", {})
    for name, below in tree.items():
        if name not in properties:
            yield f'has no field "{place}{name}" in its answer'
        elif below:
            yield from strange(below, properties[name], schemas, f"{place}{name}/")
        elif _held(properties[name], schemas).get("type", "object") in ("object", "any"):
            yield f'reads all of "{place}{name}"; name the parts that are read'


def _held(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a value is, or each element of a list."""
    while "$ref" in schema or schema.get("type") == "array":
        schema = schemas.get(schema["$ref"], {}) if "$ref" in schema else schema.get("items", {})
    return schema


def without(answer: Mapping[str, Any], tree: Tree) -> tuple[Mapping[str, Any], tuple[str, ...]]:
    """An answer's JSON without what is beyond the fields, and the places that were removed, as dotted paths.

    The very same answer and no place when there is nothing to remove.
    """
    if not _exceeds(answer, tree):
        return answer, ()
    removed: dict[str, None] = {}
    kept: dict[str, Any] = _kept(answer, tree, "", removed)
    return kept, tuple(removed)[:MOST_TOLD]


def _exceeds(value: Any, tree: Tree) -> bool:
    """NOTE: this runs over every answer, so it makes nothing and names nothing."""
    if type(value) is dict:
        if not tree:
            return True
        for name, held in value.items():
            below = tree.get(name)
            if below is None or ((below or type(held) in _PARTS) and _exceeds(held, below)):
                return True
        return False
    if type(value) is list:
        for held in value:  # noqa: SIM110 — a third of the time that any() takes here
            if _exceeds(held, tree):
                return True
        return False
    return bool(tree) and value is not None


def _kept(value: Any, tree: Tree, place: str, removed: dict[str, None]) -> Any:
    """NOTE: what `_exceeds` finds, this removes: the two follow the same rule."""
    if type(value) is list:
        kept = []
        for held in value:
            if not _whole(held, tree):
                removed[place] = None
            else:
                kept.append(_kept(held, tree, place, removed))
        return kept
    if type(value) is not dict:
        return value
    found = {}
    for name, held in value.items():
        here = f"{place}.{_told(name)}" if place else _told(name)
        below = tree.get(name)
        if below is None or not _whole(held, below):
            removed[here] = None
        else:
            found[name] = _kept(held, below, here, removed)
    return found


def _whole(value: Any, tree: Tree) -> bool:
    """Whether a value is of the kind that is named: an object where parts are, else none."""
    if value is None or type(value) is list:
        return True
    return (type(value) is dict) == bool(tree)


def _told(name: str) -> str:
    """A name from outside may hold anything; one that looks like no field's is not repeated."""
    return name if _TELLABLE.fullmatch(name) else "?"
