"""What every answer says: keep nothing, guess nothing, show nothing in a frame or as a page."""

from flask import Flask, Response

from connector.api.settings import settings

__all__ = ["install"]


def install(app: Flask) -> None:
    """Add the headers to every answer of the application, errors included."""
    app.after_request(_add)


def _add(response: Response) -> Response:
    headers = response.headers
    headers["Cache-Control"] = "no-store"
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'; sandbox"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    headers["Referrer-Policy"] = "no-referrer"
    if settings().https:
        headers["Strict-Transport-Security"] = "max-age=63072000; includeSubDomains"
    return response
