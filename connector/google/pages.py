"""Google+ Pages API v2: builds requests and reads answers, and sends nothing.

Which fields are asked for is the purpose's to say (scopes/catalogue); the path of a call adds them. A field that a
purpose does not read is not there, and reads as empty or none.

Where each rule was read: the reference beside the catalogue, "Methods" and "Behaviour". The API closed on 7 March 2019.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from connector.domain.errors import BadInput, GoogleRefused
from connector.domain.ports import Author, Circle, FoundPage, FoundProfile, Posted, PostedComment, Step
from connector.domain.records import Answer, Request
from connector.google import errors, reading
from connector.google.htmltext import text_of
from connector.google.service import Service

__all__ = ["GooglePlusApi"]


class GooglePlusApi:
    """Implements ports.ProviderApi."""

    # Characters. Google published no limit for comments (posts took about 100,000), so this bound is our own.
    reply_limit = 10_000

    def __init__(self, api_root: str) -> None:
        """`api_root` as the sender's, such as `https://www.googleapis.com/`."""
        self._base = f"{api_root.rstrip('/')}/plusPages/v2/"
        self.service = Service("plusPages-v2", api_root)

    def refusal(self, answer: Answer) -> GoogleRefused | None:
        """The error that an answer stands for, or None."""
        return errors.refusal_of(answer)

    def quota_resets_at(self, now: datetime) -> datetime:
        """When a daily quota that is spent begins anew."""
        return errors.quota_resets_at(now)

    def account(self) -> Step[FoundProfile]:
        """plusPages.people.get of `me`: whose account it is."""
        return Step(self._get("people/me"), lambda answer: _profile(reading.body_of(answer)))

    def profile_of(self, page: str) -> Step[FoundProfile]:
        """plusPages.people.get of a page."""
        return Step(self._get(f"people/{_part(page)}"), lambda answer: _profile(reading.body_of(answer)))

    def pages(self, cursor: str | None = None) -> Step[tuple[tuple[FoundPage, ...], str | None]]:
        """plusPages.people.list: pages the account administers. Consumer accounts are listed too, and left out."""
        request = self._get("people/me/people/pages", cursor, maxResults="100")

        def read(answer: Answer) -> tuple[tuple[FoundPage, ...], str | None]:
            found, following = reading.items_of(reading.body_of(answer), _page)
            return tuple(page for page in found if page is not None), following

        return Step(request, read)

    def posts(self, page: str, cursor: str | None = None) -> Step[tuple[tuple[Posted, ...], str | None]]:
        """plusPages.activities.list of a page's own posts, newest first."""
        request = self._get(f"people/{_part(page)}/activities/user", cursor, maxResults="100")
        return Step(request, lambda answer: reading.items_of(reading.body_of(answer), _posted))

    def post(self, page: str, post: str) -> Step[Posted]:
        """plusPages.activities.get, as the page."""
        request = self._get(f"activities/{_part(post)}", onBehalfOf=page)
        return Step(request, lambda answer: _posted(reading.body_of(answer)))

    def comments(
        self, page: str, post: str, cursor: str | None = None
    ) -> Step[tuple[tuple[PostedComment, ...], str | None]]:
        """plusPages.comments.list, as the page, oldest first."""
        request = self._get(
            f"activities/{_part(post)}/comments",
            cursor,
            onBehalfOf=page,
            maxResults="500",
            sortOrder="ascending",
        )
        return Step(request, lambda answer: reading.items_of(reading.body_of(answer), _comment))

    def reply(self, page: str, post: str, text: str) -> Step[PostedComment]:
        """plusPages.comments.insert, as the page. Comments are flat: the answer belongs to the post.

        Raises: BadInput for an empty text, one over the limit, or one that is not Unicode.
        """
        body = {"object": {"originalContent": _sendable(text, self.reply_limit)}}
        request = self._post(f"activities/{_part(post)}/comments", body, onBehalfOf=page)
        return Step(request, lambda answer: _comment(reading.body_of(answer)))

    def circles(self, page: str, cursor: str | None = None) -> Step[tuple[tuple[Circle, ...], str | None]]:
        """plusPages.circles.list of a page."""
        request = self._get(f"people/{_part(page)}/circles", cursor, maxResults="100")
        return Step(request, lambda answer: reading.items_of(reading.body_of(answer), _circle))

    def publish(self, page: str, text: str, circles: Sequence[str]) -> Step[Posted]:
        """plusPages.activities.insert by a page, to these circles and nobody else.

        Raises: BadInput without a circle (Google would choose the audience), or as `reply`.
        """
        if not circles:
            raise BadInput("Choose at least one circle. A post without one could be seen by people you did not choose.")
        body = {
            "object": {"originalContent": _sendable(text, 100_000)},
            "access": {"items": [{"type": "circle", "id": circle} for circle in circles]},
        }
        request = self._post(f"people/{_part(page)}/activities", body)
        return Step(request, lambda answer: _posted(reading.body_of(answer)))

    def reactions(
        self, page: str, post: str, kind: str, cursor: str | None = None
    ) -> Step[tuple[tuple[Author, ...], str | None]]:
        """plusPages.people.listByActivity, as the page: who gave a +1 (`plusoners`) or shared (`resharers`).

        Raises: BadInput for another kind.
        """
        if kind not in ("plusoners", "resharers"):
            raise BadInput("Reactions are either +1s or reshares.")
        request = self._get(
            f"activities/{_part(post)}/people/{kind}",
            cursor,
            onBehalfOf=page,
            maxResults="100",
        )
        return Step(request, lambda answer: reading.items_of(reading.body_of(answer), _author))

    def photo(self, page: str, media: str) -> Step[Mapping[str, int | str]]:
        """plusPages.media.get, as the page: id, name, width, height (pixels) and when it was published."""
        request = self._get(f"media/{_part(media)}", onBehalfOf=page)
        return Step(request, lambda answer: _photo(reading.body_of(answer)))

    def _get(self, path: str, cursor: str | None = None, **query: str) -> Request:
        if cursor is not None:
            query["pageToken"] = cursor
        return Request("GET", self._address(path, query), {"Accept": "application/json"})

    def _post(self, path: str, body: Mapping[str, Any], **query: str) -> Request:
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        text = json.dumps(body, ensure_ascii=False).encode()
        return Request("POST", self._address(path, query), headers, text)

    def _address(self, path: str, query: Mapping[str, str]) -> str:
        return f"{self._base}{path}?{urlencode(query)}" if query else f"{self._base}{path}"


