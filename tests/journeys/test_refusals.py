"""What no purpose covers is refused before a token is opened and before anything is sent, and the ledger says why.

Beside each refusal stands what Google itself allows with a token of these very scopes: the purpose is the limit.
"""

from dataclasses import dataclass, field, replace

import pytest

import connector
from connector.domain import choosing, grants, inbox, revoke
from connector.domain.errors import NotFound, Refused

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@dataclass
class Watched:
    """The vault, counting what is opened: the fields of the places, such as `refresh` or `access …`."""

    vault: object
    opened: list[str] = field(default_factory=list)

    def ready(self, store, owner):
        self.vault.ready(store, owner)

    def seal(self, tx, owner, place, plain):
        return self.vault.seal(tx, owner, place, plain)

    def open(self, tx, owner, place, sealed):
        self.opened.append(place[1])
        return self.vault.open(tx, owner, place, sealed)

    @property
    def tokens(self):
        return [one for one in self.opened if one.split()[0] in ("refresh", "access")]


@pytest.fixture
def watched(svc):
    vault = Watched(svc.vault)
    return replace(svc, vault=vault)


@pytest.fixture
def comment(google, world):
    """A comment that stands below the café's post."""
    return google.comments(world.cafe_post)[0]["id"]


@pytest.fixture
def refused(watched, connect, google, people, entries):
    """Make a request for a purpose through Google's client and see it refused: no token opened, nothing sent."""
    connected = connect()

    def check(purpose, ask, *, reason, connection=None, who=None, error=Refused, operation=None):
        google.forget_requests()
        watched.vault.opened.clear()
        known = len(entries())
        who = who or people.member
        with (
            connector.use(connection or connected.id, purpose=purpose, actor=who.actor, svc=watched) as pages,
            pytest.raises(error) as no,
        ):
            ask(pages)
        assert google.requests() == []
        assert watched.vault.tokens == []
        intent, outcome = entries()[known:]
        assert (intent["decision"], outcome["decision"], outcome["reason"]) == ("intent", "refused", reason)
        assert outcome["intent"] == intent["index"]
        assert (outcome["purpose"], outcome["customer"]) == (purpose, who.customer)
        if operation:
            assert outcome["operation"] == operation
        assert no.value.public.endswith(".")
        return no.value

    check.connection = connected.id
    return check


def raw(url_of, method="GET", headers=None, body=None):
    return lambda pages: pages._http.request(url_of, method=method, headers=headers, body=body)


def test_deleting_a_comment_is_refused_and_google_would_allow_it(refused, google, world, comment):
    refused(
        "reply-to-messages",
        lambda pages: pages.comments().remove(commentId=comment, onBehalfOf=world.cafe).execute(),
        reason="operation-not-in-purpose",
        operation="plusPages.comments.remove",
    )
    assert comment in [one["id"] for one in google.comments(world.cafe_post)]
    token = google.token_by_hand(world.anna, "plus.stream.write", "plus.pages.manage")
    assert google.by_hand(token, "DELETE", f"comments/{comment}?onBehalfOf={world.cafe}").ok
    assert comment not in [one["id"] for one in google.comments(world.cafe_post)]


def test_deleting_a_post_is_refused_and_google_would_allow_it(refused, google, world):
    for purpose in ("reply-to-messages", "publish-to-circles"):
        refused(
            purpose,
            lambda pages: pages.activities().remove(activityId=world.cafe_post, onBehalfOf=world.cafe).execute(),
            reason="operation-not-in-purpose",
            operation="plusPages.activities.remove",
        )
    token = google.token_by_hand(world.anna, "plus.stream.write", "plus.pages.manage")
    assert google.by_hand(token, "DELETE", f"activities/{world.cafe_post}?onBehalfOf={world.cafe}").ok


def test_changing_a_profile_is_refused_and_google_would_allow_it(refused, google, world):
    refused(
        "show-profile",
        lambda pages: pages.people().update(userId="me", body={"displayName": "Somebody else"}).execute(),
        reason="operation-not-in-purpose",
        operation="plusPages.people.update",
    )
    token = google.token_by_hand(world.anna, "plus.profiles.write", "plus.pages.manage")
    assert google.by_hand(token, "PUT", f"people/{world.cafe}", json={"image": {"id": world.photo}}).ok


