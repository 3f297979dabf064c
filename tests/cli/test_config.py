"""Settings: the example file is the defaults, the environment wins, and anything odd is refused in one line."""

from pathlib import Path

import pytest

from connector.config import load
from connector.domain.errors import NotSetUp

ARN = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def test_the_example_file_is_the_defaults(tmp_path: Path) -> None:
    settings = load({}, instance=tmp_path)
    assert settings.google_auth_uri == "https://accounts.google.com/o/oauth2/v2/auth"
    assert settings.database_url == f"sqlite:///{tmp_path / 'connector.db'}"
    assert settings.trusted_hosts == ("127.0.0.1",)


def test_the_file_wins_over_the_defaults_and_the_environment_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('base_url = "https://pages.example"\nsmtp_url = "smtps://mail.example"\n')
    settings = load({"CONNECTOR_SMTP_URL": "smtps://other.example"}, instance=tmp_path)
    assert settings.base_url == "https://pages.example"
    assert settings.smtp_url == "smtps://other.example"


@pytest.mark.parametrize(
    ("environ", "says"),
    [
        ({"CONNECTOR_TYPO": "1"}, "CONNECTOR_TYPO is not a setting"),
        ({"CONNECTOR_KEY_BACKEND": "paper"}, "CONNECTOR_KEY_BACKEND"),
        ({"CONNECTOR_KEY_BACKEND": "vault"}, "CONNECTOR_VAULT_ADDRESS .* is missing while key_backend is vault"),
        ({"CONNECTOR_KEY_BACKEND": "aws-kms"}, "CONNECTOR_AWS_KMS_KEYS .* is missing"),
        ({"CONNECTOR_KEY_BACKEND": "gcp-kms"}, "CONNECTOR_GCP_KMS_KEY .* is missing"),
        ({"CONNECTOR_VAULT_ADDRESS": "https://vault.example"}, "CONNECTOR_VAULT_KEY .* is missing while vault_address"),
        ({"CONNECTOR_VAULT_KEY": "connector"}, "CONNECTOR_VAULT_ADDRESS .* is missing while vault_key is set"),
        ({"CONNECTOR_VAULT_TOKEN_FILE": "/run/token"}, "CONNECTOR_VAULT_ADDRESS .* is missing"),
        ({"CONNECTOR_AWS_KMS_ENDPOINT": "https://kms.example"}, "CONNECTOR_AWS_KMS_KEYS .* is missing"),
        ({"CONNECTOR_GCP_KMS_ENDPOINT": "https://kms.example"}, "CONNECTOR_GCP_KMS_KEY .* is missing"),
        ({"CONNECTOR_VAULT_ADDRESS": "http://vault.example", "CONNECTOR_VAULT_KEY": "k"}, "plain http"),
        ({"CONNECTOR_VAULT_ADDRESS": "https://u:w@vault.example", "CONNECTOR_VAULT_KEY": "k"}, "must not hold a user"),
        ({"CONNECTOR_VAULT_ADDRESS": "https://vault.example", "CONNECTOR_VAULT_KEY": "a/b"}, "name of a key"),
        (
            {
                "CONNECTOR_VAULT_ADDRESS": "https://vault.example",
                "CONNECTOR_VAULT_KEY": "k",
                "CONNECTOR_VAULT_MOUNT": "../x?",
            },
            "where transit is mounted",
        ),
        ({"CONNECTOR_AWS_KMS_KEYS": "alias/connector"}, "not aliases"),
        ({"CONNECTOR_AWS_KMS_KEYS": f"{ARN},{ARN}"}, "must be the ARNs"),
        ({"CONNECTOR_AWS_KMS_KEYS": ARN, "CONNECTOR_AWS_KMS_ENDPOINT": "http://kms.example"}, "plain http"),
        ({"CONNECTOR_GCP_KMS_KEY": "connector"}, "resource name"),
        ({"CONNECTOR_VAULT_TOKEN": "hvs.secret"}, "CONNECTOR_VAULT_TOKEN is not a setting"),
        ({"CONNECTOR_GOOGLE_CLIENT_ID": "id"}, "CONNECTOR_GOOGLE_CLIENT_SECRET"),
        ({"CONNECTOR_GOOGLE_CLIENT_SECRET": "s"}, "CONNECTOR_GOOGLE_CLIENT_ID"),
        ({"CONNECTOR_BASE_URL": "http://pages.example"}, "plain http"),
        ({"CONNECTOR_BASE_URL": "pages.example"}, "is not an address"),
        ({"CONNECTOR_GOOGLE_TOKEN_URI": "https://user:word@host.example/token"}, "must not hold a user name"),
        ({"CONNECTOR_GOOGLE_API_ROOT": "https://host.example:port/"}, "is not an address"),
        ({"CONNECTOR_SECRET_KEY": "short"}, "too short"),
        ({"CONNECTOR_PROXY_HOPS": "-1"}, "whole number"),
        ({"CONNECTOR_PROXY_HOPS": "many"}, "whole number"),
    ],
)
def test_an_odd_setting_is_refused_by_name(tmp_path: Path, environ: dict[str, str], says: str) -> None:
    with pytest.raises(NotSetUp, match=says) as refused:
        load(environ, instance=tmp_path)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [("base_uri = 'x'", "base_uri is not a setting"), ("base_url = 1", "must be a text"), ("base_url =", "not TOML")],
)
def test_an_odd_file_is_refused_with_its_place(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "config.toml").write_text(text)
    with pytest.raises(NotSetUp, match=says):
        load({}, instance=tmp_path)


