"""A purpose reads the fields it names: no more is asked of Google, and no more is let in (8.2.3)."""

import json

import pytest

import connector
from connector.domain import analyse, inbox, profile, publish, replies
from connector.domain.errors import Refused, UnreadableAnswer

COMMENT = "id,actor(id,displayName),published,object(content,originalContent)"
POST = "id,actor(id,displayName),published,updated,object(content,originalContent{})"
GET, INSERT = "plusPages.comments.get", "plusPages.comments.insert"
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def connected(connect):
    return connect()


@pytest.fixture
def use(svc, people, connected):
    def begin(purpose, **more):
        return connector.use(connected.id, purpose=purpose, svc=svc, actor=people.member.actor, **more)

    return begin


@pytest.fixture
def told(svc, entries):
    """The details of the newest entry."""

    def read():
        with svc.store.read() as tx:
            row = tx.ledger.entry(entries()[-1]["index"])
            opened = svc.vault.open(tx, row.owner, (json.loads(row.entry)["id"], "ledger"), row.sealed)
        return json.loads(opened)["details"]

    return read


@on_sqlite
def test_everything_the_product_does_asks_for_its_purposes_fields_and_reads_all_it_needs(
    svc, people, google, world, connected, page_of
):
    member, page = people.member.actor, page_of(world.cafe)
    seen = {}

    def asked(purpose, act):
        google.forget_requests()
        answer = act()
        for one in google.api_requests():
            seen.setdefault((purpose, one["operation"].removeprefix("plusPages.")), set()).add(one["query"]["fields"])
        return answer

    with svc.store.read() as tx:
        assert {one.name for one in tx.connections.pages(connected.id)} == {"Café am Hafen", "Hafen-Rösterei"}
        assert tx.connections.get_any(connected.id).account_name == "Anna Berg"
    assert asked("read", lambda: inbox.sync(svc, member, page)).new_messages == 2
    thread = inbox.thread(svc, member, inbox.threads(svc, member)[0].id)
    assert (str(thread.author), str(thread.text)) == ("Café am Hafen", "What is your favourite cake?")
    assert str(thread.messages[0].author) == "Fay Olsen"
    sent = asked("reply", lambda: replies.send(svc, member, thread.messages[0].id, "Yes.", key="k"))
    assert sent.state == "sent"
    (circle, *_) = asked("publish", lambda: publish.circles(svc, member, page))
    assert (circle.name, circle.people) == ("Friends", 1)
    posted = asked("publish", lambda: publish.publish(svc, member, page, "Hello.", [circle.id]))
    assert (posted.text, posted.author.id) == ("Hello.", world.cafe)
    figures = asked("analyse", lambda: analyse.analyse(svc, member, page))
    found = {one.post.provider_id: one for one in figures}[world.cafe_post]
    assert (found.plusoners, found.resharers, found.photos, found.post.comments) == (2, 1, 1, 3)
    account, *_ = asked("profile", lambda: profile.profiles(svc, member, connected.id))
    assert account.name == "Anna Berg"
    assert account.url
    assert account.picture
    counted = ",replies/totalItems"
    assert seen == {
        ("read", "activities.list"): {f"items({POST.format(counted)}),nextPageToken"},
        ("read", "comments.list"): {f"items({COMMENT}),nextPageToken"},
        ("reply", "comments.insert"): {COMMENT},
        ("publish", "circles.list"): {"items(id,displayName,people/totalItems),nextPageToken"},
        ("publish", "activities.insert"): {POST.format("")},
        ("analyse", "activities.list"): {
            f"items({POST.format(counted + ',attachments(objectType,id)')}),nextPageToken"
        },
        ("analyse", "people.listByActivity"): {"items(id,displayName),nextPageToken"},
        ("analyse", "media.get"): {"id,displayName,width,height,published"},
        ("profile", "people.get"): {"id,displayName,url,image/url"},
    }


@on_sqlite
def test_connecting_reads_the_accounts_name_and_its_pages_names_and_nothing_else(google, connect):
    connect()
    seen = {one["operation"]: one["query"]["fields"] for one in google.api_requests()}
    assert seen == {
        "plusPages.people.get": "id,displayName",
        "plusPages.people.list": "items(objectType,id,displayName),nextPageToken",
    }


