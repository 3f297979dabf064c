"""The small world: who there is, what they posted, and the few ways it changes."""

import bisect
import random
import string
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from connector.standin.clock import microseconds

__all__ = ["Activity", "Circle", "Comment", "Media", "Person", "World", "WorldError"]


class WorldError(Exception):
    """A world file does not add up; the text says where."""


@dataclass(slots=True)
class Person:
    """A person or a page. Who has an email address can sign in."""

    id: str
    object_type: Literal["person", "page"]
    name: str
    image: str
    url: str
    image_id: str | None = None
    email: str | None = None
    consumer: bool = True
    administers: tuple[str, ...] = ()
    circled_by: tuple[str, ...] = ()
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Circle:
    """A named group of people, of one owner."""

    id: str
    owner: str
    name: str
    description: str
    people: list[str]


@dataclass(slots=True)
class Media:
    """A photo. `details` are the resource's fields as they are answered."""

    id: str
    author: str
    details: dict[str, Any]


@dataclass(slots=True)
class Comment:
    """A comment; its id is the post's, a dot, and the microsecond it was published."""

    id: str
    activity: str
    actor: str
    published: datetime
    updated: datetime
    content: str
    original: str
    plusoners: int = 0


@dataclass(slots=True)
class Activity:
    """A post. `position` orders a feed: the microsecond of publishing, unique in the world."""

    id: str
    actor: str
    published: datetime
    updated: datetime
    content: str
    original: str
    access: list[dict[str, str]]
    verb: str = "post"
    annotation: str = ""
    reshared: str = ""
    attachments: list[dict[str, Any]] = field(default_factory=list)
    plusoners: list[str] = field(default_factory=list)
    resharers: list[str] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    position: int = 0


class World:
    """Everything the API can show. Every change moves `version`, so that answers can be kept until then."""

    def __init__(self) -> None:
        self.people: dict[str, Person] = {}
        self.circles: dict[str, Circle] = {}
        self.media: dict[str, Media] = {}
        self.activities: dict[str, Activity] = {}
        self.comments: dict[str, Comment] = {}
        self.version = 0
        self._by_actor: dict[str, list[Activity]] = {}
        self._positions: set[int] = set()

    def account(self, id: str) -> Person | None:
        """Someone who can sign in."""
        person = self.people.get(id)
        return person if person and person.email else None

    def accounts(self) -> list[Person]:
        """Everyone who can sign in."""
        return [person for person in self.people.values() if person.email]

    def administers(self, account: str, page: str) -> bool:
        """Whether the account may act as the page."""
        person = self.people.get(account)
        return person is not None and page in person.administers

    def circles_of(self, owner: str) -> list[Circle]:
        """The owner's circles, in the order of the file."""
        return [circle for circle in self.circles.values() if circle.owner == owner]

    def posts_of(self, actor: str) -> list[Activity]:
        """Newest first."""
        return self._by_actor.get(actor, [])

    def visible(self, activity: Activity, viewer: str) -> bool:
        """Whether the viewer (a person or a page) is among those the post was shared with."""
        if activity.actor == viewer:
            return True
        for entry in activity.access:
            match entry["type"]:
                case "public":
                    return True
                case "person" if entry.get("id") == viewer:
                    return True
                case "circle" if viewer in self.circles[entry["id"]].people:
                    return True
                case "myCircles" | "extendedCircles" if any(
                    viewer in circle.people for circle in self.circles_of(activity.actor)
                ):
                    return True
        return False

    def add_activity(self, activity: Activity) -> None:
        """Publish a post."""
        position = microseconds(activity.published)
        while position in self._positions:
            position += 1
        activity.position = position
        self._positions.add(position)
        self.activities[activity.id] = activity
        self.comments.update((comment.id, comment) for comment in activity.comments)
        bisect.insort(self._by_actor.setdefault(activity.actor, []), activity, key=lambda post: -post.position)
        self.version += 1

    def remove_activity(self, activity: Activity) -> None:
        """Take a post away, with its comments."""
        del self.activities[activity.id]
        self._by_actor[activity.actor].remove(activity)
        self._positions.discard(activity.position)
        for comment in activity.comments:
            del self.comments[comment.id]
        self.version += 1

    def add_comment(self, comment: Comment) -> None:
        """Add a comment; the post counts as updated."""
        activity = self.activities[comment.activity]
        activity.comments.append(comment)
        activity.updated = max(activity.updated, comment.published)
        self.comments[comment.id] = comment
        self.version += 1

    def remove_comment(self, comment: Comment, now: datetime) -> None:
        """Take a comment away; the post counts as updated."""
        activity = self.activities[comment.activity]
        activity.comments.remove(comment)
        activity.updated = now
        del self.comments[comment.id]
        self.version += 1

    def set_picture(self, person: Person, media: Media) -> None:
        """Make a photo the picture of a person or page."""
        person.image = str(media.details.get("mediaUrl", person.image))
        person.image_id = media.id
        self.version += 1

    def new_activity_id(self) -> str:
        """An id of the known shape that nothing has yet: lower case, beginning with z12."""
        letters = string.ascii_lowercase + string.digits
        while True:
            id = "z12" + "".join(random.choices(letters, k=30))  # noqa: S311 -- a name in a made-up world, not a secret
            if id not in self.activities:
                return id
