"""What a customer is shown says everything that will be asked, the same way each time."""

import itertools
import json

import pytest

import scopes
from scopes import Catalogue

ALL = ("read-messages", "reply-to-messages", "publish-to-circles", "analyse", "show-profile")


def test_the_disclosure_asks_for_exactly_what_the_request_will(catalogue: Catalogue) -> None:
    for size in range(len(ALL) + 1):
        for chosen in itertools.combinations(ALL, size):
            shown = scopes.disclose(catalogue, chosen)
            assert tuple(asked.scope for asked in shown.asked_for) == catalogue.scopes_for(chosen)
            assert tuple(row.id for row in shown.rows) == chosen
            told = {asked.scope for row in shown.rows for asked in row.scopes}
            assert told == {asked.scope for asked in shown.asked_for}


def test_each_purpose_is_shown_with_its_reason_an_example_and_what_is_read_and_kept(catalogue: Catalogue) -> None:
    shown = scopes.disclose(catalogue, ALL)
    assert shown.policy_version == "2018-10-06"
    assert shown.policy_section == "Collected data from Google users"
    assert len(shown.we_never) == 3
    for row in (*shown.rows, *shown.included):
        assert all((row.title, row.sentence, row.example, row.scopes, row.data_read, row.retention)), row
        assert row.sentence.count(".") == 1, "one sentence"
        assert "!" not in row.sentence + row.example
    for asked in shown.asked_for:
        assert asked.label
        assert asked.reason


def test_what_comes_with_a_purpose_is_disclosed_with_it(catalogue: Catalogue) -> None:
    assert [row.id for row in scopes.disclose(catalogue, ["analyse"]).included] == ["link-pages"]
    assert scopes.disclose(catalogue, ["show-profile"]).included == ()
    assert [row.id for row in scopes.disclose(catalogue, ["link-pages", "analyse"]).rows] == ["link-pages", "analyse"]


def test_the_same_choice_gives_the_same_json_in_any_order(catalogue: Catalogue) -> None:
    texts = {
        json.dumps(scopes.disclose(catalogue, chosen).as_json())
        for chosen in (*itertools.permutations(ALL), (*ALL, *ALL))
    }
    assert len(texts) == 1
    told = json.loads(texts.pop())
    assert [row["id"] for row in told["purposes"]] == list(ALL)
    assert told == scopes.disclose(catalogue, ALL).as_json()


def test_a_different_choice_gives_a_different_json(catalogue: Catalogue) -> None:
    choices = [chosen for size in range(6) for chosen in itertools.combinations(ALL, size)]
    assert len({json.dumps(scopes.disclose(catalogue, chosen).as_json()) for chosen in choices}) == len(choices)


def test_an_unknown_purpose_is_not_disclosed(catalogue: Catalogue) -> None:
    with pytest.raises(scopes.UnknownPurpose):
        scopes.disclose(catalogue, ["read-messages", "sell-data"])


def test_every_scope_is_justified_in_its_own_paragraph(catalogue: Catalogue) -> None:
    paragraphs = scopes.justification(catalogue).split("\n\n")
    assert len(paragraphs) == len(catalogue.privileges)
    for privilege, paragraph in zip(catalogue.privileges, paragraphs, strict=True):
        assert paragraph.startswith(f"{privilege.scope}\n“{privilege.label}”\n{privilege.reason}\n")
        users = [p.title for p in catalogue.purposes if privilege.scope in p.scopes]
        assert all(f"- {title}." in paragraph for title in users)


def test_the_description_names_every_scope_purpose_and_operation(catalogue: Catalogue) -> None:
    text = scopes.describe(catalogue)
    for privilege in catalogue.privileges:
        assert privilege.label in text
        assert privilege.short in text
    for purpose in catalogue.purposes:
        assert purpose.sentence in text
    for operation in catalogue.operations:
        assert operation in text
