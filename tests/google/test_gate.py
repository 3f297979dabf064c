"""Google's own client over the gate. THE PATH itself is stubbed; what reaches it is what counts here."""

import json
import threading
from collections.abc import Iterator
from io import BytesIO
from types import SimpleNamespace
from typing import Any

import pytest
from googleapiclient.discovery import build_from_document
from googleapiclient.errors import HttpError
from googleapiclient.http import MediaInMemoryUpload, MediaIoBaseDownload

import scopes
from connector.domain.calls import Ask
from connector.domain.errors import NotFound, OutcomeUnknown, Refused
from connector.domain.records import Actor, Answer
from connector.google import GooglePlusApi, gate, use
from scopes.discovery import document

ROOT = "http://127.0.0.1:9/"
PAGE, POST = "100000000000000000001", "z12abcdefghijklmnop04aaaabbbbccccdd"
MEMBER = Actor("member", "per_1", "Mia", "cus_1")
SVC: Any = SimpleNamespace(network=lambda _provider: SimpleNamespace(api=API))
API = GooglePlusApi(ROOT)


class Path:
    """Stands for connector.domain.calls.call: keeps what was asked, answers what a test put there."""

    def __init__(self) -> None:
        self.asks: list[Ask] = []
        self.answer = Answer(200, {"content-type": "application/json; charset=UTF-8"}, b"{}")
        self.error: Exception | None = None

    def __call__(self, _svc: object, ask: Ask) -> Answer:
        self.asks.append(ask)
        if self.error is not None:
            raise self.error
        return self.answer


@pytest.fixture
def path(monkeypatch: pytest.MonkeyPatch) -> Path:
    stub = Path()
    monkeypatch.setattr(gate, "call", stub)
    return stub


@pytest.fixture
def pages(path: Path) -> Iterator[Any]:
    with use(SVC, "con_1", purpose="reply-to-messages", actor=MEMBER, subject="msg_1") as service:
        yield service


def test_a_call_of_googles_client_takes_the_path_with_all_that_decides_it(path: Path, pages: Any) -> None:
    path.answer = Answer(200, {"content-type": "application/json"}, b'{"id": "z12.1"}')
    body = {"object": {"originalContent": "Grüße"}}
    assert pages.comments().insert(activityId=POST, onBehalfOf=PAGE, body=body).execute() == {"id": "z12.1"}
    (ask,) = path.asks
    assert (ask.actor, ask.provider, ask.connection) == (MEMBER, "google-plus", "con_1")
    assert (ask.purpose, ask.subject) == ("reply-to-messages", "msg_1")
    assert ask.request.verb == "POST"
    assert ask.request.url == f"{ROOT}plusPages/v2/activities/{POST}/comments?onBehalfOf={PAGE}&alt=json"
    assert json.loads(ask.request.body or b"") == body
    assert {name.lower() for name in ask.request.headers} == {"accept", "content-type"}


def test_every_method_of_the_document_reaches_the_path_at_an_address_that_is_routed(path: Path, pages: Any) -> None:
    router = scopes.Router(scopes.load("google-plus"), ROOT)
    reached = set()
    for collection, described in document("plusPages-v2")["resources"].items():
        for method, details in described["methods"].items():
            given: dict[str, Any] = {
                name: (parameter.get("enum") or ["100"])[0]
                for name, parameter in details.get("parameters", {}).items()
                if parameter.get("required")
            }
            if "request" in details:
                given["body"] = {}
            getattr(getattr(pages, collection)(), method)(**given).execute()
            request = path.asks[-1].request
            routed = router.route(request.verb, request.url)
            assert isinstance(routed, scopes.RoutedCall), (collection, method, request.url)
            reached.add(routed.operation)
    assert len(reached) == 38


def test_a_view_makes_the_same_requests_as_a_service_built_for_the_purpose(path: Path, pages: Any) -> None:
    described = dict(document("plusPages-v2")) | {"rootUrl": ROOT, "baseUrl": f"{ROOT}plusPages/v2/"}
    built: Any = build_from_document(described, http=pages._http)
    for service in (pages, built):
        service.people().list(userId="me", collection="pages", maxResults=7).execute()
        service.circles().list(userId=PAGE).execute()
    first, second = path.asks[:2], path.asks[2:]
    assert [(ask.request.verb, ask.request.url) for ask in first] == [
        (ask.request.verb, ask.request.url) for ask in second
    ]


def test_the_next_page_is_asked_for_through_the_gate_too(path: Path, pages: Any) -> None:
    posts = pages.activities()
    first = posts.list(userId=PAGE, collection="user")
    posts.list_next(first, {"nextPageToken": "Cg0Q"}).execute()
    assert path.asks[0].request.url.endswith("pageToken=Cg0Q")
    assert posts.list_next(first, {}) is None


def test_an_error_of_google_is_the_clients_own_error(path: Path, pages: Any) -> None:
    error = {"error": {"errors": [{"reason": "forbidden"}], "code": 403, "message": "Forbidden"}}
    path.answer = Answer(403, {"content-type": "application/json", "x-a": "b"}, json.dumps(error).encode())
    with pytest.raises(HttpError) as raised:
        pages.people().get(userId="me").execute()
    assert raised.value.resp.status == 403
    assert raised.value.resp["x-a"] == "b"
    assert len(path.asks) == 1


