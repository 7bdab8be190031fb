"""Reading nested documents of AWS's APIs, in which anything may be absent or null."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def structure(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A nested structure; empty when it is absent or null."""
    found: Mapping[str, Any] | None = document.get(name)
    return dict(found) if found else {}


def members(document: Mapping[str, Any], name: str) -> list[Any]:
    """A nested list; empty when it is absent or null."""
    found: list[Any] | None = document.get(name)
    return list(found) if found else []
