"""Settings: the example file is the defaults, the environment wins, and anything odd is refused in one line."""

from pathlib import Path

import pytest

from connector.config import load
from connector.domain.errors import NotSetUp


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
        ({"CONNECTOR_KEY_BACKEND": "vault"}, "does not have yet"),
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
