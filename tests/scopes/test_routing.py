"""An address is one operation, the one Google would run, or it is nothing. No disguise reaches another."""

import re
from dataclasses import replace
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

import pytest
from googleapiclient.discovery import build_from_document  # type: ignore[attr-defined]
from hypothesis import example, given
from hypothesis import strategies as st
from urllib3.util import parse_url
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule

import scopes
from scopes import Catalogue, RoutedCall, Router, Unroutable
from scopes.discovery import document

ROOT = "https://www.googleapis.com/"
PAGE = "100000000000000000001"
CATALOGUE = scopes.load("google-plus")
ROUTER = Router(CATALOGUE, ROOT)
GOOD = f"{ROOT}plusPages/v2/activities/z12abc/comments?maxResults=20&onBehalfOf={PAGE}&alt=json"


def written(operation: scopes.Operation, id: str = "z12abc.15#7+a:b-c_d") -> str:
    """The operation's URL with every parameter it has, as a client library would write it."""
    path, query = operation.path, {"alt": "json", "fields": "items(id,object/content),nextPageToken"}
    for name, parameter in operation.parameters.items():
        value = parameter.enum[0] if parameter.enum else {"boolean": "true", "integer": "20"}.get(parameter.kind, id)
        if parameter.location == "path":
            path = path.replace(f"{{{name}}}", quote(value, safe=""))
        else:
            query[name] = value
    return f"{ROOT}{path}?{urlencode(query)}"


URLS = {operation.id: (operation.verb, written(operation)) for operation in CATALOGUE.operations.values()}


NAIVE_RULES = Map(
    [
        Rule(re.sub(r"\{(\w+)\}", r"<string:\1>", "/" + template), endpoint=operation.id, methods=[operation.verb])
        for operation in CATALOGUE.operations.values()
        for template in (operation.path, *operation.upload_paths)
    ],
    strict_slashes=True,
    merge_slashes=False,
    redirect_defaults=False,
)


def naive(verb: str, url: str, *, lenient: bool) -> tuple[str, dict[str, str], list[tuple[str, str]]] | None:
    """How a server might read the same request, written with urllib and werkzeug and nothing of ours.

    A lenient server decodes again and again, drops empty and dot segments and a slash at the end, and minds no case.
    """
    parts = urlsplit(url)
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme != "https" or host != "www.googleapis.com" or port not in (None, 443):
        return None
    path = parts.path
    if lenient:
        while path != unquote(path):
            path = unquote(path)
        kept: list[str] = []
        for segment in path.replace("\\", "/").split("/"):
            if segment == "..":
                kept = kept[:-1]
            elif segment.partition(";")[0] not in ("", "."):
                kept.append(segment.partition(";")[0])
        path = "/" + "/".join(kept)
    else:
        path = unquote(path)
    adapter = NAIVE_RULES.bind("x")
    try:
        endpoint, placed = adapter.match(path, method=verb)
    except HTTPException:
        return None
    return endpoint, dict(placed), parse_qsl(parts.query, keep_blank_values=True)


def agrees(verb: str, url: str) -> None:
    """Our reading is nothing, or the same as both of the others and as what urllib3 would send."""
    call = ROUTER.route(verb, url)
    if isinstance(call, Unroutable):
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", call.reason)
        return
    for lenient in (False, True):
        read = naive(verb, url, lenient=lenient)
        assert read is not None, (url, call)
        endpoint, placed, asked = read
        assert call.operation == endpoint
        assert call.path == placed
        joined: dict[str, str] = {}
        for name, value in asked:
            joined[name] = f"{joined[name]},{value}" if name in joined else value
        assert call.query == joined
    sent = parse_url(url)
    assert unquote(sent.path or "") == unquote(urlsplit(url).path)
    assert parse_qsl(sent.query or "", keep_blank_values=True) == parse_qsl(urlsplit(url).query, keep_blank_values=True)


@pytest.mark.parametrize("operation", sorted(URLS))
def test_every_operation_is_found_by_its_address_with_its_parameters(router: Router, operation: str) -> None:
    verb, url = URLS[operation]
    call = router.route(verb, url)
    assert isinstance(call, RoutedCall), call
    assert call.operation == operation
    assert not call.upload
    declared = CATALOGUE.operations[operation].parameters
    assert set(call.path) == {p.name for p in declared.values() if p.location == "path"}
    assert set(call.query) == {p.name for p in declared.values() if p.location == "query"} | {"alt", "fields"}
    assert all(v == "z12abc.15#7+a:b-c_d" for n, v in call.path.items() if not declared[n].enum)
    agrees(verb, url)


