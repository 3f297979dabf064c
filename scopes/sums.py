"""Whether a catalogue adds up. Each rule is a generator of sentences that name the row they are about."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from scopes.model import ABSENT, ANY, PAGE, Catalogue, Operation, Purpose, Rule
from scopes.operations import unclear

__all__ = ["faults"]


def faults(catalogue: Catalogue) -> Iterator[str]:
    """Everything that does not add up; nothing when the catalogue may be used."""
    for rule in _RULES:
        yield from rule(catalogue)


def _one_row_each(c: Catalogue) -> Iterator[str]:
    for scope in _twice(p.scope for p in c.privileges):
        yield f'privilege "{scope}": duplicate scope'
    for short in _twice(p.short for p in c.privileges):
        yield f'privilege "{short}": two scopes end in the same word'
    for label in _twice(p.label for p in c.privileges):
        yield f'privilege "{label}": duplicate label'
    for name in _twice(p.id for p in c.purposes):
        yield f'purpose "{name}": duplicate'
    for title in _twice(p.title for p in c.purposes):
        yield f'purpose "{title}": duplicate title'
    for purpose in c.purposes:
        for operation in _twice(rule.operation for part in _parts(c, purpose) for rule in part.rules):
            yield f'purpose "{purpose.id}": duplicate operation "{operation}"'


def _scopes_and_purposes_meet(c: Catalogue) -> Iterator[str]:
    used = {scope for purpose in c.purposes for scope in purpose.scopes}
    for privilege in c.privileges:
        if privilege.scope not in used:
            yield f'privilege "{privilege.scope}": no purpose uses this scope'
    for purpose in c.purposes:
        if not purpose.scopes:
            yield f'purpose "{purpose.id}": needs no scope'
        put_to_use = {s for rule in purpose.rules if rule.operation in c.operations
                      for s in c.operations[rule.operation].scopes}  # fmt: skip
        for scope in sorted(purpose.scopes - put_to_use):
            yield f'purpose "{purpose.id}": none of its operations uses the scope "{scope}"'
    for name, scope in c.aliases.items():
        if scope not in {p.scope for p in c.privileges}:
            yield f'aliases "{name}": unknown scope "{scope}"'


def _included_purposes_fit(c: Catalogue) -> Iterator[str]:
    known = {purpose.id: purpose for purpose in c.purposes}
    for purpose in c.purposes:
        for name in purpose.includes:
            part = known.get(name)
            if part is None:
                yield f'purpose "{purpose.id}": includes unknown purpose "{name}"'
            elif not part.implied or part.includes:
                yield f'purpose "{purpose.id}": includes "{name}", which is not an implied purpose without parts'
            else:
                for scope in sorted(part.scopes - purpose.scopes):
                    yield f'purpose "{purpose.id}": includes "{name}" but not its scope "{scope}"'
        if purpose.implied and not any(purpose.id in other.includes for other in c.purposes):
            yield f'purpose "{purpose.id}": implied, but no purpose includes it'


def _operations_are_authorised(c: Catalogue) -> Iterator[str]:
    for purpose in c.purposes:
        for rule in purpose.rules:
            operation = c.operations.get(rule.operation)
            if operation is None:
                yield f'purpose "{purpose.id}": unknown operation "{rule.operation}"'
                continue
            if not purpose.scopes & operation.scopes:
                yield f'purpose "{purpose.id}": its scopes could not authorise operation "{rule.operation}"'
            for fault in _parameters(c, rule, operation):
                yield f'purpose "{purpose.id}": operation "{rule.operation}" {fault}'


def _parameters(c: Catalogue, rule: Rule, operation: Operation) -> Iterator[str]:
    for name, values in rule.parameters.items():
        parameter = operation.parameters.get(name)
        if parameter is None:
            yield f'has no parameter "{name}"'
            continue
        if not values:
            yield f'permits no value of "{name}", not even {ABSENT}'
        if parameter.required and ABSENT in values:
            yield f'may not leave out "{name}": the API requires it'
        for value in values:
            if value.startswith("$"):
                if value not in (PAGE, ABSENT):
                    yield f'has unknown sign "{value}" for "{name}"'
            elif parameter.enum and value not in parameter.enum:
                yield f'has value "{value}" for "{name}", which the API does not know'
    for name in operation.parameters:
        if name not in rule.parameters and name not in c.free:
            yield f'leaves parameter "{name}" undecided'
    if rule.subject is not None:
        named = operation.parameters.get(rule.subject)
        if named is None or not named.required:
            yield f'is about "{rule.subject}", which is not a parameter that every call has'
    if operation.writes and not rule.body:
        yield "writes, and does not say what a request may hold"
    for path, words in rule.body.items():
        if not words or (ANY in words and len(words) > 1) or any(w.startswith("$") and w != ANY for w in words):
            yield f'must permit either {ANY} or fixed words at "{".".join(path)}"'


def _every_operation_has_one_place(c: Catalogue) -> Iterator[str]:
    placed = {rule.operation for purpose in c.purposes for rule in purpose.rules}
    for name in c.refused:
        if name not in c.operations:
            yield f'refused "{name}": unknown operation'
        elif name in placed:
            yield f'refused "{name}": is in a purpose too'
    for name in c.operations:
        if name not in placed and name not in c.refused:
            yield f'operation "{name}": neither in a purpose nor refused'
    for name in sorted(c.titles.keys() ^ c.operations.keys()):
        yield f'titles "{name}": {"unknown operation" if name in c.titles else "is missing"}'


def _addresses_are_clear(c: Catalogue) -> Iterator[str]:
    yield from unclear(c.operations)
    if c.acts_for in c.free:
        yield f'catalogue: "{c.acts_for}" names the acting page, so it cannot be free'


def _parts(c: Catalogue, purpose: Purpose) -> tuple[Purpose, ...]:
    return (purpose, *(p for p in c.purposes if p.id in purpose.includes))


def _twice(names: Iterable[str]) -> list[str]:
    return [name for name, times in Counter(names).items() if times > 1]


_RULES: tuple[Callable[[Catalogue], Iterator[str]], ...] = (
    _one_row_each,
    _scopes_and_purposes_meet,
    _included_purposes_fit,
    _operations_are_authorised,
    _every_operation_has_one_place,
    _addresses_are_clear,
)
