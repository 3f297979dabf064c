"""What is documented adds up, and a catalogue that does not is refused by the name of its row."""

import itertools

import pytest

import scopes
from scopes import Catalogue, CatalogueError

GOLDEN = (
    "https://www.googleapis.com/auth/plus.stream.write "
    "https://www.googleapis.com/auth/plus.stream.read "
    "https://www.googleapis.com/auth/plus.pages.manage "
    "https://www.googleapis.com/auth/plus.circles.read "
    "https://www.googleapis.com/auth/plus.media.readwrite "
    "https://www.googleapis.com/auth/plus.profiles.write"
)
CHOICES = {
    "read-messages": {"stream.read", "pages.manage"},
    "reply-to-messages": {"stream.write", "stream.read", "pages.manage"},
    "publish-to-circles": {"circles.read", "stream.write", "stream.read", "pages.manage"},
    "analyse": {"media.readwrite", "stream.read", "pages.manage"},
    "show-profile": {"profiles.write"},
}


def test_all_purposes_together_ask_for_the_six_scopes_byte_for_byte(catalogue: Catalogue) -> None:
    assert " ".join(catalogue.scopes_for(purpose.id for purpose in catalogue.choosable())) == GOLDEN
    assert tuple(privilege.scope for privilege in catalogue.privileges) == tuple(GOLDEN.split())


def test_each_choice_of_purposes_asks_for_exactly_its_union(catalogue: Catalogue) -> None:
    for size in range(len(CHOICES) + 1):
        for chosen in itertools.permutations(CHOICES, size):
            union = set().union(*(CHOICES[purpose] for purpose in chosen))
            expected = tuple(scope for scope in GOLDEN.split() if scope.rsplit("plus.", 1)[1] in union)
            assert catalogue.scopes_for(chosen) == expected


def test_the_choosable_purposes_are_the_five_of_the_design(catalogue: Catalogue) -> None:
    assert [purpose.id for purpose in catalogue.choosable()] == list(CHOICES)
    for purpose in catalogue.choosable():
        assert purpose.includes == (() if purpose.id == "show-profile" else ("link-pages",))


def test_every_operation_is_in_a_purpose_or_refused_by_name(catalogue: Catalogue) -> None:
    covered = {rule.operation for purpose in catalogue.purposes for rule in purpose.rules}
    assert len(catalogue.operations) == 38
    assert covered | set(catalogue.refused) == set(catalogue.operations)
    assert not covered & set(catalogue.refused)
    assert all(why.endswith(".") and len(why) > 20 for why in catalogue.refused.values())


def test_every_rule_says_which_fields_it_reads(catalogue: Catalogue) -> None:
    rules = [(purpose.id, rule) for purpose in catalogue.purposes for rule in purpose.rules]
    assert len(rules) == 19
    for purpose, rule in rules:
        assert catalogue.operations[rule.operation].answer, (purpose, rule.operation)
        assert rule.fields is not None, (purpose, rule.operation)
        assert rule.fields.tree


def test_no_rule_reads_addresses_birthdays_places_or_pictures_but_the_profiles_own(catalogue: Catalogue) -> None:
    for purpose in catalogue.purposes:
        for rule in purpose.rules:
            assert rule.fields is not None
            words = set(rule.fields.text.replace("(", ",").replace(")", ",").replace("/", ",").split(","))
            assert not words & {"emails", "birthday", "gender", "location", "geocode", "access", "exif", "placesLived"}
            assert ("image" in words) == (purpose.id == "show-profile")


def test_the_purposes_that_write_are_replying_and_publishing(catalogue: Catalogue) -> None:
    assert [purpose.id for purpose in catalogue.writing()] == ["reply-to-messages", "publish-to-circles"]


