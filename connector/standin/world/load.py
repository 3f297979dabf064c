"""World files: JSON to a world and back. The format is the one of `default.json` beside this file."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any

from connector.standin.clock import microseconds
from connector.standin.text import as_html
from connector.standin.world.model import Activity, Circle, Comment, Media, Person, World, WorldError

__all__ = ["default", "dump", "from_json", "name_in", "read"]

_ID = re.compile(r"\d{21}")
_PERSON = {"id", "displayName", "image", "imageId", "url", "email", "consumer", "administers", "circledBy"}


def default() -> dict[str, Any]:
    """The world that ships with the stand-in, as JSON."""
    text = resources.files(__name__.rpartition(".")[0]).joinpath("default.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def read(path: Path) -> dict[str, Any]:
    """A world file, as JSON.

    Raises: WorldError when it cannot be read.
    """
    try:
        loaded = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise WorldError(f"the world file {path} cannot be read: {error}") from error
    if not isinstance(loaded, dict):
        raise WorldError(f"the world file {path} must hold a JSON object")
    return loaded


def from_json(data: Mapping[str, Any]) -> World:
    """Build the world.

    Raises: WorldError naming the entry that is wrong.
    """
    world = World()
    _each(data, "people", lambda entry: _add_person(world, entry, "person"))
    _each(data, "accounts", lambda entry: _add_person(world, entry, "person"))
    _each(data, "pages", lambda entry: _add_person(world, entry, "page"))
    _each(data, "circles", lambda entry: _add_circle(world, entry))
    _each(data, "media", lambda entry: _add_media(world, entry))
    _each(data, "activities", lambda entry: _add_activity(world, entry))
    for person in world.people.values():
        for page in person.administers:
            if page not in world.people or world.people[page].object_type != "page":
                raise WorldError(f"{person.name} administers {page}, which is not a page of this world")
    return world


def _each(data: Mapping[str, Any], section: str, add: Callable[[Mapping[str, Any]], None]) -> None:
    for number, entry in enumerate(data.get(section, ())):
        try:
            add(entry)
        except (KeyError, TypeError, ValueError) as error:
            raise WorldError(f"{section}[{number}] is not right: {type(error).__name__} {error}") from error


def _add_person(world: World, entry: Mapping[str, Any], kind: Any) -> None:
    id = entry["id"]
    if not _ID.fullmatch(id):
        raise ValueError(f"the id {id!r} must have 21 digits")
    if id in world.people:
        raise ValueError(f"the id {id} is taken")
    world.people[id] = Person(
        id=id,
        object_type=kind,
        name=entry["displayName"],
        image=entry.get("image", f"https://lh3.example/{id}/photo.jpg?sz=50"),
        url=entry.get("url", f"https://plus.google.com/{id}"),
        image_id=entry.get("imageId"),
        email=entry.get("email"),
        consumer=entry.get("consumer", True),
        administers=tuple(entry.get("administers", ())),
        circled_by=tuple(entry.get("circledBy", ())),
        details={name: value for name, value in entry.items() if name not in _PERSON},
    )


def _add_circle(world: World, entry: Mapping[str, Any]) -> None:
    owner = world.people[entry["owner"]]
    people = [world.people[id].id for id in entry.get("people", ())]
    circle = Circle(entry["id"], owner.id, entry["displayName"], entry.get("description", ""), people)
    world.circles[circle.id] = circle


def _add_media(world: World, entry: Mapping[str, Any]) -> None:
    details = {name: value for name, value in entry.items() if name not in ("id", "author")}
    world.media[entry["id"]] = Media(entry["id"], world.people[entry["author"]].id, details)


def _add_activity(world: World, entry: Mapping[str, Any]) -> None:
    published = _moment(entry["published"])
    original = entry.get("originalContent", "")
    activity = Activity(
        id=entry["id"],
        actor=world.people[entry["actor"]].id,
        published=published,
        updated=_moment(entry["updated"]) if "updated" in entry else published,
        content=entry.get("content", as_html(original, name_in(world))),
        original=original,
        access=[dict(item) for item in entry.get("access", [{"type": "public"}])],
        verb=entry.get("verb", "post"),
        annotation=entry.get("annotation", ""),
        reshared=entry.get("reshared", ""),
        attachments=list(entry.get("attachments", ())),
        plusoners=[world.people[id].id for id in entry.get("plusoners", ())],
        resharers=[world.people[id].id for id in entry.get("resharers", ())],
    )
    for item in activity.access:
        if item["type"] == "circle" and item["id"] not in world.circles:
            raise ValueError(f"the circle {item['id']} is not known")
    taken = set()
    for comment in entry.get("comments", ()):
        at = _moment(comment["published"])
        id = comment.get("id", f"{activity.id}.{microseconds(at)}")
        if id in taken:
            raise ValueError(f"the comment {id} is there twice")
        taken.add(id)
        words = comment.get("originalContent", "")
        html = comment.get("content", as_html(words, name_in(world)))
        actor = world.people[comment["actor"]].id
        edited = _moment(comment["updated"]) if "updated" in comment else at
        activity.comments.append(Comment(id, activity.id, actor, at, edited, html, words, comment.get("plusoners", 0)))
    activity.comments.sort(key=lambda comment: comment.published)
    world.add_activity(activity)


def name_in(world: World) -> Callable[[str], str | None]:
    """A look-up of display names, for mentions."""
    return lambda id: world.people[id].name if id in world.people else None


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"the time {text} has no offset")
    return moment.astimezone(UTC)


def dump(world: World) -> dict[str, Any]:
    """The world as it is now, in the format of a world file."""
    sections: dict[str, list[dict[str, Any]]] = {"accounts": [], "pages": [], "people": []}
    for person in world.people.values():
        kind = "pages" if person.object_type == "page" else "accounts" if person.email else "people"
        entry = {"id": person.id, "displayName": person.name, "image": person.image, "url": person.url}
        extra = {
            "imageId": person.image_id,
            "email": person.email,
            "administers": list(person.administers),
            "circledBy": list(person.circled_by),
        }
        consumer = {} if person.consumer else {"consumer": False}
        sections[kind].append(entry | {k: v for k, v in extra.items() if v} | consumer | person.details)
    return {
        **sections,
        "circles": [
            {"id": c.id, "owner": c.owner, "displayName": c.name, "description": c.description, "people": c.people}
            for c in world.circles.values()
        ],
        "media": [{"id": media.id, "author": media.author, **media.details} for media in world.media.values()],
        "activities": [_dump_activity(activity) for activity in world.activities.values()],
    }


def _dump_activity(activity: Activity) -> dict[str, Any]:
    optional = {"annotation": activity.annotation, "reshared": activity.reshared, "attachments": activity.attachments}
    return {
        "id": activity.id,
        "actor": activity.actor,
        "verb": activity.verb,
        "published": activity.published.isoformat(),
        "updated": activity.updated.isoformat(),
        "content": activity.content,
        "originalContent": activity.original,
        "access": activity.access,
        "plusoners": activity.plusoners,
        "resharers": activity.resharers,
        **{name: value for name, value in optional.items() if value},
        "comments": [
            {
                "id": comment.id,
                "actor": comment.actor,
                "published": comment.published.isoformat(),
                "updated": comment.updated.isoformat(),
                "content": comment.content,
                "originalContent": comment.original,
                "plusoners": comment.plusoners,
            }
            for comment in activity.comments
        ],
    }
