"""The page connector: customers' Google pages, used for the documented purposes and for nothing else."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from flask import Flask

from connector import api, google, web, wiring
from connector.config import Settings, load
from connector.domain import ledger
from connector.domain.ports import Services
from connector.domain.records import Actor

__all__ = ["API", "Actor", "create_app", "use"]

API = "connector.programs"  # where `create_app` keeps the API's own application among the extensions


def create_app(
    settings: Settings | None = None,
    svc: Services | None = None,
    demo_accounts: tuple[web.DemoAccount, ...] = (),
) -> Flask:
    """The web application, with the API for programs beside the pages. Settings come from the environment unless given.

    Raises: NotSetUp, in one line that says what to do.
    """
    settings = settings or load()
    svc = svc or wiring.services(settings)
    keys = [key.for_signing() for key in wiring.signing_keys(settings)]
    app = Flask(__name__, static_folder=None)
    app.secret_key, app.config["SECRET_KEY_FALLBACKS"] = keys[0], keys[1:]
    programs = api.make_api(
        svc,
        wiring.token_keys(settings, svc.clock),
        api.ApiSettings(
            base_url=settings.base_url, trusted_hosts=settings.trusted_hosts, roots=wiring.api_roots(settings)
        ),
    )
    app.extensions[API] = programs
    # Before the pages put their handling of proxies in front, so that it stands in front of both.
    app.wsgi_app = api.beside(app.wsgi_app, programs.wsgi_app)  # type: ignore[method-assign, assignment]
    consent = urlsplit(settings.google_auth_uri)
    web.register(
        app,
        svc,
        web.WebSettings(
            base_url=settings.base_url,
            trusted_hosts=settings.trusted_hosts,
            proxy_hops=settings.proxy_hops,
            authorization_origins=(f"{consent.scheme}://{consent.netloc}",),
            demo_accounts=demo_accounts,
        ),
    )
    ledger.close_abandoned(svc)
    return app


@contextmanager
def use(
    connection: str, *, purpose: str, actor: Actor, subject: str | None = None, svc: Services | None = None
) -> Generator[Any, None, None]:
    """A google-api-python-client service for one purpose, for programs in this process.

    Every request it makes goes through the gate: refused when the purpose does not cover it, and recorded either way.
    `subject` says what it is about, such as the comment being answered. Services come from the environment's settings
    unless given.

    Raises: as `connector.domain.calls.call`, from each `execute()`; googleapiclient's HttpError for Google's errors.
    """
    ready = svc or wiring.default_services()
    with google.use(ready, connection, purpose=purpose, actor=actor, subject=subject) as pages:
        yield pages
