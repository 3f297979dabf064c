"""From verb and path to a method of the discovery document, with its parameters checked."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from connector.standin.errors import invalid, required
from scopes import discovery

__all__ = ["ROOT", "Route", "Router", "document", "router"]

ROOT = "/plusPages/v2/"
_UPLOADS = ("/upload/plusPages/v2/", "/resumable/upload/plusPages/v2/")


def document() -> Mapping[str, Any]:
    """The discovery document that the stand-in serves."""
    return discovery.document("plusPages-v2")


@dataclass(frozen=True, slots=True)
class Route:
    """One method, and what the path said."""

    operation: str
    method: Mapping[str, Any]
    path: Mapping[str, str]
    upload: bool = False

    def check_address(self) -> None:
        """Raises: ApiError (400) when the path names a collection that the document does not know."""
        self._values(self.path, "path")

    def parameters(self, query: Mapping[str, str]) -> dict[str, Any]:
        """The method's parameters, typed, with their defaults.

        Raises: ApiError (400) for a value that is missing or not allowed.
        """
        return self._values(self.path, "path") | self._values(query, "query")

    def _values(self, given: Mapping[str, str], location: str) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name, rule in self.method["parameters"].items():
            if rule["location"] != location:
                continue
            text = given.get(name, rule.get("default"))
            if text is not None and text != "":
                values[name] = _typed(name, text, rule)
            elif rule.get("required"):
                raise required(name)
        return values


def _typed(name: str, text: str, rule: Mapping[str, Any]) -> Any:
    if "enum" in rule and text not in rule["enum"]:
        raise invalid(name, f"Invalid string value: '{text}'. Allowed values: [{', '.join(rule['enum'])}]")
    if rule["type"] == "boolean":
        if text not in ("true", "false"):
            raise invalid(name, f"Invalid boolean value: '{text}'.")
        return text == "true"
    if rule["type"] == "integer":
        low, high = int(rule.get("minimum", 0)), int(rule.get("maximum", 2**31 - 1))
        if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
            message = f"Invalid unsigned integer value: '{text}'. Values must be within the range: [{low}, {high}]"
            raise invalid(name, message)
        return int(text)
    return text


class Router:
    """The document's methods by verb and number of path segments, compiled once."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.methods: dict[str, Mapping[str, Any]] = {}
        self._collect(document)
        self._by_shape: dict[tuple[str, int], list[tuple[str, Mapping[str, Any], tuple[str, ...]]]] = {}
        for operation, method in self.methods.items():
            segments = tuple(method["path"].split("/"))
            self._by_shape.setdefault((method["httpMethod"], len(segments)), []).append((operation, method, segments))

    def _collect(self, part: Mapping[str, Any]) -> None:
        for method in part.get("methods", {}).values():
            self.methods[method["id"]] = method
        for resource in part.get("resources", {}).values():
            self._collect(resource)

    @functools.lru_cache(maxsize=8192)  # noqa: B019 -- there is one router for the life of the process
    def match(self, verb: str, raw_path: str) -> Route | None:
        """The method for a path that is still percent-encoded, or None when the document has none."""
        base, upload = next(
            ((base, base != ROOT) for base in (ROOT, *_UPLOADS) if raw_path.startswith(base)), ("", False)
        )
        if not base:
            return None
        given = raw_path[len(base) :].split("/")
        for operation, method, segments in self._by_shape.get((verb, len(given)), ()):
            if upload and "mediaUpload" not in method:
                continue
            path = _filled(segments, given)
            if path is not None:
                return Route(operation, method, path, upload)
        return None


def _filled(segments: tuple[str, ...], given: list[str]) -> dict[str, str] | None:
    path = {}
    for segment, text in zip(segments, given, strict=True):
        if segment.startswith("{"):
            if not text:
                return None
            path[segment[1:-1]] = unquote(text)
        elif segment != text:
            return None
    return path


@functools.cache
def router() -> Router:
    """The router of the document served."""
    return Router(document())
