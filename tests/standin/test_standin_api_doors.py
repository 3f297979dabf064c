"""What the Pages API asks of every call before it does anything: an address, a token, scopes, a page, parameters."""

import pytest

from connector.standin.needs import NEEDS
from scopes.discovery import document

AUTH = "https://www.googleapis.com/auth/"
DOCUMENT = document("plusPages-v2")
# The "needs" column of the reference, by hand: SR, CR and so on are its codes; "any" is any scope.
COLUMN = {
    "activities.disableComments": "SW", "activities.enableComments": "SW", "activities.get": "SR",
    "activities.insert": "SW", "activities.list": "SR", "activities.listByCircle": "SR CR", "activities.patch": "SW",
    "activities.remove": "SW", "activities.search": "any", "activities.update": "SW", "circles.addPeople": "CW",
    "circles.get": "CR", "circles.insert": "CW", "circles.list": "CR", "circles.patch": "CW", "circles.update": "CW",
    "circles.remove": "CW", "circles.removePeople": "CW", "collections.get": "KR", "collections.insert": "KW",
    "collections.list": "KR", "collections.patch": "KW", "collections.update": "KW", "comments.get": "SR",
    "comments.insert": "SW", "comments.list": "SR", "comments.patch": "SW", "comments.update": "SW",
    "comments.remove": "SW", "media.get": "MW", "media.insert": "MU", "people.get": "any", "people.list": "PM",
    "people.listByActivity": "SR", "people.listByCircle": "CR", "people.patch": "PW", "people.update": "PW",
    "people.search": "any",
}  # fmt: skip
CODES = {
    "SR": "plus.stream.read", "SW": "plus.stream.write", "CR": "plus.circles.read", "CW": "plus.circles.write",
    "KR": "plus.collections.readonly", "KW": "plus.collections.readwrite", "MU": "plus.media.upload",
    "MW": "plus.media.readwrite", "PW": "plus.profiles.write", "PM": "plus.pages.manage",
}  # fmt: skip
EVERY = list(DOCUMENT["auth"]["oauth2"]["scopes"])
WORKING = {
    "activities.get", "activities.insert", "activities.list", "activities.listByCircle", "activities.remove",
    "circles.get", "circles.list", "comments.get", "comments.insert", "comments.list", "comments.remove", "media.get",
    "people.get", "people.list", "people.listByActivity", "people.listByCircle", "people.patch", "people.update",
}  # fmt: skip


def _methods(part):
    for resource in part.get("resources", {}).values():
        yield from resource.get("methods", {}).values()
        yield from _methods(resource)


METHODS = {method["id"].removeprefix("plusPages."): method for method in _methods(DOCUMENT)}


def _call(visitor, token, name, **more):
    """Call a method with values that fit the default world."""
    method = METHODS[name]
    post = next(post for post in visitor.standin.standin.world.posts_of(visitor.cafe))
    values = {
        "activityId": post.id,
        "commentId": post.comments[0].id,
        "circleId": visitor.standin.standin.world.circles_of(visitor.cafe)[0].id,
        "mediaId": next(iter(visitor.standin.standin.world.media)),
        "collectionId": "none",
        "userId": visitor.ana if name in ("people.list", "people.get") else visitor.cafe,
        "onBehalfOf": visitor.cafe,
        "query": "káva",
        **more,
    }
    if "collection" in method["parameters"]:
        values.setdefault(
            "collection", "pages" if name == "people.list" else method["parameters"]["collection"]["enum"][0]
        )
    path, query = method["path"], {}
    for parameter, rule in method["parameters"].items():
        if rule["location"] == "path":
            path = path.replace(f"{{{parameter}}}", values[parameter])
        elif rule.get("required"):
            query[parameter] = values[parameter]
    body = {"object": {"originalContent": "Děkujeme."}, "access": {"items": [{"type": "public"}]}}
    return visitor.call(token, method["httpMethod"], path, body=body if "request" in method else None, **query)


def _token(visitor, *codes):
    scopes = [f"{AUTH}{CODES[code]}" for code in codes]
    return visitor.tokens(scope=" ".join(scopes), prompt="consent")["access_token"]


def test_the_document_has_38_methods_and_the_column_names_them_all():
    assert len(METHODS) == 38
    assert set(COLUMN) == set(METHODS)
    assert {f"plusPages.{name}" for name in METHODS} == set(NEEDS)


