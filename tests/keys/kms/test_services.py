"""Each key service alone: what it wraps opens with its context and no other, and its every failure has a name (F34)."""

import time

import pytest

from connector import config
from connector.domain.errors import CannotOpen, KeyServiceDown, NotSetUp
from connector.storage.kms import key_ring

KEY, CONTEXT = b"k" * 32, b'["v1","data key","cus_a",1]'


@pytest.fixture
def ring(backend, tmp_path):
    """The keys of a new instance at that service, looked at and tried."""
    return made(backend, tmp_path).ready_for(())


def made(backend, tmp_path):
    settings = config.load({**backend.settings, "CONNECTOR_KEY_BACKEND": backend.name}, instance=tmp_path)
    return key_ring(tmp_path / "keys", settings.key_backend, settings.key_services)


def test_what_is_wrapped_opens_with_its_context_and_no_other(ring, backend):
    kek = ring.current()
    assert (kek.id, ring.ids(), kek.remote, ring.remote) == (backend.id_of(1), [backend.id_of(1)], True, True)
    wrapped = kek.wrap(KEY, CONTEXT)
    assert KEY not in wrapped
    assert kek.unwrap(wrapped, CONTEXT) == KEY
    for other in (b'["v1","data key","cus_b",1]', b'["v1","data key","cus_a",2]', b"x"):
        with pytest.raises(CannotOpen):
            kek.unwrap(wrapped, other)


def test_damaged_bytes_are_no_outage(ring):
    kek = ring.current()
    wrapped = kek.wrap(KEY, CONTEXT)
    cut = wrapped[:-5] + b"AAAA" + wrapped[-1:] if wrapped.startswith(b"vault:") else wrapped[:-1] + b"\0\0"
    for damaged in (b"", b"\xff\xfe", b"vault:v1:!", cut):
        with pytest.raises(CannotOpen):
            kek.unwrap(damaged, CONTEXT)
    assert kek.unwrap(wrapped, CONTEXT) == KEY


def test_a_service_that_takes_no_notice_of_the_context_is_refused_at_the_start(backend, tmp_path):
    backend.server.binds = False
    with pytest.raises(NotSetUp, match="ignores the context"):
        made(backend, tmp_path).ready_for(())


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        (500, "in-trouble"), (503, {"vault": "sealed"}), (429, "in-trouble"), (403, "denied"), ("drop", "no-answer"),
        ("garbage", "unreadable"), ("html", "unreadable"), ("empty", "unreadable"),
    ],
)  # fmt: skip
def test_f34_every_failure_is_told_by_its_cause_and_nothing_is_wrapped(ring, backend, fault, cause):
    kek = ring.current()
    wrapped = kek.wrap(KEY, CONTEXT)
    backend.server.fault = fault
    expected = cause if isinstance(cause, str) else cause.get(backend.name, "in-trouble")
    with pytest.raises(KeyServiceDown) as down:
        kek.wrap(KEY, CONTEXT)
    assert (down.value.cause, down.value.service, down.value.status) == (expected, backend.name, 503)
    backend.server.fault = None
    again = made_again(ring, backend)
    backend.server.fault = fault
    with pytest.raises(KeyServiceDown) as down:
        again.unwrap(wrapped, CONTEXT)
    assert down.value.cause == expected
    assert "\n" not in str(down.value)


def made_again(ring, backend):
    """The same key through a service that was not down a moment ago."""
    ring._backend._ask._down = None
    return ring.current()


@pytest.mark.parametrize("fault", ["hang", "drip"])
def test_f34_a_service_that_does_not_come_to_an_end_costs_no_more_than_the_limit(impatient, backend, tmp_path, fault):
    kek = made(backend, tmp_path).ready_for(()).current()
    backend.server.fault = fault
    asked, began = len(backend.server.seen), time.monotonic()
    with pytest.raises(KeyServiceDown, match="no-answer"):
        kek.wrap(KEY, CONTEXT)
    for _ in range(20):  # while it is known to be down, nobody asks it
        with pytest.raises(KeyServiceDown, match="no-answer"):
            kek.wrap(KEY, CONTEXT)
    assert len(backend.server.seen) - asked == 1
    assert time.monotonic() - began < 5  # against 20 limits and more; the library's own would be 3 s each


def test_nobody_listens(ring, backend):
    kek = ring.current()
    backend.server.stop()
    with pytest.raises(KeyServiceDown, match="no-answer"):
        kek.wrap(KEY, CONTEXT)


def test_a_key_that_is_not_there_is_told_at_the_start(backend, tmp_path):
    match backend.name:
        case "vault":
            backend.settings["CONNECTOR_VAULT_KEY"] = "elsewhere"
        case "aws-kms":
            here = backend.settings["CONNECTOR_AWS_KMS_KEYS"]
            backend.settings["CONNECTOR_AWS_KMS_KEYS"] = here[:-12] + "0" * 12
        case _:
            backend.settings["CONNECTOR_GCP_KMS_KEY"] += "-elsewhere"
    with pytest.raises(KeyServiceDown, match=r"\((no-key|denied)\).*Check that"):
        made(backend, tmp_path).ready_for(())


def test_a_denial_of_one_question_does_not_keep_the_others_waiting(ring, backend):
    kek = ring.current()
    backend.server.fault = 403
    with pytest.raises(KeyServiceDown, match="denied"):
        kek.wrap(KEY, CONTEXT)
    backend.server.fault = None
    assert kek.unwrap(kek.wrap(KEY, CONTEXT), CONTEXT) == KEY


def test_credentials_reach_the_service_and_nothing_else(ring, backend, caplog):
    caplog.set_level("DEBUG")
    kek = ring.current()
    backend.server.fault = 403
    with pytest.raises(KeyServiceDown) as down:
        kek.wrap(KEY, CONTEXT)
    assert all(backend.server.tokens)
    told = str(down.value) + repr(down.value) + repr(ring) + repr(kek) + repr(ring._backend)
    for secret in {*backend.server.tokens, "a-secret-of-the-tests", KEY.decode()}:
        assert secret not in told


def test_no_library_is_one_line_that_names_the_extra(backend, tmp_path, monkeypatch):
    import builtins

    extra = {"vault": ("hvac", "vault"), "aws-kms": ("boto3", "aws"), "gcp-kms": ("google_crc32c", "gcp")}[backend.name]
    module = {"vault": "vault_transit", "aws-kms": "aws", "gcp-kms": "gcp"}[backend.name]
    real = builtins.__import__

    def importing(name, *args, **more):
        if name.partition(".")[0] == extra[0]:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(name, *args, **more)

    import sys

    monkeypatch.delitem(sys.modules, f"connector.storage.kms.{module}", raising=False)
    monkeypatch.setattr(builtins, "__import__", importing)
    with pytest.raises(NotSetUp, match=rf"pip install 'page-connector\[{extra[1]}\]'") as refused:
        made(backend, tmp_path)
    assert "\n" not in str(refused.value)