def test_what_is_granted_covers_exactly_the_purposes_it_suffices_for(catalogue: Catalogue) -> None:
    six = GOLDEN.split()
    assert catalogue.covered([]) == ()
    assert catalogue.covered(six) == ("link-pages", *CHOICES)
    assert catalogue.covered([six[2]]) == ("link-pages",)
    assert catalogue.covered([six[5], "https://www.googleapis.com/auth/plus.login"]) == ("show-profile",)
    assert catalogue.covered([six[1], six[2], six[5]]) == ("link-pages", "read-messages", "show-profile")


def test_an_unknown_name_is_never_taken_for_nothing(catalogue: Catalogue) -> None:
    with pytest.raises(scopes.UnknownPurpose):
        catalogue.purpose("Read-Messages")
    with pytest.raises(scopes.UnknownPurpose):
        catalogue.scopes_for(["read-messages", "sell-data"])
    with pytest.raises(scopes.UnknownPurpose):
        catalogue.enabled_by("sell-data")
    with pytest.raises(scopes.UnknownPrivilege):
        catalogue.privilege("plus.stream.read")
    with pytest.raises(FileNotFoundError):
        scopes.load("orkut")


def test_a_scope_known_by_another_name_is_called_by_ours(text: str, pages_document: dict[str, object]) -> None:
    catalogue = scopes.parse(f'{text}\n"profile" = "{GOLDEN.split()[5]}"\n', pages_document)
    assert catalogue.canonical(["profile", GOLDEN.split()[5], "other"]) == (GOLDEN.split()[5], "other")


