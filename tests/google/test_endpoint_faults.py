"""What a hostile or broken token endpoint can do to us (requirements.md, F17): nothing, in bounded time and memory."""

import gzip
import json
import resource
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from connector.domain.errors import ConnectorError, NotSent, OutcomeUnknown, TokenRefused, UnreadableAnswer
from connector.domain.secret import AuthorizationCode, ClientSecret, CodeVerifier, RefreshToken
from connector.google import GoogleOAuth

ANSWER = json.dumps({"access_token": "ya29.a", "token_type": "Bearer", "expires_in": 3599}).encode()
JSON = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
BOMB = gzip.compress(b"[" * 50_000_000)
Connect = Callable[[str], GoogleOAuth]


@pytest.fixture
def connect() -> Iterator[Connect]:
    made: list[GoogleOAuth] = []

    def one(root: str) -> GoogleOAuth:
        made.append(
            GoogleOAuth(
                "app",
                [ClientSecret("GOCSPX-one")],
                auth_uri=f"{root}o/oauth2/v2/auth",
                token_uri=f"{root}token",
                revoke_uri=f"{root}revoke",
                issuer="https://accounts.google.com",
                redirect_uri="http://127.0.0.1:1/callback",
                timeout=(0.5, 0.4),
                total=1.0,
            )
        )
        return made[-1]

    yield one
    for oauth in made:
        oauth.close()


def cut_short(peer):
    peer.send(JSON, b"Content-Length: 900\r\n\r\n", ANSWER)
    peer.close()


def cut_chunk(peer):
    peer.send(JSON, b"Transfer-Encoding: chunked\r\n\r\n", b"fff\r\n", ANSWER)
    peer.close()


def reset_after_headers(peer):
    peer.send(JSON, b"Content-Length: 900\r\n\r\n")
    peer.reset()


def drip_body(peer):
    peer.send(JSON, b"Content-Length: 60000\r\n\r\n")
    peer.drip(b" ")


def drip_headers(peer):
    peer.send(b"HTTP/1.1 200 OK\r\n")
    peer.drip(b"X-More: 1\r\n", pause=0.05)


def drip_one_header(peer):
    peer.send(b"HTTP/1.1 200 OK\r\nX-Long: ")
    peer.drip(b"x")


def drip_continues(peer):
    peer.drip(b"HTTP/1.1 100 Continue\r\n\r\n")


def drip_after_end_of_json(peer):
    peer.send(JSON, b"Connection: close\r\n\r\n", ANSWER)
    peer.drip(b" ")


def not_http(peer):
    peer.send(b"220 mail.example ESMTP\r\n")
    peer.close()


def huge_header(peer):
    peer.send(b"HTTP/1.1 200 OK\r\nX-Long: ", b"x" * 200_000, b"\r\n\r\n")


UNKNOWN = {
    "silence": lambda peer: peer.silence(),
    "dropped before any answer": lambda peer: peer.close(),
    "reset before any answer": lambda peer: peer.reset(),
    "reset after the headers": reset_after_headers,
    "cut short of its length": cut_short,
    "cut in a chunk": cut_chunk,
    "slow drip of the body": drip_body,
    "slow drip of headers": drip_headers,
    "slow drip of one header": drip_one_header,
    "slow drip of interim answers": drip_continues,
    "slow drip after the JSON": drip_after_end_of_json,
    "not HTTP": not_http,
    "huge header": huge_header,
}


def big(peer):
    peer.send(JSON, b"Content-Length: 10000000\r\n\r\n", b'{"access_token": "', b"a" * 10_000_000)


def endless(peer):
    peer.send(JSON, b"Transfer-Encoding: chunked\r\n\r\n")
    peer.drip(b"10000\r\n" + b"x" * 65536 + b"\r\n", pause=0)


UNREADABLE = {  # whatever was asked
    "10 MB": big,
    "endless chunks": endless,
    "gzip bomb": lambda peer: peer.answer(BOMB, headers="Content-Encoding: gzip\r\n"),
    "broken gzip": lambda peer: peer.answer(b"\x1f\x8bnot", headers="Content-Encoding: gzip\r\n"),
    "truncated gzip": lambda peer: peer.answer(gzip.compress(ANSWER)[:-4], headers="Content-Encoding: gzip\r\n"),
    "gzip and more": lambda peer: peer.answer(gzip.compress(ANSWER) + b"more", headers="Content-Encoding: gzip\r\n"),
    "brotli": lambda peer: peer.answer(b"\x0b\x02\x80", headers="Content-Encoding: br\r\n"),
    "gzip in gzip": lambda peer: peer.answer(gzip.compress(ANSWER), headers="Content-Encoding: gzip, gzip\r\n"),
    "redirect": lambda peer: peer.answer(b"", status="307 Temporary Redirect", headers="Location: /elsewhere\r\n"),
    "redirect to another host": lambda peer: peer.answer(
        b"", status="302 Found", headers="Location: http://127.0.0.1:1/token\r\n"
    ),
}

UNUSABLE = {  # as a token answer
    "truncated JSON": lambda peer: peer.answer(ANSWER[:-5]),
    "HTML with status 200": lambda peer: peer.send(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 15\r\n\r\n<html>ok</html>"
    ),
    "empty": lambda peer: peer.answer(b""),
    "duplicate keys": lambda peer: peer.answer(ANSWER[:-1] + b', "access_token": "ya29.b"}'),
    "wrong token type": lambda peer: peer.answer(ANSWER.replace(b"Bearer", b"mac")),
    "negative lifetime": lambda peer: peer.answer(ANSWER.replace(b"3599", b"-1")),
    "endless lifetime": lambda peer: peer.answer(ANSWER.replace(b"3599", b"1e99")),
}


