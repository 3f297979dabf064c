"""What the API answers: the world's things as Google's resources.

Source: reference "What resources look like". Every function takes `root`, the API's base address, for links.
"""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from connector.standin.clock import stamp
from connector.standin.text import title
from connector.standin.world import Activity, Circle, Comment, Media, Person, World

__all__ = ["activity", "circle", "comment", "feed", "media", "person", "person_entry", "tagged"]

_UNVERIFIED = {"adHocVerified": "UNKNOWN_VERIFICATION_STATUS"}


def _digest(text: str) -> str:
    """27 characters of base64url, as in the ETags seen: a SHA-1 without padding."""
    raw = hashlib.sha1(text.encode("utf-8", "surrogatepass"), usedforsecurity=False).digest()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


_BUILD = _digest("stand-in, build 1")  # shared by everything that one build of the server sends
_compact = json.JSONEncoder(separators=(",", ":")).encode


def tagged(resource: Mapping[str, Any], salt: str = "") -> dict[str, Any]:
    """The resource with its ETag, a quoted string, after its kind; `salt` tells partial answers apart."""
    etag = f'"{_BUILD}/{_digest(_compact(resource) + salt)}"'
    rest = {name: value for name, value in resource.items() if name not in ("kind", "etag")}
    return {"kind": resource["kind"], "etag": etag, **rest}


def feed(kind: str, name: str, items: Sequence[Mapping[str, Any]], token: str | None, **more: Any) -> dict[str, Any]:
    """A page of a listing; `nextPageToken` is absent on the last one."""
    after = {"nextPageToken": token} if token else {}
    return {"kind": kind, **after, "title": name, **more, "items": [tagged(item) for item in items]}


def person_entry(person: Person) -> dict[str, Any]:
    """A person or page as it stands in a feed: only these fields."""
    return {
        "kind": "plus#person",
        "objectType": person.object_type,
        "id": person.id,
        "displayName": person.name,
        "url": person.url,
        "image": {"url": person.image},
    }


def person(person: Person, *, email: bool) -> dict[str, Any]:
    """A whole profile; with the email address only for its owner's own token."""
    emails = {"emails": [{"value": person.email, "type": "account"}]} if email and person.email else {}
    image_id = {"id": person.image_id} if person.image_id else {}
    return {
        **person_entry(person),
        **person.details,
        **emails,
        "image": {"url": person.image, "isDefault": False, **image_id},
        "isPlusUser": True,
        "circledByCount": len(person.circled_by),
    }


def _actor(person: Person) -> dict[str, Any]:
    return {"id": person.id, "displayName": person.name, "url": person.url, "image": {"url": person.image}}


def activity(world: World, root: str, post: Activity, viewer: str) -> dict[str, Any]:
    """A post as the viewer (a person or a page) sees it."""
    own = post.actor == viewer
    link = f"{root}activities/{post.id}"
    shared = world.activities.get(post.reshared) if post.reshared else None
    origin = (
        {"id": shared.id, "actor": {**_actor(world.people[shared.actor]), "verification": _UNVERIFIED}}
        if shared
        else {}
    )
    url = f"https://plus.google.com/{post.actor}/posts/{post.id[-11:]}"
    return {
        "kind": "plus#activity",
        "title": title(post.annotation or post.original),
        "published": stamp(post.published),
        "updated": stamp(post.updated),
        "id": post.id,
        "url": url,
        "actor": {**_actor(world.people[post.actor]), "verification": _UNVERIFIED},
        "verb": post.verb,
        **({"annotation": post.annotation} if post.annotation else {}),
        "object": {
            "objectType": "activity" if shared else "note",
            **(origin or {"actor": {"verification": _UNVERIFIED}}),
            "content": post.content,
            **({"originalContent": post.original} if own else {}),
            "url": url,
            "replies": {"totalItems": len(post.comments), "selfLink": f"{link}/comments"},
            "plusoners": {"totalItems": len(post.plusoners), "selfLink": f"{link}/people/plusoners"},
            "resharers": {"totalItems": len(post.resharers), "selfLink": f"{link}/people/resharers"},
            "statusForViewer": {
                "canComment": True,
                "canPlusone": True,
                "canUpdate": own,
                "isPlusOned": viewer in post.plusoners,
                "resharingDisabled": False,
            },
            **({"attachments": post.attachments} if post.attachments else {}),
        },
        "provider": {"title": "Google+"},
        "access": _acl(world, post, own),
    }


def _acl(world: World, post: Activity, own: bool) -> dict[str, Any]:
    """Whom it was shared with; circle names are shown to their owner only."""
    public = any(entry["type"] == "public" for entry in post.access)
    if not own:
        return {"kind": "plus#acl", "description": "Public" if public else "Limited"}
    items = []
    for entry in post.access:
        match entry["type"]:
            case "circle":
                items.append({**entry, "displayName": world.circles[entry["id"]].name})
            case "person" if entry["id"] in world.people:
                items.append({**entry, "displayName": world.people[entry["id"]].name})
            case _:
                items.append(dict(entry))
    return {"kind": "plus#acl", "description": "Public" if public else "Limited", "items": items}


def comment(world: World, root: str, comment: Comment) -> dict[str, Any]:
    """A comment. Its own link has `#` where its id has a dot."""
    post = world.activities[comment.activity]
    return {
        "kind": "plus#comment",
        "verb": "post",
        "id": comment.id,
        "published": stamp(comment.published),
        "updated": stamp(comment.updated),
        "actor": _actor(world.people[comment.actor]),
        "object": {"objectType": "comment", "content": comment.content, "originalContent": comment.original},
        "selfLink": f"{root}comments/{'#'.join(comment.id.rsplit('.', 1))}",
        "inReplyTo": [{"id": post.id, "url": f"https://plus.google.com/{post.actor}/posts/{post.id[-11:]}"}],
        "plusoners": {"totalItems": comment.plusoners},
    }


def circle(root: str, circle: Circle) -> dict[str, Any]:
    """A circle of the caller's own."""
    return {
        "kind": "plus#circle",
        "id": circle.id,
        "displayName": circle.name,
        "description": circle.description,
        "people": {"totalItems": len(circle.people)},
        "selfLink": f"{root}circles/{circle.id}",
    }


def media(world: World, media: Media, size: int, *, crop: bool) -> dict[str, Any]:
    """A photo; `size` (pixels) and `crop` shape the address of the image, in Google's suffix."""
    sized = f"s{size}-c" if crop else f"s{size}"
    details = dict(media.details)
    if "mediaUrl" in details:
        details["mediaUrl"] = f"{details['mediaUrl']}={sized}"
    return {"kind": "plus#media", "id": media.id, "author": _actor(world.people[media.author]), **details}
