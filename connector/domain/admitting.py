"""Letting a program in: its secret, what goes into its token, and whether it still may, asked at every request."""

import hashlib
import hmac
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from connector.domain import events, ledger
from connector.domain.errors import ConnectorError
from connector.domain.people import network_of
from connector.domain.ports import Services, TokenKeys, Tx
from connector.domain.records import Actor, Program, ProgramSecretRow
from connector.domain.secret import ProgramSecret

__all__ = [
    "TOKEN_LIFE",
    "Admitted",
    "Caller",
    "ProgramEnded",
    "ProgramRefused",
    "TooManyTries",
    "admit",
    "asked_beyond",
    "caller",
    "issued",
    "new_token_key",
]

TOKEN_LIFE = timedelta(minutes=10)
TRIES, TRIES_WITHIN = 10, timedelta(minutes=10)
_NO_SECRET = "0" * 64  # compared with where there is no secret, so that the same work is done


class ProgramRefused(ConnectorError):
    """The same words for an unknown program, an ended one, a wrong secret and an ended one."""

    status = 401
    public = "This client id and secret are not those of a program that may act here."


class TooManyTries(ProgramRefused):
    """Wrong secrets came too often from there. A right one is let in all the same: nobody can lock a program out."""

    status = 429
    public = "Too many wrong secrets came from your network for this client id. Wait ten minutes."


class ProgramEnded(ConnectorError):
    """The token is ours and has not run out, but the program or its secret was ended."""

    status = 401
    public = "This program, or the secret that the token was given for, was ended. The token is worth nothing any more."


@dataclass(frozen=True, slots=True)
class Admitted:
    """A program that showed one of its secrets."""

    program: Program
    secret: ProgramSecretRow


@dataclass(frozen=True, slots=True)
class Caller:
    """A live program behind a token. `purposes` are those of the token that the program still has."""

    program: Program
    purposes: frozenset[str]


def admit(svc: Services, client_id: str, given: ProgramSecret, *, address: str) -> Admitted:
    """Check a program's secret.

    Wrong ones are counted per client id together with the network `address`. Because a secret is 256 random bits, the
    count slows nobody's guessing, and a right secret passes it: it answers a client that keeps failing, and shows.

    Raises: ProgramRefused, TooManyTries; either is on the ledger.
    """
    now, digest = svc.clock.now(), given.digest()
    key = hashlib.sha256(f"program\n{client_id}\n{network_of(address)}".encode()).hexdigest()
    with svc.store.read() as tx:
        program = tx.programs.get(client_id)
        held = list(tx.programs.secrets(client_id)) if program else []
        tries = tx.accounts.attempts_since(key, now - TRIES_WITHIN)
    svc.vault.ready(svc.store, program.customer if program else ledger.OPERATOR)
    good = [secret for secret in held if hmac.compare_digest(secret.digest, digest)]
    if not held:
        hmac.compare_digest(_NO_SECRET, digest)
    if program is not None and good and program.ended_at is None:
        return Admitted(program, good[0])
    refusal = TooManyTries if tries >= TRIES else ProgramRefused
    with svc.store.write() as tx:
        tx.accounts.add_attempt(key, now)
        _note_refusal(svc, tx, program, "too-many" if tries >= TRIES else "no-match", refusal.public)
    raise refusal


def issued(svc: Services, admitted: Admitted, purposes: Collection[str]) -> None:
    """Record that a token is being given, before it is. Raises: ProgramRefused when it was ended meanwhile."""
    program = admitted.program
    with svc.store.write() as tx:
        now_there = tx.programs.locked(program.id)
        live = {secret.id for secret in tx.programs.secrets(program.id)}
        if now_there is None or now_there.ended_at is not None or admitted.secret.id not in live:
            raise ProgramRefused(program.id)
        tx.programs.used(program.id, admitted.secret.id, svc.clock.now())
        ledger.note(
            svc, tx, events.PROGRAM_TOKEN, actor=program.actor(), customer=program.customer,
            details={"purposes": ", ".join(sorted(purposes)), "secret": admitted.secret.id},
        )  # fmt: skip


def asked_beyond(svc: Services, admitted: Admitted) -> None:
    """Record that a program asked for a token for purposes that it was not given."""
    with svc.store.write() as tx:
        _note_refusal(svc, tx, admitted.program, "beyond-purposes", "It asked for purposes that it was not given.")


def caller(svc: Services, program_id: str, secret_id: str, purposes: Collection[str]) -> Caller:
    """Who is behind a token whose signature holds, as things stand now.

    Raises: ProgramEnded, which is on the ledger, when the program or the secret was ended since.
    """
    with svc.store.read() as tx:
        program, secret = tx.programs.get(program_id), tx.programs.secret(secret_id)
    if program is None or secret is None or secret.program != program.id:
        raise ProgramEnded(program_id)
    svc.vault.ready(svc.store, program.customer)
    if program.ended_at is not None or secret.ended_at is not None:
        with svc.store.write() as tx:
            _note_refusal(svc, tx, program, "ended", ProgramEnded.public)
        raise ProgramEnded(program_id)
    return Caller(program, frozenset(purposes) & frozenset(program.purposes))


def new_token_key(svc: Services, actor: Actor, keys: TokenKeys, *, only: bool) -> str:
    """Make the next key that signs tokens; its name. With `only`, every token that is out stops working at once."""
    with svc.store.write() as tx:
        ledger.note(svc, tx, events.TOKEN_KEY_MADE, actor=actor, reason="others-ended" if only else None)
    return keys.make(only=only).id


def _note_refusal(svc: Services, tx: Tx, program: Program | None, reason: str, why: str) -> None:
    """NOTE: a client id that is nobody's is not kept: people send a secret in its place by mistake."""
    ledger.note(
        svc, tx, events.PROGRAM_REFUSED, actor=ledger.SYSTEM, customer=program.customer if program else None,
        decision="refused", reason=reason,
        details={"why": why, "program": program.name if program else None},
    )  # fmt: skip
