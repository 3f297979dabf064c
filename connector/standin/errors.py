"""Google's older error JSON: no `status` field, a list of errors with domain, reason and place.

Source: reference ERR, "Behaviour: Errors".
"""

from collections.abc import Mapping
from typing import Any

__all__ = [
    "ApiError",
    "backend",
    "conflict",
    "forbidden",
    "insufficient",
    "invalid",
    "login_required",
    "not_found",
    "not_implemented",
    "parse_error",
    "required",
    "unauthorized",
]


class ApiError(Exception):
    """An API answer that is an error."""

    def __init__(
        self,
        status: int,
        reason: str,
        message: str,
        *,
        location: tuple[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """`location` is a pair such as `("parameter", "pageToken")`."""
        super().__init__(message)
        self.status, self.reason, self.message = status, reason, message
        self.location, self.headers = location, dict(headers or {})

    def json(self) -> dict[str, Any]:
        """The body."""
        detail = {"domain": "global", "reason": self.reason, "message": self.message}
        if self.location:
            detail |= {"locationType": self.location[0], "location": self.location[1]}
        return {"error": {"errors": [detail], "code": self.status, "message": self.message}}


_CHALLENGE = 'Bearer realm="https://accounts.google.com/"'


def login_required() -> ApiError:
    """No token came with the request."""
    return ApiError(
        401,
        "required",
        "Login Required",
        location=("header", "Authorization"),
        headers={"WWW-Authenticate": _CHALLENGE},
    )


def unauthorized() -> ApiError:
    """The token is unknown, expired or revoked."""
    return ApiError(
        401,
        "authError",
        "Invalid Credentials",
        location=("header", "Authorization"),
        headers={"WWW-Authenticate": f"{_CHALLENGE}, error=invalid_token"},
    )


def insufficient() -> ApiError:
    """The token lacks a scope."""
    return ApiError(403, "insufficientPermissions", "Insufficient Permission")


def forbidden() -> ApiError:
    """The account may not do this, whatever its scopes."""
    return ApiError(403, "forbidden", "Forbidden")


def not_found() -> ApiError:
    """There is no such thing, or the caller may not know of it."""
    return ApiError(404, "notFound", "Not Found")


def required(name: str, place: str = "parameter") -> ApiError:
    """A parameter, or a part of the body, is missing."""
    return ApiError(400, "required", f"Required {place}: {name}", location=(place, name))


def invalid(name: str, message: str, place: str = "parameter") -> ApiError:
    """A parameter, or a part of the body, has a value that is not allowed."""
    return ApiError(400, "invalidParameter", message, location=(place, name))


def parse_error() -> ApiError:
    """The body is not JSON."""
    return ApiError(400, "parseError", "Parse Error")


def conflict() -> ApiError:
    """`If-Match` names another version than the one there is."""
    return ApiError(412, "conditionNotMet", "Precondition Failed", location=("header", "If-Match"))


def backend(status: int) -> ApiError:
    """A failure on the server's side."""
    return ApiError(status, "backendError", "Backend Error")


def not_implemented(operation: str) -> ApiError:
    """The stand-in knows the method and does not play it. Google never answered this."""
    return ApiError(501, "notImplemented", f"The stand-in does not implement {operation}.")
