"""The pages: for customers' members, for staff, and for signing in. Everything here talks to the domain only."""

from flask import Flask
from jinja2 import StrictUndefined
from werkzeug.middleware.proxy_fix import ProxyFix

from connector.domain.ports import Services
from connector.web import (
    account,
    activity,
    admin,
    assets,
    connect,
    csrf,
    errors,
    explain,
    headers,
    health,
    inbox,
    marks,
    members,
    session,
    signin,
    wording,
)
from connector.web.settings import DemoAccount, WebSettings, attach

__all__ = ["BLUEPRINTS", "DemoAccount", "WebSettings", "register"]

BODY_LIMIT = 64 * 1024  # bytes
BLUEPRINTS = (
    assets.blueprint,
    signin.blueprint,
    connect.blueprint,
    inbox.blueprint,
    account.blueprint,
    members.blueprint,
    activity.blueprint,
    admin.blueprint,
    explain.blueprint,
    health.blueprint,
)


def register(app: Flask, svc: Services, settings: WebSettings) -> None:
    """Put the pages into the application, with their guards, headers and error pages."""
    attach(app, svc, settings)
    app.config["TRUSTED_HOSTS"] = list(settings.trusted_hosts)
    app.config["MAX_CONTENT_LENGTH"] = BODY_LIMIT
    app.config["MAX_FORM_PARTS"] = 200
    if settings.proxy_hops:
        # Only the client's address and the scheme are taken; the host never is (R6).
        hops = settings.proxy_hops
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=0)  # type: ignore[method-assign]
    _prepare_templates(app)
    headers.install(app)
    errors.install(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)


def _prepare_templates(app: Flask) -> None:
    env = app.jinja_env
    env.undefined = StrictUndefined  # a name that does not exist fails the page instead of showing nothing
    env.trim_blocks = env.lstrip_blocks = True
    env.finalize = wording.finished
    env.globals.update(
        asset=assets.asset,
        csrf_field=csrf.field,
        nonce=headers.nonce,
        shown_person=session.shown_person,
        MARKS=marks.MARKS,
        OUTCOMES=marks.OUTCOMES,
        REPLIES=marks.REPLIES,
        STATES=marks.STATES,
    )
    env.filters.update(when=wording.when, day=wording.day, number=wording.number, plural=wording.plural)
