"""Where a gated call's time goes, by stopwatches around the product's own functions; the product is not changed."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import scopes
from connector import wiring
from connector.domain import grants, ledger, limits, tokens
from connector.domain.ledger import Entry
from connector.domain.ports import Services
from connector.google.gate import Gate

__all__ = ["Steps", "watched"]

# Path order. What is indented happens inside the others.
NAMES = (
    "the gate, whole",
    "route",
    "intent, committed",
    "decide",
    "permit",
    "token",
    "send",
    "the answer's fields",
    "outcome, committed",
    "  of these, commits",
    "  of these, seals",
    "  of these, canonical JSON",
)


class Steps:
    """Seconds by step, summed since the last `clear`."""

    def __init__(self) -> None:
        self.taken = dict.fromkeys(NAMES, 0.0)

    def clear(self) -> None:
        """Begin again."""
        self.taken = dict.fromkeys(NAMES, 0.0)

    def timed(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function with a stopwatch."""

        def timing(*given: Any, **named: Any) -> Any:
            begun = time.perf_counter()
            try:
                return function(*given, **named)
            finally:
                self.taken[name] += time.perf_counter() - begun

        return timing


@contextmanager
def watched(svc: Services) -> Iterator[Steps]:
    """Stopwatches, for one thread's calls."""
    steps, network = Steps(), svc.network(wiring.PROVIDER)
    places: Mapping[str, tuple[Any, str]] = {
        "the gate, whole": (Gate, "request"),
        "route": (type(network.router), "route"),
        "intent, committed": (Entry, "__enter__"),
        "decide": (scopes, "require"),
        "permit": (grants, "permit"),
        "token": (tokens, "kept"),
        "send": (type(network.sender), "send"),
        "the answer's fields": (limits, "within"),
        "outcome, committed": (Entry, "__exit__"),
        "  of these, commits": (svc.store.engine.dialect, "do_commit"),  # type: ignore[attr-defined]
        "  of these, seals": (type(svc.vault), "seal"),
        "  of these, canonical JSON": (ledger, "canonical"),
    }
    patches = [patch.object(at, what, steps.timed(name, getattr(at, what))) for name, (at, what) in places.items()]
    for one in patches:
        one.start()
    try:
        yield steps
    finally:
        for one in patches:
            one.stop()
