"""Key services that wrap data keys: HashiCorp Vault, AWS KMS, Google Cloud KMS. Each needs its extra of the package."""

from collections.abc import Mapping
from pathlib import Path

from connector.domain.errors import NotSetUp
from connector.storage.kek import FileKeks
from connector.storage.kms.address import check_address
from connector.storage.kms.listed import KekList
from connector.storage.kms.ring import KeyRing
from connector.storage.kms.service import KeyService, ServiceKek

__all__ = ["KeyRing", "KeyService", "ServiceKek", "key_ring"]

Group = Mapping[str, str]  # one service's settings, by their names


def key_ring(folder: Path, backend: str, groups: Mapping[str, Group]) -> FileKeks | KeyRing:
    """The keys of an instance, not yet asked: the files in `folder`, and a key at each service that has settings.

    `backend` and the keys of `groups` are `file`, `vault`, `aws-kms` or `gcp-kms`. Call `ready_for` before use.

    Raises: NotSetUp when a library is not installed, there are no credentials, or an address may not be used.
    """
    files = FileKeks(folder)
    if not groups:
        return files
    services = {name: _service(name, group) for name, group in groups.items()}
    return KeyRing(files, KekList(folder / "services.jsonl"), tuple(services.values()), services.get(backend))


def _service(name: str, group: Group) -> KeyService:
    extra = {"vault": "vault", "aws-kms": "aws", "gcp-kms": "gcp"}[name]
    for setting, value in group.items():
        if value and setting in ("vault_address", "aws_kms_endpoint", "gcp_kms_endpoint"):
            check_address(f"CONNECTOR_{setting.upper()}", value)
    try:
        match name:
            case "vault":
                from connector.storage.kms.vault_transit import VaultTransit

                token = group["vault_token_file"]
                return VaultTransit(
                    address=group["vault_address"], key=group["vault_key"], mount=group["vault_mount"],
                    namespace=group["vault_namespace"], token_file=Path(token) if token else None,
                )  # fmt: skip
            case "aws-kms":
                from connector.storage.kms.aws import AwsKms

                keys = [one.strip() for one in group["aws_kms_keys"].split(",") if one.strip()]
                return AwsKms(keys=keys, endpoint=group["aws_kms_endpoint"])
            case _:
                from connector.storage.kms.gcp import GcpKms

                return GcpKms(key=group["gcp_kms_key"], endpoint=group["gcp_kms_endpoint"])
    except ModuleNotFoundError:
        raise NotSetUp(
            f"The key service {name} needs a library that is not installed. Run: pip install 'page-connector[{extra}]'"
        ) from None