REPLY = 'scopes = ["plus.stream.write", "plus.stream.read", "plus.pages.manage"]'
INSERT = (
    '[[purpose.rule]]\noperation = "plusPages.comments.insert"\nparameters = { onBehalfOf = ["$page"] }\n'
    'fields = "id,actor(id,displayName),published,object(content,originalContent)"\nsubject = "activityId"\n'
)
PHOTO = 'fields = "id,displayName,width,height,published"'
MEDIA_ROW = 'purpose "analyse", rule "plusPages.media.get": '
PROFILE = 'scopes = ["plus.profiles.write"]'
MEDIA = 'parameters = { onBehalfOf = ["$page"], download = ["$absent"] }'


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            'operation = "plusPages.media.get"',
            'operation = "plusPages.media.fetch"',
            'purpose "analyse": unknown operation "plusPages.media.fetch"',
        ),
        (
            'operation = "plusPages.media.get"',
            'operation = "plusPages.media.fetch"',
            'operation "plusPages.media.get": neither in a purpose nor refused',
        ),
        (
            PROFILE,
            'scopes = ["plus.circles.read"]',
            'purpose "show-profile": its scopes could not authorise operation "plusPages.people.get"',
        ),
        (
            PROFILE,
            'scopes = ["plus.circles.read"]',
            'privilege "https://www.googleapis.com/auth/plus.profiles.write": no purpose uses this scope',
        ),
        (PROFILE, "scopes = []", 'purpose "show-profile": needs no scope'),
        (PROFILE, 'scopes = ["plus.me"]', 'purpose "show-profile": unknown scope "plus.me"'),
        (
            PROFILE,
            'scopes = ["plus.profiles.write", "plus.profiles.write"]',
            'purpose "show-profile": "scopes" names "plus.profiles.write" twice',
        ),
        (
            PROFILE,
            'scopes = ["plus.profiles.write", "plus.stream.read"]',
            'purpose "show-profile": none of its operations uses the scope '
            '"https://www.googleapis.com/auth/plus.stream.read"',
        ),
        (
            REPLY,
            'scopes = ["plus.stream.write", "plus.stream.read"]',
            'purpose "reply-to-messages": includes "link-pages" but not its scope '
            '"https://www.googleapis.com/auth/plus.pages.manage"',
        ),
        ('id = "show-profile"', 'id = "analyse"', 'purpose "analyse": duplicate'),
        ('title = "Show your profile"', 'title = "Read messages"', 'purpose "Read messages": duplicate title'),
        (INSERT, INSERT * 2, 'purpose "reply-to-messages": duplicate operation "plusPages.comments.insert"'),
        (
            INSERT,
            INSERT.replace("comments.insert", "people.get"),
            'purpose "reply-to-messages": duplicate operation "plusPages.people.get"',
        ),
        (
            "auth/plus.media.readwrite",
            "auth/plus.stream.read",
            'privilege "https://www.googleapis.com/auth/plus.stream.read": duplicate scope',
        ),
        (
            'label = "Manage your Google+ profile"',
            'label = "View your circles and the people and pages in them"',
            'privilege "View your circles and the people and pages in them": duplicate label',
        ),
        (
            MEDIA,
            'parameters = { onBehalfOf = ["$page"] }',
            'purpose "analyse": operation "plusPages.media.get" leaves parameter "download" undecided',
        ),
        (
            MEDIA,
            'parameters = { download = ["$absent"] }',
            'purpose "analyse": operation "plusPages.media.get" leaves parameter "onBehalfOf" undecided',
        ),
        (
            MEDIA,
            'parameters = { onBehalfOf = ["$page", "$absent"], download = ["$absent"] }',
            'purpose "analyse": operation "plusPages.media.get" may not leave out "onBehalfOf": the API requires it',
        ),
        (
            MEDIA,
            'parameters = { onBehalfOf = ["$pages"], download = [] }',
            'purpose "analyse": operation "plusPages.media.get" has unknown sign "$pages" for "onBehalfOf"',
        ),
        (
            MEDIA,
            'parameters = { onBehalfOf = ["$page"], download = [] }',
            'purpose "analyse": operation "plusPages.media.get" permits no value of "download", not even $absent',
        ),
        (
            MEDIA,
            'parameters = { onBehalfOf = ["$page"], download = ["$absent"], as = ["me"] }',
            'purpose "analyse": operation "plusPages.media.get" has no parameter "as"',
        ),
        (
            'collection = ["plusoners", "resharers"]',
            'collection = ["plusoners", "everyone"]',
            'purpose "analyse": operation "plusPages.people.listByActivity" has value "everyone" for "collection", '
            "which the API does not know",
        ),
        (
            '"plusPages.people.update" =',
            '"plusPages.people.fetch" =',
            'refused "plusPages.people.fetch": unknown operation',
        ),
        (
            '"plusPages.people.update" =',
            '"plusPages.people.get" =',
            'refused "plusPages.people.get": is in a purpose too',
        ),
        (
            '"plusPages.people.update" =',
            '# "plusPages.people.update" =',
            'operation "plusPages.people.update": neither in a purpose nor refused',
        ),
        ("[aliases]", '[aliases]\nprofile = "x"', 'aliases "profile": unknown scope "x"'),
        ("implied = true", "implied = false", 'purpose "analyse": includes "link-pages", which is not an implied'),
        ("implied = true", 'implied = "yes"', 'purpose "link-pages": "implied" must be true or false'),
        (
            "implied = true",
            'implied = true\nincludes = ["link"]',
            'purpose "link-pages": includes unknown purpose "link"',
        ),
        (
            "[refused]",
            '[[purpose]]\nid = "unused"\nimplied = true\n[refused]',
            'purpose "unused": "title" must be a text',
        ),
        ('id = "show-profile"', 'id = "show-profile"\nimplied = true', "implied, but no purpose includes it"),
        ('id = "show-profile"', 'id = "show-profile"\nretains = "x"', 'purpose "show-profile": unknown key "retains"'),
        ('confidence = "high"', 'confidence = " "', '"confidence" must be a text'),
        ("read_on = 2026-11-24", 'read_on = "yesterday"', '"read_on" must be a date'),
        ("read_on = 2026-11-24", "read_on = 2026-11-24T10:00:00", '"read_on" must be a date'),
        ('scopes = ["plus.profiles.write"]', 'scopes = "plus.profiles.write"', '"scopes" must be a list of texts'),
        ('  "activityId",\n', '  "activityId",\n  "onBehalfOf",\n', '"onBehalfOf" names the acting page'),
        ('acts_for = "onBehalfOf"', "", 'catalogue: "acts_for" must be a text'),
        ('title = "Google+"', 'title = "Google+"\ntitle = "Google+"', "catalogue: not readable as TOML"),
        ("parameters = { onBehalfOf", "parameters = 3 #", "parameters"),
        (PHOTO, "", MEDIA_ROW + "does not say which fields of the answer it reads"),
        (PHOTO, 'fields = ""', '"fields" must be a text'),
        (PHOTO, 'fields = "id,"', MEDIA_ROW + '"fields" is no plain selector'),
        (PHOTO, 'fields = "id,id"', MEDIA_ROW + '"fields" is no plain selector'),
        (PHOTO, 'fields = "id,exif(time"', MEDIA_ROW + '"fields" is no plain selector'),
        (PHOTO, 'fields = "id,faces"', MEDIA_ROW + 'has no field "faces" in its answer'),
        (PHOTO, 'fields = "*"', MEDIA_ROW + 'has no field "*" in its answer'),
        (PHOTO, 'fields = "author(id,email)"', MEDIA_ROW + 'has no field "author/email" in its answer'),
        (PHOTO, 'fields = "id/x"', MEDIA_ROW + 'has no field "id/x" in its answer'),
        (PHOTO, 'fields = "author"', MEDIA_ROW + 'reads all of "author"; name the parts that are read'),
        (PHOTO, 'fields = "id,streams"', MEDIA_ROW + 'reads all of "streams"; name the parts that are read'),
        ('subject = "activityId"', 'subject = "postId"', 'is about "postId", which is not a parameter that every call'),
        ('subject = "activityId"', 'subject = "sortOrder"', 'is about "sortOrder", which is not a parameter'),
        ('part_mark = "."', "", 'catalogue: "part_mark" must be a text'),
    ],
)
def test_a_catalogue_that_does_not_add_up_is_refused_and_the_row_named(
    text: str, pages_document: dict[str, object], old: str, new: str, problem: str
) -> None:
    assert old in text
    with pytest.raises(CatalogueError) as refused:
        scopes.parse(text.replace(old, new, 1), pages_document)
    assert any(problem in found for found in refused.value.problems), refused.value.problems
    assert problem in str(refused.value)


