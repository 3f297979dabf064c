"""What is Vault's own: its token, its key's type, versions of its answers."""

import pytest

from connector import config
from connector.domain.errors import CannotOpen, KeyServiceDown, NotSetUp
from connector.storage.kms import key_ring

KEY, CONTEXT = b"k" * 32, b"context"


@pytest.fixture
def ring(vault_backend, tmp_path):
    """`ring()` is the keys of an instance with the settings as they are now."""

    def made():
        settings = config.load({**vault_backend.settings, "CONNECTOR_KEY_BACKEND": "vault"}, instance=tmp_path)
        return key_ring(tmp_path / "keys", "vault", settings.key_services)

    return made


def test_the_token_is_read_again_when_an_agent_renewed_it(ring, vault_backend, tmp_path):
    kek = ring().ready_for(()).current()
    vault_backend.server.token = "hvs.renewed"
    with pytest.raises(KeyServiceDown, match="denied"):
        kek.wrap(KEY, CONTEXT)
    (tmp_path / "vault-token").write_text("hvs.renewed\n")
    assert kek.unwrap(kek.wrap(KEY, CONTEXT), CONTEXT) == KEY


def test_a_token_file_that_is_gone_is_told_by_its_name(ring, tmp_path):
    kek = ring().ready_for(()).current()
    (tmp_path / "vault-token").unlink()
    with pytest.raises(KeyServiceDown, match=r"denied.*vault-token cannot be read"):
        kek.wrap(KEY, CONTEXT)


def test_a_token_file_that_others_can_read_is_refused(ring, tmp_path):
    (tmp_path / "vault-token").chmod(0o644)
    with pytest.raises(NotSetUp, match=r"Others can read the Vault token .*chmod 600"):
        ring()


def test_the_librarys_own_variable_serves_and_without_any_token_it_is_one_line(ring, vault_backend, monkeypatch):
    del vault_backend.settings["CONNECTOR_VAULT_TOKEN_FILE"]
    with pytest.raises(NotSetUp, match="There is no Vault token"):
        ring()
    monkeypatch.setenv("VAULT_TOKEN", vault_backend.server.token)
    assert ring().ready_for(()).ids() == ["vault:transit/connector:v1"]


@pytest.mark.parametrize(("name", "value"), [("type", "rsa-4096"), ("type", "aes256-siv"), ("derived", True)])
def test_a_key_that_cannot_bind_a_context_is_refused(ring, vault_backend, name, value):
    setattr(vault_backend.server, name, value)
    with pytest.raises(NotSetUp, match="aes256-gcm96, not derived"):
        ring().ready_for(())


def test_a_wrong_context_is_told_apart_from_an_outage_where_vault_answers_500_for_both(ring, vault_backend):
    kek = ring().ready_for(()).current()
    wrapped = kek.wrap(KEY, CONTEXT)
    vault_backend.server.damaged_status = 500
    with pytest.raises(CannotOpen):
        kek.unwrap(wrapped, b"another")
    vault_backend.server.fault = 500
    with pytest.raises(KeyServiceDown, match="in-trouble"):
        kek.unwrap(wrapped, CONTEXT)


def test_a_redirect_is_not_followed_with_the_token(ring, vault_backend):
    kek = ring().ready_for(()).current()
    vault_backend.server.fault = "redirect"
    asked = len(vault_backend.server.seen)
    with pytest.raises(KeyServiceDown, match=r"unreadable.*redirect"):
        kek.wrap(KEY, CONTEXT)
    assert len(vault_backend.server.seen) == asked + 1


def test_a_version_that_was_locked_is_no_damage(ring, vault_backend):
    """Or a rotation would leave what is under it as damaged, and say so."""
    kek = ring().ready_for(()).current()
    wrapped = kek.wrap(KEY, CONTEXT)
    vault_backend.server.least["connector"] = 2
    with pytest.raises(KeyServiceDown, match="min_decryption_version"):
        kek.unwrap(wrapped, CONTEXT)


def test_a_ciphertext_of_another_version_is_not_asked_about(ring, vault_backend):
    kek = ring().ready_for(()).current()
    wrapped = kek.wrap(KEY, CONTEXT)
    asked = len(vault_backend.server.seen)
    with pytest.raises(CannotOpen):
        kek.unwrap(wrapped.replace(b":v1:", b":v2:"), CONTEXT)
    assert len(vault_backend.server.seen) == asked
