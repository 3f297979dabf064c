"""The one rule: may this call be made for this purpose, with what is granted, switched on and chosen?

Answers are values. Empty and unknown mean no. The policy: section "Collected data from Google users".
"""

from collections.abc import Collection

from scopes.contents import beyond
from scopes.errors import NotForPurpose, UnknownPurpose
from scopes.fields import Fields, Malformed, read
from scopes.fields import beyond as beyond_fields
from scopes.model import ABSENT, PAGE, Catalogue, Need, Purpose, Refusal, RoutedCall, Rule, Unroutable

__all__ = ["decide", "holds", "need", "require"]


def decide(
    catalogue: Catalogue,
    purpose_id: str,
    call: RoutedCall | Unroutable,
    *,
    granted: Collection[str],
    purposes_on: Collection[str],
    chosen_pages: Collection[str],
    subject: str | None = None,
) -> Need | Refusal:
    """Whether the call may be made, all told: `need` and `holds` in one."""
    answer = need(catalogue, purpose_id, call, subject=subject)
    if isinstance(answer, Refusal):
        return answer
    return holds(answer, catalogue=catalogue, granted=granted, purposes_on=purposes_on, chosen_pages=chosen_pages)


def require(
    catalogue: Catalogue, purpose_id: str, call: RoutedCall | Unroutable, *, subject: str | None = None
) -> Need:
    """What the call needs. Raises: NotForPurpose when the purpose does not cover it."""
    match need(catalogue, purpose_id, call, subject=subject):
        case Refusal() as refusal:
            raise NotForPurpose(refusal)
        case Need() as needed:
            return needed


def need(
    catalogue: Catalogue, purpose_id: str, call: RoutedCall | Unroutable, *, subject: str | None = None
) -> Need | Refusal:
    """What the call needs if the purpose covers it: exactly the purpose's scopes, and the pages its parameters name.

    `subject` is the provider's id of what the call is about. The answer says which fields may be asked for: the
    purpose's, or the caller's own if they are among them. Whether any of that holds for a connection is not asked
    here; `holds` does.
    """
    try:
        purpose = catalogue.purpose(purpose_id)
    except UnknownPurpose:
        return Refusal("unknown-purpose", "No purpose of that name is documented, so nothing may be done for it.")
    if isinstance(call, Unroutable):
        return Refusal(
            "unroutable",
            f"This request is not surely one documented operation of {catalogue.title} ({call.reason}), "
            "so no purpose covers it.",
        )
    rule = catalogue.rule(purpose_id, call.operation)
    if rule is None:
        sentence = f"“{purpose.title}” does not cover {call.operation}."
        why = catalogue.refused.get(call.operation)
        return Refusal("operation-not-in-purpose", f"{sentence} {why}" if why else sentence)
    if call.upload:
        return Refusal("upload-not-in-purpose", f"“{purpose.title}” does not cover uploads.")
    pages: set[str] = set()
    for name, permitted in rule.parameters.items():
        value = call.path.get(name, call.query.get(name))
        if value is None:
            if ABSENT in permitted:
                continue
            if name == catalogue.acts_for:
                return Refusal("acting-page-missing", "This does not say which page it acts for.")
            return _not_this(catalogue, purpose.title, call.operation, name)
        if value in permitted and not value.startswith("$"):
            continue
        # NOTE: the account's own id word is not a page, whatever a page list might come to hold.
        if PAGE not in permitted or value in ("", catalogue.own_id):
            return _not_this(catalogue, purpose.title, call.operation, name)
        pages.add(value)
    for name in (*call.path, *call.query):
        if name not in rule.parameters and name not in catalogue.free:
            return _not_this(catalogue, purpose.title, call.operation, name)
    place = beyond(rule, call.body)
    if place is not None:
        return Refusal(
            "content-not-in-purpose", f"“{purpose.title}” does not cover {call.operation} with this “{place}” in it."
        )
    refusal = _about(catalogue, purpose, rule, call, subject)
    if refusal is not None:
        return refusal
    fields = _narrowed(purpose, rule, call)
    if isinstance(fields, Refusal):
        return fields
    return Need(purpose_id, call.operation, purpose.scopes, frozenset(pages), catalogue.policy_version, fields)


def _about(catalogue: Catalogue, purpose: Purpose, rule: Rule, call: RoutedCall, subject: str | None) -> Refusal | None:
    """Whether the call is made to the thing it is done for: that very thing, or the one that it is a part of."""
    if rule.subject is None:
        return None
    if not subject:
        sentence = f"“{purpose.title}” is done for one message or post, and this does not say for which."
        return Refusal("subject-missing", sentence)
    thing = call.path.get(rule.subject, call.query.get(rule.subject, ""))
    below = thing + catalogue.part_mark
    if thing and (subject == thing or (subject.startswith(below) and subject != below)):
        return None
    sentence = f"“{purpose.title}” was asked for about something else than what this “{rule.subject}” names."
    return Refusal("subject-mismatch", sentence)


def _narrowed(purpose: Purpose, rule: Rule, call: RoutedCall) -> Fields | Refusal | None:
    """The fields to ask for: the caller's own where they stay within the purpose's."""
    asked = call.query.get("fields")
    if asked is None or rule.fields is None:
        return rule.fields
    try:
        wanted = read(asked)
    except Malformed:
        return Refusal("fields-not-in-purpose", "This asks for fields in a way that is not surely understood.")
    place = beyond_fields(wanted.tree, rule.fields.tree)
    if place is None:
        return wanted
    return Refusal("fields-not-in-purpose", f"“{purpose.title}” does not read “{place}” of {call.operation}.")


def holds(
    need: Need,
    *,
    catalogue: Catalogue,
    granted: Collection[str],
    purposes_on: Collection[str],
    chosen_pages: Collection[str],
) -> Need | Refusal:
    """Whether a connection gives what is needed, at this moment.

    `purposes_on` are the purposes the customer has switched on; an implied purpose is on when one that includes it is.
    `chosen_pages` are provider ids.
    """
    try:
        purpose = catalogue.purpose(need.purpose)
    except UnknownPurpose:
        return Refusal("unknown-purpose", "No purpose of that name is documented, so nothing may be done for it.")
    if catalogue.enabled_by(purpose.id).isdisjoint(purposes_on):
        return Refusal("purpose-off", f"“{purpose.title}” is switched off for this account.")
    missing = need.scopes.difference(granted)
    if missing or not need.scopes:  # a call that needs nothing is a mistake, not a free one
        return Refusal("scope-missing", _not_granted(catalogue, missing), missing)
    if not need.pages.issubset(chosen_pages):
        return Refusal("page-not-chosen", "This page was not chosen for this account, so nothing is done as it.")
    return need


def _not_this(catalogue: Catalogue, title: str, operation: str, name: str) -> Refusal:
    if name == catalogue.acts_for:
        sentence = f"“{title}” does not cover {operation} as the page that “{name}” names."
    else:
        sentence = f"“{title}” covers {operation}, but not with this “{name}”."
    return Refusal("parameter-not-in-purpose", sentence)


def _not_granted(catalogue: Catalogue, missing: frozenset[str]) -> str:
    labels = [privilege.label for privilege in catalogue.privileges if privilege.scope in missing]
    return f"This permission was not given at {catalogue.title}: {'; '.join(labels) or 'none is named'}."