def test_all_problems_are_told_at_once(text: str, pages_document: dict[str, object]) -> None:
    broken = text.replace(PROFILE, "scopes = []").replace("media.get", "media.fetch").replace('"+1', '"1')
    with pytest.raises(CatalogueError) as refused:
        scopes.parse(broken, pages_document)
    assert len(refused.value.problems) >= 4


def test_a_catalogue_without_rows_is_refused(pages_document: dict[str, object]) -> None:
    for empty in ("", "purpose = []", "privilege = 3", "refused = 3"):
        with pytest.raises(CatalogueError):
            scopes.parse(empty, pages_document)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"id": "plusPages.people.twin"}, 'operation "b": same verb and path as "plusPages.people.twin"'),
        ({"id": "plusPages.people.plus", "path": "people/{+userId}"}, "is not plain segments"),
        ({"id": "plusPages.people.other", "path": "other/{personId}"}, "and its path parameters differ"),
        ({"id": "plusPages.people.free", "path": "{userId}"}, "has no fixed segment"),
    ],
)
def test_a_document_in_which_an_address_is_not_one_operation_is_refused(
    text: str, change: dict[str, str], problem: str
) -> None:
    twin = {
        "httpMethod": "GET",
        "path": "people/{userId}",
        "parameters": {"userId": {"location": "path", "required": True, "type": "string"}},
        **change,
    }
    doc = {"servicePath": "", "methods": {"a": twin, "b": twin | {"id": "b", "path": "people/{userId}"}}}
    with pytest.raises(CatalogueError) as refused:
        scopes.parse(text, doc)
    assert problem in str(refused.value)


def test_every_operation_has_words_for_the_ledgers_sentences(catalogue: Catalogue) -> None:
    assert set(catalogue.titles) == set(catalogue.operations)
    assert all(title and title[0].islower() and not title.endswith(".") for title in catalogue.titles.values())