@pytest.mark.parametrize("name", sorted(METHODS))
def test_every_method_is_routed_and_works_or_says_it_does_not(visitor, name):
    token = visitor.tokens(scope=" ".join(EVERY))["access_token"]
    answer = _call(visitor, token, name)
    if name in ("people.patch", "people.update"):
        answer = visitor.call(token, METHODS[name]["httpMethod"], f"people/{visitor.cafe}", body=_picture(visitor))
    expected = 501 if name not in WORKING else 204 if name.endswith(".remove") else 200
    assert answer.status_code == expected, answer.text
    if expected == 501:
        error = answer.json()["error"]
        assert (error["code"], error["errors"][0]["reason"]) == (501, "notImplemented")
        assert f"plusPages.{name}" in error["message"]
    assert visitor.recorded()[-1]["operation"] == f"plusPages.{name}"


def _picture(visitor):
    return {"image": {"id": next(iter(visitor.standin.standin.world.media))}}


@pytest.mark.parametrize("name", sorted(METHODS))
def test_the_needs_column_is_enforced(visitor, name):
    need = COLUMN[name]
    if need == "any":
        assert _call(visitor, _token(visitor, "KR", "PM"), name).status_code in (200, 501)
        return
    others = [code for code in CODES if code not in need.split() and code not in ("KW", "MW")]
    if name != "people.list":
        assert "PM" in others  # the page scope alone opens nothing else
    answer = _call(visitor, _token(visitor, *others), name)
    assert answer.status_code == 403
    assert answer.json()["error"]["errors"] == [
        {"domain": "global", "reason": "insufficientPermissions", "message": "Insufficient Permission"}
    ]
    enough = _call(visitor, _token(visitor, *need.split(), "PM"), name)
    assert enough.status_code in (200, 204, 400, 501), enough.text


def test_each_of_two_needed_scopes_is_needed(visitor):
    for code in ("SR", "CR"):
        assert _call(visitor, _token(visitor, code, "PM"), "activities.listByCircle").status_code == 403


@pytest.mark.parametrize("name", sorted(name for name in METHODS if COLUMN[name] not in ("any", "PM")))
def test_acting_for_a_page_needs_the_page_scope_too(visitor, name):
    answer = _call(visitor, _token(visitor, *COLUMN[name].split()), name)
    acts_for_page = "onBehalfOf" in METHODS[name].get("parameterOrder", []) or "userId" in METHODS[name]["parameters"]
    if name in ("collections.insert", "collections.list", "collections.get"):
        acts_for_page = False  # onBehalfOf is optional there and was not given
    expected = 403 if acts_for_page else 501
    assert answer.status_code == expected, answer.text


@pytest.mark.parametrize(
    "name", sorted(name for name in METHODS if "onBehalfOf" in METHODS[name].get("parameterOrder", []))
)
def test_a_page_that_the_account_does_not_administer_is_forbidden(visitor, name):
    token = visitor.tokens(scope=" ".join(EVERY))["access_token"]
    for page in (visitor.nile, visitor.omar, "no-page"):
        answer = _call(visitor, token, name, onBehalfOf=page)
        assert answer.status_code == 403
        assert answer.json()["error"]["errors"][0]["reason"] == "forbidden"


@pytest.mark.parametrize(
    "path",
    [
        "people/{nile}/circles",
        "people/{nile}/activities/user",
        "people/{nile}/people/followers",
        "people/{omar}/circles",
    ],
)
def test_private_things_of_somebody_else_are_forbidden(visitor, token, path):
    answer = visitor.get(token, path.format(nile=visitor.nile, omar=visitor.omar))
    assert answer.status_code == 403
    assert answer.json()["error"]["errors"][0]["reason"] == "forbidden"


def test_an_own_page_as_user_needs_the_page_scope(visitor):
    token = _token(visitor, "CR")
    assert visitor.get(token, "people/me/circles").status_code == 200
    answer = visitor.get(token, f"people/{visitor.cafe}/circles")
    assert answer.json()["error"]["errors"][0]["reason"] == "insufficientPermissions"


def test_a_profile_can_be_read_with_any_scope(visitor):
    token = _token(visitor, "PW")
    for user in ("me", visitor.cafe, visitor.nile, visitor.omar):
        assert visitor.get(token, f"people/{user}").status_code == 200