def test_listing_followers_is_refused_and_google_would_allow_it(refused, google, world):
    for purpose in ("read-messages", "publish-to-circles", "analyse"):
        refused(
            purpose,
            lambda pages: pages.people().list(userId="me", collection="followers").execute(),
            reason="parameter-not-in-purpose",
            operation="plusPages.people.list",
        )
    token = google.token_by_hand(world.anna, "plus.circles.read")
    assert google.by_hand(token, "GET", "people/me/people/followers").ok


def test_reading_messages_by_circle_is_refused_and_google_would_allow_it(refused, google, world):
    refused(
        "read-messages",
        lambda pages: pages.activities().listByCircle(circleId=world.circle, onBehalfOf=world.cafe).execute(),
        reason="operation-not-in-purpose",
        operation="plusPages.activities.listByCircle",
    )
    token = google.token_by_hand(world.anna, "plus.stream.read", "plus.circles.read", "plus.pages.manage")
    assert google.by_hand(token, "GET", f"circles/{world.circle}/activities?onBehalfOf={world.cafe}").ok


def test_a_raw_address_takes_the_same_way_as_the_clients_own_methods(refused, google, world):
    url = f"{google.url}/plusPages/v2/circles/{world.circle}/activities?onBehalfOf={world.cafe}"
    refused("read-messages", raw(url), reason="operation-not-in-purpose", operation="plusPages.activities.listByCircle")
    refused("read-messages", raw(f"{google.url}/plusPages/v2/secrets"), reason="unroutable")
    refused("read-messages", raw(f"{google.url}/tokeninfo"), reason="unroutable")
    refused("read-messages", raw(f"{google.url}/test/world"), reason="unroutable")


@pytest.mark.parametrize(
    "change",
    [
        lambda url: url.replace("127.0.0.1", "127.0.0.2"),
        lambda url: url.replace("127.0.0.1", "localhost"),
        lambda url: url.replace("127.0.0.1", "evil.example"),
        lambda url: url.replace("http://", "https://"),
        lambda url: url.replace("http://", "http://127.0.0.1@"),
        lambda url: url.replace("http://127.0.0.1:", "http://127.0.0.1:1"),
        lambda url: url.replace("http:", ""),
    ],
)
def test_another_host_is_refused(refused, google, world, change):
    url = f"{google.url}/plusPages/v2/people/{world.cafe}/activities/user"
    refused("read-messages", raw(change(url)), reason="unroutable")


@pytest.mark.parametrize(
    "path",
    [
        "plusPages/v2/people/{page}/../{page}/activities/user",
        "plusPages/v2//people/{page}/activities/user",
        "plusPages/v2/people/{page}/activities/user/",
        "plusPages/v2/people/{page}/activities/%75ser",
        "PlusPages/v2/people/{page}/activities/user",
        "plusPages/v2/people/{page}%2Factivities/user",
        "plusPages/v2/people/{page}/activities/user#x",
        "plusPages/v2/people/{page}/activities/user\\",
        "plusPages/v2/people/{page}/activities/user?access_token=stolen",
        "plusPages/v2/people/{page}/activities/user?oauth_token=stolen",
        "plusPages/v2/people/{page}/activities/user?key=stolen",
        "plusPages/v2/people/{page}/activities/user?alt=media",
        "plusPages/v2/people/{page}/activities/user?callback=x",
        "plusPages/v2/people/{page}/activities/user?userIp=10.0.0.1",
    ],
)
def test_a_disguised_address_is_refused(refused, google, world, path):
    refused("read-messages", raw(f"{google.url}/{path.format(page=world.cafe)}"), reason="unroutable")


