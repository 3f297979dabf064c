"""Google discovery documents, as project data.

`plusPages-v2.json` is a reconstruction: the API closed on 7 March 2019 and Google's own document is not public.
"""

import functools
import json
from importlib import resources
from typing import Any

__all__ = ["document"]


@functools.cache
def document(name: str) -> dict[str, Any]:
    """Read one discovery document, for example `plusPages-v2`; callers must not change the dictionary.

    Raises: FileNotFoundError when the project has no document of that name.
    """
    text = resources.files(__name__).joinpath(f"{name}.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded
