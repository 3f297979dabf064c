"""Settings: the example file's defaults, then instance/config.toml, then the environment. Anything odd refuses."""

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from importlib import resources
from pathlib import Path
from urllib.parse import urlsplit

from connector.domain.errors import NotSetUp
from connector.domain.secret import ClientSecret, SigningKey
from connector.private import refuse_others

__all__ = ["Settings", "load"]

PREFIX = "CONNECTOR_"
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
NARROWINGS = ("ask", "never")
KEY_BACKENDS = ("file", "aws-kms", "gcp-kms", "vault")
# The settings of each key service. The first of a group decides whether the group is set; `needed` must be set with it.
KEY_SERVICES = {
    "aws-kms": ("aws_kms_keys", "aws_kms_endpoint"),
    "gcp-kms": ("gcp_kms_key", "gcp_kms_endpoint"),
    "vault": ("vault_address", "vault_key", "vault_mount", "vault_namespace", "vault_token_file"),
}
_WITH_DEFAULT = frozenset({"vault_mount"})
_FORMS = {
    "aws_kms_keys": (
        re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]{1,64}"),
        # An alias may be pointed at another key, and then nothing would open.
        "must be the ARNs of keys (arn:aws:kms:REGION:ACCOUNT:key/ID), separated by commas; not aliases.",
    ),
    "gcp_kms_key": (
        re.compile(r"projects/[^/\s]+/locations/[^/\s]+/keyRings/[^/\s]+/cryptoKeys/[^/\s]+"),
        "must be a key's resource name: projects/P/locations/L/keyRings/R/cryptoKeys/K .",
    ),
    "vault_key": (re.compile(r"[A-Za-z0-9_.-]{1,128}"), "must be the name of a key of the transit engine."),
    "vault_mount": (re.compile(r"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*"), "must be the path where transit is mounted."),
}
# What others may not read, if config.toml holds it. An address counts when there is a password in it.
_SECRETS = ("secret_key", "google_client_secret")
_ADDRESSES = ("database_url", "smtp_url")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Checked settings. Secrets do not print; `database_url` may hold a password and does not print either."""

    instance: Path
    database_url: str = field(repr=False)
    secret_key: tuple[SigningKey, ...]
    key_backend: str
    key_services: Mapping[str, Mapping[str, str]]  # those that are set, by the backend's name
    base_url: str
    trusted_hosts: tuple[str, ...]
    proxy_hops: int
    smtp_url: str = field(repr=False)
    google_client_id: str
    google_client_secret: tuple[ClientSecret, ...]
    google_auth_uri: str
    google_token_uri: str
    google_revoke_uri: str
    google_tokeninfo_uri: str
    google_issuer: str
    google_api_root: str
    google_narrowing: str


NAMES = (
    *(f.name for f in fields(Settings) if f.name not in ("instance", "key_services")),
    *(name for group in KEY_SERVICES.values() for name in group),
)


def load(environ: Mapping[str, str] | None = None, instance: Path | None = None) -> Settings:
    """Read and check the settings. The instance folder is `CONNECTOR_INSTANCE`, or `instance` where you are.

    Raises: NotSetUp, naming the setting, where it came from and what to do.
    """
    env = os.environ if environ is None else environ
    folder = instance or Path(env.get(f"{PREFIX}INSTANCE") or "instance")
    values, origin = _defaults(), dict.fromkeys(NAMES, "the defaults")
    file = folder / "config.toml"
    for name, value in _file(file).items():
        values[name], origin[name] = value, str(file)
    for key, value in env.items():
        if key.startswith(PREFIX) and key != f"{PREFIX}INSTANCE":
            name = key.removeprefix(PREFIX).lower()
            if name not in NAMES:
                raise NotSetUp(f"{key} is not a setting. Remove it, or correct its name: see `connector serve --help`.")
            values[name], origin[name] = value, key
    _check(values, origin)
    if not values["database_url"]:
        values["database_url"] = f"sqlite:///{(folder / 'connector.db').absolute()}"
    hosts = _listed(values["trusted_hosts"]) or (urlsplit(values["base_url"]).hostname or "",)
    return Settings(
        instance=folder,
        database_url=values["database_url"],
        secret_key=tuple(SigningKey(one) for one in _listed(values["secret_key"])),
        key_backend=values["key_backend"],
        key_services={
            service: {name: values[name] for name in group}
            for service, group in KEY_SERVICES.items()
            if values[group[0]]
        },
        base_url=values["base_url"].rstrip("/"),
        trusted_hosts=hosts,
        proxy_hops=int(values["proxy_hops"]),
        smtp_url=values["smtp_url"],
        google_client_id=values["google_client_id"],
        google_client_secret=tuple(ClientSecret(one) for one in _listed(values["google_client_secret"])),
        google_auth_uri=values["google_auth_uri"],
        google_token_uri=values["google_token_uri"],
        google_revoke_uri=values["google_revoke_uri"],
        google_tokeninfo_uri=values["google_tokeninfo_uri"],
        google_issuer=values["google_issuer"],
        google_api_root=values["google_api_root"].rstrip("/") + "/",
        google_narrowing=values["google_narrowing"],
    )


def _defaults() -> dict[str, str]:
    """The tracked example file: beside the package in a source tree, inside it when installed."""
    inside = resources.files("connector").joinpath("config.example.toml")
    beside = Path(__file__).parent.parent / "instance" / "config.example.toml"
    text = inside.read_text(encoding="utf-8") if inside.is_file() else beside.read_text(encoding="utf-8")
    return _table(text, "instance/config.example.toml")


def _file(path: Path) -> dict[str, str]:
    try:
        with path.open(encoding="utf-8") as file:
            mode, text = os.fstat(file.fileno()).st_mode, file.read()
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as no:
        raise NotSetUp(f"{path} cannot be read ({type(no).__name__}). Make it a readable UTF-8 file.") from None
    table = _table(text, str(path))
    if any(table.get(name) for name in _SECRETS) or any(_has_password(table.get(name, "")) for name in _ADDRESSES):
        refuse_others(path, mode, "The settings file", group_may_read=True)
    return table


def _table(text: str, where: str) -> dict[str, str]:
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as no:
        # The message names line and column; the line itself may hold a secret and is not shown.
        raise NotSetUp(f"{where} is not TOML: {str(no).splitlines()[0]}. Correct that place.") from None
    for name, value in table.items():
        if name not in NAMES:
            raise NotSetUp(f"{where}: {name} is not a setting. Remove it, or correct its name.")
        if not isinstance(value, str):
            raise NotSetUp(f"{where}: {name} must be a text in quotes.")
    return table


Refuse = Callable[[str, str], NotSetUp]


def _check(values: Mapping[str, str], origin: Mapping[str, str]) -> None:
    def refuse(name: str, what: str) -> NotSetUp:
        return NotSetUp(f"{PREFIX}{name.upper()} (from {origin[name]}) {what}")

    if values["key_backend"] not in KEY_BACKENDS:
        raise refuse("key_backend", f"must be one of: {', '.join(KEY_BACKENDS)}.")
    _check_key_services(values, refuse)
    if values["google_narrowing"] not in NARROWINGS:
        raise refuse("google_narrowing", f"must be one of: {', '.join(NARROWINGS)}.")
    if not _is_database(values["database_url"]):
        raise refuse("database_url", "must be sqlite:///PATH or postgresql://HOST/NAME .")
    if bool(values["google_client_id"]) != bool(_listed(values["google_client_secret"])):
        missing = "google_client_secret" if values["google_client_id"] else "google_client_id"
        raise refuse(missing, "is missing while its other half is set. Set both or neither.")
    for name in ("base_url", "google_issuer", "google_api_root", *(f"google_{u}_uri" for u in URIS)):
        problem = _address_problem(values[name])
        if problem:
            raise refuse(name, problem)
    if not (
        values["proxy_hops"].isascii() and values["proxy_hops"].isdigit() and int(values["proxy_hops"]) <= MOST_HOPS
    ):
        raise refuse("proxy_hops", f"must be a whole number from 0 to {MOST_HOPS}.")
    if any(len(one) < SHORTEST_SECRET for one in _listed(values["secret_key"])):
        raise refuse("secret_key", f"is too short. Use {SHORTEST_SECRET} random characters or more, or leave it empty.")


def _check_key_services(values: Mapping[str, str], refuse: Refuse) -> None:
    """Whole groups or none, each in its form; and the one that wraps is there."""
    for service, group in KEY_SERVICES.items():
        given = [name for name in group if values[name] and name not in _WITH_DEFAULT]
        needed = [name for name in group[:2] if not name.endswith("_endpoint")]
        missing = [name for name in needed if not values[name]]
        if missing and (given or values["key_backend"] == service):
            why = f"key_backend is {service}" if values["key_backend"] == service else f"{given[0]} is set"
            raise refuse(missing[0], f"is missing while {why}. Set all that belongs to {service}, or nothing of it.")
        for name in given:
            if name in ("vault_address", "aws_kms_endpoint", "gcp_kms_endpoint"):
                problem = _address_problem(values[name])
                if problem:
                    raise refuse(name, problem)
    for name, (form, says) in _FORMS.items():
        several = _listed(values[name]) if name == "aws_kms_keys" else (values[name],) if values[name] else ()
        if not all(form.fullmatch(one) for one in several) or len(set(several)) != len(several):
            raise refuse(name, says)


URIS = ("auth", "token", "revoke", "tokeninfo")
MOST_HOPS = 9
SHORTEST_SECRET = 32  # characters


def _is_database(value: str) -> bool:
    """Whether it is left out, or looks like one of the two engines' addresses."""
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        return False
    return not value or parts.scheme in ("postgresql", "postgresql+psycopg") or value.startswith("sqlite:///")


def _address_problem(value: str) -> str | None:
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "is not an address. Write it as https://host/path ."
    if parts.scheme not in ("https", "http") or not host:
        return "is not an address. Write it as https://host/path ."
    if parts.scheme == "http" and host not in LOOPBACK:
        return "is plain http, which is for this machine only. Use https."
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        return "must not hold a user name, a query or a fragment."
    return None


def _has_password(value: str) -> bool:
    try:
        return bool(urlsplit(value).password) or "password=" in value
    except ValueError:
        return True


def _listed(value: str) -> tuple[str, ...]:
    return tuple(one.strip() for one in value.split(",") if one.strip())
