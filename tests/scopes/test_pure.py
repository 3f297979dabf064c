"""The package can be used alone: it imports nothing but itself and a short list of the standard library."""

import ast
from pathlib import Path

import scopes

PURE = {
    "collections", "dataclasses", "functools", "importlib", "json", "operator",
    "re", "scopes", "tomllib", "types", "typing", "urllib",
}  # fmt: skip


def test_no_module_imports_input_output_a_clock_or_randomness() -> None:
    for file in Path(scopes.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                named = {node.module or ""}
                if node.module == "datetime":
                    named = set()
                    assert {"now", "today"}.isdisjoint(ast.dump(ast.parse(file.read_text(encoding="utf-8"))).split("'"))
            elif isinstance(node, ast.Import):
                named = {alias.name for alias in node.names}
            else:
                continue
            assert {name.partition(".")[0] for name in named} <= PURE, file.name


def test_every_public_name_is_there() -> None:
    assert all(hasattr(scopes, name) for name in scopes.__all__)
    assert callable(scopes.decide)
    assert callable(scopes.load)
