"""From a catalogue file and its discovery document to a `Catalogue`, or to the list of what does not add up."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType
from typing import Any

from scopes.discovery import document
from scopes.errors import CatalogueError
from scopes.fields import Fields, Malformed, read, strange
from scopes.model import Catalogue, Operation, Privilege, Purpose, Rule
from scopes.operations import global_parameters, operations
from scopes.rows import Row, table_of
from scopes.sums import faults

__all__ = ["load", "parse"]


@functools.cache
def load(provider: str = "google-plus") -> Catalogue:
    """The catalogue of one provider, from the package's own data.

    Raises: CatalogueError when it does not add up; FileNotFoundError when there is no such provider.
    """
    text = (
        resources.files("scopes.catalogue").joinpath(f"{provider.replace('-', '_')}.toml").read_text(encoding="utf-8")
    )
    return parse(text, document(table_of(text).get("discovery", "")))


def parse(toml_text: str, document: Mapping[str, Any]) -> Catalogue:
    """Read a catalogue and check it against the discovery document it is about.

    Raises: CatalogueError with every problem found, each naming its row.
    """
    problems: list[str] = []
    catalogue = _read(Row("catalogue", table_of(toml_text), problems), document)
    problems.extend(faults(catalogue))
    if problems:
        raise CatalogueError(problems)
    return catalogue


@dataclass(frozen=True, slots=True)
class _Api:
    """What the discovery document says that rules are read against."""

    operations: Mapping[str, Operation]
    schemas: Mapping[str, Any]


def _read(row: Row, document: Mapping[str, Any]) -> Catalogue:
    privileges = tuple(_privilege(each) for each in row.rows("privilege", named_by="scope"))
    full = {privilege.short: privilege.scope for privilege in privileges}
    api = _Api(operations(document), document.get("schemas", {}))
    catalogue = Catalogue(
        provider=row.text("provider"),
        title=row.text("title"),
        account_word=row.text("account_word"),
        discovery=row.text("discovery"),
        policy_version=row.text("policy_version"),
        policy_section=row.text("policy_section"),
        root_url=document.get("rootUrl", ""),
        acts_for=row.text("acts_for"),
        own_id=row.text("own_id"),
        part_mark=row.text("part_mark"),
        free=frozenset(row.texts("free")),
        we_never=row.texts("we_never"),
        privileges=privileges,
        purposes=tuple(_purpose(each, full, api) for each in row.rows("purpose", named_by="id")),
        operations=api.operations,
        global_parameters=global_parameters(document),
        refused=MappingProxyType(row.table("refused").all_texts()),
        titles=MappingProxyType(row.table("titles").all_texts()),
        aliases=MappingProxyType(row.table("aliases").all_texts()),
    )
    row.done()
    return catalogue


def _privilege(row: Row) -> Privilege:
    privilege = Privilege(
        scope=row.text("scope"),
        label=row.text("label"),
        reason=row.text("reason"),
        policy_section=row.text("policy_section"),
        source=row.text("source"),
        read_on=row.day("read_on"),
        confidence=row.text("confidence"),
    )
    row.done()
    return privilege


def _purpose(row: Row, full: Mapping[str, str], api: _Api) -> Purpose:
    """`full` has each documented scope by its last part, which is how purposes name it."""
    named = row.texts("scopes")
    for short in named:
        if short not in full:
            row.wrong(f'unknown scope "{short}"')
    purpose = Purpose(
        id=row.text("id"),
        title=row.text("title"),
        sentence=row.text("sentence"),
        example=row.text("example"),
        scopes=frozenset(full[short] for short in named if short in full),
        rules=tuple(_rule(each, api) for each in row.rows("rule", named_by="operation")),
        data_read=row.texts("data_read"),
        retention=row.text("retention"),
        implied=row.flag("implied"),
        includes=row.texts("includes", default=()),
    )
    row.done()
    return purpose


def _rule(row: Row, api: _Api) -> Rule:
    operation = row.text("operation")
    parameters = row.table("parameters")
    body = {tuple(path.split(".")): words for path, words in row.table("body").all_lists().items()}
    rule = Rule(
        operation=operation,
        parameters=MappingProxyType(parameters.all_lists()),
        body=MappingProxyType(body),
        fields=_fields(row, api.operations.get(operation), api.schemas),
        subject=row.text("subject", default=None),
    )
    row.done()
    return rule


def _fields(row: Row, operation: Operation | None, schemas: Mapping[str, Any]) -> Fields | None:
    """What is read of the answer: named wherever there is one. An unknown operation is told elsewhere."""
    text = row.text("fields", default=None)
    if operation is None:
        return None
    if text is None or not operation.answer:
        if text is None and operation.answer:
            row.wrong("does not say which fields of the answer it reads")
        if text is not None:
            row.wrong("names fields of an answer, and there is none")
        return None
    try:
        fields = read(text)
    except Malformed:
        row.wrong('"fields" is no plain selector, such as items(id,actor/id),nextPageToken')
        return None
    for fault in strange(fields.tree, {"$ref": operation.answer}, schemas):
        row.wrong(fault)
    return fields
