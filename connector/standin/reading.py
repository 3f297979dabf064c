"""The methods that read."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from connector.standin import resources
from connector.standin.caller import Call
from connector.standin.clock import stamp
from connector.standin.errors import forbidden, not_found
from connector.standin.paging import page
from connector.standin.world import Activity, Circle, Comment

__all__ = ["READS", "find_activity", "find_comment"]

_EMAIL = "https://www.googleapis.com/auth/userinfo.email"


def find_activity(call: Call) -> Activity:
    """The post named in the path.

    Raises: ApiError (404) when there is none, or the caller may not see it.
    """
    activity = call.world.activities.get(call.parameters["activityId"])
    if activity is None or not call.world.visible(activity, call.viewer):
        raise not_found()
    return activity


def find_comment(call: Call) -> Comment:
    """The comment named in the path; `#` before its time will do for the dot.

    Raises: ApiError (404) when there is none, or the caller may not see its post.
    """
    comment = call.world.comments.get(call.parameters["commentId"].replace("#", "."))
    if comment is None or not call.world.visible(call.world.activities[comment.activity], call.viewer):
        raise not_found()
    return comment


def _find_circle(call: Call) -> Circle:
    circle = call.world.circles.get(call.parameters["circleId"])
    if circle is None or circle.owner != call.viewer:
        raise not_found()
    return circle


def _get_activity(call: Call) -> dict[str, Any]:
    return resources.activity(call.world, call.root, find_activity(call), call.viewer)


def _list_activities(call: Call) -> dict[str, Any]:
    subject, collection = call.subject, call.parameters["collection"]
    world = call.world
    posts: Iterable[Activity]
    match collection:
        case "user" | "public":
            posts = world.posts_of(subject)
        case _ if subject != call.viewer:
            raise forbidden()
        case "all":
            posts = world.posts_of(subject)
        case "commented":
            posts = (post for post in world.activities.values() if any(c.actor == subject for c in post.comments))
        case _:  # stream: posts of those in one's circles, and posts that mention one
            circled = {person for circle in world.circles_of(subject) for person in circle.people}
            posts = (
                post
                for post in world.activities.values()
                if post.actor in circled or f"+{subject}" in post.original or f'oid="{subject}"' in post.content
            )
    if collection == "public":
        posts = (post for post in posts if any(entry["type"] == "public" for entry in post.access))
    return _activities(call, posts, f"Google+ List of Activities for Collection {collection.upper()}")


def _list_by_circle(call: Call) -> dict[str, Any]:
    every = call.parameters["circleId"] == "myCircles"
    circles = call.world.circles_of(call.viewer) if every else [_find_circle(call)]
    people = {person for circle in circles for person in circle.people}
    posts = (post for person in people for post in call.world.posts_of(person))
    return _activities(call, posts, "Google+ List of Activities for a Circle")


def _activities(call: Call, posts: Iterable[Activity], name: str) -> dict[str, Any]:
    seen = (post for post in posts if call.world.visible(post, call.viewer))
    newest_first = sorted(seen, key=lambda post: -post.position)
    found, token = _page(call, newest_first, lambda post: -post.position)
    items = [resources.activity(call.world, call.root, post, call.viewer) for post in found]
    updated = {"updated": stamp(max(post.updated for post in newest_first))} if newest_first else {}
    return resources.feed("plus#activityFeed", name, items, token, **updated)


def _get_comment(call: Call) -> dict[str, Any]:
    return resources.comment(call.world, call.root, find_comment(call))


def _list_comments(call: Call) -> dict[str, Any]:
    activity = find_activity(call)
    sign = -1 if call.parameters["sortOrder"] == "descending" else 1
    # The id ends in the microsecond of publishing, which no two comments of a post share.
    ordered = sorted(activity.comments, key=lambda comment: sign * _moment_of(comment))
    found, token = _page(call, ordered, lambda comment: sign * _moment_of(comment))
    items = [resources.comment(call.world, call.root, comment) for comment in found]
    return resources.feed("plus#commentFeed", "Google+ List of Comments for an Activity", items, token)


def _moment_of(comment: Comment) -> int:
    return int(comment.id.rpartition(".")[2])


def _get_circle(call: Call) -> dict[str, Any]:
    return resources.circle(call.root, _find_circle(call))


def _list_circles(call: Call) -> dict[str, Any]:
    circles = call.world.circles_of(call.subject)
    found, token = _by_place(call, circles)
    items = [resources.circle(call.root, circle) for circle in found]
    return resources.feed("plus#circleFeed", "Google+ List of Circles", items, token, totalItems=len(circles))


def _get_media(call: Call) -> dict[str, Any]:
    media = call.world.media.get(call.parameters["mediaId"])
    if media is None or media.author != call.viewer:
        raise not_found()
    crop = call.parameters.get("cropImage", False)
    return resources.media(call.world, media, call.parameters["imageSize"], crop=crop)


def _get_person(call: Call) -> dict[str, Any]:
    person = call.world.people[call.subject]
    own = person.id == call.access.account and _EMAIL in call.access.scopes
    return resources.person(person, email=own)


def _list_people(call: Call) -> dict[str, Any]:
    subject, collection = call.world.people[call.subject], call.parameters["collection"]
    if subject.id != call.viewer:
        raise forbidden()
    match collection:
        case "pages":
            # A consumer account was listed among its own pages (reference, "Own profile").
            ids = [*([subject.id] if subject.consumer and subject.email else []), *subject.administers]
        case "followers":
            ids = list(subject.circled_by)
        case _:
            ids = list(dict.fromkeys(id for circle in call.world.circles_of(subject.id) for id in circle.people))
    return _people(call, ids, f"Google+ List of {'Pages' if collection == 'pages' else 'People'}")


def _list_by_activity(call: Call) -> dict[str, Any]:
    activity = find_activity(call)
    match call.parameters["collection"]:
        case "plusoners":
            return _people(call, activity.plusoners, "Google+ List of People who +1'd an Activity")
        case "resharers":
            return _people(call, activity.resharers, "Google+ List of People who reshared an Activity")
    if activity.actor != call.viewer:
        raise forbidden()
    return _people(call, _shared_to(call, activity), "Google+ List of People an Activity was shared to")


def _shared_to(call: Call, activity: Activity) -> list[str]:
    people: dict[str, None] = {}
    for entry in activity.access:
        match entry["type"]:
            case "person":
                people[entry["id"]] = None
            case "circle":
                people |= dict.fromkeys(call.world.circles[entry["id"]].people)
            case "myCircles":
                people |= dict.fromkeys(id for c in call.world.circles_of(activity.actor) for id in c.people)
    return list(people)


def _list_by_circle_people(call: Call) -> dict[str, Any]:
    return _people(call, _find_circle(call).people, "Google+ List of People in a Circle")


def _people(call: Call, ids: Sequence[str], name: str) -> dict[str, Any]:
    found, token = _by_place(call, ids)
    items: list[Mapping[str, Any]] = [resources.person_entry(call.world.people[id]) for id in found]
    return resources.feed("plus#peopleFeed", name, items, token, totalItems=len(ids))


def _by_place(call: Call, items: Sequence[Any]) -> tuple[list[Any], str | None]:
    """Lists without a time of their own are cut by place."""
    numbered = list(enumerate(items))
    found, token = _page(call, numbered, lambda pair: int(pair[0]))
    return [item for _, item in found], token


def _page(call: Call, items: Sequence[Any], key: Callable[[Any], int]) -> tuple[list[Any], str | None]:
    given = {name: value for name, value in call.parameters.items() if name not in ("pageToken", "maxResults")}
    listing = f"{call.operation} {call.viewer} {sorted(given.items())}"
    size, token = call.parameters["maxResults"], call.parameters.get("pageToken")
    return page(items, key, size=size, token=token, listing=listing)


READS: Mapping[str, Callable[[Call], dict[str, Any]]] = {
    "plusPages.activities.get": _get_activity,
    "plusPages.activities.list": _list_activities,
    "plusPages.activities.listByCircle": _list_by_circle,
    "plusPages.circles.get": _get_circle,
    "plusPages.circles.list": _list_circles,
    "plusPages.comments.get": _get_comment,
    "plusPages.comments.list": _list_comments,
    "plusPages.media.get": _get_media,
    "plusPages.people.get": _get_person,
    "plusPages.people.list": _list_people,
    "plusPages.people.listByActivity": _list_by_activity,
    "plusPages.people.listByCircle": _list_by_circle_people,
}
