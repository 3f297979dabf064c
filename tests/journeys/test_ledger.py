"""The record: nothing is done without it, and what was done to it afterwards is found."""

import hashlib
import json
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest
import rfc8785

from connector import wiring
from connector.domain import choosing, evidence, grants, history, inbox, ledger, replies, revoke
from connector.domain import connect as connecting
from connector.domain.errors import CannotOpen, LedgerUnwritable, OutcomeUnrecorded
from connector.domain.records import ReplyState

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@dataclass
class FullStore:
    """A store whose disk is full after so many writes: reads go on."""

    store: Any
    room: int = 0

    def read(self):
        return self.store.read()

    @contextmanager
    def write(self, *, durable=True):
        self.room -= 1
        if self.room < 0:
            raise LedgerUnwritable("the disk is full")
        with self.store.write() as tx:
            yield tx

    def grouped(self, unit, *, durable=True):
        with self.write(durable=durable) as tx:
            return unit(tx)

    def close(self):
        self.store.close()


@pytest.fixture
def full(svc):
    return replace(svc, store=FullStore(svc.store))


@pytest.fixture
def life(connect, svc, people, page_of, world):
    """A little of everything, so that the record holds every sort of entry."""
    connected = connect()
    connect(people.other, account=world.ben)
    inbox.sync(svc, people.member.actor, page_of(world.cafe))
    (line,) = inbox.threads(svc, people.member.actor)
    message = inbox.thread(svc, people.member.actor, line.id).messages[0]
    replies.send(svc, people.member.actor, message.id, "We open at nine.", key="k1")
    grants.switch(svc, people.member.actor, connected.id, "analyse", on=False)
    revoke.end(svc, people.member.actor, connected.id)
    return connected


@pytest.fixture
def lines(life, svc, people):
    return list(evidence.export(svc, people.staff.actor))


def changed(line: str, **fields: object) -> str:
    held = json.loads(line)
    return rfc8785.dumps({**held, "entry": {**held["entry"], **fields}}).decode()


@on_sqlite
def test_with_an_unwritable_record_no_call_is_made(connect, full, people, page_of, world, google, svc):
    connect()
    google.forget_requests()
    with pytest.raises(LedgerUnwritable) as no:
        inbox.sync(full, people.member.actor, page_of(world.cafe))
    assert no.value.public.endswith("so the action was not done. Try again in a moment.")
    assert google.requests() == []


@on_sqlite
def test_with_an_unwritable_record_nothing_else_happens_either(
    connect, full, people, google, svc, go_to_google, entries, world, page_of
):
    connected = connect()
    inbox.sync(svc, people.member.actor, page_of(world.cafe))
    (line,) = inbox.threads(svc, people.member.actor)
    message = inbox.thread(svc, people.member.actor, line.id).messages[0]
    _, brought = go_to_google()
    google.forget_requests()
    before, member = len(entries()), people.member
    acts = [
        lambda: connecting.start(
            full, person=member.person, session=member.session, provider=wiring.PROVIDER, purposes=["analyse"]
        ),
        lambda: connecting.finish(
            full, person=member.person, session=member.session, provider=wiring.PROVIDER,
            query=[tuple(pair.split("=", 1)) for pair in brought.split("?", 1)[1].split("&")],
        ),
        lambda: choosing.choose(full, member.actor, connected.id, []),
        lambda: grants.switch(full, member.actor, connected.id, "analyse", on=False),
        lambda: grants.listing(full, people.staff.actor),
        lambda: history.staff_list(full, people.staff.actor),
        lambda: replies.send(full, member.actor, message.id, "We open at nine.", key="k1"),
        lambda: revoke.end(full, people.staff.actor, connected.id),
        lambda: list(evidence.export(full, people.staff.actor)),
    ]  # fmt: skip
    for act in acts:
        with pytest.raises((LedgerUnwritable, connecting.CallbackRejected)):
            act()
    assert google.requests() == []
    assert len(entries()) == before
    with svc.store.read() as tx:
        assert tx.connections.get_any(connected.id).ended_at is None
        assert "analyse" in tx.connections.standing(member.customer, connected.id).purposes_on
        assert any(page.chosen for page in tx.connections.pages(connected.id))
        assert tx.inbox.reply_by_key(member.customer, "k1") is None


