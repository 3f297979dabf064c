"""Seals values to their owner and place (R18, R19): what was moved, edited or cut does not open.

A sealed value, in bytes: format 1 (1) · key version (4) · length of the key id (1) · key id · nonce (12) · ciphertext
with its tag (16). The key id is the owner's; together with the version it names the one data key that is tried.
"""

import struct
import threading
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from json.encoder import encode_basestring_ascii as quoted
from weakref import WeakKeyDictionary

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from connector.domain.errors import CannotOpen, KeyServiceDown
from connector.domain.ports import Clock, Random, Shreds, Store, Tx
from connector.domain.records import KeyRow
from connector.storage.kek import Kek, WrappingKeks

__all__ = ["SealedVault"]

_FORMAT = 1
_HEADER = struct.Struct(">BIB")
_KEY_BYTES, _NONCE_BYTES, _TAG_BYTES = 32, 12, 16
_LAST_VERSION = 2**31 - 1  # more does not fit the column, and asking PostgreSQL for it breaks the transaction
_KEPT_FOR = timedelta(minutes=5)  # a key that another process replaced or destroyed is not used for longer
_READY_FOR = timedelta(minutes=2)  # what `ready` leaves at the least: a call and its outcome take no longer
_FRESH_FOR = timedelta(minutes=3)  # with less, one thread fetches the key anew, while the one at hand serves the others
_KEPT = 10_000  # data keys in memory
_TRIES = 3

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _DataKey:
    """An owner's key, ready to use."""

    version: int
    aead: AESGCM = field(repr=False)
    until: datetime


