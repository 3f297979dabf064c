"""What staff and the operator are told is what the gate would do."""

import pytest
from sqlalchemy import update

import connector
from connector import wiring
from connector.domain import choosing, explaining, grants, revoke
from connector.domain.errors import NotFound, Refused
from connector.domain.explaining import Question
from connector.storage.schema import connections

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def ask(svc, people):
    def asked(question, connection=None):
        return explaining.explain_on(svc, people.staff.actor, question, connection, wiring.PROVIDER)

    return asked


def test_a_live_connection_is_judged_as_it_stands_and_nothing_is_sent_or_opened(
    connect, ask, svc, people, google, world, page_of, entries
):
    connected, member = connect(scopes=["plus.stream.read", "plus.pages.manage"]), people.member.actor
    google.forget_requests()
    read = Question("read-messages", "GET", f"/plusPages/v2/activities/{world.cafe_post}?onBehalfOf={world.cafe}")
    told = ask(read, connected.id)
    assert (told.allowed, told.on) == (True, "yes")
    assert {scope.held for scope in told.scopes} == {"yes"}
    assert [(page.name, page.held) for page in told.pages] == [(world.cafe, "yes")]

    choosing.choose(svc, member, connected.id, [page_of(world.roastery)])
    told = ask(read, connected.id)
    assert (told.reason, [page.held for page in told.pages]) == ("page-not-chosen", ["no"])

    grants.switch(svc, member, connected.id, "read-messages", on=False)
    assert (ask(read, connected.id).reason, ask(read, connected.id).on) == ("purpose-off", "no")
    assert (ask(read).reason, ask(read).on) == (None, "not asked")

    photo = Question("analyse", "GET", f"/plusPages/v2/media/{world.photo}?onBehalfOf={world.roastery}")
    told = ask(photo, connected.id)
    assert told.reason == "scope-missing"
    assert {scope.short: scope.held for scope in told.scopes} == {
        "plus.stream.read": "yes", "plus.pages.manage": "yes", "plus.media.readwrite": "no",
    }  # fmt: skip

    revoke.end(svc, member, connected.id, at_google="no")
    assert ask(read, connected.id).reason == "revoked"
    assert ask(Question("read-messages", "GET", "/x"), connected.id).reason == "unroutable"  # as the gate, first
    assert google.api_requests() == []
    looks = entries("staff:explain")
    assert len(looks) == 9
    assert {look["actor"] for look in looks} == {people.staff.person.id}
    assert not any(world.cafe_post in str(look) for look in looks)


@on_sqlite
def test_a_connection_that_needs_consent_is_told_so_and_one_that_is_not_there_is_not_found(connect, ask, svc, world):
    connected = connect()
    with svc.store.write() as tx:
        tx.connection.execute(update(connections).values(state="needs_consent"))
    me = Question("show-profile", "GET", "/plusPages/v2/people/me")
    assert ask(me, connected.id).reason == "needs-consent"
    with pytest.raises(NotFound):
        ask(me, "con_none")


@on_sqlite
@pytest.mark.parametrize(
    ("purpose", "verb", "path", "body", "subject"),
    [
        ("read-messages", "GET", "activities/{post}?onBehalfOf={page}", None, None),
        ("read-messages", "GET", "activities/{post}?onBehalfOf={page}&fields=id", None, None),
        ("read-messages", "GET", "activities/{post}?onBehalfOf={page}&fields=title", None, None),
        ("read-messages", "GET", "activities/{post}?onBehalfOf=1", None, None),
        ("read-messages", "GET", "activities/{post}", None, None),
        ("read-messages", "GET", "people/me?access_token=x", None, None),
        ("read-messages", "GET", "people/me", b"{}", None),
        ("reply-to-messages", "DELETE", "comments/{post}.1?onBehalfOf={page}", None, None),
        ("reply-to-messages", "POST", "activities/{post}/comments?onBehalfOf={page}", b'{"a":1}', "{post}"),
        ("reply-to-messages", "POST", "activities/{post}/comments?onBehalfOf={page}", b"[", "{post}"),
        ("reply-to-messages", "POST", "activities/{post}/comments?onBehalfOf={page}", None, None),
        ("show-profile", "GET", "people/{page}", None, None),
        ("show-profile", "PUT", "people/{page}", b"{}", None),
        ("sell-data", "GET", "people/me", None, None),
    ],
)
def test_the_answer_is_the_gates_own(connect, ask, svc, people, world, google, purpose, verb, path, body, subject):
    def filled(text):
        return text and text.format(post=world.cafe_post, page=world.cafe)

    connected = connect()
    path, subject = f"/plusPages/v2/{filled(path)}", filled(subject)
    told = ask(Question(purpose, verb, path, body, subject), connected.id)
    headers = {"content-type": "application/json"} if body else {}
    with connector.use(connected.id, purpose=purpose, actor=people.member.actor, svc=svc, subject=subject) as pages:
        try:
            pages._http.request(f"{google.url}{path}", verb, body=body, headers=headers)
            happened = None
        except Refused as no:
            happened = no.reason
    assert told.reason == happened
    assert told.allowed == (happened is None)
