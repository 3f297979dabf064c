"""The stand-in's small world of people, pages, posts and comments."""

from connector.standin.world.load import default, dump, from_json, name_in, read
from connector.standin.world.model import Activity, Circle, Comment, Media, Person, World, WorldError

__all__ = [
    "Activity",
    "Circle",
    "Comment",
    "Media",
    "Person",
    "World",
    "WorldError",
    "default",
    "dump",
    "from_json",
    "name_in",
    "read",
]
