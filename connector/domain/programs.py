"""Programs outside this process that act for a customer: adding one, its secrets, ending it.

What a program may do is the smaller of two: the purposes it was given here, and what the customer switched on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from connector.domain import events, ledger
from connector.domain.errors import BadInput, NotFound
from connector.domain.ports import Services, Tx
from connector.domain.records import Actor, Program, ProgramSecretRow
from connector.domain.secret import ProgramSecret

__all__ = [
    "ProgramView",
    "add",
    "add_secret",
    "end",
    "end_secret",
    "known_purposes",
    "of_customer",
    "one",
    "staff_list",
]

MOST_SECRETS = 2  # one in use and one to change to
LONGEST_NAME = 80  # characters


@dataclass(frozen=True, slots=True)
class ProgramView:
    """A program as it is shown to its customer, to staff and to the operator. `secrets` are those not ended."""

    id: str
    name: str
    customer: str
    customer_name: str
    purposes: tuple[tuple[str, str], ...]  # id and title
    created_at: datetime
    used_at: datetime | None  # when it was last given a token, which serves ten minutes
    ended_at: datetime | None
    secrets: tuple[ProgramSecretRow, ...]


def add(
    svc: Services, actor: Actor, *, customer: str, name: str, purposes: Sequence[str]
) -> tuple[Program, ProgramSecret]:
    """Add a program with its first secret, of which this is the only copy. For staff.

    Raises: BadInput for an unknown customer, a name or purposes that cannot be used.
    """
    called, known = name.strip(), known_purposes(svc)
    if not called or len(called) > LONGEST_NAME or not called.isprintable():
        raise BadInput(f"A program needs a name of 1 to {LONGEST_NAME} printable characters.")
    unknown = [purpose for purpose in purposes if purpose not in known]
    if unknown or not purposes:
        told = f"There is no purpose {unknown[0]}." if unknown else "Name what the program is for."
        raise BadInput(f"{told} Purposes are: {', '.join(known)}.")
    program = Program(
        id=svc.random.id("prg"), customer=customer, name=called,
        purposes=tuple(purpose for purpose in known if purpose in purposes),
        created_at=svc.clock.now(), created_by=actor.id,
    )  # fmt: skip
    with svc.store.read() as tx:
        if tx.accounts.customer(customer) is None:
            raise BadInput(f"There is no customer {customer}. A customer's id begins with cus_.")
    svc.vault.ready(svc.store, customer)
    with svc.store.write() as tx:
        tx.programs.add(program)
        secret = _new_secret(svc, tx, program)
        titles = ", ".join(known[purpose] for purpose in program.purposes)
        _note(svc, tx, events.PROGRAM_ADDED, actor, program, purposes=titles)
    return program, secret


def add_secret(svc: Services, actor: Actor, program: str) -> ProgramSecret:
    """Make another secret, so that the program can be changed over; both work until one is ended.

    Raises: NotFound; BadInput for an ended program, and while it has two already: ending the older one here could
        stop what still runs with it.
    """
    _ready(svc, actor, program)
    with svc.store.write() as tx:
        found = _mine(tx, actor, program)
        if found.ended_at is not None:
            raise BadInput("This program was ended, and stays so. Add another one.")
        held = tx.programs.secrets(program)
        if len(held) >= MOST_SECRETS:
            raise BadInput(
                f"It has {MOST_SECRETS} secrets already. End the one that is not used any more: "
                f"connector program end-secret {held[-1].id}"
            )
        secret = _new_secret(svc, tx, found)
        _note(svc, tx, events.PROGRAM_SECRET, actor, found)
    return secret


def end_secret(svc: Services, actor: Actor, secret: str) -> None:
    """End one secret: it gets no token any more, and the tokens it got are refused at once. Raises: NotFound."""
    with svc.store.read() as tx:
        held = tx.programs.secret(secret)
    if held is None:
        raise NotFound(secret)
    _ready(svc, actor, held.program)
    with svc.store.write() as tx:
        found = _mine(tx, actor, held.program)
        if held.id not in {one.id for one in tx.programs.secrets(found.id)}:
            return
        tx.programs.end_secret(secret, svc.clock.now())
        _note(svc, tx, events.PROGRAM_SECRET_ENDED, actor, found)


def end(svc: Services, actor: Actor, program: str, *, reason: str | None = None) -> None:
    """End a program for good: its next request is refused, on every process. Twice is once. Raises: NotFound."""
    _ready(svc, actor, program)
    with svc.store.write() as tx:
        found = _mine(tx, actor, program)
        if found.ended_at is not None:
            return
        tx.programs.end(program, svc.clock.now(), actor.id)
        _note(svc, tx, events.PROGRAM_ENDED, actor, found, why=reason)


def of_customer(svc: Services, customer: str) -> tuple[ProgramView, ...]:
    """The programs that act for a customer: live ones first, newest first."""
    with svc.store.read() as tx:
        return _views(svc, tx, tx.programs.listed(customer))


def one(svc: Services, actor: Actor, program: str) -> ProgramView:
    """One program, for its customer's members or for staff. Raises: NotFound."""
    with svc.store.read() as tx:
        found = tx.programs.get(program)
        if found is None or not _may_see(actor, found):
            raise NotFound(program)
        return _views(svc, tx, [found])[0]


