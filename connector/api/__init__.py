"""The gate for programs in other languages: an application of its own, with tokens of its own and JSON only.

It shares nothing with the pages but the domain: no cookie, no session, no form and no error page exists here, and a
bearer token means nothing there.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from flask import Flask

from connector.api import connections, document, errors, gate, guard, headers, oauth
from connector.api.jwts import Jwts
from connector.api.settings import ApiSettings, attach
from connector.domain.ports import Services, TokenKeys

__all__ = ["ApiSettings", "beside", "make_api"]

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]

BODY_LIMIT = 64 * 1024  # bytes, as for the pages: what is documented is far smaller
PREFIX = "/api"


def make_api(svc: Services, keys: TokenKeys, settings: ApiSettings) -> Flask:
    """The application behind `/api`; `beside` puts it there."""
    app = Flask(__name__, static_folder=None)
    attach(app, svc, settings, Jwts(keys, svc.clock, svc.random, settings.base_url))
    app.config["TRUSTED_HOSTS"] = list(settings.trusted_hosts)
    app.config["MAX_CONTENT_LENGTH"] = BODY_LIMIT
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    # An address means what it says: no redirect to a tidier one.
    app.url_map.merge_slashes = False
    app.url_map.strict_slashes = True
    app.url_map.converters["rest"] = gate.Rest
    guard.install(app)
    headers.install(app)
    errors.install(app)
    for blueprint in (oauth.blueprint, connections.blueprint, gate.blueprint(_verbs(svc)), document.blueprint):
        app.register_blueprint(blueprint)
    return app


def beside(pages: Wsgi, api: Wsgi) -> Wsgi:
    """The pages, with the API below its prefix; the address stays as it came."""

    def choose(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        path: str = environ.get("PATH_INFO", "")
        ours = path == PREFIX or path.startswith(f"{PREFIX}/")
        return (api if ours else pages)(environ, start)

    return choose


def _verbs(svc: Services) -> tuple[str, ...]:
    """Every verb that some provider's API knows."""
    networks: Mapping[str, Any] = svc.networks
    return tuple(
        sorted({operation.verb for one in networks.values() for operation in one.catalogue.operations.values()})
    )
