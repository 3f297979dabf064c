"""What has drifted apart: the catalogue from the discovery document, the promises from the code that holds them.

`load` refuses what cannot be used. Findings here are for a person: they say what to look at again.
"""

from collections.abc import Iterator

from scopes.discovery import document
from scopes.model import Catalogue
from scopes.promise import Promise, promises

__all__ = ["check"]


def check(catalogue: Catalogue, told: tuple[Promise, ...] | None = None) -> tuple[str, ...]:
    """Findings, one sentence each; none when nothing drifted. `told` are the promises, the policy's own by default."""
    return (*_labels(catalogue), *_sections(catalogue), *_kept(promises() if told is None else told))


def _labels(catalogue: Catalogue) -> Iterator[str]:
    known = document(catalogue.discovery).get("auth", {}).get("oauth2", {}).get("scopes", {})
    for privilege in catalogue.privileges:
        if privilege.scope not in known:
            yield f'privilege "{privilege.scope}": the discovery document does not know this scope'
        elif _plain(known[privilege.scope].get("description", "")) != _plain(privilege.label):
            yield f'privilege "{privilege.scope}": the discovery document calls it by another label'


def _sections(catalogue: Catalogue) -> Iterator[str]:
    for privilege in catalogue.privileges:
        if privilege.policy_section != catalogue.policy_section:
            yield f'privilege "{privilege.scope}": documented in another section than the catalogue says'


def _kept(told: tuple[Promise, ...]) -> Iterator[str]:
    for promise in told:
        if promise.state == "planned":
            if promise.enforced_by or promise.proved_by:
                yield f'promise "{promise.id}": planned, but names what enforces it'
            continue
        if not promise.enforced_by:
            yield f'promise "{promise.id}": enforced, but names no code that does it'
        if not promise.proved_by:
            yield f'promise "{promise.id}": enforced, but names no test that proves it'


def _plain(label: str) -> str:
    """A label as the policy and Google both write it: they differ in a comma."""
    return label.replace(",", "")
