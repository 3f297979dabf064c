"""`/api/v1/openapi.json`: the API described for other programs (OpenAPI 3.1), built from the tables that it runs by."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint

from connector.api.gate import PURPOSE, SUBJECT
from connector.api.guard import open_to_anyone
from connector.api.problems import CODES
from connector.api.settings import services
from connector.domain.programs import known_purposes

__all__ = ["blueprint", "document"]

blueprint = Blueprint("document", __name__)
Json = dict[str, Any]

_SENT_ONCE = (
    "The request is sent once. Where no answer came the code is `outcome-unknown`: it may have been done, and what to "
    "do about it is to read back first."
)
_HEADER_NOTE = "Of the request's other headers only Accept, Content-Type, If-Match and If-None-Match go on."


@blueprint.get("/api/v1/openapi.json")
@open_to_anyone
def openapi() -> Json:
    """The description. Open, because it holds nothing of anybody."""
    svc = services()
    verbs = {o.verb for network in svc.networks.values() for o in network.catalogue.operations.values()}
    return document(known_purposes(svc), sorted(verbs))


def document(purposes: Mapping[str, str], verbs: list[str]) -> Json:
    """The description for these purposes (id to title) and these verbs of the providers' APIs."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Page connector",
            "version": "1",
            "description": "Calls Google for one customer, one stated purpose at a time. Every call is on the record.",
        },
        "paths": {
            "/api/oauth/token": {"post": _token()},
            "/api/v1/connections": {"get": _connections()},
            "/api/v1/connections/{connection}/google/{path}": {
                "parameters": [
                    _in("path", "connection", "An id from `/api/v1/connections`."),
                    _in("path", "path", "The path of Google's API with its slashes, and its query, exactly as sent."),
                    _in("header", PURPOSE, "What it is for.", {"type": "string", "enum": list(purposes)}),
                    _in("header", SUBJECT, "The message or post it is about.", required=False),
                ],
                **{verb.lower(): _forwarded(verb) for verb in verbs},
            },
            "/api/v1/openapi.json": {"get": _itself()},
        },
        "components": {
            "securitySchemes": {
                "program": {
                    "type": "oauth2",
                    "flows": {"clientCredentials": {"tokenUrl": "/api/oauth/token", "scopes": dict(purposes)}},
                }
            },
            "schemas": {"Problem": _problem(), "Connection": _connection()},
        },
        "security": [{"program": []}],
    }


def _in(where: str, name: str, says: str, schema: Json | None = None, *, required: bool = True) -> Json:
    return {
        "in": where,
        "name": name,
        "required": required,
        "description": says,
        "schema": schema or {"type": "string"},
    }


def _token() -> Json:
    text = {"type": "string"}
    form = {"grant_type": {"const": "client_credentials"}, "scope": text, "client_id": text, "client_secret": text}
    answer = {
        "access_token": text,
        "token_type": {"const": "Bearer"},
        "expires_in": {"type": "integer"},
        "scope": text,
    }
    error = {"error": text, "error_description": text}
    return {
        "operationId": "token",
        "summary": "A token for some of the program's purposes (RFC 6749 section 4.4)",
        "description": "By HTTP Basic, or client_id and client_secret in the form. Without scope: all purposes.",
        "security": [],
        "requestBody": {
            "required": True,
            "content": {"application/x-www-form-urlencoded": {"schema": _object(form, "grant_type")}},
        },
        "responses": {
            "200": _json("A token that serves ten minutes", _object(answer, *answer)),
            "400": _json("invalid_request, invalid_scope, unsupported_grant_type", _object(error, "error")),
            "401": _json("invalid_client", _object(error, "error")),
            "413": _json("invalid_request", _object(error, "error")),
            "429": _json("invalid_client, with Retry-After", _object(error, "error")),
            "default": _refused(),
        },
    }


def _connections() -> Json:
    listed = {"connections": {"type": "array", "items": {"$ref": "#/components/schemas/Connection"}}}
    return {
        "operationId": "connections",
        "summary": "The customer's connections that have not ended",
        "responses": {"200": _json("What there is", _object(listed, *listed)), "default": _refused()},
    }


def _forwarded(verb: str) -> Json:
    described: Json = {
        "operationId": f"google{verb.title()}",
        "summary": f"Send one {verb} request to Google",
        "description": f"{_HEADER_NOTE} {_SENT_ONCE}",
        "responses": {
            "200": {
                "description": "Google's own status and body, marked by the header `Connector-Answer: google`. "
                "Its errors come so too; those of this API are application/problem+json.",
                "content": {"application/json": {}},
            },
            "default": _refused(),
        },
    }
    if verb not in ("GET", "DELETE"):
        described["requestBody"] = {"content": {"application/json": {"schema": {"type": "object"}}}}
    return described


def _itself() -> Json:
    return {
        "operationId": "openapi",
        "summary": "This description",
        "security": [],
        "responses": {"200": _json("OpenAPI 3.1", {"type": "object"})},
    }


def _object(properties: Mapping[str, Json], *required: str) -> Json:
    return {"type": "object", "properties": dict(properties), "required": list(required)}


def _json(says: str, schema: Json) -> Json:
    return {"description": says, "content": {"application/json": {"schema": schema}}}


def _refused() -> Json:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": "What went wrong", "content": {"application/problem+json": {"schema": schema}}}


def _problem() -> Json:
    text = {"type": "string"}
    properties: dict[str, Json] = {
        "title": text,
        "status": {"type": "integer"},
        "code": {"type": "string", "enum": sorted(CODES), "description": "Stable; decide by it."},
        "detail": {**text, "description": "What happened, in a sentence."},
        "advice": {**text, "description": "What to do about it."},
        "reference": {**text, "description": "Where a log line says more."},
    }
    return _object(properties, "title", "status", "code", "detail", "advice")


def _connection() -> Json:
    text = {"type": "string"}
    named = _object({"id": text, "name": text}, "id", "name")
    stands = _object({"id": text, "state": {"enum": ["on", "off", "missing", "not-asked"]}}, "id", "state")
    properties: dict[str, Json] = {
        "id": text,
        "provider": text,
        "account_name": text,
        "state": {"enum": ["linking", "active", "needs_consent"]},
        "pages": {"type": "array", "items": named, "description": "The chosen ones, by the ids that Google uses."},
        "purposes": {"type": "array", "items": stands, "description": "Those of the token."},
    }
    return _object(properties, *properties)
