"""Starts the parts of the demonstration and stops them again: stand-in, database, accounts, pages."""

import secrets
import tempfile
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import connector
from connector import config, server, web, wiring
from connector.demo.foreign import Foreign, running_standin
from connector.domain import people
from connector.domain.errors import NotSetUp
from connector.domain.ledger import SYSTEM
from connector.domain.ports import Services
from connector.storage import make_engine, upgrade

__all__ = ["Stage", "stage"]

CLIENT = "demo-client"


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything that runs, with the accounts to sign in with."""

    url: str
    svc: Services
    standin: Foreign
    member: web.DemoAccount
    other: web.DemoAccount
    staff: web.DemoAccount
    instance: Path


@contextmanager
def stage(*, instance: Path | None = None, port: int = 0) -> Generator[Stage, None, None]:
    """Stand-in (a process of its own), a fresh instance, three accounts, and the pages on a loopback port."""
    with ExitStack() as stack:
        folder = instance or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="connector-demo-")))
        if (folder / "connector.db").exists():
            raise NotSetUp(f"{folder} holds a database already. Name an empty folder, or leave --instance out.")
        listening = server.Listening("127.0.0.1", port)
        stack.callback(listening.close)
        foreign = stack.enter_context(running_standin())
        url = f"http://127.0.0.1:{listening.port}"
        settings = config.load(_environment(foreign, url), instance=folder)
        foreign.register(CLIENT, settings.google_client_secret[0], wiring.callback_address(settings))
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        engine = make_engine(settings.database_url)
        upgrade(engine)
        engine.dispose()
        svc = wiring.services(settings)
        stack.callback(svc.store.close)
        accounts = _accounts(svc)
        app = connector.create_app(settings, svc, demo_accounts=accounts)
        stack.enter_context(server.Server(app, listening))
        yield Stage(url, svc, foreign, *accounts, instance=folder)


def _environment(foreign: Foreign, url: str) -> dict[str, str]:
    return {
        "CONNECTOR_BASE_URL": url,
        "CONNECTOR_GOOGLE_CLIENT_ID": CLIENT,
        "CONNECTOR_GOOGLE_CLIENT_SECRET": secrets.token_urlsafe(32),
        "CONNECTOR_GOOGLE_AUTH_URI": f"{foreign.url}/o/oauth2/v2/auth",
        "CONNECTOR_GOOGLE_TOKEN_URI": f"{foreign.url}/token",
        "CONNECTOR_GOOGLE_REVOKE_URI": f"{foreign.url}/revoke",
        "CONNECTOR_GOOGLE_TOKENINFO_URI": f"{foreign.url}/tokeninfo",
        "CONNECTOR_GOOGLE_ISSUER": foreign.url,
        "CONNECTOR_GOOGLE_API_ROOT": f"{foreign.url}/",
    }


def _accounts(svc: Services) -> tuple[web.DemoAccount, web.DemoAccount, web.DemoAccount]:
    first = people.add_customer(svc, SYSTEM, "Harbour Cafés")
    second = people.add_customer(svc, SYSTEM, "Tandem Bikes")
    return (
        _account(
            svc, "member@harbour.example", "Member of Harbour", "A member of the customer Harbour Cafés", first.id
        ),
        _account(
            svc, "member@tandem.example", "Member of Tandem", "A member of another customer, Tandem Bikes", second.id
        ),
        _account(svc, "staff@company.example", "Staff account", "The company's own staff", None),
    )


def _account(svc: Services, email: str, name: str, sees: str, customer: str | None) -> web.DemoAccount:
    role = "owner" if customer else "admin"
    _, link = people.add_person(svc, SYSTEM, email=email, name=name, role=role, customer=customer)
    password = secrets.token_urlsafe(12)
    people.accept_link(svc, link, password)
    return web.DemoAccount(email=email, password=password, sees=sees)
