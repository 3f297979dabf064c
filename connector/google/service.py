"""The google-api-python-client service over our gate: built once, and seen through a view for each use.

Building from a dictionary costs 0.1 ms and every collection 0.2 ms (performance.md), so both happen once per process;
a view shares model, schema and methods, and differs only in the `http` its requests go through.
"""

from types import MethodType
from typing import Any, Protocol, runtime_checkable

from googleapiclient.discovery import Resource, build_from_document  # type: ignore[attr-defined]
from googleapiclient.http import HttpRequest

from connector.domain.errors import Refused
from connector.google.quiet import quiet_loggers
from scopes.discovery import document

__all__ = ["HasService", "Once", "Service"]


@runtime_checkable
class HasService(Protocol):
    """A provider's API module that also offers Google's own client."""

    service: "Service"


class Once(HttpRequest):
    """A request that its caller cannot have repeated: Google's client would send a POST again after a 503 (R43)."""

    def execute(self, http: Any = None, num_retries: int = 0) -> Any:
        """As HttpRequest's. Raises: Refused when retries or another transport are asked for, and as the gate does."""
        if num_retries:
            raise Refused("no-retries", "A request is sent once. Look at the answer, then ask again if you must.")
        if http is not None and http is not self.http:
            raise Refused("other-transport", "Requests of this service go through the connector and nothing else.")
        return super().execute()


class _Nowhere:
    """The template's transport. A template makes no requests."""

    def request(self, *_given: object, **_named: object) -> Any:
        raise Refused("no-use", "Ask for the service with connector.use, which says what for.")

    def close(self) -> None:
        """Nothing is open."""


class Service:
    """One discovery document as a service. Safe to share between threads."""

    def __init__(self, name: str, api_root: str) -> None:
        """Build from `scopes.discovery`, with the addresses below `api_root`.

        Raises: FileNotFoundError when the project has no document of that name.
        """
        quiet_loggers()
        root = f"{api_root.rstrip('/')}/"
        described = dict(document(name))
        described |= {"rootUrl": root, "baseUrl": f"{root}{described['servicePath']}"}
        self._template: Any = build_from_document(described, http=_Nowhere(), requestBuilder=Once)
        self._collections = {name: getattr(self._template, name)() for name in described["resources"]}

    def view(self, http: object) -> Any:
        """The service as one user of `http` sees it."""
        seen = _through(self._template, http)
        for name, collection in self._collections.items():
            seen.__dict__[name] = _Opener(collection, http)
        return seen


class _Opener:
    """`service.comments`: called, it answers the collection over this view's `http`."""

    __slots__ = ("_collection", "_http")
    __is_resource__ = True

    def __init__(self, collection: Any, http: object) -> None:
        self._collection, self._http = collection, http

    def __call__(self) -> Any:
        return _through(self._collection, self._http)


def _through(template: Any, http: object) -> Any:
    """A copy of a Resource that differs in its `http`; its methods are bound anew, not made anew."""
    copy = object.__new__(Resource)
    state = copy.__dict__
    state.update(template.__dict__)
    state["_http"] = http
    for name in template._dynamic_attrs:
        method = state[name]
        if isinstance(method, MethodType):
            state[name] = MethodType(method.__func__, copy)
    return copy
