"""Log lines as JSON on standard error. Only fields on the list get through; everything else is dropped by name."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

__all__ = ["FIELDS", "configure"]

# NOTE: a field on this list must never be able to hold a token, a code, a text somebody wrote, or an address's query.
FIELDS = frozenset(
    {"event", "level", "timestamp", "reference", "error", "route", "method", "status", "connection", "customer"}
    | {"purpose", "operation", "reason", "index", "version", "port", "count"}
)


def configure() -> None:
    """Set up logging for a program of ours; a library user's own logging is left alone."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    structlog.configure(
        processors=[
            _only_listed,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def _only_listed(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {name: value for name, value in line.items() if name in FIELDS}