@pytest.mark.parametrize(
    "header",
    [
        "X-HTTP-Method-Override",
        "x-http-method-override",
        "X-HTTP-Method",
        "X-Method-Override",
        "Authorization",
        "Cookie",
        "Host",
        "X-Original-URL",
        "X-Rewrite-URL",
    ],
)
def test_a_header_that_could_make_it_another_request_is_refused(refused, google, world, header):
    url = f"{google.url}/plusPages/v2/people/{world.cafe}/activities/user"
    refused("read-messages", raw(url, headers={header: "DELETE"}), reason="unroutable")


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("X-Goog-User-Project", "other"),
        ("X-Goog-Api-Key", "stolen"),
        ("Transfer-Encoding", "chunked"),
        ("X-Forwarded-For", "127.0.0.1"),
        ("Accept", "a\r\nX-Evil: 1"),
    ],
)
def test_a_header_that_is_not_on_the_list_is_refused_before_a_token_is_opened(refused, google, world, header, value):
    url = f"{google.url}/plusPages/v2/people/{world.cafe}/activities/user"
    refused("read-messages", raw(url, headers={header: value}), reason="unroutable")


def test_a_body_where_none_is_documented_is_refused(refused, google, world):
    url = f"{google.url}/plusPages/v2/people/{world.cafe}/activities/user"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    refused("read-messages", raw(url, headers=form, body="_method=DELETE"), reason="unroutable")


def test_the_same_address_without_a_disguise_is_answered(refused, watched, google, people, world):
    url = f"{google.url}/plusPages/v2/people/{world.cafe}/activities/user?alt=json"
    with connector.use(refused.connection, purpose="read-messages", actor=people.member.actor, svc=watched) as pages:
        response, body = pages._http.request(url)
    assert response.status == 200
    assert world.cafe_post.encode() in body
    assert watched.vault.tokens


def test_a_batch_is_refused(refused, google, world):
    refused("read-messages", raw(f"{google.url}/batch/plusPages/v2", "POST", body="--x"), reason="unroutable")
    refused("read-messages", raw(f"{google.url}/batch", "POST", body="--x"), reason="unroutable")

    def batch(pages):
        together = pages.new_batch_http_request()
        together.add(pages.activities().get(activityId=world.cafe_post, onBehalfOf=world.cafe))
        together.execute()

    refused("read-messages", batch, reason="unroutable")


def test_an_upload_is_refused_and_google_has_the_method(refused, google, world):
    for purpose in ("analyse", "publish-to-circles"):
        for address in ("upload/plusPages/v2", "resumable/upload/plusPages/v2"):
            url = f"{google.url}/{address}/people/{world.cafe}/media/cloud?uploadType=media"
            refused(
                purpose,
                raw(url, "POST", {"content-type": "image/png"}, b"\x89PNG"),
                reason="operation-not-in-purpose",
                operation="plusPages.media.insert",
            )
        refused(
            purpose,
            lambda pages: pages.media().insert(userId=world.cafe, collection="cloud", body={}).execute(),
            reason="operation-not-in-purpose",
            operation="plusPages.media.insert",
        )
    token = google.token_by_hand(world.anna, "plus.media.readwrite", "plus.pages.manage")
    assert (
        google.by_hand(token, "POST", f"people/{world.cafe}/media/cloud", json={}).status_code == 501
    )  # allowed there


def test_reading_and_writing_do_not_stand_in_for_each_other(refused, world):
    def insert(pages):
        body = {"object": {"originalContent": "Hello"}}
        pages.comments().insert(activityId=world.cafe_post, onBehalfOf=world.cafe, body=body).execute()

    for purpose in ("read-messages", "publish-to-circles", "analyse", "show-profile"):
        refused(purpose, insert, reason="operation-not-in-purpose", operation="plusPages.comments.insert")


def test_a_purpose_that_is_not_documented_covers_nothing(refused, world):
    def read(pages):
        pages.activities().get(activityId=world.cafe_post, onBehalfOf=world.cafe).execute()

    for purpose in ("sell-data", "", "READ-MESSAGES", "read-messages "):
        refused(purpose, read, reason="unknown-purpose")


def test_another_customers_page_is_refused_and_its_own_google_account_would_be_allowed(
    refused, connect, people, world, google
):
    connect(people.other, account=world.ben)
    refused(
        "read-messages",
        lambda pages: pages.activities().list(userId=world.bikes, collection="user").execute(),
        reason="page-not-chosen",
        operation="plusPages.activities.list",
    )
    token = google.token_by_hand(world.ben, "plus.stream.read", "plus.pages.manage")
    assert google.by_hand(token, "GET", f"people/{world.bikes}/activities/user").ok


