"""What was promised, as data, and the one rule that holds it. Pure: no Flask, network, clock or randomness."""

from scopes.decide import decide, holds, need, require
from scopes.disclosure import AskedFor, DisclosedPurpose, Disclosure, describe, disclose, justification
from scopes.drift import check
from scopes.errors import CatalogueError, NotForPurpose, UnknownPrivilege, UnknownPurpose
from scopes.load import load, parse
from scopes.model import (
    Catalogue,
    Need,
    Operation,
    Parameter,
    Privilege,
    Purpose,
    Refusal,
    RoutedCall,
    Rule,
    Unroutable,
)
from scopes.promise import Promise, promises
from scopes.routing import Router

__all__ = [
    "AskedFor",
    "Catalogue",
    "CatalogueError",
    "DisclosedPurpose",
    "Disclosure",
    "Need",
    "NotForPurpose",
    "Operation",
    "Parameter",
    "Privilege",
    "Promise",
    "Purpose",
    "Refusal",
    "RoutedCall",
    "Router",
    "Rule",
    "UnknownPrivilege",
    "UnknownPurpose",
    "Unroutable",
    "check",
    "decide",
    "describe",
    "disclose",
    "holds",
    "justification",
    "load",
    "need",
    "parse",
    "promises",
    "require",
]