class SealedVault:
    """AES-256-GCM under a data key per owner, wrapped by the key-encryption key: `connector.domain.ports.Vault`."""

    def __init__(self, keks: WrappingKeks, shreds: Shreds, random: Random, clock: Clock) -> None:
        self.keks, self.shreds = keks, shreds
        self._random, self._clock = random, clock
        # NOTE: these two hold keys whose rows are committed, and no others. A key made in a transaction that is still
        # running may never be stored; what it sealed elsewhere could then never be opened.
        self._newest: dict[str, _DataKey] = {}
        self._known: dict[tuple[str, int], _DataKey] = {}
        self._made: WeakKeyDictionary[Tx, dict[str, _DataKey]] = WeakKeyDictionary()
        self._turns: dict[str, threading.Lock] = {}

    def ready(self, store: Store, owner: str) -> None:
        """Have the owner's newest data key at hand, before a transaction begins. Raises: KeyServiceDown.

        One thread asks for an owner at a time. A service that fails is no matter while the key at hand is good enough.
        A key that does not open is told to whoever seals or opens with it, where it goes on record.
        """
        if self._at_hand(owner, _FRESH_FOR):
            return
        good = self._at_hand(owner, _READY_FOR)
        turn = self._turns.setdefault(owner, threading.Lock())
        if not turn.acquire(blocking=not good):
            return
        try:
            if not self._at_hand(owner, _FRESH_FOR):
                self._renew(store, owner)
        except KeyServiceDown:
            if not self._at_hand(owner, _READY_FOR):
                raise
        except CannotOpen:
            pass
        finally:
            turn.release()

    def seal(self, tx: Tx, owner: str, place: tuple[str, str], plain: bytes) -> bytes:
        """Seal for `(connection or other id, field)`. Makes the owner's data key on first use, in this transaction."""
        key = self._sealing_key(tx, owner)
        key_id = owner.encode()
        nonce = self._random.bytes(_NONCE_BYTES)
        ciphertext = key.aead.encrypt(nonce, plain, _context(owner, place, owner, key.version))
        return _HEADER.pack(_FORMAT, key.version, len(key_id)) + key_id + nonce + ciphertext

    def open(self, tx: Tx, owner: str, place: tuple[str, str], sealed: bytes) -> bytes:
        """Raises: CannotOpen, for whatever reason it does not open."""
        try:
            key_id, version, nonce, ciphertext = _parts(sealed)
            if key_id != owner:
                raise CannotOpen("it was sealed for somebody else")
            return self._key(tx, owner, version).aead.decrypt(
                nonce, ciphertext, _context(owner, place, key_id, version)
            )
        except InvalidTag:
            reason = "it was changed, moved or sealed under another key"
        except CannotOpen as error:
            reason = str(error)
        raise CannotOpen(f"the value of {owner} at {place[0]}, {place[1]}, does not open: {reason}")

    def forget(self, owner: str) -> None:
        """Drop the owner's keys from this process's memory; called after they were destroyed or replaced."""
        self._newest.pop(owner, None)
        for known in [known for known in tuple(self._known) if known[0] == owner]:
            self._known.pop(known, None)

    def opens(self, row: KeyRow) -> bool:
        """Whether a wrapped data key opens under the key-encryption key that it names."""
        try:
            self._secret(row)
        except CannotOpen:
            return False
        return True

    def rewrapped(self, row: KeyRow, kek: str) -> KeyRow:
        """The same data key under that key-encryption key. Raises: CannotOpen."""
        secret, newer = self._secret(row), self.keks.get(kek)
        context = _wrapping(row.owner, row.version, kek)
        wrapped = newer.wrap(secret, context)
        if newer.unwrap(wrapped, context) != secret:
            raise CannotOpen(f"a data key does not open again under {kek}")
        return replace(row, kek=kek, wrapped=wrapped)

    def shredded(self, owner: str, sealed: bytes) -> bool:
        """Whether the key that it was sealed under was destroyed on purpose."""
        try:
            key_id, version, _, _ = _parts(sealed)
        except CannotOpen:
            return False
        return key_id == owner and version <= self.shreds.through(owner)

    def _at_hand(self, owner: str, ahead: timedelta) -> bool:
        held = self._newest.get(owner)
        return (
            held is not None
            and held.version > self.shreds.through(owner)
            and self._clock.now() + ahead < held.until
        )  # fmt: skip

    def _renew(self, store: Store, owner: str) -> None:
        """Read and unwrap the owner's newest data key, or make one; no transaction is open while a service is asked."""
        with store.read() as tx:
            row = tx.keys.get(owner)
        if row is None or row.version <= self.shreds.through(owner):
            row = self._made_ahead(store, owner)
        self._newest[owner] = self._keep(row)

    def _made_ahead(self, store: Store, owner: str) -> KeyRow:
        """Wrap a new data key, and store it unless its key-encryption key was retired or its owner shredded by then."""
        for _ in range(_TRIES):
            kek, version = self.keks.current(), self.shreds.through(owner) + 1
            row = self._new(kek, owner, version, self._random.bytes(_KEY_BYTES))
            with store.write() as tx:
                tx.keys.hold_keks()
                if kek.id in self.keks.ids() and version > self.shreds.through(owner):
                    return self._stored(tx, row)
        raise CannotOpen(f"the key-encryption keys change while a data key of {owner} is made")

    def _sealing_key(self, tx: Tx, owner: str) -> _DataKey:
        destroyed = self.shreds.through(owner)
        made = self._made.get(tx, {}).get(owner) if self._made else None
        held = made or self._newest.get(owner)
        if held is not None and held.version > destroyed and (held is made or self._clock.now() < held.until):
            return held
        row = tx.keys.get(owner)
        if row is None or row.version <= destroyed:
            return self._make(tx, owner)
        key = self._keep(row, tx)
        self._newest[owner] = key
        return key

    def _key(self, tx: Tx, owner: str, version: int) -> _DataKey:
        """The key of that name and no other; no second one is tried."""
        if version <= self.shreds.through(owner):
            self.forget(owner)
            raise CannotOpen(f"data key {version} was destroyed")
        made = self._made.get(tx, {}).get(owner) if self._made else None
        if made is not None and made.version == version:
            return made
        held = self._known.get((owner, version))
        if held is not None and self._clock.now() < held.until:
            return held
        row = tx.keys.get(owner, version)
        if row is None:
            raise CannotOpen(f"there is no data key {version}")
        return self._keep(row, tx)

    def _make(self, tx: Tx, owner: str) -> _DataKey:
        """Make and store a data key. Of two transactions that do so at once, the second gets the first one's.

        The version is one that was never destroyed, so that what the shred list says stays true of every backup.
        """
        tx.keys.hold_keks()  # before looking which is the newest: it is not retired until this is committed
        kek, version = self.keks.current(), self.shreds.through(owner) + 1
        secret = self._random.bytes(_KEY_BYTES)
        _tell(tx, kek, owner)
        row = self._new(kek, owner, version, secret)
        stored = self._stored(tx, row)
        if stored.wrapped != row.wrapped:  # the other one's, which is committed: this transaction sees it
            return self._keep(stored, tx)
        key = _DataKey(version, AESGCM(secret), row.created_at)
        self._made.setdefault(tx, {})[owner] = key
        return key

    def _new(self, kek: Kek, owner: str, version: int, secret: bytes) -> KeyRow:
        """A data key, wrapped."""
        wrapped = kek.wrap(secret, _wrapping(owner, version, kek.id))
        return KeyRow(owner=owner, version=version, kek=kek.id, wrapped=wrapped, created_at=self._clock.now())

    def _stored(self, tx: Tx, row: KeyRow) -> KeyRow:
        """Store it, or answer the one that somebody else stored first."""
        tx.keys.add(row)
        stored = tx.keys.get(row.owner, row.version)
        if stored is None:
            raise CannotOpen(f"the new data key of {row.owner} was not stored")
        return stored

    def _keep(self, row: KeyRow, tx: Tx | None = None) -> _DataKey:
        """Unwrap a committed key and hold it for a while."""
        key = _DataKey(row.version, AESGCM(self._secret(row, tx)), self._clock.now() + _KEPT_FOR)
        if len(self._known) >= _KEPT:
            self._known.clear()
            self._newest.clear()
        self._known[row.owner, row.version] = key
        return key

    def _secret(self, row: KeyRow, tx: Tx | None = None) -> bytes:
        if row.version <= self.shreds.through(row.owner):
            raise CannotOpen(f"data key {row.version} was destroyed")
        kek = self.keks.get(row.kek)
        _tell(tx, kek, row.owner)
        secret = kek.unwrap(row.wrapped, _wrapping(row.owner, row.version, row.kek))
        if len(secret) != _KEY_BYTES:
            raise CannotOpen(f"data key {row.version} has {len(secret)} bytes")
        return secret


