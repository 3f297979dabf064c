"""Taking the ledger home and checking it: export, and the check that works on an export alone.

Checked today: order without gaps, canonical form, commitments, and that every outcome closes one earlier intent.
The Merkle tree and signed checkpoints, which also catch a rewritten whole, are not here yet.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import rfc8785

from connector.domain import events, ledger
from connector.domain.errors import CannotOpen
from connector.domain.ports import Services, Tx
from connector.domain.records import Actor, LedgerRow

__all__ = ["Verdict", "export", "verify", "verify_lines"]

NUMBERS = frozenset({"v", "index", "kind"})
MAY_BE_NULL = frozenset({"customer", "connection", "purpose", "operation", "reason"})
TEXTS = MAY_BE_NULL | {"id", "time", "event", "actor", "actor_kind", "decision", "policy_version", "details_commitment"}
FIELDS = NUMBERS | TEXTS | {"intent"}
MOST_PROBLEMS = 20
_NOT_A_LINE = (ValueError, KeyError, TypeError, RecursionError, rfc8785.CanonicalizationError)


@dataclass(slots=True)
class Verdict:
    """What a check found. `problems` names the index of each; `open` are intents that nothing closed."""

    entries: int = 0
    erased: int = 0
    problems: list[str] = field(default_factory=list)
    open: list[int] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Whether nothing is wrong. An open intent is not wrong: it reads "unknown"."""
        return not self.problems

    def wrong(self, index: int, what: str) -> None:
        """Note one problem."""
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(f"entry {index}: {what}")


def export(svc: Services, actor: Actor) -> Iterator[str]:
    """The ledger as JSON Lines, oldest first, in bounded memory. The export itself goes on the ledger first.

    Lines of an erased customer, and of details that do not open, hold the entry alone.
    """
    with svc.store.write() as tx:
        ledger.note(svc, tx, events.EXPORTED, actor=actor)
    with svc.store.read() as tx:
        for row in tx.ledger.all():
            line: dict[str, Any] = {"entry": json.loads(row.entry)}
            opened = _opened(svc, tx, row)
            if opened is not None:
                line |= {"details": opened["details"], "salt": opened["salt"]}
            yield rfc8785.dumps(line).decode()


def verify(svc: Services) -> Verdict:
    """Check the ledger in the database, with every commitment that can still be opened."""
    verdict, check = Verdict(), _Check()
    with svc.store.read() as tx:
        for row in tx.ledger.all():
            if row.index != verdict.entries:
                verdict.wrong(row.index, f"stands where entry {verdict.entries} should be")
            opened = None
            if row.sealed is not None:
                opened = _opened(svc, tx, row)
                if opened is None and svc.vault.shredded(row.owner, row.sealed):
                    verdict.erased += 1
                elif opened is None:
                    verdict.wrong(row.index, "its sealed details do not open")
            else:
                verdict.erased += 1
            check.entry(verdict, row.entry, opened)
    return check.done(verdict)


def verify_lines(lines: Iterable[str]) -> Verdict:
    """Check an export alone, without a database or a key."""
    verdict, check = Verdict(), _Check()
    for number, line in enumerate(lines):
        try:
            held = json.loads(line)
            entry, whole = rfc8785.dumps(held["entry"]), rfc8785.dumps(held).decode()
            opened = {"details": held["details"], "salt": held["salt"]} if "details" in held else None
        except _NOT_A_LINE:
            verdict.wrong(number, "the line is not an export line")
            verdict.entries += 1
            continue
        if set(held) - {"entry", "details", "salt"} or line.rstrip("\n") != whole:
            verdict.wrong(number, "the line is not in canonical form")
        verdict.erased += opened is None
        check.entry(verdict, entry, opened)
    return check.done(verdict)


class _Check:
    """The rules that hold between entries, in one pass."""

    def __init__(self) -> None:
        self._open: dict[int, dict[str, Any]] = {}
        self._ids: set[str] = set()

    def entry(self, verdict: Verdict, data: bytes, opened: dict[str, Any] | None) -> None:
        index = verdict.entries
        verdict.entries += 1
        try:
            entry = json.loads(data)
            canonical = rfc8785.dumps(entry)
        except _NOT_A_LINE:
            verdict.wrong(index, "it is not JSON")
            return
        if not _well_formed(entry) or canonical != data:
            verdict.wrong(index, "it is not in canonical form")
            return
        if entry["index"] != index:
            verdict.wrong(index, f"it says it is entry {entry['index']}")
        if entry["id"] in self._ids:
            verdict.wrong(index, "its id came before")
        self._ids.add(entry["id"])
        if opened is not None and not _commits(entry, opened):
            verdict.wrong(index, "its details are not the ones it commits to")
        self._pairs(verdict, index, entry)

    def _pairs(self, verdict: Verdict, index: int, entry: dict[str, Any]) -> None:
        if entry["decision"] == "intent":
            self._open[index] = entry
            return
        if entry["intent"] is None:
            if entry["kind"] in _OUTCOMES:
                verdict.wrong(index, "it is an outcome without an intent")
            return
        intent = self._open.pop(entry["intent"], None)
        if intent is None:
            verdict.wrong(index, f"it closes entry {entry['intent']}, which is no open intent")
        elif any(intent[name] != entry[name] for name in ("customer", "purpose", "operation")):
            verdict.wrong(index, f"it does not match its intent, entry {entry['intent']}")

    def done(self, verdict: Verdict) -> Verdict:
        verdict.open = sorted(self._open)
        return verdict


def _well_formed(entry: Any) -> bool:
    """Whether it has the fields of an entry, each of its kind; what an export says may be anything."""
    return (
        isinstance(entry, dict)
        and set(entry) == FIELDS
        and all(isinstance(entry[name], str) or (name in MAY_BE_NULL and entry[name] is None) for name in TEXTS)
        and all(type(entry[name]) is int for name in NUMBERS)
        and (entry["intent"] is None or type(entry["intent"]) is int)
    )


_OUTCOMES = {e.id for e in (events.CALL_ANSWERED, events.CALL_REFUSED, events.CALL_FAILED, events.CALL_UNKNOWN)}


def _commits(entry: dict[str, Any], opened: dict[str, Any]) -> bool:
    try:
        return bool(
            entry["details_commitment"]
            == ledger.commitment(bytes.fromhex(opened["salt"]), rfc8785.dumps(opened["details"]))
        )
    except _NOT_A_LINE:
        return False


def _opened(svc: Services, tx: Tx, row: LedgerRow) -> dict[str, Any] | None:
    if row.sealed is None:
        return None
    try:
        place = (str(json.loads(row.entry)["id"]), "ledger")
        opened: dict[str, Any] = json.loads(svc.vault.open(tx, row.owner, place, row.sealed))
    except (CannotOpen, ValueError, KeyError, TypeError):
        return None
    return opened
