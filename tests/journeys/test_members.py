"""A member's own permission is a part of the permit, read at every call (8.3.2, 8.3.3, R2)."""

import threading
from dataclasses import replace

import pytest
from sqlalchemy import update

import connector
from connector.domain import history, inbox, members, publish, replies
from connector.domain import people as accounts
from connector.domain.errors import NotFound, Refused
from connector.domain.records import Actor, Person
from connector.storage.schema import people as people_rows

REPLY, PUBLISH = "reply-to-messages", "publish-to-circles"
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def colleague(svc, people):
    """Another member of the first customer, who manages nobody."""
    person = Person("per_colleague", "member", people.harbour.id, "bo@customer.example", "Bo Harbour", "member", None)
    with svc.store.write() as tx:
        tx.accounts.add_person(person)
    return person


@pytest.fixture
def message(svc, people, connect, page_of, world):
    connect()
    inbox.sync(svc, people.member.actor, page_of(world.cafe))
    thread = inbox.threads(svc, people.member.actor)[0].id
    return inbox.thread(svc, people.member.actor, thread).messages[0].id


@pytest.fixture
def allow(svc, people):
    def change(person, purpose, *, on, actor=None):
        members.allow(svc, actor or people.member.actor, person.id, purpose, on=on)

    return change


def test_everything_is_allowed_until_it_is_taken_away_and_again_when_it_is_given_back(
    svc, people, colleague, message, allow, google, entries, world
):
    assert replies.send(svc, colleague.actor(), message, "First.", key="1").state == "sent"
    allow(colleague, REPLY, on=False)
    google.forget_requests()
    with pytest.raises(Refused) as no:
        replies.send(svc, colleague.actor(), message, "Second.", key="2")
    assert (no.value.reason, no.value.status) == ("member-may-not", 403)
    assert "Reply to messages" in no.value.public
    assert google.requests() == []
    refused = entries("call:refused")[-1]
    assert (refused["reason"], refused["actor"]) == ("member-may-not", colleague.id)
    assert replies.send(svc, people.member.actor, message, "Another's.", key="3").state == "sent"
    allow(colleague, REPLY, on=True)
    assert replies.send(svc, colleague.actor(), message, "Third.", key="4").state == "sent"
    assert [one["originalContent"] for one in google.comments(world.cafe_post)][2:] == [
        "First.",
        "Another's.",
        "Third.",
    ]


@on_sqlite
def test_reading_goes_on_and_the_page_says_why_there_is_no_reply_form(svc, colleague, message, allow, page_of, world):
    allow(colleague, REPLY, on=False)
    assert inbox.sync(svc, colleague.actor(), page_of(world.cafe)).threads == 1
    shown = inbox.thread(svc, colleague.actor(), inbox.threads(svc, colleague.actor())[0].id)
    assert not shown.may_reply
    assert "does not let you reply" in shown.why_not


@on_sqlite
def test_each_purpose_has_its_own_permission(svc, colleague, message, allow, page_of, world):
    allow(colleague, REPLY, on=False)
    page = page_of(world.cafe)
    circles = publish.circles(svc, colleague.actor(), page)
    allow(colleague, PUBLISH, on=False)
    for act in (
        lambda: publish.circles(svc, colleague.actor(), page),
        lambda: publish.publish(svc, colleague.actor(), page, "Hello.", [circles[0].id]),
    ):
        with pytest.raises(Refused, match="member-may-not"):
            act()


@on_sqlite
def test_programs_are_not_members_and_keep_working(svc, people, message, allow, world, connect, google):
    allow(people.member.person, REPLY, on=False)
    program = Actor("program", people.member.person.id, "The help desk", people.harbour.id)
    with svc.store.read() as tx:
        (connection,) = [c.id for c in tx.connections.of_customer(people.harbour.id)]
    body = {"object": {"originalContent": "From a program."}}
    with connector.use(connection, purpose=REPLY, actor=program, svc=svc, subject=world.cafe_post) as pages:
        pages.comments().insert(activityId=world.cafe_post, onBehalfOf=world.cafe, body=body).execute()
    assert google.comments(world.cafe_post)[-1]["originalContent"] == "From a program."