def test_without_a_token_login_is_required(visitor):
    answer = visitor.http.get(f"{visitor.url}/plusPages/v2/people/me")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
    assert answer.json()["error"]["errors"][0] | {"message": "-"} == {
        "domain": "global",
        "reason": "required",
        "message": "-",
        "locationType": "header",
        "location": "Authorization",
    }


def test_an_expired_or_unknown_token_is_an_auth_error_in_googles_shape(visitor, token):
    visitor.http.post(f"{visitor.url}/test/clock", json={"advance": 3600})
    for value in (token, "ya29.never"):
        answer = visitor.get(value, "people/me")
        assert answer.status_code == 401
        detail = {"domain": "global", "reason": "authError", "message": "Invalid Credentials"}
        detail |= {"locationType": "header", "location": "Authorization"}
        assert answer.json() == {"error": {"errors": [detail], "code": 401, "message": "Invalid Credentials"}}


def test_the_token_is_taken_in_the_query_as_google_then_did(visitor, token):
    for name in ("access_token", "oauth_token"):
        answer = visitor.http.get(f"{visitor.url}/plusPages/v2/people/me", params={name: token})
        assert answer.status_code == 200
    assert token not in str(visitor.recorded())


@pytest.mark.parametrize(
    ("path", "query", "reason", "location"),
    [
        ("people/{ana}/activities/everything", {}, "invalidParameter", "collection"),
        ("people/{cafe}/activities/user", {"maxResults": "0"}, "invalidParameter", "maxResults"),
        ("people/{cafe}/activities/user", {"maxResults": "101"}, "invalidParameter", "maxResults"),
        ("people/{cafe}/activities/user", {"maxResults": "-1"}, "invalidParameter", "maxResults"),
        ("people/{cafe}/activities/user", {"maxResults": "many"}, "invalidParameter", "maxResults"),
        ("people/{cafe}/activities/user", {"pageToken": "made-up"}, "invalidParameter", "pageToken"),
        ("people/{cafe}/activities/user", {"fields": "items(nothing)"}, "invalidParameter", "fields"),
        ("people/{cafe}/activities/user", {"fields": "items(id"}, "invalidParameter", "fields"),
        ("people/{cafe}/activities/user", {"alt": "xml"}, "invalidParameter", "alt"),
        ("activities/{post}", {}, "required", "onBehalfOf"),
        ("activities/{post}/comments", {"onBehalfOf": "{cafe}", "sortOrder": "up"}, "invalidParameter", "sortOrder"),
    ],
)
def test_a_wrong_parameter_is_named(visitor, token, path, query, reason, location):
    names = {"ana": visitor.ana, "cafe": visitor.cafe, "post": visitor.newest_post(token)["id"]}
    answer = visitor.get(token, path.format(**names), **{k: v.format(**names) for k, v in query.items()})
    assert answer.status_code == 400
    detail = answer.json()["error"]["errors"][0]
    assert (detail["reason"], detail["locationType"], detail["location"]) == (reason, "parameter", location)


@pytest.mark.parametrize("path", ["activities/z12none", "comments/z12none.1", "circles/none", "media/none"])
def test_what_does_not_exist_is_not_found(visitor, token, path):
    answer = visitor.get(token, path, onBehalfOf=visitor.cafe)
    assert answer.status_code == 404
    assert answer.json()["error"]["errors"][0]["reason"] == "notFound"


@pytest.mark.parametrize(("verb", "path"), [("GET", "nothing"), ("POST", "people/me"), ("GET", "people//circles")])
def test_an_address_the_document_does_not_have_is_not_found(visitor, token, verb, path):
    assert visitor.call(token, verb, path).status_code == 404


def test_uploads_have_their_own_address(visitor):
    token = visitor.tokens(scope=" ".join(EVERY))["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    address = f"{visitor.url}/upload/plusPages/v2/people/{visitor.cafe}/media/cloud"
    assert visitor.http.post(address, data=b"\xff\xd8", headers=headers).status_code == 501
    elsewhere = f"{visitor.url}/upload/plusPages/v2/people/{visitor.cafe}/activities"
    assert visitor.http.post(elsewhere, data=b"{}", headers=headers).status_code == 404
