"""The methods that change the world."""

from collections.abc import Callable, Mapping
from typing import Any

from connector.standin import resources
from connector.standin.caller import Call
from connector.standin.clock import microseconds
from connector.standin.errors import conflict, forbidden, invalid, not_found, required
from connector.standin.reading import find_activity, find_comment
from connector.standin.text import as_html
from connector.standin.world import Activity, Comment, name_in

__all__ = ["WRITES", "check_unchanged"]

_ACCESS = ("public", "circle", "person", "myCircles", "extendedCircles")


def check_unchanged(if_match: str | None, resource: Mapping[str, Any]) -> None:
    """Raises: ApiError (412) when `If-Match` names another version of the resource."""
    if if_match not in (None, "*", resources.tagged(resource)["etag"]):
        raise conflict()


def _insert_comment(call: Call) -> dict[str, Any]:
    activity = find_activity(call)
    original = _text(call.body.get("object"), "object.originalContent")
    now = call.standin.clock.unique()
    comment = Comment(
        id=f"{activity.id}.{microseconds(now)}",
        activity=activity.id,
        actor=call.viewer,
        published=now,
        updated=now,
        content=as_html(original, name_in(call.world)),
        original=original,
    )
    call.world.add_comment(comment)
    return resources.comment(call.world, call.root, comment)


def _remove_comment(call: Call) -> None:
    """Its author may, and the page under whose post it stands: that was moderation (reference SUP; assumed)."""
    comment = find_comment(call)
    if call.viewer not in (comment.actor, call.world.activities[comment.activity].actor):
        raise forbidden()
    check_unchanged(call.if_match, resources.comment(call.world, call.root, comment))
    call.world.remove_comment(comment, call.standin.clock.now())


def _insert_activity(call: Call) -> dict[str, Any]:
    object_ = call.body.get("object") or {}
    verb = call.body.get("verb", "post")
    shared = _shared(call, object_) if verb == "share" else None
    attachments = [_attachment(call, item) for item in _list(object_.get("attachments"), "object.attachments")]
    annotation = str(call.body.get("annotation", ""))
    if shared or (attachments and not object_.get("originalContent")):
        original = shared.original if shared else ""
    else:
        original = _text(object_, "object.originalContent")
    now = call.standin.clock.unique()
    activity = Activity(
        id=call.world.new_activity_id(),
        actor=call.viewer,
        published=now,
        updated=now,
        content=as_html(original, name_in(call.world)),
        original=original,
        access=_access(call),
        verb="share" if shared else "post",
        annotation=annotation,
        reshared=shared.id if shared else "",
        attachments=attachments,
    )
    if call.parameters.get("preview"):
        return _preview(resources.activity(call.world, call.root, activity, call.viewer))
    call.world.add_activity(activity)
    if shared and call.viewer not in shared.resharers:
        shared.resharers.append(call.viewer)
    return resources.activity(call.world, call.root, activity, call.viewer)


def _preview(answer: dict[str, Any]) -> dict[str, Any]:
    """Nothing is published; attachments come with candidate pictures (reference, "Posting")."""
    for attachment in answer["object"].get("attachments", ()):
        attachment["previewThumbnails"] = [{"url": f"{attachment.get('url', 'https://lh3.example')}/preview.jpg"}]
    return {name: value for name, value in answer.items() if name not in ("id", "url")}


def _shared(call: Call, object_: Mapping[str, Any]) -> Activity:
    shared = call.world.activities.get(str(object_.get("id")))
    if shared is None or not call.world.visible(shared, call.viewer):
        raise not_found()
    return shared


def _access(call: Call) -> list[dict[str, str]]:
    acl = call.body.get("access")
    items = _list(acl.get("items") if isinstance(acl, dict) else None, "access.items")
    if not items:
        raise required("access.items", "body")
    access = []
    for item in items:
        kind, id = item.get("type"), item.get("id")
        if kind not in _ACCESS:
            raise invalid("access.items.type", f"Invalid value '{kind}'. Allowed: [{', '.join(_ACCESS)}]", "body")
        if kind == "extendedCircles" and call.world.people[call.viewer].object_type == "page":
            raise invalid("access.items.type", "A page cannot share with extended circles.", "body")
        if kind == "circle" and (id not in call.world.circles or call.world.circles[id].owner != call.viewer):
            raise invalid("access.items.id", f"Invalid circle id '{id}'.", "body")
        if kind == "person" and id not in call.world.people:
            raise invalid("access.items.id", f"Invalid person id '{id}'.", "body")
        access.append({"type": kind, "id": id} if kind in ("circle", "person") else {"type": kind})
    return access


def _attachment(call: Call, item: Mapping[str, Any]) -> dict[str, Any]:
    kind = item.get("objectType")
    if kind == "article" and isinstance(url := item.get("url"), str) and url.startswith(("http://", "https://")):
        return {"objectType": "article", "displayName": str(item.get("displayName", url)), "url": url}
    media = call.world.media.get(str(item.get("id")))
    if kind != "photo" or media is None or media.author != call.viewer:
        raise invalid(
            "object.attachments", "An attachment is an article with a url, or a photo of one's own by id.", "body"
        )
    details = media.details
    url = details.get("mediaUrl", "")
    size = {name: details[name] for name in ("height", "width") if name in details}
    return {
        "objectType": "photo",
        "displayName": details.get("displayName", ""),
        "id": media.id,
        "content": details.get("displayName", ""),
        "url": details.get("url", ""),
        "image": {"url": url, "type": "image/jpeg"},
        "fullImage": {"url": url, "type": "image/jpeg", **size},
    }


def _remove_activity(call: Call) -> None:
    activity = find_activity(call)
    if activity.actor != call.viewer:
        raise forbidden()
    check_unchanged(call.if_match, resources.activity(call.world, call.root, activity, call.viewer))
    call.world.remove_activity(activity)


def _change_person(call: Call) -> dict[str, Any]:
    """Only the picture changes, by the id of a photo of one's own (reference, "Editing")."""
    person = call.world.people[call.subject]
    if person.id != call.viewer:
        raise forbidden()
    image = call.body.get("image")
    id = image.get("id") if isinstance(image, dict) else None
    if id is None:
        if call.operation.endswith("update"):
            raise required("image.id", "body")
        return resources.person(person, email=False)
    media = call.world.media.get(str(id))
    if media is None or media.author != call.viewer:
        raise invalid("image.id", f"Invalid image id '{id}'.", "body")
    check_unchanged(call.if_match, resources.person(person, email=False))
    call.world.set_picture(person, media)
    return resources.person(person, email=False)


def _text(object_: Any, name: str) -> str:
    text = object_.get("originalContent") if isinstance(object_, dict) else None
    if text is None or text == "":
        raise required(name, "body")
    if not isinstance(text, str) or not text.strip():
        raise invalid(name, f"Invalid value for {name}.", "body")
    return text


def _list(value: Any, name: str) -> list[dict[str, Any]]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise invalid(name, f"{name} must be a list of objects.", "body")
    return value


WRITES: Mapping[str, Callable[[Call], dict[str, Any] | None]] = {
    "plusPages.activities.insert": _insert_activity,
    "plusPages.activities.remove": _remove_activity,
    "plusPages.comments.insert": _insert_comment,
    "plusPages.comments.remove": _remove_comment,
    "plusPages.people.patch": _change_person,
    "plusPages.people.update": _change_person,
}