def make_read_only(store):
    """The database takes no more writes, as when its disk was mounted again after an error."""
    statement = {"sqlite": "PRAGMA query_only=1", "postgresql": "SET TRANSACTION READ ONLY"}[store.engine.dialect.name]
    dialect = store.engine.dialect
    begin = dialect.do_begin

    def begin_read_only(connection):
        begin(connection)
        connection.driver_connection.execute(statement)

    dialect.do_begin = begin_read_only


def test_a_database_that_became_read_only_stops_calls_before_they_are_made(
    connect, svc, people, page_of, world, google, entries
):
    connected = connect()
    page, before = page_of(world.cafe), len(entries())
    google.forget_requests()
    make_read_only(svc.store)
    with pytest.raises(LedgerUnwritable):
        inbox.sync(svc, people.member.actor, page)
    with pytest.raises(LedgerUnwritable):
        revoke.end(svc, people.member.actor, connected.id)
    assert google.requests() == []
    assert len(entries()) == before


def test_when_the_outcome_cannot_be_written_the_call_reads_unknown_and_is_not_repeated(
    connect, svc, people, page_of, world, google, clock
):
    """The answer came, the disk is full: the record still holds the intent, and the truth is that nobody knows."""
    connect()
    inbox.sync(svc, people.member.actor, page_of(world.cafe))
    (line,) = inbox.threads(svc, people.member.actor)
    message = inbox.thread(svc, people.member.actor, line.id).messages[0]
    replies.send(svc, people.member.actor, message.id, "Hello.", key="k0")  # so that a token for replies is there

    google.forget_requests()
    with pytest.raises(OutcomeUnrecorded) as no:
        replies.send(
            replace(svc, store=FullStore(svc.store, room=1)),
            people.member.actor, message.id, "We open at nine.", key="k1",
        )  # fmt: skip
    assert "it may have been done" in no.value.public
    clock.advance(121)
    assert ledger.close_abandoned(svc) == 1
    again = replies.send(svc, people.member.actor, message.id, "We open at nine.", key="k1")
    assert again.state is ReplyState.UNKNOWN
    assert len(google.requests("plusPages.comments.insert")) == 1


def test_an_export_verifies_alone_and_so_does_the_database(lines, svc):
    verdict = evidence.verify_lines(lines)
    assert (verdict.good, verdict.open, verdict.erased, verdict.entries) == (True, [], 0, len(lines))
    assert evidence.verify(svc).good


def test_a_commitment_can_be_checked_with_nothing_but_sha_256(lines):
    for line in lines:
        held = json.loads(line)
        told = hashlib.sha256(bytes.fromhex(held["salt"]) + rfc8785.dumps(held["details"])).hexdigest()
        assert told == held["entry"]["details_commitment"]


@on_sqlite
def test_an_entry_holds_no_name_no_text_and_no_address(lines):
    for line in lines:
        entry = json.dumps(json.loads(line)["entry"])
        for personal in ("Mia", "Anna", "Harbour", "Café", "nine", "@", "http"):
            assert personal not in entry


