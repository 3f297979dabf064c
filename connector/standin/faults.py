"""Faults set by the control plane: what goes wrong, where, and how many times."""

import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from connector.standin.routes import router

__all__ = ["KINDS", "Fault", "FaultError", "Faults"]

WIRE_KINDS = frozenset({"status", "delay", "drop_before", "drop_after", "truncate", "body"})
TOKEN_KINDS = frozenset(
    {"missing_scope", "extra_scope", "no_scope_field", "no_refresh_token", "refuses_narrowing", "ignores_narrowing"}
)
KINDS = WIRE_KINDS | TOKEN_KINDS
_OAUTH = ("auth", "token", "revoke", "tokeninfo")


class FaultError(ValueError):
    """A fault that makes no sense; the text says what to change."""


@dataclass(slots=True)
class Fault:
    """One thing that goes wrong. `times` is how often still, None for until cleared."""

    endpoint: str
    kind: str
    status: int | None = None
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    times: int | None = None
    scopes: tuple[str, ...] = ()

    def hits(self, endpoint: str) -> bool:
        """Whether this fault is set for the endpoint: by name, or by `*api` for every API method."""
        return self.endpoint == endpoint or (self.endpoint == "*api" and endpoint not in _OAUTH)

    def json(self) -> dict[str, Any]:
        """As it was set."""
        return {
            "endpoint": self.endpoint,
            "kind": self.kind,
            "status": self.status,
            "body": self.body,
            "headers": self.headers,
            "seconds": self.seconds,
            "times": self.times,
            "scopes": list(self.scopes),
        }


class Faults:
    """Those that are set. Safe to use from several threads."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, wanted: Mapping[str, Any]) -> Fault:
        """Set one.

        Raises: FaultError when its endpoint or kind is unknown, or a value does not fit.
        """
        fault = _read(wanted)
        with self._lock:
            self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        with self._lock:
            self._faults.clear()

    def all(self) -> list[Fault]:
        """Those still set, in the order they were."""
        with self._lock:
            return list(self._faults)

    def take(self, endpoint: str, kinds: Collection[str]) -> Fault | None:
        """The first fault of these kinds for the endpoint, counted as having happened."""
        if not self._faults:
            return None
        with self._lock:
            for fault in self._faults:
                if fault.kind in kinds and fault.hits(endpoint):
                    if fault.times is not None:
                        fault.times -= 1
                        if fault.times == 0:
                            self._faults.remove(fault)
                    return fault
        return None


def _read(wanted: Mapping[str, Any]) -> Fault:
    unknown = set(wanted) - {"endpoint", "kind", "status", "body", "headers", "seconds", "times", "scopes"}
    if unknown:
        raise FaultError(f"unknown names: {', '.join(sorted(unknown))}")
    endpoint, kind = wanted.get("endpoint"), wanted.get("kind")
    if endpoint not in (*_OAUTH, "*api") and endpoint not in router().methods:
        raise FaultError(f"endpoint must be one of {', '.join(_OAUTH)}, *api or a method's id, not {endpoint!r}")
    if kind not in KINDS:
        raise FaultError(f"kind must be one of {', '.join(sorted(KINDS))}, not {kind!r}")
    if kind in TOKEN_KINDS - {"missing_scope"} and endpoint != "token":
        raise FaultError(f"{kind} only makes sense for the endpoint token")
    if kind == "missing_scope" and endpoint in _OAUTH and endpoint != "token":
        raise FaultError("missing_scope makes sense for the endpoint token, *api or a method's id")
    status, times, seconds = wanted.get("status"), wanted.get("times"), wanted.get("seconds", 0)
    if status is not None and not (isinstance(status, int) and 200 <= status <= 599):
        raise FaultError("status must be a number from 200 to 599")
    if times is not None and not (isinstance(times, int) and times > 0):
        raise FaultError("times must be a number above zero; leave it out for until cleared")
    if not (isinstance(seconds, int | float) and 0 <= seconds <= 600):
        raise FaultError("seconds must be a number from 0 to 600")
    headers = {str(name): str(value) for name, value in dict(wanted.get("headers") or {}).items()}
    scopes = tuple(str(scope) for scope in wanted.get("scopes") or ())
    return Fault(endpoint, kind, status, wanted.get("body"), headers, float(seconds), times, scopes)
