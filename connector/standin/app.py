"""Puts one stand-in together."""

from flask import Flask, Response, jsonify

from connector.standin import control, oauth
from connector.standin.authserver import GoogleServer
from connector.standin.consent import ConsentDesk
from connector.standin.front import Front
from connector.standin.state import StandIn

__all__ = ["create_front"]


def create_front(standin: StandIn) -> Front:
    """The whole stand-in as a WSGI application."""
    server = GoogleServer(standin)
    desk = ConsentDesk(standin, server)
    flask = Flask(__name__, static_folder=None)
    flask.json.ensure_ascii = False  # type: ignore[attr-defined]  # the default provider has it
    flask.json.sort_keys = False  # type: ignore[attr-defined]
    flask.register_blueprint(oauth.blueprint(standin, server, desk))
    flask.register_blueprint(control.blueprint(standin, desk))
    flask.register_error_handler(404, _no_such_address)
    flask.register_error_handler(405, _no_such_address)
    return Front(standin, flask.wsgi_app)


def _no_such_address(error: object) -> tuple[Response, int]:
    detail = {"domain": "global", "reason": "notFound", "message": "Not Found"}
    return jsonify({"error": {"errors": [detail], "code": 404, "message": "Not Found"}}), 404
