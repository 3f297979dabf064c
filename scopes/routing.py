"""From an HTTP verb and a URL to the operation Google would run, or to nothing.

Only the one plain way of writing an address is understood. Whatever could mean something else to the server (escapes
that need not be there, dot segments, empty segments, a second host) is refused, never repaired: a repair is a guess,
and a guess that differs from Google's is a disguise that works. RFC 3986 sections 3, 6.2.2 and 7.3.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import itemgetter

from scopes.address import Root
from scopes.model import Catalogue, Operation, Parameter, RoutedCall, Unroutable
from scopes.operations import shape
from scopes.values import Bad, Field, query_field, read_path, read_query

__all__ = ["Router"]

LONGEST = 8192  # characters of a URL
GLOBALS = frozenset({"alt", "fields", "prettyPrint"})  # of the document's common parameters, those that are harmless
# Credentials and callers belong to the vault and the gate, and a callback would make the answer a script.
FORBIDDEN = frozenset({"access_token", "callback", "key", "oauth_token", "quotaUser", "upload_protocol", "userIp"})
UPLOAD_TYPES = ("media", "multipart", "resumable")
_PLAIN = re.compile(r"[A-Za-z0-9\-._~!$&'()*+,:=?@/%\[\]]*")


@dataclass(frozen=True, slots=True)
class _Route:
    """One operation at one address, ready to be matched."""

    operation: str
    places: tuple[tuple[int, str, frozenset[str]], ...]  # segment number, path parameter, its permitted values
    fields: Mapping[str, Field]
    required: frozenset[str]
    upload: bool


@dataclass(frozen=True, slots=True)
class _Group:
    """The routes of one verb and length whose fixed segments stand in the same places."""

    fixed: Callable[[list[str]], str | tuple[str, ...]]
    routes: Mapping[str | tuple[str, ...], _Route]


class Router:
    """Finds the operation a request would reach. Compiled once; safe to share between threads."""

    def __init__(self, catalogue: Catalogue, root_url: str) -> None:
        """`root_url` is the API's scheme, host and port, for example `https://www.googleapis.com/`.

        Raises: ValueError when it is anything more or less than that.
        """
        self._root = Root(root_url)
        self.root_url = f"{root_url.rstrip('/')}/"
        self._groups = _compiled(catalogue)
        self._verbs = frozenset(operation.verb for operation in catalogue.operations.values())

    def route(self, verb: str, url: str) -> RoutedCall | Unroutable:
        """The operation this request is, or the reason why it is not surely one."""
        try:
            return self._route(verb, url)
        except Bad as bad:
            return Unroutable(bad.reason)

    def _route(self, verb: str, url: str) -> RoutedCall:
        if len(url) > LONGEST:
            raise Bad("too-long")
        if not _PLAIN.fullmatch(url):
            raise Bad("fragment" if "#" in url else "bad-character")
        path, asks, query = self._root.below(url).partition("?")
        if asks and not query:
            raise Bad("bad-query")
        segments = path.split("/")
        for group in self._groups.get((verb, len(segments)), ()):
            route = group.routes.get(group.fixed(segments))
            if route is not None:
                break
        else:
            raise Bad(self._why_not(verb, segments))
        placed = {}
        for number, name, permitted in route.places:
            value = placed[name] = read_path(segments[number])
            if permitted and value not in permitted:
                raise Bad("bad-value")
        asked = read_query(query, route.fields) if query else {}
        if not route.required <= asked.keys():
            raise Bad("missing-parameter")
        return RoutedCall(route.operation, placed, asked, route.upload)

    def _why_not(self, verb: str, segments: list[str]) -> str:
        if verb not in self._verbs:
            return "unknown-verb"
        if "" in segments:
            return "empty-segment"
        if "." in segments or ".." in segments:
            return "dot-segment"
        if any("%" in segment for segment in segments):
            return "bad-encoding"  # an escape where a fixed word may stand
        for (_, length), groups in self._groups.items():
            if length == len(segments) and any(group.fixed(segments) in group.routes for group in groups):
                return "other-verb"
        return "unknown-path"


def _compiled(catalogue: Catalogue) -> Mapping[tuple[str, int], tuple[_Group, ...]]:
    ids = {p.name for o in catalogue.operations.values() for p in o.parameters.values() if p.location == "path"}
    ids.add(catalogue.acts_for)
    common = {
        name: query_field(Parameter(name, "query", enum=("json",)) if name == "alt" else parameter, ids)
        for name, parameter in catalogue.global_parameters.items()
        if name in GLOBALS
    }
    barred = {name: Field("forbidden-parameter") for name in {*FORBIDDEN, *catalogue.global_parameters} - GLOBALS}
    kind = query_field(Parameter("uploadType", "query", required=True, enum=UPLOAD_TYPES), ids)
    found: dict[tuple[str, int], dict[tuple[int, ...], dict[str | tuple[str, ...], _Route]]] = {}
    for operation in catalogue.operations.values():
        own = {p.name: query_field(p, ids) for p in operation.parameters.values() if p.location == "query"}
        fields = {**barred, **common, **own}
        for template in (operation.path, *operation.upload_paths):
            upload = template in operation.upload_paths
            route = _route(operation, template, {**fields, "uploadType": kind} if upload else fields, upload=upload)
            parts = shape(template)
            fixed = tuple(number for number, part in enumerate(parts) if part is not None)
            by_words = found.setdefault((operation.verb, len(parts)), {}).setdefault(fixed, {})
            by_words[itemgetter(*fixed)(parts)] = route
    # NOTE: the group with more fixed segments goes first, so that a word of the API is never taken for an id.
    return {
        key: tuple(_Group(itemgetter(*fixed), groups[fixed]) for fixed in sorted(groups, key=len, reverse=True))
        for key, groups in found.items()
    }


def _route(operation: Operation, template: str, fields: Mapping[str, Field], *, upload: bool) -> _Route:
    required = {p.name for p in operation.parameters.values() if p.location == "query" and p.required}
    return _Route(
        operation=operation.id,
        places=tuple(
            (number, part[1:-1], frozenset(operation.parameters[part[1:-1]].enum))
            for number, part in enumerate(template.split("/"))
            if part.startswith("{")
        ),
        fields=fields,
        required=frozenset(required | {"uploadType"} if upload else required),
        upload=upload,
    )
