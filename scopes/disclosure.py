"""What a customer is shown before going to Google, and what Google's verification asks of us, from the same words."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from scopes.model import Catalogue, Privilege, Purpose

__all__ = ["AskedFor", "DisclosedPurpose", "Disclosure", "describe", "disclose", "justification"]


@dataclass(frozen=True, slots=True)
class AskedFor:
    """A permission that Google will ask the customer for."""

    scope: str
    short: str
    label: str
    reason: str

    def as_json(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {"scope": self.scope, "label": self.label, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class DisclosedPurpose:
    """A purpose as the disclosure tells it."""

    id: str
    title: str
    sentence: str
    example: str
    scopes: tuple[AskedFor, ...]
    data_read: tuple[str, ...]
    retention: str

    def as_json(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {
            "id": self.id,
            "title": self.title,
            "sentence": self.sentence,
            "example": self.example,
            "scopes": [asked.scope for asked in self.scopes],
            "data_read": list(self.data_read),
            "retention": self.retention,
        }


@dataclass(frozen=True, slots=True)
class Disclosure:
    """All that is said before consent. `rows` are the chosen purposes, `included` what comes with them."""

    provider: str
    title: str
    policy_version: str
    policy_section: str
    rows: tuple[DisclosedPurpose, ...]
    included: tuple[DisclosedPurpose, ...]
    asked_for: tuple[AskedFor, ...]
    we_never: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain JSON types, the same for the same choice, so that a hash of it can stand for what was shown."""
        return {
            "provider": self.provider,
            "title": self.title,
            "policy_version": self.policy_version,
            "policy_section": self.policy_section,
            "purposes": [row.as_json() for row in self.rows],
            "included": [row.as_json() for row in self.included],
            "asked_for": [asked.as_json() for asked in self.asked_for],
            "we_never": list(self.we_never),
        }


def disclose(catalogue: Catalogue, purpose_ids: Iterable[str]) -> Disclosure:
    """What is shown for these purposes, in the catalogue's order whatever theirs. Raises: UnknownPurpose."""
    chosen = {catalogue.purpose(each).id for each in purpose_ids}
    parts = {part for each in chosen for part in catalogue.purpose(each).includes} - chosen
    return Disclosure(
        provider=catalogue.provider,
        title=catalogue.title,
        policy_version=catalogue.policy_version,
        policy_section=catalogue.policy_section,
        rows=tuple(_told(catalogue, purpose) for purpose in catalogue.purposes if purpose.id in chosen),
        included=tuple(_told(catalogue, purpose) for purpose in catalogue.purposes if purpose.id in parts),
        asked_for=_asked(catalogue, chosen),
        we_never=catalogue.we_never,
    )


def justification(catalogue: Catalogue) -> str:
    """The texts Google's OAuth verification asks for, one for each scope: why it is needed and what is done with it."""
    return "\n\n".join(_justified(catalogue, privilege) for privilege in catalogue.privileges)


def describe(catalogue: Catalogue) -> str:
    """The catalogue as a person reads it: what is asked, why, what it allows, and what is refused."""
    lines = [
        f"{catalogue.title} ({catalogue.provider})",
        f"Policy of {catalogue.policy_version}, section “{catalogue.policy_section}”",
        "",
        "Permissions",
    ]
    for privilege in catalogue.privileges:
        lines += [
            f"  {privilege.label}",
            f"    {privilege.short}; {privilege.confidence}, read on {privilege.read_on.isoformat()}",
            f"    {privilege.reason}",
        ]
    lines += ["", "Purposes"]
    for purpose in catalogue.purposes:
        part = " (part of every purpose that includes it)" if purpose.implied else ""
        lines += [f"  {purpose.title}: {purpose.id}{part}", f"    {purpose.sentence}"]
        lines += [f"    needs   {asked.short}" for asked in _asked(catalogue, [purpose.id])]
        for rule in purpose.rules:
            fixed = "; ".join(f"{name}: {' or '.join(values)}" for name, values in rule.parameters.items())
            lines.append(f"    covers  {rule.operation}" + (f" ({fixed})" if fixed else ""))
            lines += [f"            fields {rule.fields.text}"] if rule.fields else []
        lines += [f"    with    {part}" for part in purpose.includes]
        lines += [f"    reads   {data}" for data in purpose.data_read]
        lines.append(f"    keeps   {purpose.retention}")
    lines += ["", "Refused, although Google may allow it"]
    lines += [f"  {operation}: {why}" for operation, why in catalogue.refused.items()]
    return "\n".join(lines)


def _asked(catalogue: Catalogue, purpose_ids: Iterable[str]) -> tuple[AskedFor, ...]:
    privileges = [catalogue.privilege(scope) for scope in catalogue.scopes_for(purpose_ids)]
    return tuple(AskedFor(each.scope, each.short, each.label, each.reason) for each in privileges)


def _told(catalogue: Catalogue, purpose: Purpose) -> DisclosedPurpose:
    return DisclosedPurpose(
        id=purpose.id,
        title=purpose.title,
        sentence=purpose.sentence,
        example=purpose.example,
        scopes=_asked(catalogue, [purpose.id]),
        data_read=purpose.data_read,
        retention=purpose.retention,
    )


def _justified(catalogue: Catalogue, privilege: Privilege) -> str:
    users = [purpose for purpose in catalogue.purposes if privilege.scope in purpose.scopes]
    lines = [privilege.scope, f"“{privilege.label}”", privilege.reason, "Used for:"]
    lines += [f"- {purpose.title}. {purpose.sentence}" for purpose in users]
    methods = sorted(
        {
            rule.operation
            for purpose in users
            for rule in purpose.rules
            if privilege.scope in catalogue.operations[rule.operation].scopes
        }
    )
    lines.append(f"Methods called with it: {', '.join(methods)}. A request to any other method is refused here.")
    lines.append(f"Documented in the privacy policy of {catalogue.policy_version}, “{privilege.policy_section}”.")
    return "\n".join(lines)
