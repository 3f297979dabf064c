"""F35, F36, R18: a sealed row that was swapped, edited, cut or brought back opens for nobody, and that is on record.

Each attack is made in the database, on both engines, and met on the path of a real call: nothing is sent, the entry
says `cannot-open`, the operator's log has one line, the connection stays as it is, and another customer works on.
"""

import json
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from connector.domain import evidence, history, inbox, keys, revoke
from connector.domain.errors import CannotOpen
from connector.domain.ledger import OPERATOR, SYSTEM
from connector.domain.records import ConnectionState

AUTH = "https://www.googleapis.com/auth/"
READ = " ".join(sorted([AUTH + "plus.pages.manage", AUTH + "plus.stream.read"]))


@pytest.fixture
def two(svc, people, connect, page_of, world, google):
    """Two customers who have read their pages; `sync(who)` reads again."""
    ids = [connect().id, connect(people.other, account=world.ben).id]
    pages = [page_of(world.cafe), page_of(world.bikes, people.other)]

    class Two:
        mine, theirs = ids

        @staticmethod
        def sync(number, services=None):
            who = (people.member, people.other)[number]
            return inbox.sync(services or svc, who.actor, pages[number]).threads

    assert [Two.sync(number) for number in (0, 1)] == [1, 1]
    google.forget_requests()
    return Two


@pytest.fixture
def refused(google, entries, svc):
    """Check what a call that met a tampered row leaves behind."""

    def check(act, connection, *, its_record_opens=True):
        seen = len(entries())
        with capture_logs() as lines, pytest.raises(CannotOpen) as no:
            act()
        assert no.value.public.startswith("A stored secret could not be opened, so nothing was done.")
        assert google.requests() == []
        written = entries()[seen:]
        last = written[-1]
        assert (last["event"], last["decision"], last["reason"]) == ("call:refused", "refused", "cannot-open")
        assert last["connection"] == connection
        alarms = [line for line in lines if line["event"] == "cannot_open"]
        assert [(line["log_level"], line["index"]) for line in alarms] == [("error", last["index"])]
        with svc.store.read() as tx:
            assert tx.connections.get_any(connection).state is ConnectionState.ACTIVE
        verdict = evidence.verify(svc)
        assert verdict.good is its_record_opens
        assert not [told for told in verdict.problems for one in written if told.startswith(f"entry {one['index']}:")]
        return written

    return check


def rewrite(svc, connection, kind, scopes, change):
    """Put other bytes into a stored token's row."""
    with svc.store.write() as tx:
        row = tx.tokens.get(connection, kind, scopes)
        tx.tokens.put(replace(row, sealed=change(row.sealed)))


FORMS = {
    "the owner's name edited": lambda sealed, mine, theirs: sealed.replace(mine.encode(), theirs.encode()),
    "the key's version edited": lambda sealed, mine, theirs: sealed[:4] + b"\x02" + sealed[5:],
    "the format edited": lambda sealed, mine, theirs: b"\x02" + sealed[1:],
    "cut by one byte": lambda sealed, mine, theirs: sealed[:-1],
    "cut to its head": lambda sealed, mine, theirs: sealed[:20],
    "emptied": lambda sealed, mine, theirs: b"",
    "one bit of it changed": lambda sealed, mine, theirs: sealed[:-1] + bytes([sealed[-1] ^ 1]),
    "made longer": lambda sealed, mine, theirs: sealed + b"\0",
    "in plain": lambda sealed, mine, theirs: b"ya29.a-token-of-the-attackers-own",
}


@pytest.mark.parametrize("kind", ["access", "refresh"])
def test_f35_a_stored_token_that_was_edited_is_refused_on_record_and_others_are_unaffected(
    kind, two, svc, people, refused, pass_time
):
    if kind == "refresh":
        pass_time(4000)  # so that it is what the call needs
    mine, theirs, scopes = people.member.customer, people.other.customer, READ if kind == "access" else ""
    with svc.store.read() as tx:
        whole = tx.tokens.get(two.mine, kind, scopes).sealed
    for form, change in FORMS.items():
        rewrite(svc, two.mine, kind, scopes, lambda _, change=change: change(whole, mine, theirs))
        written = refused(lambda: two.sync(0), two.mine)
        assert [one["event"] for one in written] == ["call:intent", "call:refused"], form
    assert two.sync(1) == 1
    rewrite(svc, two.mine, kind, scopes, lambda _: whole)
    assert two.sync(0) == 1