@pytest.mark.parametrize("operation", sorted(URLS))
def test_what_googles_own_client_builds_is_understood(operation: str) -> None:
    service = build_from_document(document("plusPages-v2"), developerKey=None, http=object())
    _, resource, method = operation.split(".")
    filled: dict[str, object] = {
        name: parameter.enum[0]
        if parameter.enum
        else {"boolean": True, "integer": 20}.get(parameter.kind, f"z12.{PAGE}#1")
        for name, parameter in CATALOGUE.operations[operation].parameters.items()
    }
    if CATALOGUE.operations[operation].writes and method not in ("remove", "addPeople", "removePeople"):
        filled.update({} if method.endswith("Comments") else {"body": {}})
    request = getattr(getattr(service, resource)(), method)(**filled)
    call = ROUTER.route(request.method, request.uri)
    assert isinstance(call, RoutedCall), (request.uri, call)
    assert call.operation == operation
    agrees(request.method, request.uri)


def test_building_a_client_changes_no_document_but_its_own() -> None:
    before = document("plusPages-v2")
    build_from_document(document("plusPages-v2"), http=object())
    assert document("plusPages-v2") == before


@pytest.mark.parametrize("kind", ["media", "multipart", "resumable"])
@pytest.mark.parametrize("prefix", ["upload/", "resumable/upload/"])
def test_an_upload_is_the_operation_it_uploads_for(router: Router, prefix: str, kind: str) -> None:
    url = f"{ROOT}{prefix}plusPages/v2/people/{PAGE}/media/cloud?uploadType={kind}&alt=json"
    call = router.route("POST", url)
    assert isinstance(call, RoutedCall)
    assert (call.operation, call.upload) == ("plusPages.media.insert", True)
    assert call.query["uploadType"] == kind
    agrees("POST", url)


@pytest.mark.parametrize("host", ["WWW.GoogleAPIs.com", "www.googleapis.com:443", "WWW.googleapis.com:443"])
def test_host_case_and_the_default_port_make_no_difference(host: str) -> None:
    assert ROUTER.route("GET", GOOD.replace("www.googleapis.com", host)) == ROUTER.route("GET", GOOD)


def test_a_repeated_parameter_may_repeat_where_the_document_says_so(router: Router) -> None:
    call = router.route("PUT", f"{ROOT}plusPages/v2/circles/c1/people?onBehalfOf={PAGE}&userId=1&userId=2")
    assert isinstance(call, RoutedCall)
    assert call.query["userId"] == "1,2"


def test_free_text_is_decoded_once(router: Router) -> None:
    call = router.route("GET", f"{ROOT}plusPages/v2/people?query=100%25+caf%C3%A9&maxResults=5")
    assert isinstance(call, RoutedCall)
    assert call.query["query"] == "100% café"


def test_an_address_may_be_as_long_as_8192_characters_and_no_longer(router: Router) -> None:
    start = f"{ROOT}plusPages/v2/people?query="
    longest = start + "a" * (8192 - len(start))
    assert router.route("GET", longest) == Unroutable("bad-value")  # read, and longer than any query may be
    assert router.route("GET", f"{longest}a") == Unroutable("too-long")


@pytest.mark.parametrize("root", ["http://127.0.0.1:4321/", "http://127.0.0.1:4321", "http://[::1]:4321/"])
def test_another_root_is_the_only_one_understood(catalogue: Catalogue, root: str) -> None:
    router = Router(catalogue, root)
    base = root.rstrip("/")
    assert isinstance(router.route("GET", f"{base}/plusPages/v2/people/me"), RoutedCall)
    assert router.route("GET", GOOD) == Unroutable("other-scheme")
    assert isinstance(router.route("GET", f"{base[:-1]}2/plusPages/v2/people/me"), Unroutable)


@pytest.mark.parametrize(
    "root", ["", "ftp://h/", "https://h/api/", "https://u@h/", "https://h/?a", "h", "https:///", "https://h:x/"]
)
def test_a_root_that_is_not_plain_is_refused(catalogue: Catalogue, root: str) -> None:
    with pytest.raises(ValueError):
        Router(catalogue, root)


