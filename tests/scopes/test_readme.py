"""What scopes/README.md says is so."""

import dataclasses
import re
import tomllib
from pathlib import Path

import scopes

FOLDER = Path(scopes.__file__).parent
README = (FOLDER / "README.md").read_text(encoding="utf-8")


def test_the_example_runs_and_is_allowed() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    before, _, decision = code.partition("scopes.decide(")
    names: dict[str, object] = {}
    exec(before + "answer = scopes.decide(" + decision, names)  # noqa: S102 — our own document
    assert isinstance(names["answer"], scopes.Need)


def test_every_file_of_the_package_is_named() -> None:
    for file in FOLDER.glob("*.py"):
        assert file.name in (*re.findall(r"`(\w+\.py)`", README), "__init__.py", "errors.py", "model.py")


def test_every_key_of_a_privilege_and_a_purpose_is_explained(text: str) -> None:
    table = tomllib.loads(text)
    for key in {key for kind in ("privilege", "purpose") for row in table[kind] for key in row} - {"rule"}:
        assert f"`{key}`" in README, key
    for field in dataclasses.fields(scopes.Rule):
        assert f"`{field.name}`" in README, field.name
