"""What is Google Cloud KMS's own: checksums, and versions that take a moment."""

import pytest

from connector import config
from connector.domain.errors import KeyServiceDown, NotSetUp
from connector.storage.kms import gcp, key_ring

KEY, CONTEXT = b"k" * 32, b"context"


@pytest.fixture
def ring(gcp_backend, tmp_path):
    """The keys of an instance, not yet looked at."""
    settings = config.load({**gcp_backend.settings, "CONNECTOR_KEY_BACKEND": "gcp-kms"}, instance=tmp_path)
    return key_ring(tmp_path / "keys", "gcp-kms", settings.key_services)


@pytest.mark.parametrize("flips", ["sent", "version", "ciphertext"])
def test_what_was_damaged_on_the_way_is_never_stored(ring, gcp_backend, flips):
    kek = ring.ready_for(()).current()
    gcp_backend.server.flips = flips
    with pytest.raises(KeyServiceDown, match="unreadable"):
        kek.wrap(KEY, CONTEXT)


def test_a_data_key_that_was_damaged_on_the_way_is_never_used(ring, gcp_backend):
    kek = ring.ready_for(()).current()
    wrapped = kek.wrap(KEY, CONTEXT)
    gcp_backend.server.flips = "plaintext"
    with pytest.raises(KeyServiceDown, match="unreadable"):
        kek.unwrap(wrapped, CONTEXT)


def test_a_version_that_is_being_made_is_waited_for(ring, gcp_backend, monkeypatch):
    ring.ready_for(())
    gcp_backend.server.pending, slept = 1, []
    monkeypatch.setattr(gcp.time, "sleep", slept.append)
    assert ring.make() == gcp_backend.id_of(2)
    assert slept == [1]


def test_a_disabled_version_is_told_as_such(ring, gcp_backend):
    kek = ring.ready_for(()).current()
    wrapped = kek.wrap(KEY, CONTEXT)
    gcp_backend.server.states = ["DISABLED"]
    for question in (lambda: kek.wrap(KEY, CONTEXT), lambda: kek.unwrap(wrapped, CONTEXT)):
        with pytest.raises(KeyServiceDown, match="disabled or destroyed"):
            question()


def test_a_key_for_signing_is_refused(ring, gcp_backend):
    gcp_backend.server.purpose = "ASYMMETRIC_SIGN"
    with pytest.raises(NotSetUp, match="not for symmetric encryption"):
        ring.ready_for(())


def test_without_credentials_it_is_one_line(gcp_backend, tmp_path, monkeypatch):
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    with pytest.raises(NotSetUp, match="finds no credentials") as refused:
        gcp.GcpKms(key=gcp_backend.settings["CONNECTOR_GCP_KMS_KEY"])
    assert "\n" not in str(refused.value)