def test_another_customers_connection_is_not_found(refused, connect, people, world):
    theirs = connect(people.other, account=world.ben)

    def read(pages):
        pages.activities().list(userId=world.bikes, collection="user").execute()

    found = refused("read-messages", read, connection=theirs.id, reason="not-found", error=NotFound)
    missing = refused("read-messages", read, connection="con_" + "a" * 26, reason="not-found", error=NotFound)
    assert found.public == missing.public


def test_a_page_that_was_not_chosen_is_refused_though_the_account_administers_it(
    refused, svc, people, page_of, world, google
):

    choosing.choose(svc, people.member.actor, refused.connection, [page_of(world.cafe)])

    def read(pages):
        pages.activities().list(userId=world.roastery, collection="user").execute()

    refused("read-messages", read, reason="page-not-chosen")
    refused(
        "read-messages",
        lambda pages: pages.comments().list(activityId=world.roastery_post, onBehalfOf=world.roastery).execute(),
        reason="page-not-chosen",
    )
    token = google.token_by_hand(world.anna, "plus.stream.read", "plus.pages.manage")
    assert google.by_hand(token, "GET", f"people/{world.roastery}/activities/user").ok


def test_a_call_that_does_not_say_for_which_page_it_acts_is_refused(refused, google, world):
    url = f"{google.url}/plusPages/v2/activities/{world.cafe_post}/comments"
    refused("read-messages", raw(url), reason="unroutable")
    refused("read-messages", raw(f"{url}?onBehalfOf="), reason="unroutable")
    refused("read-messages", raw(f"{url}?onBehalfOf=me"), reason="parameter-not-in-purpose")


def test_the_accounts_own_stream_is_not_a_pages(refused):
    refused(
        "read-messages",
        lambda pages: pages.activities().list(userId="me", collection="user").execute(),
        reason="parameter-not-in-purpose",
    )


def test_a_purpose_that_is_switched_off_is_refused_until_it_is_on_again(
    refused, svc, watched, people, world, google, page_of
):
    grants.switch(svc, people.member.actor, refused.connection, "analyse", on=False)

    def media(pages):
        pages.media().get(mediaId=world.photo, onBehalfOf=world.cafe).execute()

    refused("analyse", media, reason="purpose-off", operation="plusPages.media.get")
    assert inbox.sync(svc, people.member.actor, page_of(world.cafe)).threads == 1  # the others go on
    grants.switch(svc, people.member.actor, refused.connection, "analyse", on=True)
    with connector.use(refused.connection, purpose="analyse", actor=people.member.actor, svc=watched) as pages:
        assert pages.media().get(mediaId=world.photo, onBehalfOf=world.cafe).execute()["id"] == world.photo


def test_a_permission_that_was_not_given_is_refused(connect, watched, google, people, world, entries, svc):
    connected = connect(scopes=["plus.stream.read", "plus.pages.manage"])
    google.forget_requests()
    watched.vault.opened.clear()
    with (
        connector.use(connected.id, purpose="analyse", actor=people.member.actor, svc=watched) as pages,
        pytest.raises(Refused) as no,
    ):
        pages.media().get(mediaId=world.photo, onBehalfOf=world.cafe).execute()
    assert no.value.reason == "scope-missing"
    assert "View and manage your photos and videos in Google+" in no.value.public
    assert google.requests() == []
    assert watched.vault.tokens == []
    assert entries("call:refused")[-1]["reason"] == "scope-missing"
    with pytest.raises(Refused, match="scope-missing"):
        grants.switch(svc, people.member.actor, connected.id, "publish-to-circles", on=True)


def test_a_revoked_grant_is_refused_before_its_token_is_opened(refused, svc, people, world):
    revoke.end(svc, people.member.actor, refused.connection)

    def read(pages):
        pages.activities().list(userId=world.cafe, collection="user").execute()

    assert refused("read-messages", read, reason="revoked").status == 409


def test_a_person_of_the_staff_and_nobody_may_not_use_a_customers_connection(refused, watched, people, world, google):
    google.forget_requests()
    watched.vault.opened.clear()
    with (
        connector.use(refused.connection, purpose="read-messages", actor=people.staff.actor, svc=watched) as pages,
        pytest.raises(NotFound),
    ):
        pages.activities().list(userId=world.cafe, collection="user").execute()
    assert google.requests() == []
    assert watched.vault.tokens == []
