"""Where a person goes after signing in: one of our own pages, named here, or the start page (R14)."""

import re

__all__ = ["START", "own_path"]

START = "/"

# An allowlist of whole paths. Nothing is decoded, trimmed or lower-cased first, so no other spelling can slip through.
_ID = r"[A-Za-z0-9_-]{1,80}"
_OWN = re.compile(rf"/(?:inbox(?:/{_ID})?|settings|activity|connect/{_ID}(?:/pages/{_ID})?|admin/(?:grants|ledger))")


def own_path(wanted: str | None) -> str:
    """The wanted path when it is one of ours, else the start page."""
    return wanted if wanted is not None and _OWN.fullmatch(wanted) else START
