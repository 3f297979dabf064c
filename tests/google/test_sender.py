import gzip
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from connector.domain.errors import ConnectorError, NotSent, OutcomeUnknown, Refused, UnreadableAnswer
from connector.domain.records import Request
from connector.domain.secret import AccessToken
from connector.google import PagesSender, wire

TOKEN = AccessToken("ya29.canary")
Send = Callable[..., PagesSender]


@pytest.fixture
def sender() -> Iterator[Send]:
    made: list[PagesSender] = []

    def one(root: str, **other) -> PagesSender:
        made.append(PagesSender(root, **{"timeout": (0.5, 0.4), "total": 1.0, "limit": 100_000} | other))
        return made[-1]

    yield one
    for each in made:
        each.close()


def post(root: str, body: bytes = b'{"object": {}}') -> Request:
    return Request("POST", f"{root}plusPages/v2/activities/z12/comments?onBehalfOf=1", {"Content-Type": "x/y"}, body)


def get(root: str, **headers: str) -> Request:
    return Request("GET", f"{root}plusPages/v2/people/me?fields=id", headers)


def test_a_request_goes_out_with_the_token_in_its_header_and_nowhere_else(serve, sender: Send) -> None:
    server = serve(lambda peer, _request: peer.answer(b'{"id": "1"}', headers='ETag: "a/b"\r\n'))
    answer = sender(server.root).send(post(server.root), TOKEN)
    assert (answer.status, answer.body, answer.headers["etag"]) == (200, b'{"id": "1"}', '"a/b"')
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /plusPages/v2/activities/z12/comments?onBehalfOf=1 HTTP/1.1"
    assert sorted(line.lower() for line in lines[1:]) == [
        "accept-encoding: gzip",
        "accept: application/json",
        "authorization: bearer ya29.canary",
        "content-length: 14",
        "content-type: x/y",
        f"host: {server.root.split('/')[2]}",
        "user-agent: page-connector (gzip)",
    ]
    assert body == b'{"object": {}}'


@pytest.mark.parametrize("status", ["201 Created", "304 Not Modified", "400 Bad Request", "404 Not Found", "503 No"])
def test_any_status_is_an_answer_and_nothing_is_sent_again(serve, sender: Send, status: str) -> None:
    body = b"" if status.startswith("304") else b'{"error": {}}'
    server = serve(lambda peer, _request: peer.answer(body, status=status, headers="Retry-After: 0\r\n"))
    assert sender(server.root).send(post(server.root), TOKEN).status == int(status[:3])
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"])
def test_a_redirect_is_an_answer_and_is_not_followed(serve, sender: Send, status: str) -> None:
    elsewhere = serve(lambda peer, _request: peer.answer())
    server = serve(lambda peer, _request: peer.answer(b"", status=status, headers=f"Location: {elsewhere.root}\r\n"))
    assert sender(server.root).send(get(server.root), TOKEN).status == int(status[:3])
    assert len(server.requests) == 1
    assert not elsewhere.requests


def accepted_then_dropped(peer):
    peer.close()


def accepted_then_reset(peer):
    peer.reset()


