"""Behind a proxy of ours the client's address is known; without one, nobody can claim an address."""

import socket
from typing import Any

import pytest
import requests
from flask import Flask, request

from connector import server
from connector.web import WebSettings, register


def seen_address(svc: Any, hops: int, claimed: str) -> str:
    app = Flask(__name__, static_folder=None)
    app.secret_key = "made-up-for-this-test"
    register(app, svc, WebSettings(base_url="http://127.0.0.1", trusted_hosts=("127.0.0.1",), proxy_hops=hops))
    seen: list[str] = []
    app.before_request_funcs.setdefault(None, []).insert(0, lambda: seen.append(request.remote_addr or ""))
    listening = server.Listening("127.0.0.1", 0)
    with server.Server(app, listening, behind_proxy=hops > 0) as running:
        requests.get(f"{running.url}/healthz", headers={"X-Forwarded-For": claimed}, timeout=10)
    return seen[0]


@pytest.mark.parametrize(
    ("hops", "claimed", "address"),
    [
        (0, "203.0.113.7", "127.0.0.1"),
        (1, "203.0.113.7", "203.0.113.7"),
        (1, "198.51.100.1, 203.0.113.7", "203.0.113.7"),
    ],
)
def test_only_our_own_proxies_say_where_a_request_comes_from(hops: int, claimed: str, address: str) -> None:
    assert seen_address(object(), hops, claimed) == address


def test_a_body_that_no_page_takes_is_not_kept_until_it_is_whole() -> None:
    app = Flask(__name__, static_folder=None)
    listening = server.Listening("127.0.0.1", 0)
    with (
        server.Server(app, listening),
        socket.create_connection(("127.0.0.1", listening.port), timeout=10) as browser,
    ):
        browser.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n")
        assert b" 413 " in browser.recv(100)
