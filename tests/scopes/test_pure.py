"""The package can be used alone: it imports nothing but itself and a short list of the standard library."""

import ast
from pathlib import Path

import scopes

PURE = {
    "collections", "dataclasses", "datetime", "functools", "importlib", "json", "operator",
    "re", "scopes", "tomllib", "types", "typing", "urllib",
}  # fmt: skip


CLOCKS = {"now", "today", "utcnow"}


def test_no_module_imports_input_output_a_clock_or_randomness() -> None:
    for file in Path(scopes.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            match node:
                case ast.ImportFrom(module=str(module)):
                    assert module.partition(".")[0] in PURE, file.name
                case ast.Import(names=names):
                    assert {alias.name.partition(".")[0] for alias in names} <= PURE, file.name
                case ast.Attribute(attr=attr):
                    assert attr not in CLOCKS, file.name


def test_every_public_name_is_there() -> None:
    assert all(hasattr(scopes, name) for name in scopes.__all__)
    assert callable(scopes.decide)
    assert callable(scopes.load)
