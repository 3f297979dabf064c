"""Which scopes each method needs: the reference's "needs" column, and its rule for acting as a page.

Source: reference README, "Methods" and "Enforcing scopes in a stand-in".
"""

from collections.abc import Mapping

__all__ = ["PAGES_MANAGE", "enough"]

_AUTH = "https://www.googleapis.com/auth/"

PAGES_MANAGE = f"{_AUTH}plus.pages.manage"
_SR, _SW = f"{_AUTH}plus.stream.read", f"{_AUTH}plus.stream.write"
_CR, _CW = f"{_AUTH}plus.circles.read", f"{_AUTH}plus.circles.write"
_KR, _KW = f"{_AUTH}plus.collections.readonly", f"{_AUTH}plus.collections.readwrite"
_MU, _MW = f"{_AUTH}plus.media.upload", f"{_AUTH}plus.media.readwrite"
_PW = f"{_AUTH}plus.profiles.write"

# One method a line: any one of these sets is enough. An empty set stands for "any scope at all".
_ANY: tuple[frozenset[str], ...] = (frozenset(),)


def _all(*scopes: str) -> tuple[frozenset[str], ...]:
    return (frozenset(scopes),)


def _either(*scopes: str) -> tuple[frozenset[str], ...]:
    return tuple(frozenset({scope}) for scope in scopes)


NEEDS: Mapping[str, tuple[frozenset[str], ...]] = {
    "plusPages.activities.disableComments": _all(_SW),
    "plusPages.activities.enableComments": _all(_SW),
    "plusPages.activities.get": _all(_SR),
    "plusPages.activities.insert": _all(_SW),
    "plusPages.activities.list": _all(_SR),
    "plusPages.activities.listByCircle": _all(_SR, _CR),
    "plusPages.activities.patch": _all(_SW),
    "plusPages.activities.remove": _all(_SW),
    "plusPages.activities.search": _ANY,
    "plusPages.activities.update": _all(_SW),
    "plusPages.circles.addPeople": _all(_CW),
    "plusPages.circles.get": _all(_CR),
    "plusPages.circles.insert": _all(_CW),
    "plusPages.circles.list": _all(_CR),
    "plusPages.circles.patch": _all(_CW),
    "plusPages.circles.remove": _all(_CW),
    "plusPages.circles.removePeople": _all(_CW),
    "plusPages.circles.update": _all(_CW),
    "plusPages.collections.get": _either(_KR, _KW),
    "plusPages.collections.insert": _all(_KW),
    "plusPages.collections.list": _either(_KR, _KW),
    "plusPages.collections.patch": _all(_KW),
    "plusPages.collections.update": _all(_KW),
    "plusPages.comments.get": _all(_SR),
    "plusPages.comments.insert": _all(_SW),
    "plusPages.comments.list": _all(_SR),
    "plusPages.comments.patch": _all(_SW),
    "plusPages.comments.remove": _all(_SW),
    "plusPages.comments.update": _all(_SW),
    "plusPages.media.get": _all(_MW),
    "plusPages.media.insert": _either(_MU, _MW),
    "plusPages.people.get": _ANY,
    "plusPages.people.list": _all(_CR),  # but for `pages`, below
    "plusPages.people.listByActivity": _all(_SR),
    "plusPages.people.listByCircle": _all(_CR),
    "plusPages.people.patch": _all(_PW),
    "plusPages.people.search": _ANY,
    "plusPages.people.update": _all(_PW),
}


def enough(operation: str, path: Mapping[str, str], scopes: frozenset[str]) -> bool:
    """Whether a token with these scopes may call the method, before it is known for whom it acts."""
    needs = NEEDS[operation]
    if operation == "plusPages.people.list" and path["collection"] == "pages":
        needs = _all(PAGES_MANAGE)
    return bool(scopes) and any(need <= scopes for need in needs)  # a token without scopes opens nothing
