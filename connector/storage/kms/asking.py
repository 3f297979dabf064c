"""Asking a key service: within a time, and not again at once when it was down (F34).

Each service's library has timeouts of its own, for one wait on the wire. They do not bound an answer that trickles in,
so every question has a limit as a whole. After a failure the next questions are refused at once, without being asked,
for a while; then one is let through, and its answer decides for all.
"""

import queue
import threading
import time
from collections.abc import Callable
from typing import TypeVar

import structlog

from connector.domain.errors import CannotOpen, KeyServiceDown

__all__ = ["Asking"]

T = TypeVar("T")

LIMIT = 8.0  # seconds for one question, a library's one retry included
PAUSE = 15.0  # seconds until a service that was down is asked again
# What makes the next question wait as well. A denial or a missing key is answered fast, and may be about one key only.
SLOW = frozenset({"no-answer", "in-trouble", "sealed"})

_log = structlog.get_logger(__name__)


class Asking:
    """The way to one service. Safe for threads."""

    def __init__(
        self, service: str, *, limit: float | None = None, pause: float | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self.service = service
        self._limit, self._pause, self._now = limit or LIMIT, pause or PAUSE, now
        self._lock = threading.Lock()
        self._down: str | None = None  # the cause
        self._served = False  # a service that never did is a start's or a command's to tell, in its own line
        self._again_at = 0.0

    def __call__(self, question: Callable[[], T]) -> T:
        """The answer. `question` raises KeyServiceDown for what the service could not do.

        Raises: KeyServiceDown, also when it takes too long or was down a moment ago; and as `question`.
        """
        with self._lock:
            if self._down is not None:
                if self._now() < self._again_at:
                    raise KeyServiceDown(self.service, self._down, "It is asked again within seconds.")
                self._again_at = self._now() + self._pause  # this one tries; the others wait for what comes of it
        try:
            answer = _within(self._limit, question, self.service)
        except KeyServiceDown as down:
            self._note(down.cause if down.cause in SLOW else None)
            raise
        except CannotOpen:  # it answered
            self._note(None)
            raise
        self._note(None)
        self._served = True
        return answer

    def _note(self, cause: str | None) -> None:
        with self._lock:
            changed = (self._down is None) != (cause is None)
            self._down, self._again_at = cause, self._now() + self._pause
        if not changed or not self._served:
            return
        if cause is not None:
            _log.error("key_service_down", reason=cause)
        else:
            _log.warning("key_service_back")


def _within(seconds: float, question: Callable[[], T], service: str) -> T:
    """The answer, or KeyServiceDown when it is not there in time. The thread is left to its library's timeouts."""
    answers: queue.SimpleQueue[tuple[T | None, BaseException | None]] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put((question(), None))
        except BaseException as error:  # noqa: BLE001 — it is raised below, in the thread that asked
            answers.put((None, error))

    threading.Thread(target=ask, name=f"ask {service}", daemon=True).start()
    try:
        answer, error = answers.get(timeout=seconds)
    except queue.Empty:
        raise KeyServiceDown(service, "no-answer", f"It did not answer within {seconds:g} seconds.") from None
    if error is not None:
        raise error
    return answer  # type: ignore[return-value]
