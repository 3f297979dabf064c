"""Google discovery documents, as project data.

`plusPages-v2.json` is a reconstruction: the API closed on 7 March 2019 and Google's own document is not public.
"""

import functools
import json
from importlib import resources
from typing import Any

__all__ = ["document"]


def document(name: str) -> dict[str, Any]:
    """One discovery document, for example `plusPages-v2`, as a dictionary of the caller's own.

    NOTE: never the same dictionary twice: google-api-python-client changes the one it builds a service from.

    Raises: FileNotFoundError when the project has no document of that name.
    """
    loaded: dict[str, Any] = json.loads(_text(name))
    return loaded


@functools.cache
def _text(name: str) -> str:
    return resources.files(__name__).joinpath(f"{name}.json").read_text(encoding="utf-8")
