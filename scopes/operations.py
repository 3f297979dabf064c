"""From a Google discovery document to operations: what the API can do, before any purpose is asked about.

The format: https://developers.google.com/discovery/v1/reference/apis
"""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from scopes.model import Operation, Parameter

__all__ = ["global_parameters", "operations", "shape", "unclear"]

_SEGMENT = re.compile(r"[A-Za-z0-9._-]+|\{[A-Za-z][A-Za-z0-9_]*\}")


def operations(document: Mapping[str, Any]) -> Mapping[str, Operation]:
    """Every method of the document, by its id, in the document's order."""
    base = document.get("servicePath", "")
    read = (_operation(method, base) for method in _methods(document))
    return MappingProxyType({operation.id: operation for operation in read})


def global_parameters(document: Mapping[str, Any]) -> Mapping[str, Parameter]:
    """The parameters that any method of the document takes."""
    return _parameters(document)


def shape(template: str) -> tuple[str | None, ...]:
    """A path template's segments, with None where a parameter stands."""
    return tuple(None if segment.startswith("{") else segment for segment in template.split("/"))


def unclear(found: Mapping[str, Operation]) -> Iterator[str]:
    """What stops an address from meaning exactly one operation, one sentence each."""
    seen: dict[tuple[str, tuple[str | None, ...]], str] = {}
    for operation in found.values():
        for template in (operation.path, *operation.upload_paths):
            if not all(_SEGMENT.fullmatch(segment) for segment in template.split("/")):
                yield f'operation "{operation.id}": path "{template}" is not plain segments'
            if not any(shape(template)):
                yield f'operation "{operation.id}": path "{template}" has no fixed segment'
            placed = {segment[1:-1] for segment in template.split("/") if segment.startswith("{")}
            if placed != {p.name for p in operation.parameters.values() if p.location == "path"}:
                yield f'operation "{operation.id}": path "{template}" and its path parameters differ'
            other = seen.setdefault((operation.verb, shape(template)), operation.id)
            if other != operation.id:
                yield f'operation "{operation.id}": same verb and path as "{other}"'


def _methods(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from node.get("methods", {}).values()
    for resource in node.get("resources", {}).values():
        yield from _methods(resource)


def _operation(method: Mapping[str, Any], base: str) -> Operation:
    protocols = method.get("mediaUpload", {}).get("protocols", {})
    return Operation(
        id=method["id"],
        verb=method["httpMethod"],
        path=base + method["path"],
        parameters=_parameters(method),
        scopes=frozenset(method.get("scopes", ())),
        writes=method["httpMethod"] != "GET",
        answer=method.get("response", {}).get("$ref", ""),
        upload=bool(method.get("supportsMediaUpload", False)),
        upload_paths=tuple(dict.fromkeys(protocol["path"].lstrip("/") for protocol in protocols.values())),
    )


def _parameters(node: Mapping[str, Any]) -> Mapping[str, Parameter]:
    return MappingProxyType(
        {
            name: Parameter(
                name=name,
                location=told["location"],
                required=bool(told.get("required", False)),
                repeated=bool(told.get("repeated", False)),
                enum=tuple(told.get("enum", ())),
                kind=told.get("type", "string"),
            )
            for name, told in node.get("parameters", {}).items()
        }
    )
