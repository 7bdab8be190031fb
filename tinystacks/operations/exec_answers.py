"""Reading AWS's answers, in which any member may be absent or null."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def members(document: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """Give a list of structures; empty when it is absent."""
    return list(document.get(name) or ())


def text(document: Mapping[str, Any], name: str) -> str:
    """Give a text; empty when it is absent."""
    return str(document.get(name) or "")


def named(documents: Iterable[Mapping[str, Any]], name: str) -> Mapping[str, Any]:
    """Give the structure with a name; an empty one when there is none."""
    for document in documents:
        if document.get("name") == name:
            return document
    return {}
