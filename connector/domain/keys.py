"""The vault's keys: how they stand, rotating what wraps them, and destroying a customer's for good (R19, R20).

Rotation runs while the product does. The new key-encryption key is on disk before the first data key is wrapped by it,
each step is a short transaction of its own, and "not under the newest key yet" is all there is to resume from.
Data keys are unwrapped and wrapped between the transactions, because a key service may be asked for it (R64).
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from connector.domain import events, ledger
from connector.domain.errors import BadInput, CannotOpen, ConnectorError, NotSetUp
from connector.domain.ports import Scrubbed, Services, Tx
from connector.domain.records import Actor, ConnectionState, KeyRow

__all__ = ["Rotation", "Shred", "Standing", "apply_shreds", "check_keks", "check_shred", "rotate", "shred", "status"]

BATCH = 500  # data keys in one transaction
TRIED = 10  # data keys that must all fail before a key-encryption key counts as the wrong one
_START = ("", 0)

Told = Callable[[int, int], None]  # how many data keys were looked at, and of how many


@dataclass(frozen=True, slots=True)
class Standing:
    """How the keys stand. `stuck` are data keys that do not open under the key they name."""

    keks: Sequence[str]
    by_kek: Mapping[str, int]
    owners: int
    stuck: Sequence[KeyRow]
    shredded: int

    @property
    def good(self) -> bool:
        """Whether nothing needs an operator."""
        return not self.stuck and len(self.keks) == 1 and set(self.by_kek) <= set(self.keks)


@dataclass(slots=True)
class Rotation:
    """What a rotation did. `resumed` says that it finished an earlier one and made no new key."""

    current: str
    resumed: bool = False
    rewrapped: int = 0
    stuck: list[KeyRow] = field(default_factory=list)
    retired: list[str] = field(default_factory=list)
    left: Sequence[str] = ()  # sentences: what a person has to do at the key service


@dataclass(frozen=True, slots=True)
class Shred:
    """What a shred did."""

    keys: int
    scrubbed: Scrubbed


def status(svc: Services) -> Standing:
    """How the keys stand; tries every data key. Raises: KeyServiceDown."""
    owners, stuck, after = set[str](), list[KeyRow](), _START
    while True:
        with svc.store.read() as tx:
            rows = tx.keys.page(after, BATCH)
            by_kek = tx.keys.by_kek()
        if not rows:
            break
        owners |= {row.owner for row in rows}
        stuck += [row for row in rows if not svc.vault.opens(row) and _as_it_was(svc, row)]
        after = (rows[-1].owner, rows[-1].version)
    return Standing(svc.vault.keks.ids(), by_kek, len(owners), stuck, len(svc.vault.shreds.owners()))


def rotate(svc: Services, actor: Actor, told: Told = lambda _done, _of: None, *, batch: int = BATCH) -> Rotation:
    """Put every data key under a new key-encryption key, and retire the old one when nothing names it.

    Where an earlier rotation was not finished, or the setting says another kind of key, does that one instead. A data
    key that does not open is left as it is, reported and recorded, and keeps the key it names from being retired. Two
    at once do the same work together.

    Raises: KeyServiceDown, with what was done so far kept; NotSetUp where a person has to make the new key.
    """
    newest = svc.vault.keks.ids()[-1]
    done = Rotation(newest, resumed=True)
    svc.vault.ready(svc.store, ledger.OPERATOR)
    with svc.store.write() as tx:
        left = sum(count for kek, count in tx.keys.by_kek().items() if kek != newest)
        if left:
            ledger.note(svc, tx, events.KEYS_MOVING, actor=actor, details={"keys": left, "kek": newest})
    _sweep(svc, done, told, batch)
    _retire(svc, actor, done)
    if not done.rewrapped and not done.retired:
        done = Rotation(_make(svc, actor, newest))
        _sweep(svc, done, told, batch)
        _retire(svc, actor, done)
    done.left = svc.vault.keks.lock_retired()
    svc.vault.ready(svc.store, ledger.OPERATOR)
    with svc.store.write() as tx:
        for row in done.stuck:
            ledger.note(
                svc, tx, events.KEY_STUCK, actor=actor, decision="failed", reason="cannot-open",
                details={"owner": row.owner, "version": row.version, "kek": row.kek},
            )  # fmt: skip
    return done


def _make(svc: Services, actor: Actor, after: str) -> str:
    """A newer key-encryption key; the intent is recorded before, and a no afterwards."""
    svc.vault.ready(svc.store, ledger.OPERATOR)
    with svc.store.write() as tx:
        ledger.note(svc, tx, events.ROTATION_BEGUN, actor=actor)
    try:
        return svc.vault.keks.make(after)
    except ConnectorError as no:
        with svc.store.write() as tx:
            ledger.note(
                svc, tx, events.KEK_NOT_MADE, actor=actor, decision="failed", reason="not-made",
                details={"problem": str(no)},
            )  # fmt: skip
        raise


def _sweep(svc: Services, done: Rotation, told: Told, batch: int) -> None:
    """Every data key that the newest key does not wrap, a short transaction at a time."""
    with svc.store.write() as tx:
        tx.keys.change_keks()  # who wraps under an older key has committed by now; the next one takes the newest
        waiting = sum(count for kek, count in tx.keys.by_kek().items() if kek != svc.vault.keks.ids()[-1])
    after, looked = _START, 0
    while True:
        done.current = svc.vault.keks.ids()[-1]
        with svc.store.read() as tx:
            rows = tx.keys.page(after, batch, not_under=done.current)
        if not rows:
            return
        pairs, stuck = list[tuple[KeyRow, KeyRow]](), list[KeyRow]()
        for row in rows:
            try:
                pairs.append((row, svc.vault.rewrapped(row, done.current)))
            except CannotOpen:
                stuck.append(row)
        with svc.store.write() as tx:
            tx.keys.change_keks()
            if svc.vault.keks.ids()[-1] != done.current:
                continue  # another rotation made a newer one, and may have retired this
            tx.keys.replace(pairs)
        stuck = [row for row in stuck if _as_it_was(svc, row)]
        done.rewrapped += len(pairs)
        done.stuck += stuck
        looked += len(rows)
        after = (rows[-1].owner, rows[-1].version)
        told(looked, max(waiting, looked))


def _as_it_was(svc: Services, row: KeyRow) -> bool:
    """Whether a row is still what it was when it was read: not rotated or shredded by somebody else meanwhile."""
    with svc.store.read() as tx:
        return tx.keys.get(row.owner, row.version) == row


def _retire(svc: Services, actor: Actor, done: Rotation) -> None:
    """Take every older key out of use that no row names. Recorded before it is done."""
    for kek in svc.vault.keks.ids()[:-1]:
        svc.vault.ready(svc.store, ledger.OPERATOR)
        with svc.store.write() as tx:
            if tx.keys.by_kek().get(kek):
                continue
            ledger.note(svc, tx, events.KEK_RETIRED, actor=actor, details={"kek": kek, "current": done.current})
        with svc.store.write() as tx:
            tx.keys.change_keks()
            if kek in svc.vault.keks.ids()[:-1] and not tx.keys.by_kek().get(kek):
                svc.vault.keks.retire(kek)
                done.retired.append(kek)


def shred(svc: Services, actor: Actor, customer: str, *, though_pending: bool = False) -> Shred:
    """Destroy a customer's data keys: nothing that was sealed for them opens again, in any backup either.

    For one who was shredded before it only cleans the database's files once more. Raises: as `check_shred`.
    """
    with svc.store.write() as tx:
        tx.keys.change_keks()
        rows = _to_shred(svc, tx, customer, though_pending=though_pending)
        if rows:
            through = max(row.version for row in rows)
            # From here on no process opens or seals with these, whatever becomes of this one.
            svc.vault.shreds.add(
                customer, through, svc.clock.now(), [hashlib.sha256(row.wrapped).hexdigest() for row in rows]
            )
    if rows:
        svc.vault.forget(customer)
        svc.vault.ready(svc.store, ledger.OPERATOR)
        with svc.store.write() as tx:
            ledger.note(svc, tx, events.KEYS_SHREDDED, actor=actor, details={"owner": customer, "keys": len(rows)})
            tx.keys.destroy(customer, through)
    return Shred(len(rows), svc.store.scrub([row.wrapped for row in rows]))


def check_shred(svc: Services, customer: str, *, though_pending: bool = False) -> None:
    """Refuse what `shred` would refuse, before a person is asked to confirm it.

    Raises:
        BadInput: for who never had keys, or has connections that are not ended; with `though_pending` false, also
            while Google has not confirmed an end, because without the tokens it cannot be asked again.
    """
    with svc.store.read() as tx:
        _to_shred(svc, tx, customer, though_pending=though_pending)


def _to_shred(svc: Services, tx: Tx, customer: str, *, though_pending: bool) -> Sequence[KeyRow]:
    if customer == ledger.OPERATOR:
        raise BadInput("The operator's keys hold the record's own details and are not shredded.")
    rows, connections = tx.keys.of_owners([customer]), tx.connections.of_customer(customer)
    if not rows and not svc.vault.shreds.through(customer):
        raise BadInput(f"There is no data key of {customer}. A customer's id begins with cus_.")
    ended = (ConnectionState.REVOKED, ConnectionState.MERGED)
    live = [connection.id for connection in connections if connection.state not in ended]
    if live:
        raise BadInput(f"{customer} has connections that are not ended. First run: connector revoke {live[0]}")
    if not though_pending and any(connection.at_google == "pending" for connection in connections):
        raise BadInput(
            f"Google has not confirmed the end of a connection of {customer}, and cannot be asked again after a shred. "
            "Run: connector revoke --pending"
        )
    return rows


def check_keks(svc: Services) -> None:
    """Find a wrong key-encryption key at the start and not at first use.

    A few rows under an older key that do not open are what a rotation left of damaged ones; they stop nobody else.

    Raises: NotSetUp when a key opens none of the data keys that name it; KeyServiceDown.
    """
    destroyed, newest = svc.vault.shreds.owners(), svc.vault.keks.ids()[-1]
    with svc.store.read() as tx:
        named = [kek for kek, count in sorted(tx.keys.by_kek().items()) if count > TRIED or kek == newest]
        some = {kek: tx.keys.under(kek, TRIED) for kek in named}
    for kek, found in some.items():
        rows = [row for row in found if row.version > destroyed.get(row.owner, 0)]
        if rows and not any(svc.vault.opens(row) for row in rows):
            where = "in the instance's keys folder" if kek.startswith("file-") else "at its key service"
            raise NotSetUp(
                f"The key {kek} {where} opens no data key of this database. Restore the key that belongs to it."
            )


def apply_shreds(svc: Services) -> int:
    """Destroy again what a restored backup brought back, before anything is opened; how many data keys that were."""
    destroyed = svc.vault.shreds.owners()
    if not destroyed:
        return 0
    with svc.store.read() as tx:
        back = [row for row in tx.keys.of_owners(destroyed) if row.version <= destroyed[row.owner]]
    if not back:
        return 0
    svc.vault.ready(svc.store, ledger.OPERATOR)
    with svc.store.write() as tx:
        for owner in sorted({row.owner for row in back}):
            count = tx.keys.destroy(owner, destroyed[owner])
            if count:
                ledger.note(svc, tx, events.SHRED_APPLIED, actor=ledger.SYSTEM, details={"owner": owner, "keys": count})
    svc.store.scrub([row.wrapped for row in back])
    return len(back)
