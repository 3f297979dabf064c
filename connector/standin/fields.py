"""Partial answers: the `fields` parameter, as in `items(id,object/content),nextPageToken`.

Source: "fields=items/objectType worked" (reference, "Behaviour: ETags"); the grammar is Google's common one (memory).
"""

import functools
import re
from collections.abc import Mapping
from typing import Any

from connector.standin.errors import invalid
from connector.standin.routes import document

__all__ = ["select"]

Selection = dict[str, Any]  # name -> what to keep below it; empty keeps everything
_TOKEN = re.compile(r"[A-Za-z_][\w#]*|[*/(),]")


def select(answer: Mapping[str, Any], fields: str, schema: str) -> dict[str, Any]:
    """Keep only what `fields` names of an answer with that schema.

    Raises: ApiError (400) when `fields` is malformed or names what the schema does not have.
    """
    kept: dict[str, Any] = _keep(answer, _selection(fields, schema))
    return kept


def _keep(value: Any, selection: Selection) -> Any:
    if not selection:
        return value
    if isinstance(value, list):
        return [_keep(item, selection) for item in value]
    kept = {}
    for name, part in value.items():
        below = selection.get(name, selection.get("*"))
        if below is None or (below and not isinstance(part, dict | list)):
            continue
        found = _keep(part, below)
        if found or not below or isinstance(part, list):
            kept[name] = found
    return kept


@functools.lru_cache(maxsize=256)
def _selection(fields: str, schema: str) -> Selection:
    tokens = _TOKEN.findall(fields)
    if "".join(tokens) != "".join(fields.split()) or not tokens:
        raise _wrong(fields)
    selection, rest = _list(tokens, fields)
    if rest:
        raise _wrong(fields)
    _check(selection, document()["schemas"][schema], fields)
    return selection


def _list(tokens: list[str], fields: str) -> tuple[Selection, list[str]]:
    """`name`, `name/name`, `name(…)` or `*`, with commas between."""
    selection: Selection = {}
    while True:
        path, below, tokens = _path(tokens, fields)
        here = selection
        for name in path[:-1]:
            here = here.setdefault(name, {})
        if path[-1] in here:
            here[path[-1]].update(below)
        else:
            here[path[-1]] = below
        if not tokens or tokens[0] != ",":
            return selection, tokens
        tokens = tokens[1:]


def _path(tokens: list[str], fields: str) -> tuple[list[str], Selection, list[str]]:
    path: list[str] = []
    while True:
        if not tokens or tokens[0] in "/(),":
            raise _wrong(fields)
        path.append(tokens[0])
        tokens = tokens[1:]
        if not tokens or tokens[0] in "),":
            return path, {}, tokens
        if tokens[0] == "(":
            below, tokens = _list(tokens[1:], fields)
            if not tokens or tokens[0] != ")":
                raise _wrong(fields)
            return path, below, tokens[1:]
        if tokens[0] != "/":
            raise _wrong(fields)
        tokens = tokens[1:]


def _check(selection: Selection, schema: Mapping[str, Any], fields: str) -> None:
    while "$ref" in schema or schema.get("type") == "array":
        schema = document()["schemas"][schema["$ref"]] if "$ref" in schema else schema["items"]
    properties = schema.get("properties", {})
    for name, below in selection.items():
        if name == "*":
            continue  # what is below may be in some of the parts and not in others
        if name not in properties:
            raise _wrong(name)
        if below:
            _check(below, properties[name], fields)


def _wrong(part: str) -> Exception:
    return invalid("fields", f"Invalid field selection {part}")
