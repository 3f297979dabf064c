"""What every answer tells the browser to allow: nothing from elsewhere, nothing kept, nothing inline (R15, R53)."""

from flask import Flask, Response, g, request

from connector.web.settings import services, settings

__all__ = ["allow_form_to_reach", "install", "nonce"]

_STATIC = "pages.static"
_NOT_NEEDED = ("accelerometer", "camera", "display-capture", "geolocation", "gyroscope", "microphone", "payment", "usb")


def install(app: Flask) -> None:
    """Add the headers to every answer of the application, error pages included."""
    app.after_request(_add)


def nonce() -> str:
    """This answer's script nonce, for the one script tag that a page may have."""
    if "nonce" not in g:
        g.nonce = services().random.token()
    value: str = g.nonce
    return value


def allow_form_to_reach(origins: tuple[str, ...]) -> None:
    """Let this page's form lead there: browsers hold `form-action` against the redirect that answers a POST too."""
    g.form_origins = origins


def _policy() -> str:
    return "; ".join(
        (
            "default-src 'none'",
            "style-src 'self'",
            "img-src 'self'",
            f"script-src 'nonce-{g.nonce}'" if "nonce" in g else "script-src 'none'",
            " ".join(("form-action 'self'", *g.get("form_origins", ()))),
            "base-uri 'none'",
            "frame-ancestors 'none'",
            "object-src 'none'",
        )
    )


def _add(response: Response) -> Response:
    headers = response.headers
    headers["Content-Security-Policy"] = _policy()
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    headers["Referrer-Policy"] = "no-referrer"
    headers["Permissions-Policy"] = ", ".join(f"{feature}=()" for feature in _NOT_NEEDED)
    if settings().https:
        headers["Strict-Transport-Security"] = "max-age=63072000; includeSubDomains"
    if request.endpoint == _STATIC and response.status_code in (200, 304):
        # The address of a static file carries the hash of its bytes (assets.py), so it never changes.
        headers["Cache-Control"] = "public, max-age=31536000, immutable"
    else:
        headers["Cache-Control"] = "no-store"
    return response
