"""Where an operator's own address of a key service may lead (R48).

Key services stand in private networks, so private addresses are allowed. What no key service has is refused:
link-local addresses, where clouds serve credentials to whoever asks, and addresses that are no host's. TLS with
verification, which the settings demand for everything but this machine, keeps a name that is pointed elsewhere later
from being believed.
"""

import ipaddress
import socket
from urllib.parse import urlsplit

from connector.domain.errors import NotSetUp

__all__ = ["check_address"]

# Metadata services that are not link-local: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
# and https://www.alibabacloud.com/help/en/ecs/user-guide/view-instance-metadata (read 2026-11-24).
METADATA = frozenset(ipaddress.ip_address(one) for one in ("fd00:ec2::254", "100.100.100.200"))


def check_address(setting: str, url: str) -> None:
    """Raises: NotSetUp when the host's name leads to such an address, or nowhere."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    try:
        found = {str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except OSError:
        raise NotSetUp(
            f"{setting}: the host {host} is not known here. Correct the address, or the name service."
        ) from None
    for one in sorted(found):
        if _refused(one):
            raise NotSetUp(f"{setting}: {host} leads to {one}, where no key service can be. Correct the address.")


def _refused(address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        ip = ip.ipv4_mapped or ip.sixtofour or ip
    unusable = ip.is_link_local or ip.is_multicast or ip.is_unspecified or (ip.is_reserved and not ip.is_loopback)
    return unusable or ip in METADATA
