"""Tags in the API's list form and as a dictionary."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tinystacks.controlplane.types import Document


def as_dict(tags: Sequence[Document]) -> dict[str, str]:
    """Turn `[{"key": …, "value": …}]` into a dictionary."""
    return {one["key"]: one.get("value") or "" for one in tags}
