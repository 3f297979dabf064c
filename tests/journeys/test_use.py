"""`connector.use`: Google's own client for programs in this process, through the gate."""

import pytest
from googleapiclient.errors import HttpError

import connector
from connector.domain.errors import NotFound, OutcomeUnknown, Refused
from connector.domain.records import Actor

INSERT = "plusPages.comments.insert"
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def use(svc, people, connect):
    connected = connect()

    def begin(purpose, **more):
        more.setdefault("actor", people.member.actor)
        return connector.use(connected.id, purpose=purpose, svc=svc, **more)

    return begin


def test_a_program_reads_and_answers_through_googles_own_client(use, google, world, people, entries):
    program = Actor(kind="program", id="prg_desk", name="The help desk", customer=people.member.customer)
    with use("read-messages", actor=program) as pages:
        found = pages.comments().list(activityId=world.cafe_post, onBehalfOf=world.cafe).execute()
    comment = found["items"][0]["id"]
    with use("reply-to-messages", actor=program, subject=comment) as pages:
        body = {"object": {"originalContent": "Yes, from nine."}}
        made = pages.comments().insert(activityId=world.cafe_post, onBehalfOf=world.cafe, body=body).execute()
    assert made["actor"]["id"] == world.cafe
    assert google.comments(world.cafe_post)[-1]["originalContent"] == "Yes, from nine."
    answered = entries("call:answered")[-1]
    assert (answered["operation"], answered["purpose"], answered["actor"]) == (INSERT, "reply-to-messages", "prg_desk")


@on_sqlite
def test_paging_through_googles_client_stays_inside_the_purpose(use, world):
    with use("read-messages") as pages:
        request = pages.comments().list(activityId=world.cafe_post, onBehalfOf=world.cafe, maxResults=1)
        seen = []
        while request is not None:
            answer = request.execute()
            seen += answer["items"]
            request = pages.comments().list_next(request, answer)
    assert len(seen) == 2


@on_sqlite
def test_googles_404_is_googles_own_error(use, world, entries):
    with use("read-messages") as pages, pytest.raises(HttpError) as no:
        pages.activities().get(activityId="z12nothing", onBehalfOf=world.cafe).execute()
    assert no.value.status_code == 404
    assert (entries()[-1]["decision"], entries()[-1]["reason"]) == ("failed", "target-gone")


@on_sqlite
def test_a_use_that_has_ended_sends_nothing(use, google, world):
    with use("read-messages") as pages:
        late = pages.comments().list(activityId=world.cafe_post, onBehalfOf=world.cafe)
        raw = pages._http
    google.forget_requests()
    with pytest.raises(Refused) as no:
        late.execute()
    assert no.value.reason == "use-ended"
    with pytest.raises(Refused):
        raw.request(f"{google.url}/plusPages/v2/people/me")
    with pytest.raises(Refused):
        pages.comments().list(activityId=world.cafe_post, onBehalfOf=world.cafe).execute()
    assert google.requests() == []


@on_sqlite
def test_a_use_ends_also_when_the_program_fails(use, google, world):
    class Broken(Exception):
        pass

    with pytest.raises(Broken), use("read-messages") as pages:
        late = pages.comments().list(activityId=world.cafe_post, onBehalfOf=world.cafe)
        raise Broken
    with pytest.raises(Refused):
        late.execute()


@on_sqlite
def test_retries_and_another_transport_are_refused(use, google, world):
    import httplib2

    google.forget_requests()
    with use("read-messages") as pages:
        request = pages.comments().list(activityId=world.cafe_post, onBehalfOf=world.cafe)
        with pytest.raises(Refused, match="no-retries"):
            request.execute(num_retries=3)
        with pytest.raises(Refused, match="other-transport"):
            request.execute(http=httplib2.Http())
    assert google.requests() == []


@on_sqlite
@pytest.mark.parametrize("kind", ["drop_after", "drop_before"])
def test_a_dropped_write_is_sent_once_and_is_unknown(use, google, world, kind, entries):
    google.fault(INSERT, kind, times=1)
    body = {"object": {"originalContent": "Once."}}
    with use("reply-to-messages", subject=world.cafe_post) as pages, pytest.raises(OutcomeUnknown):
        pages.comments().insert(activityId=world.cafe_post, onBehalfOf=world.cafe, body=body).execute()
    assert len(google.requests(INSERT)) == 1
    assert entries()[-1]["decision"] == "unknown"


@on_sqlite
def test_a_redirect_of_google_is_not_followed(use, google, world):
    google.fault(
        "plusPages.activities.get", "status", status=302, body={}, headers={"Location": f"{google.url}/test/world"},
        times=1,
    )  # fmt: skip
    google.forget_requests()
    with use("read-messages") as pages, pytest.raises(HttpError) as no:
        pages.activities().get(activityId=world.cafe_post, onBehalfOf=world.cafe).execute()
    assert no.value.status_code == 302
    assert len(google.requests()) == len(google.requests("token")) + 1


@on_sqlite
def test_an_unknown_provider_cannot_be_used(svc, people):
    from connector import google as adapter

    with (
        pytest.raises(NotFound),
        adapter.use(svc, "con_x", purpose="read-messages", actor=people.member.actor, provider="orkut"),
    ):
        pass


def audience(*items):
    return {"object": {"originalContent": "Hello"}, "access": {"items": list(items)}}


@on_sqlite
def test_a_post_for_chosen_circles_goes_out_and_one_for_everybody_does_not(
    connect, svc, people, world, google, entries
):
    connected = connect()
    google.forget_requests()
    with connector.use(connected.id, purpose="publish-to-circles", actor=people.member.actor, svc=svc) as pages:
        (circle, *_) = pages.circles().list(userId=world.cafe).execute()["items"]
        for_circle = {"type": "circle", "id": circle["id"]}
        for items in ([{"type": "public"}], [for_circle, {"type": "public"}], []):
            with pytest.raises(Refused) as refused:
                pages.activities().insert(userId=world.cafe, body=audience(*items)).execute()
            assert refused.value.reason == "content-not-in-purpose"
        assert google.requests("plusPages.activities.insert") == []
        assert entries("call:refused")[-1]["reason"] == "content-not-in-purpose"
        posted = pages.activities().insert(userId=world.cafe, body=audience(for_circle)).execute()
    assert posted["object"]["originalContent"] == "Hello"


@on_sqlite
@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b'{"object":{"originalContent":"a"},"object":{"originalContent":"b"}}'),
        ("application/json", b"\xff\xfe{\x00}\x00"),
        ("application/json", b"[1]"),
        ("application/json", b'{"object":{"originalContent":NaN}}'),
        ("application/json", b"[" * 100_000),
        ("application/x-www-form-urlencoded", b"originalContent=a"),
        ("text/plain", b'{"object":{"originalContent":"a"}}'),
    ],
)
def test_a_body_that_not_everybody_reads_alike_is_refused(kind, body, connect, svc, people, world, google, settings):
    connected = connect()
    google.forget_requests()
    address = f"{settings.google_api_root}plusPages/v2/activities/{world.cafe_post}/comments?onBehalfOf={world.cafe}"
    with connector.use(connected.id, purpose="reply-to-messages", actor=people.member.actor, svc=svc) as pages:
        with pytest.raises(Refused) as refused:
            pages._http.request(address, "POST", body=body, headers={"Content-Type": kind})
        assert refused.value.reason == "unroutable"
    assert google.requests() == []