def test_an_answer_is_asked_for_in_json_though_the_document_offers_more(catalogue: Catalogue) -> None:
    """Google's own documents list `media` and `proto` too; `alt=media` would be the file and not its description."""
    alt = replace(catalogue.global_parameters["alt"], enum=("json", "media", "proto"))
    wider = replace(catalogue, global_parameters={**catalogue.global_parameters, "alt": alt})
    for value in ("media", "proto"):
        assert Router(wider, ROOT).route("GET", GOOD.replace("alt=json", f"alt={value}")) == Unroutable("bad-value")
    assert isinstance(Router(wider, ROOT).route("GET", GOOD), RoutedCall)


@pytest.mark.parametrize(
    ("wordy", "open_to_ids", "address"),
    [
        ("things/v1/mine", "things/v1/{id}", "things/v1/mine"),
        ("things/shared/{id}/parts", "things/{id}/all/{part}", "things/shared/all/parts"),
    ],
)
def test_a_word_of_the_api_is_never_taken_for_an_id(
    catalogue: Catalogue, wordy: str, open_to_ids: str, address: str
) -> None:
    """Where two addresses fit, the one with more fixed words is meant, whichever stands first in the document."""
    operations = {
        name: scopes.Operation(
            id=name,
            verb="GET",
            path=path,
            parameters={part: scopes.Parameter(part, "path", True) for part in re.findall(r"\{(\w+)\}", path)},
            scopes=frozenset({"s"}),
            writes=False,
        )
        for name, path in (("wordy", wordy), ("open", open_to_ids))
    }
    for order in (("wordy", "open"), ("open", "wordy")):
        router = Router(replace(catalogue, operations={name: operations[name] for name in order}), ROOT)
        call = router.route("GET", ROOT + address)
        assert isinstance(call, RoutedCall)
        assert call.operation == "wordy"


NASTY = [
    "/", "//", "/./", "/../", "/..", "..", "%2e", "%2E%2e", "%2f", "%2F..%2F", "%00", "\\", "%5c", ";x=1", ";", "#",
    "?", "&", "@", ":", "%", "%25", "%252f", "%2563", " ", "+", "%20", "\t", "\n", "\r\n", "\x00", "é", "．", "／", "｡",
    "%c0%af", "..;/", "&onBehalfOf=2", "&alt=media", "&access_token=x", "comments", "people/me", "me", "~",
    "evil.example", "www.googleapis.com", "https://", "user@", ":443", ":80", "upload/", "batch/", "[::1]",
]  # fmt: skip


@st.composite
def disguised(draw: st.DrawFn) -> tuple[str, str]:
    """A good request with up to four changes of the kinds that have fooled filters before."""
    verb, url = draw(st.sampled_from(sorted(URLS.values())))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(url)))
        to = draw(st.integers(at, min(len(url), at + 8)))
        match draw(st.sampled_from(["insert", "escape", "escape twice", "case", "cut", "double", "splice", "verb"])):
            case "insert":
                url = url[:at] + draw(st.sampled_from(NASTY)) + url[at:]
            case "escape":
                url = url[:at] + "".join(f"%{byte:02x}" for byte in url[at:to].encode()) + url[to:]
            case "escape twice":
                url = url[:at] + "".join(f"%25{byte:02X}" for byte in url[at:to].encode()) + url[to:]
            case "case":
                url = url[:at] + url[at:to].swapcase() + url[to:]
            case "cut":
                url = url[:at] + url[to:]
            case "double":
                url = url[:to] + url[at:to] + url[to:]
            case "splice":
                _, other = draw(st.sampled_from(sorted(URLS.values())))
                url = url[:at] + other[draw(st.integers(0, len(other))) :]
            case "verb":
                verb = draw(
                    st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "get", "HEAD", "OPTIONS", "TRACE"])
                )
    return verb, url


@given(disguised())
@example(("GET", GOOD.replace("z12abc", "a%2Fcomments")))
@example(("GET", GOOD.replace("www.googleapis.com", "www.googleapis.com:443")))
def test_no_disguise_reaches_another_operation(request_line: tuple[str, str]) -> None:
    agrees(*request_line)


@given(st.text(max_size=200), st.text(max_size=400))
def test_any_text_is_answered_with_a_value(verb: str, rest: str) -> None:
    for url in (rest, ROOT + rest, f"{ROOT}plusPages/v2/people/{rest}", f"{GOOD}&pageToken={rest}"):
        assert isinstance(ROUTER.route(verb, url), Unroutable)
        agrees("GET", url)
