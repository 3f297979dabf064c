"""Whether a request's JSON holds what a rule permits and nothing else."""

from collections.abc import Iterator, Mapping, Sequence

from scopes.model import ANY, Rule

__all__ = ["beyond"]

Path = tuple[str, ...]


def beyond(rule: Rule, body: Mapping[str, object] | None) -> str | None:
    """The first place where a body goes beyond a rule, as a dotted path; None when it does not."""
    for path, value in _leaves(body or {}, ()):
        permitted = rule.body.get(path, ())
        if ANY not in permitted and value not in permitted:
            return ".".join(path)
    for path, permitted in rule.body.items():
        if ANY not in permitted and not _everywhere(body or {}, path, permitted):
            return ".".join(path)
    return None


def _leaves(value: object, path: Path) -> Iterator[tuple[Path, object]]:
    match value:
        case Mapping():
            for name, held in value.items():
                yield from _leaves(held, (*path, name))
        case str():
            yield path, value
        case Sequence():
            for held in value:
                yield from _leaves(held, path)
        case _:
            yield path, value


def _everywhere(value: object, path: Path, permitted: tuple[str, ...]) -> bool:
    """Whether one of the words stands at the path, in every element of each list on the way. An empty list has none."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return bool(value) and all(_everywhere(held, path, permitted) for held in value)
    if not path:
        return value in permitted
    return isinstance(value, Mapping) and path[0] in value and _everywhere(value[path[0]], path[1:], permitted)
