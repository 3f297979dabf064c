"""What it costs to look over an answer for fields that a purpose does not read: `python tests/bench/bench_fields.py`.

The answer is a list of comments as Google sends it for `read-messages`, of about 5 KB; the floor is parsing it.
"""

import json
import timeit
from collections.abc import Callable

import scopes
from connector.domain import limits
from connector.domain.records import Answer, Request
from scopes import RoutedCall

COMMENT = {
    "id": "z12abcdefghijklmnop04aaaabbbbccccdd.1525166400000000",
    "actor": {"id": "100000000000000000002", "displayName": "Ana Example"},
    "published": "2018-05-01T09:00:00.000Z",
    "object": {"content": "Are you open on Sundays?", "originalContent": "Are you open on Sundays?"},
}


def microseconds(act: Callable[[], object]) -> float:
    """The best of seven, each the mean of a thousand."""
    return min(timeit.repeat(act, number=1000, repeat=7)) * 1000


def main() -> None:
    catalogue = scopes.load("google-plus")
    call = RoutedCall("plusPages.comments.list", {"activityId": "z12"}, {"onBehalfOf": "1"})
    need = scopes.require(catalogue, "read-messages", call)
    request = Request("GET", "https://www.googleapis.com/plusPages/v2/activities/z12/comments?onBehalfOf=1")
    plain, more = (
        Answer(200, {}, json.dumps({"items": [comment] * 18, "nextPageToken": "CBQQ"}).encode())
        for comment in (COMMENT, COMMENT | {"plusoners": {"totalItems": 1}})
    )
    floor = microseconds(lambda: json.loads(plain.body))
    print(f"{len(plain.body):,} bytes; json.loads alone takes {floor:.0f} µs")
    for name, act in (
        ("add the fields to a request", lambda: limits.asking(request, need)),
        ("look over an answer, nothing beyond", lambda: limits.within(need, plain)),
        ("look over an answer, and remove a field of each item", lambda: limits.within(need, more)),
    ):
        took = microseconds(act)
        print(f"{name}: {took:.1f} µs, {took / floor:.1f} x json.loads")


if __name__ == "__main__":
    main()
