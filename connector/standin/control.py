"""The control plane under /test/: what a test may set and look at. The front door lets loopback peers only in."""

from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from flask import Blueprint, Response, jsonify, request
from werkzeug.datastructures import MultiDict

from connector.standin import recorder, world
from connector.standin.authserver import Form
from connector.standin.consent import ConsentDesk, Redirect, Refused
from connector.standin.faults import FaultError
from connector.standin.state import StandIn, client_from
from connector.standin.world import WorldError

__all__ = ["blueprint"]


class _Wrong(Exception):
    """The control plane was asked for something it cannot do; the text says what to change."""


def blueprint(standin: StandIn, desk: ConsentDesk) -> Blueprint:
    """Routes over one stand-in. None of them is recorded among the requests."""
    control = Blueprint("control", __name__, url_prefix="/test")

    @control.post("/reset")
    def reset() -> Response:
        standin.reset()
        return jsonify({})

    @control.get("/world")
    def show_world() -> Response:
        with standin.lock:
            return jsonify(world.dump(standin.world))

    @control.post("/world")
    def load_world() -> Response:
        body = _body()
        data = world.read(Path(str(body["file"]))) if set(body) == {"file"} else body
        standin.load(data)
        return jsonify({"people": len(standin.world.people), "activities": len(standin.world.activities)})

    @control.post("/clients")
    def add_client() -> Response:
        client = client_from(_body())
        with standin.lock:
            standin.tokens.clients[client.client_id] = client
        return jsonify({"client_id": client.client_id, "accepted_secrets": len(client.secrets)})

    @control.post("/settings")
    def settings() -> Response:
        body = _body()
        if set(body) - {"issuer"}:
            raise _Wrong("the only setting is issuer")
        if "issuer" in body:
            issuer = body["issuer"]
            if issuer is not None and not (isinstance(issuer, str) and urlsplit(issuer).scheme in ("http", "https")):
                raise _Wrong("issuer is an http or https address, or null for the stand-in's own")
            standin.configured_issuer = issuer
        return jsonify({"issuer": standin.issuer})

    @control.post("/consent")
    def consent() -> Response:
        """The consent page without a browser, through the same code."""
        body = _body()
        url = urlsplit(str(body.get("url", "")))
        if url.path != "/o/oauth2/v2/auth":
            raise _Wrong("url must be a full authorization address")
        values: MultiDict[str, str] = MultiDict(parse_qsl(url.query, keep_blank_values=True))
        with standin.lock:
            account = standin.world.account(str(body.get("account", "")))
            if account is None:
                raise _Wrong("account must be the 21-digit id of an account of this world")
            try:
                asked = desk.ask(Form("GET", url.geturl(), {}, values))
            except Redirect as straight:
                return jsonify({"location": straight.location})
            ticked = asked.scopes if body.get("scopes") is None else body["scopes"]
            allow = body.get("decision", "allow") == "allow"
            return jsonify({"location": desk.decide(asked, account, ticked, allow=allow)})

    @control.get("/requests")
    def requests() -> Response:
        with standin.lock:
            return jsonify({"requests": [recorder.shown(record) for record in list(standin.requests)]})

    @control.delete("/requests")
    def forget_requests() -> Response:
        standin.requests.clear()
        return jsonify({})

    @control.get("/tokens")
    def tokens() -> Response:
        with standin.lock:
            grants = standin.tokens.summary()
        return jsonify(
            {
                "grants": grants,
                "live_refresh": sum(grant["live_refresh"] for grant in grants),
                "live_access": sum(grant["live_access"] for grant in grants),
            }
        )

    @control.delete("/grants/<account>")
    def end_grants(account: str) -> Response:
        """What a person does on Google's own pages: take away what the account gave to everyone."""
        with standin.lock:
            standin.tokens.end(account, set(standin.tokens.clients))
        return jsonify({})

    @control.post("/clock")
    def clock() -> Response:
        body = _body()
        match body:
            case {"now": str(text)}:
                moment = datetime.fromisoformat(text)
                if moment.tzinfo is None:
                    raise _Wrong("now needs an offset, as in 2018-10-06T09:00:00+00:00")
                standin.clock.set(moment)
            case {"advance": int() | float() as seconds}:
                standin.clock.advance(seconds)
            case _:
                raise _Wrong('say {"now": time with offset} or {"advance": seconds}')
        return jsonify({"now": standin.clock.now().isoformat()})

    @control.get("/faults")
    def faults() -> Response:
        return jsonify({"faults": [fault.json() for fault in standin.faults.all()]})

    @control.post("/faults")
    def add_fault() -> Response:
        return jsonify(standin.faults.add(_body()).json())

    @control.delete("/faults")
    def clear_faults() -> Response:
        standin.faults.clear()
        return jsonify({})

    @control.errorhandler(_Wrong)
    @control.errorhandler(WorldError)
    @control.errorhandler(FaultError)
    @control.errorhandler(ValueError)
    def wrong(error: Exception) -> tuple[Response, int]:
        return jsonify({"error": str(error)}), 400

    @control.errorhandler(Refused)
    def refused(error: Refused) -> tuple[Response, int]:
        return jsonify({"error": error.error, "error_description": error.explanation}), 400

    return control


def _body() -> dict[str, Any]:
    body = request.get_json(force=True, silent=True)
    if not isinstance(body, dict):
        raise _Wrong("the body must be a JSON object")
    return body
