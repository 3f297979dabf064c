"""No more comes in than a purpose reads: the request asks for its fields, and the answer is cut down to them.

Google may send more than it was asked for. What is beyond the fields is gone before anybody here sees it; a write
cannot be undone for it, so the call stands and the record says what was removed.
"""

import json
from dataclasses import replace

from connector.domain.errors import UnreadableAnswer
from connector.domain.plainjson import object_in
from connector.domain.records import Answer, Request
from scopes import Need
from scopes.fields import without

__all__ = ["asking", "within"]

FIELDS = "fields="  # of the query of every Google API


def asking(request: Request, need: Need) -> Request:
    """The request, asking for the fields it needs. One that asks for fewer itself was judged by them, and stays."""
    if need.fields is None:
        return request
    _, asks, query = request.url.partition("?")
    # NOTE: the router lets nothing pass that writes this name in another way, or twice.
    if any(pair.startswith(FIELDS) for pair in query.split("&")):
        return request
    return replace(request, url=f"{request.url}{'&' if asks else '?'}{FIELDS}{need.fields.text}")


def within(need: Need, answer: Answer) -> tuple[Answer, tuple[str, ...]]:
    """The answer without what is beyond the fields, and where that stood, such as `items.actor.image`.

    Only a success holds what was asked for; an error says what went wrong.

    Raises: UnreadableAnswer for a success that is not one JSON object, since nobody can say what it holds.
    """
    if need.fields is None or not 200 <= answer.status < 300:
        return answer, ()
    found = object_in(answer.body)
    if found is None:
        raise UnreadableAnswer("not one JSON object")
    try:
        kept, removed = without(found, need.fields.tree)
    except RecursionError:
        raise UnreadableAnswer("nested too deeply") from None
    return (replace(answer, body=json.dumps(kept).encode()), removed) if removed else (answer, ())