@on_sqlite
def test_a_program_may_ask_for_fewer_fields_and_gets_those(use, google, world):
    google.forget_requests()
    with use("read-messages") as pages:
        asked = pages.comments().list(activityId=world.cafe_post, onBehalfOf=world.cafe, fields="items/object/content")
        found = asked.execute()
    assert {frozenset(item["object"]) for item in found["items"]} == {frozenset({"content"})}
    assert google.api_requests()[-1]["query"]["fields"] == "items/object/content"


@on_sqlite
@pytest.mark.parametrize("fields", ["*", "items", "items(id,actor/image/url)", "items(id,plusoners)", "kind", "items("])
def test_a_program_that_asks_for_more_is_refused_and_nothing_is_sent(use, google, world, entries, fields):
    google.forget_requests()
    with use("read-messages") as pages, pytest.raises(Refused) as no:
        pages.comments().list(activityId=world.cafe_post, onBehalfOf=world.cafe, fields=fields).execute()
    assert no.value.reason == "fields-not-in-purpose"
    assert google.requests() == []
    assert entries("call:refused")[-1]["reason"] == "fields-not-in-purpose"


@on_sqlite
def test_what_google_sends_beyond_the_fields_reaches_nobody_and_is_on_record(use, google, world, told):
    more = {
        "id": "c",
        "actor": {"id": "1", "displayName": "Fay", "image": {"url": "https://faces.example/fay"}},
        "x": 1,
    }
    google.fault(GET, "status", status=200, body=more, times=1)
    with use("read-messages") as pages:
        found = pages.comments().get(commentId=f"{world.cafe_post}.1", onBehalfOf=world.cafe).execute()
    assert found == {"id": "c", "actor": {"id": "1", "displayName": "Fay"}}
    assert told()["beyond_fields"] == ["actor.image", "x"]
    assert "faces.example" not in json.dumps(told())


@on_sqlite
def test_a_write_stands_though_its_answer_holds_more(use, google, world, told, entries):
    google.fault(INSERT, "status", status=200, body={"id": "c", "actor": {"emails": ["a@b.example"]}}, times=1)
    with use("reply-to-messages", subject=world.cafe_post) as pages:
        body = {"object": {"originalContent": "Yes."}}
        made = pages.comments().insert(activityId=world.cafe_post, onBehalfOf=world.cafe, body=body).execute()
    assert made == {"id": "c", "actor": {}}
    assert entries()[-1]["decision"] == "answered"
    assert told()["beyond_fields"] == ["actor.emails"]


@on_sqlite
def test_a_success_without_json_is_unreadable_and_whether_it_was_done_is_not_known(use, google, world, entries):
    google.fault(INSERT, "status", status=200, body="done", headers={"Content-Type": "text/plain"}, times=1)
    with use("reply-to-messages", subject=world.cafe_post) as pages, pytest.raises(UnreadableAnswer):
        body = {"object": {"originalContent": "Yes."}}
        pages.comments().insert(activityId=world.cafe_post, onBehalfOf=world.cafe, body=body).execute()
    assert entries()[-1]["decision"] == "unknown"


@on_sqlite
def test_an_ordinary_answer_has_nothing_beyond_its_fields(use, world, told):
    with use("read-messages") as pages:
        found = pages.comments().list(activityId=world.cafe_post, onBehalfOf=world.cafe).execute()
    assert set(found) == {"items"}
    assert "beyond_fields" not in told()


@on_sqlite
@pytest.mark.parametrize(
    ("subject", "reason"), [(None, "subject-missing"), ("z12another.1", "subject-mismatch"), ("", "subject-missing")]
)
def test_a_reply_is_about_what_it_is_sent_to(use, google, world, entries, subject, reason):
    google.forget_requests()
    body = {"object": {"originalContent": "Yes."}}
    with use("reply-to-messages", subject=subject) as pages, pytest.raises(Refused) as no:
        pages.comments().insert(activityId=world.cafe_post, onBehalfOf=world.cafe, body=body).execute()
    assert no.value.reason == reason
    assert google.requests() == []
    assert entries("call:refused")[-1]["reason"] == reason
