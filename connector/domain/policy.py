"""Which text is in force. Versions with effective dates come with a later change; today there is one."""

from connector.domain.ports import Services

__all__ = ["version_in_force"]


def version_in_force(svc: Services) -> str:
    """The version of the privacy policy that entries and grants are made under, for example `2018-10-06`."""
    return min(network.catalogue.policy_version for network in svc.networks.values())