def staff_list(svc: Services, actor: Actor) -> tuple[ProgramView, ...]:
    """Every customer's programs. The look itself goes on the ledger."""
    with svc.store.write() as tx:
        ledger.note(svc, tx, events.STAFF_PROGRAMS, actor=actor)
        return _views(svc, tx, tx.programs.listed())


def known_purposes(svc: Services) -> dict[str, str]:
    """Purpose id to title, of what a customer can switch on."""
    return {p.id: p.title for network in svc.networks.values() for p in network.catalogue.choosable()}


def _new_secret(svc: Services, tx: Tx, program: Program) -> ProgramSecret:
    secret = ProgramSecret(svc.random.token())
    tx.programs.add_secret(
        ProgramSecretRow(svc.random.id("sec"), program.id, secret.digest(), created_at=svc.clock.now())
    )
    return secret


def _ready(svc: Services, actor: Actor, program: str) -> None:
    """Have its customer's data key at hand before a transaction: for staff nobody has seen to that yet."""
    with svc.store.read() as tx:
        found = tx.programs.get(program)
    if found is not None and _may_see(actor, found):
        svc.vault.ready(svc.store, found.customer)


def _may_see(actor: Actor, program: Program) -> bool:
    return actor.kind == "staff" or (actor.customer is not None and actor.customer == program.customer)


def _mine(tx: Tx, actor: Actor, program: str) -> Program:
    """The program, held until the transaction ends. A foreign one is told in the words for a missing one."""
    found = tx.programs.locked(program)
    if found is None or not _may_see(actor, found):
        raise NotFound(program)
    return found


def _note(svc: Services, tx: Tx, event: events.Event, actor: Actor, program: Program, **more: str | None) -> None:
    details = {"program": program.name, "program_id": program.id, **more}
    ledger.note(svc, tx, event, actor=actor, customer=program.customer, details=details)


def _views(svc: Services, tx: Tx, found: Sequence[Program]) -> tuple[ProgramView, ...]:
    titles, names = known_purposes(svc), {customer.id: customer.name for customer in tx.accounts.customers()}
    views = [
        ProgramView(
            id=program.id,
            name=program.name,
            customer=program.customer,
            customer_name=names.get(program.customer, program.customer),
            purposes=tuple((purpose, titles.get(purpose, purpose)) for purpose in program.purposes),
            created_at=program.created_at,
            used_at=program.used_at,
            ended_at=program.ended_at,
            secrets=tuple(tx.programs.secrets(program.id)) if program.ended_at is None else (),
        )
        for program in found
    ]
    return tuple(sorted(views, key=lambda view: view.ended_at is not None))
