"""Where a key service's address may lead (R48)."""

import socket

import pytest

from connector.domain.errors import NotSetUp
from connector.storage.kms.address import check_address

HOST = "vault.example"


def leads_to(monkeypatch, *addresses):
    """The name service answers so."""
    found = [(socket.AF_INET6 if ":" in one else socket.AF_INET, 0, 0, "", (one, 443)) for one in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_asked, **_how: found)


@pytest.mark.parametrize(
    "address", ["10.1.2.3", "192.168.1.9", "203.0.113.7", "127.0.0.1", "::1", "fd12::8", "2001:db8::1"]
)
def test_an_address_where_a_key_service_can_be_is_accepted(monkeypatch, address):
    leads_to(monkeypatch, address)
    check_address("CONNECTOR_VAULT_ADDRESS", f"https://{HOST}:8200")


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254", "169.254.170.2", "fe80::1", "fe80::1%eth0", "::ffff:169.254.169.254", "fd00:ec2::254",
        "100.100.100.200", "0.0.0.0", "::", "224.0.0.1", "255.255.255.255", "2002:a9fe:a9fe::1",
    ],
)  # fmt: skip
def test_a_metadata_or_impossible_address_is_refused_by_name(monkeypatch, address):
    leads_to(monkeypatch, "203.0.113.7", address)  # one good one beside it changes nothing
    with pytest.raises(NotSetUp, match=f"CONNECTOR_VAULT_ADDRESS: {HOST} leads to ") as refused:
        check_address("CONNECTOR_VAULT_ADDRESS", f"https://{HOST}")
    assert "\n" not in str(refused.value)


def test_a_name_that_leads_nowhere_is_one_line():
    with pytest.raises(NotSetUp, match=r"no-such-host\.invalid is not known here"):
        check_address("CONNECTOR_VAULT_ADDRESS", "https://no-such-host.invalid")