@pytest.mark.parametrize("error", [Refused("not-for-purpose", "No."), OutcomeUnknown("gone"), NotFound("con_1")])
def test_what_the_path_raises_comes_out_as_it_is_and_nothing_is_tried_again(
    path: Path, pages: Any, error: Exception
) -> None:
    path.error = error
    with pytest.raises(type(error)) as raised:
        pages.people().get(userId="me").execute()
    assert raised.value is error
    assert len(path.asks) == 1


def test_a_server_error_is_not_tried_again_even_when_the_client_is_told_to(path: Path, pages: Any) -> None:
    path.answer = Answer(503, {}, b"")
    with pytest.raises(HttpError):
        pages.comments().insert(activityId=POST, onBehalfOf=PAGE, body={}).execute()
    with pytest.raises(Refused) as refused:
        pages.comments().insert(activityId=POST, onBehalfOf=PAGE, body={}).execute(num_retries=3)
    assert refused.value.reason == "no-retries"
    assert len(path.asks) == 1


def test_another_transport_cannot_be_slipped_in(path: Path, pages: Any) -> None:
    with pytest.raises(Refused) as refused:
        pages.people().get(userId="me").execute(http=SimpleNamespace(request=lambda *_a, **_k: None))
    assert refused.value.reason == "other-transport"


def test_a_raw_request_takes_the_path_with_its_headers(path: Path, pages: Any) -> None:
    headers = {"Authorization": "Bearer mine", "X-HTTP-Method-Override": "DELETE", "Accept-Encoding": "br"}
    pages._http.request("https://www.googleapis.com/drive/v3/files", "GET", headers=headers)
    (ask,) = path.asks
    assert ask.request.url == "https://www.googleapis.com/drive/v3/files"
    assert set(ask.request.headers) == {"Authorization", "X-HTTP-Method-Override"}


def test_a_long_get_that_the_client_disguises_as_a_post_is_asked_for_with_its_disguise(path: Path, pages: Any) -> None:
    pages.activities().search(query="x" * 3000).execute()
    request = path.asks[0].request
    assert request.verb == "POST"
    assert request.headers["x-http-method-override"] == "GET"


def test_batches_uploads_and_downloads_take_the_path_as_what_they_are(path: Path, pages: Any) -> None:
    path.error = Refused("unroutable", "No.")
    batch = pages.new_batch_http_request()
    batch.add(pages.people().get(userId="me"))
    with pytest.raises(Refused):
        batch.execute()
    image = MediaInMemoryUpload(b"\x89PNG", "image/png")
    with pytest.raises(Refused):
        pages.media().insert(userId=PAGE, collection="cloud", media_body=image).execute()
    resumable = MediaInMemoryUpload(b"\x89PNG", "image/png", resumable=True)
    with pytest.raises(Refused):
        pages.media().insert(userId=PAGE, collection="cloud", media_body=resumable).execute()
    with pytest.raises(Refused):
        MediaIoBaseDownload(BytesIO(), pages.media().get(mediaId="1.2", onBehalfOf=PAGE)).next_chunk()
    batched, simple, stepwise, download = (ask.request for ask in path.asks)
    assert batched.url.startswith(f"{ROOT}batch")
    assert simple.url.startswith(f"{ROOT}upload/")
    assert stepwise.url.startswith(f"{ROOT}upload/")
    assert download.headers["range"].startswith("bytes=0-")


def test_a_stream_is_not_sent(path: Path, pages: Any) -> None:
    with pytest.raises(Refused) as refused:
        pages._http.request(f"{ROOT}upload/plusPages/v2/people/me/media/cloud", "PUT", body=BytesIO(b"x"))
    assert refused.value.reason == "body-not-bytes"
    assert not path.asks


def test_after_the_block_nothing_made_in_it_can_be_sent(path: Path) -> None:
    with use(SVC, "con_1", purpose="read-messages", actor=MEMBER) as pages:
        prepared = pages.people().get(userId="me")
        collection = pages.comments()
    for late in (prepared, collection.list(activityId=POST, onBehalfOf=PAGE), pages.people().get(userId="me")):
        with pytest.raises(Refused) as refused:
            late.execute()
        assert refused.value.reason == "use-ended"
    assert not path.asks


def test_a_block_that_ends_by_an_exception_is_ended_too(path: Path) -> None:
    with (
        pytest.raises(ZeroDivisionError),
        use(SVC, "con_1", purpose="read-messages", actor=MEMBER) as pages,
    ):
        raise ZeroDivisionError
    with pytest.raises(Refused):
        pages.people().get(userId="me").execute()


def test_uses_at_the_same_time_do_not_see_each_other(path: Path) -> None:
    def work(name: str) -> None:
        for _ in range(30):
            with use(SVC, name, purpose="read-messages", actor=MEMBER, subject=name) as pages:
                pages.people().get(userId=name).execute()

    threads = [threading.Thread(target=work, args=(f"con_{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(path.asks) == 240
    assert all(f"/people/{ask.connection}?" in ask.request.url and ask.subject == ask.connection for ask in path.asks)


def test_a_provider_without_googles_client_is_not_found() -> None:
    other: Any = SimpleNamespace(network=lambda _provider: SimpleNamespace(api=object()))
    with pytest.raises(NotFound), use(other, "con_1", purpose="read-messages", actor=MEMBER):
        pass


def test_the_template_itself_sends_nothing() -> None:
    with pytest.raises(Refused):
        API.service._template.people().get(userId="me").execute()


def test_no_view_holds_a_token_or_a_credential(pages: Any) -> None:
    assert not any("token" in name or "credential" in name for name in vars(pages._http))
