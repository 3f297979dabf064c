"""Purposes by the names that people read."""

from collections.abc import Mapping

from connector.web.settings import services

__all__ = ["choosable", "titles"]


def titles() -> Mapping[str, str]:
    """Purpose id to title, of every network that is set up, in the catalogue's order."""
    return {
        purpose.id: purpose.title for network in services().networks.values() for purpose in network.catalogue.purposes
    }


def choosable() -> Mapping[str, str]:
    """As `titles`, of the purposes that a customer switches on and off."""
    switched = {p.id for network in services().networks.values() for p in network.catalogue.choosable()}
    return {purpose: title for purpose, title in titles().items() if purpose in switched}
