"""The privacy policy's promises, clause by clause, with what holds each one."""

import functools
from dataclasses import dataclass
from importlib import resources

from scopes.errors import CatalogueError
from scopes.rows import Row, table_of

__all__ = ["Promise", "parse_promises", "promises"]


@dataclass(frozen=True, slots=True)
class Promise:
    """One clause. `state` is enforced or planned; `enforced_by` and `proved_by` name modules, dotted."""

    id: str
    clause: str  # what the policy says, in our words
    section: str  # the policy's heading
    does: str  # what the software does about it
    state: str
    enforced_by: tuple[str, ...]
    proved_by: tuple[str, ...]
    evidence: str  # what a person can look at


@functools.cache
def promises() -> tuple[Promise, ...]:
    """Every promise of the policy, in its order. Raises: CatalogueError when the table is not well formed."""
    return parse_promises(resources.files("scopes.catalogue").joinpath("promises.toml").read_text(encoding="utf-8"))


def parse_promises(toml_text: str) -> tuple[Promise, ...]:
    """Read the promise table. Raises: CatalogueError naming each row that is not well formed."""
    problems: list[str] = []
    table = Row("catalogue", table_of(toml_text), problems)
    found = tuple(_promise(row) for row in table.rows("promise", named_by="id"))
    table.done()
    ids = [promise.id for promise in found]
    problems += [f'promise "{twice}": duplicate' for twice in sorted({each for each in ids if ids.count(each) > 1})]
    if problems:
        raise CatalogueError(problems)
    return found


def _promise(row: Row) -> Promise:
    promise = Promise(
        id=row.text("id"),
        clause=row.text("clause"),
        section=row.text("section"),
        does=row.text("does"),
        state=row.text("state"),
        enforced_by=row.texts("enforced_by", default=()),
        proved_by=row.texts("proved_by", default=()),
        evidence=row.text("evidence"),
    )
    if promise.state not in ("enforced", "planned"):
        row.wrong('"state" must be enforced or planned')
    row.done()
    return promise