@pytest.mark.parametrize("change", [{"disabled": True}, {"customer": "theirs"}, {"id": "per_gone"}])
def test_whoever_was_disabled_or_removed_or_works_for_others_is_refused_whatever_they_ask(
    svc, people, colleague, message, google, page_of, world, change, entries
):
    change = {name: people.tandem.id if value == "theirs" else value for name, value in change.items()}
    with svc.store.write() as tx:
        tx.connection.execute(update(people_rows).where(people_rows.c.id == colleague.id).values(change))
    google.forget_requests()
    for act in (
        lambda: inbox.sync(svc, colleague.actor(), page_of(world.cafe)),
        lambda: replies.send(svc, colleague.actor(), message, "Hello.", key="gone"),
    ):
        with pytest.raises(Refused, match="member-gone"):
            act()
    assert google.requests() == []
    assert entries("call:refused")[-1]["reason"] == "member-gone"


def test_each_change_is_on_the_customers_record_once_and_in_words(svc, people, colleague, allow, entries):
    for on in (True, False, False, True):
        allow(colleague, PUBLISH, on=on)
    changes = [entry for entry in entries() if entry["event"].startswith("member:")]
    assert [(e["event"], e["actor"], e["purpose"]) for e in changes] == [
        ("member:may-not", people.member.person.id, PUBLISH),
        ("member:may", people.member.person.id, PUBLISH),
    ]
    told = [entry.sentence for entry in history.activity(svc, people.member.actor, people.harbour.id).entries]
    assert "Mia Harbour took “Publish to circles” from what Bo Harbour may do." in told
    assert "Mia Harbour added “Publish to circles” to what Bo Harbour may do." in told


def test_only_an_owner_of_the_same_organisation_sees_and_changes_it(svc, people, colleague, allow, entries):
    stale = replace(colleague, role="owner").actor()
    for actor in (colleague.actor(), stale, Actor("program", "prg", "A program", people.harbour.id)):
        with pytest.raises(Refused, match="not-a-manager"):
            allow(colleague, REPLY, on=False, actor=actor)
        with pytest.raises(Refused, match="not-a-manager"):
            members.listing(svc, actor, people.harbour.id)
    with pytest.raises(NotFound):
        allow(colleague, REPLY, on=False, actor=people.other.actor)
    with pytest.raises(NotFound):
        members.listing(svc, people.other.actor, people.harbour.id)
    with pytest.raises(NotFound):
        allow(people.staff.person, REPLY, on=False)
    with pytest.raises(NotFound):
        allow(colleague, "read-messages", on=False)
    with svc.store.write() as tx:
        tx.connection.execute(
            update(people_rows).where(people_rows.c.id == people.member.person.id).values(disabled=True)
        )
    with pytest.raises(Refused, match="not-a-manager"):
        allow(colleague, REPLY, on=False)
    assert [entry for entry in entries() if entry["event"].startswith("member:")] == []


def test_the_list_names_members_with_what_each_may_do(svc, people, colleague, allow):
    allow(colleague, PUBLISH, on=False)
    found = members.listing(svc, people.member.actor, people.harbour.id)
    assert [(one.name, one.manages, [(a.purpose, a.on) for a in one.may]) for one in found] == [
        ("Bo Harbour", False, [(REPLY, True), (PUBLISH, False)]),
        ("Mia Harbour", True, [(REPLY, True), (PUBLISH, True)]),
    ]
    assert accounts.customer_name(svc, people.harbour.id) == "Harbour Cafés"


def test_two_changes_at_the_same_moment_both_hold(svc, people, colleague, allow):
    together = threading.Barrier(2)

    def change(purpose):
        together.wait()
        allow(colleague, purpose, on=False)

    threads = [threading.Thread(target=change, args=(purpose,)) for purpose in (REPLY, PUBLISH)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with svc.store.read() as tx:
        assert set(tx.accounts.person(colleague.id).may_not) == {REPLY, PUBLISH}