@on_sqlite
@pytest.mark.parametrize("place", [1, 10, -2])
@pytest.mark.parametrize(
    "kind",
    [
        "edit", "edit the decision", "delete", "insert a copy", "insert a new one", "swap neighbours", "swap details",
        "edit details", "edit the salt", "reformat", "extra field", "extra name", "not json",
    ],
)  # fmt: skip
def test_a_changed_export_is_found_and_the_first_bad_entry_is_named(kind, place, lines):
    at = place % len(lines)
    bad = list(lines)
    held = json.loads(bad[at])
    match kind:
        case "edit":
            # NOTE: an edit that keeps the form is found through what it breaks: here the order of indexes.
            bad[at] = changed(bad[at], index=at + 1)
        case "edit the decision":
            bad[at] = changed(bad[at], decision="answered", kind=31, intent=at + 500)
        case "delete":
            del bad[at]
        case "insert a copy":
            bad.insert(at, bad[at])
            at += 1
        case "insert a new one":
            bad.insert(at, changed(bad[at], id="led_new"))
            at += 1
        case "swap neighbours":
            bad[at - 1], bad[at] = bad[at], bad[at - 1]
            at -= 1
        case "swap details":
            other = json.loads(bad[at - 1])
            mixed = {"entry": held["entry"], "details": other["details"], "salt": other["salt"]}
            bad[at] = rfc8785.dumps(mixed).decode()
        case "edit details":
            bad[at] = rfc8785.dumps({**held, "details": {**held["details"], "actor": "Nobody"}}).decode()
        case "edit the salt":
            bad[at] = rfc8785.dumps({**held, "salt": "00" * 16}).decode()
        case "reformat":
            bad[at] = json.dumps(held, indent=None)
        case "extra field":
            bad[at] = changed(bad[at], note="x")
        case "extra name":
            bad[at] = rfc8785.dumps({**held, "note": "x"}).decode()
        case "not json":
            bad[at] = bad[at][:-1]
    verdict = evidence.verify_lines(bad)
    assert not verdict.good
    assert verdict.problems[0].startswith(f"entry {at}:")


@on_sqlite
def test_a_record_cut_off_at_its_end_shows_only_as_calls_without_an_outcome(lines):
    """Honestly: until checkpoints come, a cut after a whole call is not noticed at all."""
    intents = [n for n, line in enumerate(lines) if json.loads(line)["entry"]["decision"] == "intent"]
    in_a_call = evidence.verify_lines(lines[: intents[-1] + 1])
    assert (in_a_call.good, in_a_call.open) == (True, [intents[-1]])
    after_it = evidence.verify_lines(lines[:-1])
    assert (after_it.good, after_it.open) == (True, [])


@on_sqlite
def test_details_may_be_missing_after_erasure_and_are_counted(lines):
    held = json.loads(lines[3])
    erased = [*lines[:3], rfc8785.dumps({"entry": held["entry"]}).decode(), *lines[4:]]
    verdict = evidence.verify_lines(erased)
    assert (verdict.good, verdict.erased) == (True, 1)


def test_details_do_not_open_under_another_customer_or_another_entry(life, svc, people):
    with svc.store.read() as tx:
        rows = [row for row in tx.ledger.all() if row.owner == people.member.customer]
        first, second = (str(json.loads(row.entry)["id"]) for row in rows[:2])
        assert svc.vault.open(tx, rows[0].owner, (first, "ledger"), rows[0].sealed)
        for owner, place in (
            (people.other.customer, (first, "ledger")),
            ("operator", (first, "ledger")),
            (rows[0].owner, (second, "ledger")),
            (rows[0].owner, (first, "message")),
        ):
            with pytest.raises(CannotOpen):
                svc.vault.open(tx, owner, place, rows[0].sealed)


def test_a_member_reads_what_was_done_in_words_and_staff_without_names(life, svc, people):
    mine = history.activity(svc, people.member.actor, people.member.customer)
    words = " ".join(line.sentence for line in mine.entries)
    assert "Mia Harbour switched" in words
    assert "Anna Berg" in words
    assert mine.totals["answered"] > 0
    seen = history.staff_list(svc, people.staff.actor, customer=people.member.customer)
    words = " ".join(f"{line.sentence} {line.who} {line.reason_sentence}" for line in seen.entries)
    assert "Mia" not in words
    assert "Anna" not in words
    assert {line.connection for line in mine.entries} <= {None, life.id}


def test_a_look_of_the_staff_is_recorded_before_it_is_shown(svc, people, entries):
    history.staff_list(svc, people.staff.actor)
    grants.listing(svc, people.staff.actor)
    list(evidence.export(svc, people.staff.actor))
    assert [one["event"] for one in entries()][-3:] == ["staff:ledger", "staff:grants", "ledger:exported"]
    assert {one["actor"] for one in entries()[-3:]} == {people.staff.person.id}