def half_an_answer(peer):
    peer.send(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"id": "1"')
    peer.close()


def half_a_chunk(peer):
    peer.send(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{"id": "1"')
    peer.close()


def wrong_chunk(peer):
    peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
    peer.close()


def silence(peer):
    peer.silence()


def slow_drip(peer):
    peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n")
    peer.drip(b" ")


def slow_headers(peer):
    peer.send(b"HTTP/1.1 200 OK\r\n")
    peer.drip(b"X-More: 1\r\n")


BROKEN = [
    accepted_then_dropped,
    accepted_then_reset,
    half_an_answer,
    half_a_chunk,
    wrong_chunk,
    silence,
    slow_drip,
    slow_headers,
]


@pytest.mark.parametrize("act", BROKEN)
@pytest.mark.parametrize("request_of", [post, get])
def test_when_the_connection_breaks_after_sending_the_server_saw_it_once_and_the_outcome_is_unknown(
    serve, sender: Send, act, request_of
) -> None:
    server = serve(lambda peer, _request: act(peer))
    began = time.monotonic()
    with pytest.raises(OutcomeUnknown) as unknown:
        sender(server.root).send(request_of(server.root), TOKEN)
    assert time.monotonic() - began < 8
    time.sleep(0.1)
    assert len(server.requests) == 1
    assert "ya29" not in f"{unknown.value!r} {unknown.value.__cause__!r}"


def test_a_kept_connection_that_the_server_closed_meanwhile_is_replaced_before_sending(serve, sender: Send) -> None:
    def act(peer, _request):
        peer.answer()
        peer.close()

    server = serve(act)
    one = sender(server.root)
    for number in range(5):
        assert one.send(post(server.root), TOKEN).status == 200
        server.wait_until_closed(number + 1)
        assert len(server.requests) == server.connections == number + 1


def test_a_kept_connection_that_breaks_on_use_is_not_tried_again(serve, sender: Send) -> None:
    def act(peer, request):
        if b"comments" in request:
            peer.reset()
        else:
            peer.answer()

    server = serve(act)
    one = sender(server.root)
    one.send(get(server.root), TOKEN)
    with pytest.raises(OutcomeUnknown):
        one.send(post(server.root), TOKEN)
    time.sleep(0.1)
    assert len([request for request in server.requests if request.startswith(b"POST")]) == 1


def test_connections_are_kept(serve, sender: Send) -> None:
    server = serve(lambda peer, _request: peer.answer(b"{}" * 1000))
    one = sender(server.root)
    for _ in range(10):
        one.send(get(server.root), TOKEN)
        one.send(post(server.root), TOKEN)
    assert server.connections == 1


def test_a_connection_that_rested_too_long_is_not_used_again(
    serve, sender: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(lambda peer, _request: peer.answer())
    one = sender(server.root)
    one.send(get(server.root), TOKEN)
    monkeypatch.setattr(wire, "IDLE_LIMIT", -1.0)
    one.send(get(server.root), TOKEN)
    assert server.connections == 2


def test_when_nothing_listens_nothing_was_sent(sender: Send, closed_port: int) -> None:
    root = f"http://127.0.0.1:{closed_port}/"
    with pytest.raises(NotSent):
        sender(root).send(post(root), TOKEN)


def test_a_name_that_does_not_resolve_is_not_sent(sender: Send) -> None:
    root = "https://connector.invalid/"
    with pytest.raises(NotSent):
        sender(root).send(post(root), TOKEN)


OVERSIZE = {
    "by its length": b"Content-Length: 100001\r\n\r\n" + b"x" * 100_001,
    "by its chunks": b"Transfer-Encoding: chunked\r\n\r\n"
    + b"10000\r\n"
    + b"x" * 65536
    + b"\r\n10000\r\n"
    + b"x" * 65536,
    "without a length": b"Connection: close\r\n\r\n" + b"x" * 200_000,
    "when unpacked": b"Content-Encoding: gzip\r\nConnection: close\r\n\r\n" + gzip.compress(b"x" * 50_000_000),
}


@pytest.mark.parametrize("answer", [pytest.param(answer, id=name) for name, answer in OVERSIZE.items()])
def test_an_answer_over_the_limit_is_unreadable_and_the_next_one_is_not_mixed_up_with_it(
    serve, sender: Send, answer: bytes
) -> None:
    def act(peer, _request):
        if len(server.requests) == 1:
            peer.send(b"HTTP/1.1 200 OK\r\n", answer)
            if b"Connection: close" in answer:
                peer.close()
        else:
            peer.answer(b'{"id": "2"}')

    server = serve(act)
    one = sender(server.root)
    with pytest.raises(UnreadableAnswer, match="larger"):
        one.send(get(server.root), TOKEN)
    assert one.send(get(server.root), TOKEN).body == b'{"id": "2"}'


def test_an_answer_of_exactly_the_limit_is_read(serve, sender: Send) -> None:
    server = serve(lambda peer, _request: peer.answer(b"x" * 100_000))
    assert len(sender(server.root).send(get(server.root), TOKEN).body) == 100_000


@pytest.mark.parametrize("packed", [b"\x1f\x8bnot gzip", gzip.compress(b"{}")[:-3], gzip.compress(b"{}") + b"x"])
def test_broken_compression_is_unreadable(serve, sender: Send, packed: bytes) -> None:
    server = serve(lambda peer, _request: peer.answer(packed, headers="Content-Encoding: gzip\r\n"))
    with pytest.raises(UnreadableAnswer, match="compression"):
        sender(server.root).send(get(server.root), TOKEN)


def test_a_compressed_answer_is_read(serve, sender: Send) -> None:
    packed = gzip.compress(b'{"items": []}')
    server = serve(lambda peer, _request: peer.answer(packed, headers="Content-Encoding: gzip\r\n"))
    assert sender(server.root).send(get(server.root), TOKEN).body == b'{"items": []}'


@pytest.mark.parametrize(
    "other",
    [
        "http://127.0.0.1:1/plusPages/v2/people/me",
        "https://www.googleapis.com/plusPages/v2/people/me",
        "http://localhost:{port}/plusPages/v2/people/me",
        "https://127.0.0.1:{port}/plusPages/v2/people/me",
        "http://user@127.0.0.1:{port}/plusPages/v2/people/me",
        "http://127.0.0.1:{port}@evil.example/plusPages/v2/people/me",
        "http://127.0.0.1:{port}.evil.example/",
        "http://127.0.0.1:{port}",
        "//127.0.0.1:{port}/plusPages/v2/people/me",
        "/plusPages/v2/people/me",
        "",
    ],
)
def test_a_request_for_another_host_is_refused_before_sending(serve, sender: Send, other: str) -> None:
    server = serve(lambda peer, _request: peer.answer())
    port = server.root.rstrip("/").rpartition(":")[2]
    with pytest.raises(Refused) as refused:
        sender(server.root).send(Request("GET", other.format(port=port)), TOKEN)
    assert refused.value.reason == "other-host"
    assert server.connections == 0


@pytest.mark.parametrize(
    ("verb", "rest"),
    [
        ("GET", "people/me#x"),
        ("GET", "people/me x"),
        ("GET", "people\\me"),
        ("GET", "people/me\r\nX-Evil: 1"),
        ("GET", "people/m\u00e9"),
        ("GET", "people/" + "m" * 9000),
        ("get", "people/me"),
        ("GET /x", "people/me"),
        ("GET\r\nX-Evil: 1", "people/me"),
        ("", "people/me"),
    ],
)
def test_a_request_that_is_not_plainly_written_is_refused_before_sending(
    serve, sender: Send, verb: str, rest: str
) -> None:
    server = serve(lambda peer, _request: peer.answer())
    with pytest.raises(Refused) as refused:
        sender(server.root).send(Request(verb, f"{server.root}plusPages/v2/{rest}"), TOKEN)
    assert refused.value.reason == "bad-address"
    assert server.connections == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Authorization", "Bearer ya29.other"),
        ("authorization", "x"),
        ("Cookie", "a=b"),
        ("Host", "evil.example"),
        ("X-HTTP-Method-Override", "DELETE"),
        ("x-http-method", "DELETE"),
        ("X-Method-Override", "DELETE"),
        ("Proxy-Authorization", "x"),
        ("Content-Length", "5"),
        ("Transfer-Encoding", "chunked"),
        ("Connection", "close"),
        ("X-Goog-User-Project", "other"),
        ("X-Forwarded-For", "127.0.0.1"),
        ("User-Agent", "other"),
        ("Accept", "a\r\nX-Evil: 1"),
        ("Accept", "é"),
        ("Accept\r\nX-Evil", "1"),
        ("Accept ", "1"),
    ],
)
def test_a_header_that_is_not_on_the_list_is_refused_before_sending(serve, sender: Send, name: str, value: str) -> None:
    server = serve(lambda peer, _request: peer.answer())
    with pytest.raises(Refused) as refused:
        sender(server.root).send(get(server.root, **{name: value}), TOKEN)
    assert refused.value.reason == "header-not-allowed"
    assert server.connections == 0


def test_conditional_requests_are_allowed(serve, sender: Send) -> None:
    server = serve(lambda peer, _request: peer.answer(b"", status="304 Not Modified"))
    answer = sender(server.root).send(get(server.root, **{"if-none-match": '"a/b"'}), TOKEN)
    assert answer.ok
    assert b'If-None-Match: "a/b"' in server.requests[0]


@pytest.mark.parametrize("root", ["http://www.googleapis.com/", "http://169.254.169.254/", "www.googleapis.com", ""])
def test_a_root_that_is_not_https_or_on_this_machine_is_refused(root: str) -> None:
    with pytest.raises(ValueError, match="plain http"):
        PagesSender(root)


def test_many_threads_may_share_it(serve, sender: Send) -> None:
    server = serve(lambda peer, request: peer.answer(request.split(b" ")[1]))
    one = sender(server.root)
    answers: dict[int, bytes] = {}

    def work(number: int) -> None:
        for turn in range(20):
            path = f"plusPages/v2/people/{number}-{turn}"
            answers[number * 100 + turn] = one.send(Request("GET", f"{server.root}{path}"), TOKEN).body

    threads = [threading.Thread(target=work, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {n * 100 + t: f"/plusPages/v2/people/{n}-{t}".encode() for n in range(12) for t in range(20)}


# --- over TLS ----------------------------------------------------------------------------------------------------


def server_context(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def test_over_tls_a_request_is_answered_and_the_connection_kept(serve, sender: Send, certificate: Path) -> None:
    server = serve(lambda peer, _request: peer.answer(b"{}" * 3000), server_context(certificate))
    one = sender(server.root, tls=ssl.create_default_context(cafile=str(certificate)))
    for _ in range(5):
        assert one.send(post(server.root), TOKEN).body == b"{}" * 3000
    assert server.connections == 1


def test_a_certificate_that_nobody_vouches_for_gets_no_token(serve, sender: Send, certificate: Path) -> None:
    server = serve(lambda peer, _request: peer.answer(), server_context(certificate))
    with pytest.raises(NotSent):
        sender(server.root).send(post(server.root), TOKEN)
    assert not server.requests


def test_a_certificate_for_another_name_gets_no_token(serve, sender: Send, certificate: Path) -> None:
    server = serve(lambda peer, _request: peer.answer(), server_context(certificate))
    root = server.root.replace("127.0.0.1", "localhost")
    with pytest.raises(NotSent):
        sender(root, tls=ssl.create_default_context(cafile=str(certificate))).send(post(root), TOKEN)
    assert not server.requests


@pytest.mark.parametrize("act", BROKEN)
def test_over_tls_what_breaks_after_sending_is_unknown_too(
    serve, sender: Send, certificate: Path, act: Callable[..., None]
) -> None:
    server = serve(lambda peer, _request: act(peer), server_context(certificate))
    one = sender(server.root, tls=ssl.create_default_context(cafile=str(certificate)))
    began = time.monotonic()
    with pytest.raises(ConnectorError) as broken:
        one.send(post(server.root), TOKEN)
    assert type(broken.value) is OutcomeUnknown
    assert time.monotonic() - began < 8
    assert len(server.requests) == 1
