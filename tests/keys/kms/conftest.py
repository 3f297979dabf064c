"""Each key service at the other end of a real socket, and an instance whose keys are there."""

import importlib.util
import json
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.loaders import create_loader
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from connector.storage import SqlStore
from connector.storage.kms import asking


def _load(name: str) -> Any:
    """A module of this folder, which is no package."""
    spec = importlib.util.spec_from_file_location(f"kms_{name}", Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


wire, vault_wire, gcp_wire, aws_wire = (_load(name) for name in ("wire", "vault_wire", "gcp_wire", "aws_wire"))


@dataclass
class Backend:
    """A key service that runs. `settings` are the connector's for it; `id_of(1)` is its first key's id."""

    name: str
    server: Any
    settings: dict[str, str]
    id_of: Callable[[int], str]

    def prepare_rotation(self, environ: dict[str, str]) -> None:
        """What a person does before `connector keys rotate`: nothing, but for AWS, where they make the key."""
        if self.name == "aws-kms":
            self.server.arns.append(self.server.make_key())
            environ["CONNECTOR_AWS_KMS_KEYS"] = ",".join(reversed(self.server.arns))

    def deny(self, *rights: str) -> None:
        """From now on the service refuses these, or everything."""
        if self.name == "aws-kms":
            self.server.refuse = "AccessDeniedException"
        else:
            self.server.may -= set(rights) or set(self.server.may)

    def lose_keys(self) -> None:
        """The service is another one, with other keys under the same names."""
        if self.name == "vault":
            self.server.keys = {"connector": [bytes(32)]}
        elif self.name == "gcp-kms":
            self.server.versions = [bytes(32)]
        else:
            self.server.refuse = "NotFoundException"


@pytest.fixture(scope="session")
def _moto() -> Iterator[str]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="session")
def _account_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A service account's key file. Google's library signs its own tokens with it and asks nobody."""
    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    path = tmp_path_factory.mktemp("account") / "account.json"
    path.write_text(
        json.dumps({
            "type": "service_account", "project_id": "p1", "private_key_id": "k1", "private_key": pem,
            "client_email": "connector@p1.iam.gserviceaccount.com", "token_uri": "http://127.0.0.1:1/token",
        })
    )  # fmt: skip
    return path


@pytest.fixture
def _no_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of this machine's own accounts."""
    for name in ("VAULT_TOKEN", "VAULT_ADDR", "AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    monkeypatch.setenv("NO_GCE_CHECK", "true")


@pytest.fixture
def vault_server(_no_credentials: None) -> Iterator[Any]:
    """Vault, unsealed, with a transit key `connector`."""
    server = vault_wire.vault_wire(wire)()
    yield server
    server.stop()


@pytest.fixture
def vault_backend(vault_server: Any, tmp_path: Path) -> Backend:
    """Its settings, with a token file."""
    token = tmp_path / "vault-token"
    token.touch(0o600)
    token.write_text(f"{vault_server.token}\n")
    settings = {
        "CONNECTOR_VAULT_ADDRESS": vault_server.url,
        "CONNECTOR_VAULT_KEY": "connector",
        "CONNECTOR_VAULT_TOKEN_FILE": str(token),
    }
    return Backend("vault", vault_server, settings, lambda n: f"vault:transit/connector:v{n}")


@pytest.fixture
def gcp_backend(_no_credentials: None, _account_file: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Backend]:
    """Google Cloud KMS with a key of one version."""
    server = gcp_wire.gcp_wire(wire)()
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(_account_file))
    settings = {"CONNECTOR_GCP_KMS_KEY": gcp_wire.KEY, "CONNECTOR_GCP_KMS_ENDPOINT": server.url}
    yield Backend("gcp-kms", server, settings, lambda n: f"{gcp_wire.KEY}/cryptoKeyVersions/{n}")
    server.stop()


@pytest.fixture(scope="session")
def _aws_loader() -> Any:
    return create_loader()  # it keeps the service models that it has read, which each session would read anew


@pytest.fixture
def aws_backend(
    _no_credentials: None, _moto: str, _aws_loader: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Backend]:
    """AWS KMS with one key."""
    monkeypatch.setattr("botocore.session.create_loader", lambda *_paths: _aws_loader)
    server = aws_wire.aws_wire(wire)(_moto)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "connector")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret-of-the-tests")
    settings = {"CONNECTOR_AWS_KMS_KEYS": server.arns[0], "CONNECTOR_AWS_KMS_ENDPOINT": server.url}
    yield Backend("aws-kms", server, settings, lambda n: server.arns[n - 1])
    server.stop()


@pytest.fixture(params=["vault", "aws-kms", "gcp-kms"])
def backend(request: pytest.FixtureRequest) -> Backend:
    """Each of the three."""
    found: Backend = request.getfixturevalue(f"{request.param.partition('-')[0]}_backend")
    return found


@pytest.fixture
def at_service(environ: dict[str, str], backend: Backend) -> dict[str, str]:
    """The instance's settings, with its keys at the service from the start. `start` takes them."""
    environ.update(backend.settings, CONNECTOR_KEY_BACKEND=backend.name)
    return environ


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A question has half a second."""
    monkeypatch.setattr(asking, "LIMIT", 0.5)


@pytest.fixture
def database_url(tmp_path: Path, _sqlite_template: Path) -> str:
    """On SQLite alone: what a service changes is the same on both engines, and tests/keys runs on both."""
    path = tmp_path / "connector.db"
    shutil.copyfile(_sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def asks(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """For each question to a service: whether the thread that asked had a transaction open that writes."""
    told: list[bool] = []
    here = threading.local()
    write, ask = SqlStore.write, asking.Asking.__call__

    @contextmanager
    def writing(self: SqlStore, **how: Any) -> Iterator[Any]:
        with write(self, **how) as tx:
            here.writes = True
            try:
                yield tx
            finally:
                here.writes = False

    def asked(self: asking.Asking, question: Callable[[], Any]) -> Any:
        told.append(getattr(here, "writes", False))
        return ask(self, question)

    monkeypatch.setattr(SqlStore, "write", writing)
    monkeypatch.setattr(asking.Asking, "__call__", asked)
    return told
