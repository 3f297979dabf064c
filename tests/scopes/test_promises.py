"""The promise table is whole and honest, and the check finds what drifted."""

import dataclasses
import importlib.util
from pathlib import Path
from typing import Any

import pytest

import scopes
from scopes import Catalogue, CatalogueError
from scopes.promise import parse_promises

ROOT = Path(__file__).parents[2]
ROW = """[[promise]]
id = "P01"
section = "s"
clause = "c"
does = "d"
state = "planned"
evidence = "e"
"""


def test_every_clause_has_a_row_in_its_order() -> None:
    assert [promise.id for promise in scopes.promises()] == [f"P{number:02}" for number in range(1, 29)]


def test_a_promise_is_called_enforced_only_where_code_and_a_test_exist() -> None:
    for promise in scopes.promises():
        for module in promise.enforced_by:
            assert importlib.util.find_spec(module), (promise.id, module)
        for test in promise.proved_by:
            assert (ROOT / f"{test.replace('.', '/')}.py").is_file(), (promise.id, test)
        assert (promise.state == "enforced") == bool(promise.enforced_by) == bool(promise.proved_by)


def test_nothing_has_drifted(catalogue: Catalogue) -> None:
    assert scopes.check(catalogue) == ()


def test_a_promise_without_code_or_without_a_test_is_found(catalogue: Catalogue) -> None:
    kept = next(promise for promise in scopes.promises() if promise.state == "enforced")
    for change, finding in (
        ({"enforced_by": ()}, "names no code"),
        ({"proved_by": ()}, "names no test"),
        ({"state": "planned"}, "planned, but names"),
    ):
        (found,) = scopes.check(catalogue, (dataclasses.replace(kept, **change),))
        assert kept.id in found
        assert finding in found


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ({"label": "Manage your profile"}, "another label"),
        ({"scope": "https://www.googleapis.com/auth/plus.profiles.readwrite"}, "does not know this scope"),
        ({"policy_section": "Cookies"}, "another section"),
    ],
)
def test_a_privilege_that_drifted_is_found(catalogue: Catalogue, change: dict[str, Any], finding: str) -> None:
    *others, profile = catalogue.privileges
    given = {
        field.name: getattr(catalogue, field.name) for field in dataclasses.fields(catalogue) if field.init
    } | {"privileges": (*others, dataclasses.replace(profile, **change))}  # fmt: skip
    found = scopes.check(scopes.Catalogue(**given))
    assert len(found) == 1
    assert finding in found[0]


def test_a_label_may_differ_from_googles_by_a_comma_only(catalogue: Catalogue) -> None:
    assert catalogue.privileges[0].label == "Manage your Google+ posts, comments and stream"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (ROW * 2, 'promise "P01": duplicate'),
        (ROW.replace("planned", "kept"), 'promise "P01": "state" must be enforced or planned'),
        (ROW.replace('clause = "c"\n', ""), 'promise "P01": "clause" must be a text'),
        (ROW + "owner = 3\n", 'promise "P01": unknown key "owner"'),
        ("", 'must have one or more rows "promise"'),
        ("=", "not readable as TOML"),
    ],
)
def test_a_promise_table_that_is_not_well_formed_is_refused(text: str, problem: str) -> None:
    with pytest.raises(CatalogueError) as refused:
        parse_promises(text)
    assert any(problem in found for found in refused.value.problems)
