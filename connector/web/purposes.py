"""Purposes by the names that people read."""

from collections.abc import Mapping

from connector.web.settings import services

__all__ = ["titles"]


def titles() -> Mapping[str, str]:
    """Purpose id to title, of every network that is set up, in the catalogue's order."""
    return {
        purpose.id: purpose.title
        for network in services().networks.values()
        for purpose in network.catalogue.choosable()
    }
