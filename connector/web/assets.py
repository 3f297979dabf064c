"""Our own static files, at addresses that change with their bytes."""

import hashlib
from pathlib import Path

from flask import Blueprint

__all__ = ["asset", "blueprint"]

_FOLDER = Path(__file__).parent / "static"

# The blueprint that brings templates and static files. It has no views, so it needs no guard.
blueprint = Blueprint("pages", __name__, template_folder="templates", static_folder="static", static_url_path="/assets")

_HASHES = {file.name: hashlib.sha256(file.read_bytes()).hexdigest()[:16] for file in _FOLDER.iterdir()}


def asset(name: str) -> str:
    """The address of a static file. Raises: KeyError for a file that does not exist."""
    return f"/assets/{name}?v={_HASHES[name]}"
