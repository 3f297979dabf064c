"""What goes on to Google is what came, byte for byte, or nothing; and of Google's answer no more comes back than may.

The other end is a listener that keeps bytes, because a server library would have tidied them.
"""

import gzip
import re

import pytest

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
REST = "plusPages/v2/activities/z12/comments"


PLAIN = (
    REST + "?onBehalfOf={page}&maxResults=20",
    REST + "?maxResults=20&onBehalfOf={page}",
    REST + "?onBehalfOf={page}&fields=items(id,actor/id)",
    REST + "?fields=items%28id%29&onBehalfOf={page}",
    "plusPages/v2/activities/Z12-a_b/comments?onBehalfOf={page}",
)


def test_what_is_routed_goes_on_exactly_as_it_was_written(to_upstream, upstream, world):
    written = [one.format(page=world.cafe) for one in PLAIN]
    assert [to_upstream.google("GET", one).status for one in written] == [200] * len(written)
    for one, head in zip(written, upstream.heads, strict=True):
        line = head.split(b"\r\n", 1)[0].decode()
        added = line.removeprefix(f"GET /{one}").removesuffix(" HTTP/1.1")
        assert re.fullmatch(r"" if "fields=" in one else r"&fields=[A-Za-z,()/]+", added), line


ODD = (
    "plusPages%2Fv2/activities/z12/comments?onBehalfOf={page}",
    "plusPages/v2/activities/z12%2Fcomments?onBehalfOf={page}",
    "plusPages/v2/activities/z12%2fcomments%2f..?onBehalfOf={page}",
    "plusPages//v2/activities/z12/comments?onBehalfOf={page}",
    "/plusPages/v2/activities/z12/comments?onBehalfOf={page}",
    "plusPages/v2/./activities/z12/comments?onBehalfOf={page}",
    "plusPages/v2/people/../activities/z12/comments?onBehalfOf={page}",
    "plusPages/v2/people/%2e%2e/activities/z12/comments?onBehalfOf={page}",
    "plusPages/v2/activities/z12/comments/?onBehalfOf={page}",
    "plusPages/v2/activities/%7A12/comments?onBehalfOf={page}",
    "plusPages/v2/activities/z12/comments?onBehalfOf={page}#x",
    "plusPages/v2/activities/z12/comments?onBehalfOf={page}&onBehalfOf={page}",
    "plusPages/v2/activities/z12/comments?onBehalfOf={page}&access_token=abc",
    "plusPages/v2/activities/z12/comments?onBehalfOf={page}&key=abc",
    "plusPages/v2/activities/z12;x=1/comments?onBehalfOf={page}",
    "plusPages/v2/activities/z12\\comments?onBehalfOf={page}",
    "plusPages/v2/activities/%C3%A9/comments?onBehalfOf={page}",
    "plusPages/v2/activities/%00/comments?onBehalfOf={page}",
    "plusPages/v2/activities/z12%0d%0aX-A:b/comments?onBehalfOf={page}",
    "https://www.googleapis.com/plusPages/v2/activities/z12/comments?onBehalfOf={page}",
    "@evil.example/plusPages/v2/activities/z12/comments?onBehalfOf={page}",
    "upload/plusPages/v2/activities/z12/comments?onBehalfOf={page}",
    "plusPages/v2/activities/z12/comments?onBehalfOf={page}&" + "a" * 9000,
    "",
)


def test_what_could_be_read_in_two_ways_is_refused_and_recorded_and_not_repaired(to_upstream, upstream, world, entries):
    codes = set()
    for written in ODD:
        known = len(entries())
        reply = to_upstream.google("GET", written.format(page=world.cafe))
        assert reply.status == 403, (written, reply.body)
        assert [entry["decision"] for entry in entries()[known:]] == ["intent", "refused"], written
        codes.add(reply.code)
    assert codes == {"unroutable"}
    assert upstream.heads == []


PREFIXES = (
    "//api/v1/connections/{id}/google/",
    "/api/v1/connections/{id}/google/".replace("google", "%67oogle"),
    "/%61pi/v1/connections/{id}/google/",
    "http://127.0.0.1/api/v1/connections/{id}/google/",
    "/api/v1/connections/{id}%2Fgoogle/",
)


def test_a_prefix_that_is_written_in_another_way_is_no_way_in(to_upstream, upstream, world):
    headers = {"Authorization": f"Bearer {to_upstream.token}", "Connector-Purpose": "read-messages"}
    for prefix in PREFIXES:
        target = prefix.format(id=to_upstream.connection) + f"{REST}?onBehalfOf={world.cafe}"
        reply = to_upstream.wire.send("GET", target, headers)
        assert reply.code in ("unroutable", "no-such-address", "not-found"), prefix
    assert upstream.heads == []


def test_no_header_goes_on_but_the_plain_ones(to_upstream, upstream, world):
    sent = {
        "Accept": "application/json", "If-None-Match": '"abc"', "Cookie": "session=x", "X-Goog-Api-Key": "k",
        "X-HTTP-Method-Override": "DELETE", "User-Agent": "curl/8", "Via": "1.1 proxy", "Expect": "nothing",
        "X-Forwarded-For": "10.0.0.1", "Connector-Subject": "z12", "Range": "bytes=0-1",
    }  # fmt: skip
    assert to_upstream.google("GET", f"{REST}?onBehalfOf={world.cafe}", headers=sent).status == 200
    (head,) = upstream.heads
    names = {line.partition(b":")[0].decode().lower() for line in head.split(b"\r\n")[1:] if line}
    assert names == {"host", "accept", "if-none-match", "authorization", "accept-encoding", "user-agent"}
    assert to_upstream.token.encode() not in head
    assert b"curl" not in head