def _part(id: str) -> str:
    """An id as one part of a path: it cannot reach another path, whatever it holds."""
    if id in ("", ".", ".."):
        raise BadInput("This is not an id.")
    return quote(id, safe="")


def _sendable(text: str, limit: int) -> str:
    if not text.strip():
        raise BadInput("Write something first.")
    if len(text) > limit:
        raise BadInput(f"This text is longer than {limit:,} characters.")
    if any("\ud800" <= character <= "\udfff" for character in text) or "\x00" in text:
        raise BadInput("This text holds something that is not a character. Type it again.")
    return text


def _profile(body: dict[str, Any]) -> FoundProfile:
    return FoundProfile(
        id=reading.id_of(body),
        name=reading.string_of(body, "displayName"),
        url=reading.link_of(body),
        picture=reading.picture_of(body),
    )


def _page(item: dict[str, Any]) -> FoundPage | None:
    if item.get("objectType") != "page":
        return None
    return FoundPage(reading.id_of(item), reading.string_of(item, "displayName"))


def _author(item: dict[str, Any]) -> Author:
    return Author(reading.id_of(item), reading.string_of(item, "displayName"))


def _posted(body: dict[str, Any]) -> Posted:
    content = reading.part_of(body, "object")
    attachments, _ = reading.items_of({"items": content.get("attachments", [])}, dict)
    return Posted(
        provider_id=reading.id_of(body),
        author=_author(reading.part_of(body, "actor")),
        text=_text(content),
        published_at=reading.moment_of(body, "published"),
        updated_at=reading.moment_of(body, "updated" if "updated" in body else "published"),
        comments=reading.count_of(reading.part_of(content, "replies"), "totalItems"),
        photos=tuple(reading.id_of(item) for item in attachments if item.get("objectType") == "photo" and "id" in item),
    )


def _comment(body: dict[str, Any]) -> PostedComment:
    return PostedComment(
        provider_id=reading.id_of(body),
        author=_author(reading.part_of(body, "actor")),
        text=_text(reading.part_of(body, "object")),
        published_at=reading.moment_of(body, "published"),
    )


def _text(content: dict[str, Any]) -> str:
    """The HTML reduced to text, because only there mentions have names; what the author typed where it is alone."""
    limit = reading.TEXT_LIMIT
    if "content" in content:
        return reading.cleaned(text_of(reading.string_of(content, "content", limit)))
    return reading.cleaned(reading.string_of(content, "originalContent", limit))


def _circle(item: dict[str, Any]) -> Circle:
    return Circle(
        id=reading.id_of(item),
        name=reading.string_of(item, "displayName"),
        people=reading.count_of(reading.part_of(item, "people"), "totalItems"),
    )


def _photo(body: dict[str, Any]) -> Mapping[str, int | str]:
    found: dict[str, int | str] = {"id": reading.id_of(body), "name": reading.string_of(body, "displayName")}
    found |= {name: reading.count_of(body, name) for name in ("width", "height") if name in body}
    if "published" in body:
        found["published_at"] = reading.moment_of(body, "published").isoformat()
    return found
