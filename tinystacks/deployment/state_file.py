"""Reading the engine's state from the file where a file backend keeps it.

`pulumi stack export` gives the same and takes the start of a process, a third of a second, before every command. A
form that is not known here (another version, compressed, no update yet) is left to the engine.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from tinystacks.deployment.engine_state import State

if TYPE_CHECKING:
    from tinystacks.deployment.engine_state import Place

_KNOWN_VERSIONS = (3, 4)
"""Of `apitype.VersionedCheckpoint` in Pulumi's sdk/go/common/apitype; 4 adds `features`."""


def read_state_file(place: Place) -> State | None:
    """Give a stage's state as `pulumi stack export` would; none where only the engine can tell.

    Args:
        place: where the engine keeps it.
    """
    url = urlsplit(place.backend_url)
    if url.scheme != "file":
        return None
    path = Path(unquote(url.path), ".pulumi", "stacks", place.project, f"{place.stage}.json")
    try:
        kept: Any = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    match kept:
        case {"version": version, "checkpoint": {"latest": {} as latest}} if version in _KNOWN_VERSIONS and latest:
            return State(export={**{key: kept[key] for key in kept if key != "checkpoint"}, "deployment": latest})
        case _:
            return None