def test_a_broken_request_ends_at_the_server(to_upstream, upstream, world):
    good = f"{REST}?onBehalfOf={world.cafe}"
    for rest, line in (
        (good, "Connector-Subject: a\rX-Evil: b"),
        (good, "Connector-Subject: a\nX-Evil: b"),
        (good, "Bad Name: x"),
        ("plusPages/v2/activities/\xe9/comments", "Accept: */*"),
    ):  # fmt: skip
        head = (
            f"GET /api/v1/connections/{to_upstream.connection}/google/{rest} HTTP/1.1\r\n"
            f"Host: 127.0.0.1\r\nAuthorization: Bearer {to_upstream.token}\r\n"
            f"Connector-Purpose: read-messages\r\n{line}\r\nConnection: close\r\n\r\n"
        )
        assert to_upstream.wire.raw(head.encode("latin-1")).status == 400
    assert upstream.heads == []


def test_a_header_that_comes_twice_does_not_count_as_either(to_upstream, upstream, world):
    value = {"Authorization": f"Bearer {to_upstream.token}", "Connector-Purpose": "read-messages"}
    target = f"/api/v1/connections/{to_upstream.connection}/google/{REST}?onBehalfOf={world.cafe}"
    for name, status in (("Authorization", 401), ("Connector-Purpose", 400)):
        lines = [*(f"{n}: {v}" for n, v in value.items()), f"{name}: {value[name]}"]
        head = "\r\n".join((f"GET {target} HTTP/1.1", "Host: 127.0.0.1", *lines, "Connection: close", "", ""))
        assert to_upstream.wire.raw(head.encode()).status == status
    assert upstream.heads == []


def test_of_googles_headers_only_the_few_come_back_and_its_cookies_and_redirects_do_not(to_upstream, upstream, world):
    upstream.answer = lambda _head: (
        b'HTTP/1.1 302 Found\r\nLocation: https://evil.example/\r\nSet-Cookie: a=b\r\nETag: "x"\r\n'
        b"Retry-After: 7\r\nServer: ESF\r\nContent-Type: application/json\r\nWWW-Authenticate: Bearer\r\n"
        b"Access-Control-Allow-Origin: *\r\nContent-Length: 2\r\n\r\n{}"
    )
    reply = to_upstream.google("GET", f"{REST}?onBehalfOf={world.cafe}")
    assert (reply.status, reply.body) == (302, b"{}")
    assert (reply.headers["etag"], reply.headers["retry-after"]) == ('"x"', "7")
    assert not {"location", "set-cookie", "server", "www-authenticate", "access-control-allow-origin"} & set(
        reply.headers
    )


def test_an_answer_that_repeats_googles_token_is_thrown_away(to_upstream, upstream, world, entries):
    echoed = []

    def echo(head):
        token = head.split(b"Authorization: Bearer ")[1].split(b"\r\n")[0]
        place = ("body", "header", "gzip")[len(echoed)]
        echoed.append(token)
        body = b"{}" if place == "header" else b'{"debug": "%b"}' % token
        more = b"ETag: %b\r\n" % token if place == "header" else b""
        if place == "gzip":
            body, more = gzip.compress(body), b"Content-Encoding: gzip\r\n"
        return b"HTTP/1.1 200 OK\r\n%bContent-Length: %d\r\n\r\n%b" % (more, len(body), body)

    upstream.answer = echo
    for _ in range(3):
        reply = to_upstream.google("GET", f"{REST}?onBehalfOf={world.cafe}")
        assert (reply.status, reply.code) == (502, "answer-unreadable")
        assert entries()[-1]["decision"] == "unknown"
    assert len(echoed) == 3
    assert len(echoed[0]) > 20
    assert echoed[0] not in to_upstream.wire.seen


def test_a_body_in_chunks_goes_on_whole_and_one_beyond_a_megabyte_is_not_kept(to_upstream, upstream, world):
    said = b'{"object": {"originalContent": "In two pieces."}}'
    head = (
        f"POST /api/v1/connections/{to_upstream.connection}/google/{REST}?onBehalfOf={world.cafe} HTTP/1.1\r\n"
        f"Host: 127.0.0.1\r\nAuthorization: Bearer {to_upstream.token}\r\nContent-Type: application/json\r\n"
        "Connector-Purpose: reply-to-messages\r\nConnector-Subject: z12\r\nConnection: close\r\n"
    ).encode()
    pieces = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in (said[:9], said[9:], b""))
    assert to_upstream.wire.raw(head + b"Transfer-Encoding: chunked\r\n\r\n" + pieces).status == 200
    (sent,) = upstream.heads
    assert b"Content-Length: %d\r\n" % len(said) in sent
    assert upstream.bodies == [said]
    assert to_upstream.wire.raw(head + b"Content-Length: 2000000\r\n\r\n{}").status == 413
    long = b"20000\r\n" + b"x" * 0x20000 + b"\r\n0\r\n\r\n"
    assert to_upstream.wire.raw(head + b"Transfer-Encoding: chunked\r\n\r\n" + long).code == "too-large"
    assert len(upstream.heads) == 1