@pytest.mark.parametrize("kind", ["access", "refresh"])
def test_f35_two_customers_tokens_swapped_open_for_neither(kind, two, svc, people, refused, pass_time):
    if kind == "refresh":
        pass_time(4000)
    scopes = READ if kind == "access" else ""
    with svc.store.read() as tx:
        one, other = (tx.tokens.get(connection, kind, scopes).sealed for connection in (two.mine, two.theirs))
    rewrite(svc, two.mine, kind, scopes, lambda _: other)
    rewrite(svc, two.theirs, kind, scopes, lambda _: one)
    refused(lambda: two.sync(0), two.mine)
    refused(lambda: two.sync(1), two.theirs)


def test_f35_a_token_of_another_scope_set_put_in_its_place_does_not_open(two, svc, refused):
    """Whoever can write the database cannot make reading use the token for writing."""
    with svc.store.read() as tx:
        wider = tx.tokens.get(two.mine, "refresh", "").sealed
    rewrite(svc, two.mine, "access", READ, lambda _: wider)
    refused(lambda: two.sync(0), two.mine)


@pytest.mark.parametrize("damage", ["swapped with another customer's", "cut", "naming a key that is not here"])
def test_f35_a_data_key_that_was_edited_refuses_its_customer_on_record_and_no_other(damage, two, svc, people, refused):
    with svc.store.write() as tx:
        mine, theirs = tx.keys.get(people.member.customer), tx.keys.get(people.other.customer)
        changed = {
            "swapped with another customer's": replace(mine, wrapped=theirs.wrapped),
            "cut": replace(mine, wrapped=mine.wrapped[:20]),
            "naming a key that is not here": replace(mine, kek="file-7"),
        }[damage]
        tx.keys.replace([(mine, changed)])
    svc.vault.forget(people.member.customer)
    written = refused(lambda: two.sync(0), two.mine, its_record_opens=False)
    assert [one["customer"] for one in written] == [people.member.customer] * 2
    told = history.activity(svc, people.member.actor, people.member.customer).entries[0]
    assert told.sentence.startswith("A member wanted to read the posts of a page. It was refused: A stored secret")
    with svc.store.read() as tx:  # nothing of theirs under a key that their erasure leaves
        assert people.member.person.name not in str([json.loads(opened(svc, tx, one["index"])) for one in written])
    assert two.sync(1) == 1


def opened(svc, tx, index):
    """What the operator's key shows of an entry."""
    row = tx.ledger.entry(index)
    assert row.owner == OPERATOR
    return svc.vault.open(tx, OPERATOR, (json.loads(row.entry)["id"], "ledger"), row.sealed)


def test_f36_yesterdays_backup_brought_back_after_a_shred_opens_nothing_and_that_is_on_record(
    two, svc, people, google, refused, open_services
):
    with svc.store.read() as tx:
        yesterday = {
            "tokens": [tx.tokens.get(two.mine, "refresh", ""), tx.tokens.get(two.mine, "access", READ)],
            "keys": tx.keys.of_owners([people.member.customer]),
            "connection": tx.connections.get_any(two.mine),
        }
    revoke.end(svc, people.member.actor, two.mine)
    keys.shred(svc, SYSTEM, people.member.customer)
    with svc.store.write() as tx:  # the customer's rows as they were; the keys folder is today's
        tx.connections.update(yesterday["connection"])
        for row in yesterday["tokens"]:
            tx.tokens.put(row)
        for row in yesterday["keys"]:
            tx.keys.destroy(row.owner, row.version)
            tx.keys.add(row)
    google.forget_requests()
    refused(lambda: two.sync(0), two.mine)
    later = open_services()
    refused(lambda: two.sync(0, later), two.mine)
    assert two.sync(1) == 1
