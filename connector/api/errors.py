"""Every way a request can end badly is JSON here, and says no more than it should."""

import json
from collections.abc import Mapping
from http import HTTPStatus

import structlog
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from connector.api.problems import HTTP, Problem, for_reads, problem_of
from connector.api.settings import services
from connector.domain.errors import ConnectorError, NotFound

__all__ = ["install"]

_log = structlog.get_logger(__name__)
_SENTENCES = {
    400: "The request could not be read.",
    404: NotFound.public,
    405: "This address does not take that method.",
    413: "The body is longer than is accepted.",
}


def install(app: Flask) -> None:
    """Register the answers, the last resort included."""
    app.register_error_handler(ConnectorError, _on_purpose)
    app.register_error_handler(HTTPException, _from_werkzeug)
    app.register_error_handler(Exception, _last_resort)


def _on_purpose(error: ConnectorError) -> Response:
    problem = problem_of(error)
    if request.method in ("GET", "HEAD"):
        problem = for_reads(problem)
    return _answer(problem, error.public, {})


def _from_werkzeug(error: HTTPException) -> Response:
    status = error.code or 500
    found = HTTP.get(status) or HTTP[400 if status < HTTPStatus.INTERNAL_SERVER_ERROR else 500]
    problem = Problem(status, found.code, found.advice)
    allowed = {name: value for name, value in error.get_headers() if name == "Allow"}
    return _answer(problem, _SENTENCES.get(found.status, ConnectorError.public), allowed)


def _last_resort(error: Exception) -> Response:
    # NOTE: neither the error's text nor its arguments may be logged or shown; they can hold a token (R61).
    reference = services().random.id("err")
    _log.error("api request failed", reference=reference, error=type(error).__name__, route=request.endpoint)
    return _answer(HTTP[500], "Something went wrong on our side.", {}, reference=reference)


def _answer(problem: Problem, sentence: str, headers: Mapping[str, str], **more: str) -> Response:
    body = {
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "code": problem.code,
        "detail": sentence,
        "advice": problem.advice,
        **more,
    }
    response = Response(json.dumps(body, ensure_ascii=False), problem.status, dict(headers))
    response.headers["Content-Type"] = "application/problem+json"
    if problem.retry_after is not None:
        response.headers["Retry-After"] = str(problem.retry_after)
    if problem.challenge is not None:
        response.headers["WWW-Authenticate"] = f"Bearer {problem.challenge}".strip()
    return response