# The three ways share a road; for a revocation a few kinds of slowness stand for all.
AT_REVOCATION = UNREADABLE | {
    name: UNKNOWN[name]
    for name in ("silence", "reset after the headers", "cut short of its length", "slow drip of the body")
}


def cases():
    for name, act in (UNKNOWN | UNREADABLE | UNUSABLE).items():
        error = OutcomeUnknown if name in UNKNOWN else UnreadableAnswer
        for way in ("exchange", "refresh", *(("revoke",) if name in AT_REVOCATION else ())):
            yield pytest.param(act, error, way, id=f"{way}: {name}")


@pytest.mark.parametrize(("act", "error", "way"), list(cases()))
def test_whatever_the_endpoint_does_it_is_asked_once_and_classified_in_bounded_time_and_memory(
    serve, connect: Connect, act, error: type[ConnectorError], way: str
) -> None:
    """R12, F17."""
    server = serve(lambda peer, _request: act(peer))
    oauth = connect(server.root)
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    with pytest.raises(error) as raised:
        ask(oauth, way)
    assert time.monotonic() - began < 8
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 40_000  # KiB; the bomb holds 50 MB
    assert len(server.requests) == 1
    assert type(raised.value) is error
    for link in (raised.value, raised.value.__cause__):
        assert not any(secret in repr(link) for secret in ("GOCSPX", "4/0code", "1//held", "ya29"))


@pytest.mark.parametrize("body", [b"", b"<html>ok</html>", ANSWER[:-5]])
def test_what_stands_in_the_answer_to_a_revocation_does_not_matter(serve, connect: Connect, body: bytes) -> None:
    """The status says it all (RFC 7009 section 2.2)."""
    server = serve(lambda peer, _request: peer.answer(body))
    assert ask(connect(server.root), "revoke") == "confirmed"


@pytest.mark.parametrize("status", [201, 204, 302, 400, 401, 403, 404, 429, 500, 503])
def test_only_200_confirms_a_revocation(serve, connect: Connect, status: int) -> None:
    server = serve(lambda peer, _request: peer.answer(b"{}", status=f"{status} Said"))
    with pytest.raises((TokenRefused, UnreadableAnswer)):
        ask(connect(server.root), "revoke")
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", ["500 Internal Server Error", "503 Service Unavailable", "429 Too Many Requests"])
def test_a_passing_failure_is_an_answer_and_is_not_retried(serve, connect: Connect, status: str) -> None:
    server = serve(lambda peer, _request: peer.answer(b"busy", status=status, headers="Retry-After: 0\r\n"))
    with pytest.raises(TokenRefused) as refused:
        ask(connect(server.root), "refresh")
    assert refused.value.code == "temporary"
    assert len(server.requests) == 1


def test_when_nothing_listens_nothing_was_sent(connect: Connect, closed_port: int) -> None:
    oauth = connect(f"http://127.0.0.1:{closed_port}/")
    for way in ("exchange", "refresh", "revoke"):
        with pytest.raises(NotSent):
            ask(oauth, way)


def test_a_compressed_answer_is_read(serve, connect: Connect) -> None:
    packed = gzip.compress(ANSWER)
    server = serve(lambda peer, _request: peer.answer(packed, headers="Content-Encoding: gzip\r\n"))
    assert ask(connect(server.root), "exchange").expires_in == 3599


def test_all_flows_share_kept_connections(serve, connect: Connect) -> None:
    server = serve(lambda peer, _request: peer.answer(ANSWER))
    oauth = connect(server.root)
    for way in ("exchange", "refresh", "exchange", "revoke"):
        ask(oauth, way)
    assert server.connections == 1
    assert len(server.requests) == 4


def test_cookies_are_neither_kept_nor_sent(serve, connect: Connect) -> None:
    server = serve(lambda peer, _request: peer.answer(ANSWER, headers="Set-Cookie: a=b; Path=/\r\n"))
    oauth = connect(server.root)
    for way in ("exchange", "refresh", "exchange"):
        ask(oauth, way)
    assert not any(b"\r\ncookie:" in request.lower() for request in server.requests)


def test_proxies_in_the_environment_are_not_asked(
    serve, connect: Connect, closed_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    server = serve(lambda peer, _request: peer.answer(ANSWER))
    oauth = connect(server.root)
    ask(oauth, "exchange")
    ask(oauth, "refresh")
    assert len(server.requests) == 2


def test_many_threads_may_share_it(serve, connect: Connect) -> None:
    server = serve(lambda peer, _request: peer.answer(ANSWER))
    oauth = connect(server.root)
    lifetimes: list[int] = []
    threads = [threading.Thread(target=lambda: lifetimes.append(ask(oauth, "exchange").expires_in)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert lifetimes == [3599] * 20


def ask(oauth: GoogleOAuth, way: str):
    if way == "revoke":
        return oauth.revoke(RefreshToken("1//held"))
    if way == "refresh":
        return oauth.refresh(RefreshToken("1//held"), ["a"])
    return oauth.exchange(AuthorizationCode("4/0code"), CodeVerifier("v" * 43), ["a"])