def test_settings_do_not_print_their_secrets(tmp_path: Path) -> None:
    settings = load(
        {
            "CONNECTOR_SECRET_KEY": "s" * 40,
            "CONNECTOR_GOOGLE_CLIENT_ID": "id",
            "CONNECTOR_GOOGLE_CLIENT_SECRET": "the-client-secret",
            "CONNECTOR_DATABASE_URL": "postgresql://user:the-password@host/db",
        },
        instance=tmp_path,
    )
    assert "the-client-secret" not in repr(settings)
    assert "the-password" not in repr(settings)
    assert "s" * 40 not in repr(settings)


def test_a_key_services_settings_are_handed_on_as_a_group(tmp_path: Path) -> None:
    assert load({}, instance=tmp_path).key_services == {}
    settings = load(
        {"CONNECTOR_VAULT_ADDRESS": "https://vault.example:8200", "CONNECTOR_VAULT_KEY": "connector"}, instance=tmp_path
    )
    assert settings.key_backend == "file"
    assert settings.key_services == {
        "vault": {
            "vault_address": "https://vault.example:8200", "vault_key": "connector", "vault_mount": "transit",
            "vault_namespace": "", "vault_token_file": "",
        }
    }  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        'google_client_id = "id"\ngoogle_client_secret = "the-secret"\n',
        'database_url = "postgresql://user:the-secret@host/db"\n',
        f'secret_key = "{"the-secret" * 4}"\n',
    ],
)
def test_a_file_with_a_secret_in_it_that_others_can_read_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "config.toml"
    file.write_text(text)
    for mode in (0o644, 0o604, 0o660, 0o642):
        file.chmod(mode)
        with pytest.raises(NotSetUp, match=r"Others can read the settings file .*Run: chmod 600") as refused:
            load({}, instance=tmp_path)
        assert "the-secret" not in str(refused.value)
    for mode in (0o600, 0o640, 0o400):  # a group of the service's own may read it
        file.chmod(mode)
        load({}, instance=tmp_path)


def test_a_file_without_a_secret_may_be_read_by_all(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('base_url = "https://pages.example"\nsmtp_url = "smtps://mail.example"\n')
    file.chmod(0o644)
    assert load({}, instance=tmp_path).base_url == "https://pages.example"