def _tell(tx: Tx | None, kek: Kek, owner: str) -> None:
    """Somebody did not call `ready` in time: everybody who writes waits for a key service now (R64)."""
    if tx is not None and tx.writing and kek.remote:
        _log.warning("key_service_asked_in_transaction", customer=owner)


# JSON keeps field borders; joining by a sign would not. It is written out because it is made for every value.


def _context(owner: str, place: tuple[str, str], key_id: str, version: int) -> bytes:
    """What a value is bound to: schema, owner, connection or other id, field, key (R18)."""
    what, where = place
    return f'["v1",{quoted(owner)},{quoted(what)},{quoted(where)},{quoted(key_id)},{version}]'.encode()


def _wrapping(owner: str, version: int, kek: str) -> bytes:
    """What a wrapped data key is bound to."""
    return f'["v1","data key",{quoted(owner)},{version},{quoted(kek)}]'.encode()


def _parts(sealed: bytes) -> tuple[str, int, bytes, bytes]:
    """Key id, key version, nonce and ciphertext."""
    if len(sealed) < _HEADER.size or sealed[0] != _FORMAT:
        raise CannotOpen("its format is not known")
    _, version, length = _HEADER.unpack_from(sealed)
    if not 0 < version <= _LAST_VERSION:
        raise CannotOpen("its key version is not possible")
    start = _HEADER.size + length
    if len(sealed) < start + _NONCE_BYTES + _TAG_BYTES:
        raise CannotOpen("it is too short")
    try:
        key_id = sealed[_HEADER.size : start].decode()
    except UnicodeDecodeError:
        raise CannotOpen("its key id is not text") from None
    return key_id, version, sealed[start : start + _NONCE_BYTES], sealed[start + _NONCE_BYTES :]
