"""Words that every module of the control plane shares."""

from __future__ import annotations

from typing import Any

Document = dict[str, Any]
"""A nested structure of the API in its own spelling (camelCase for ECS, PascalCase for Application Auto Scaling)."""


def items(document: Document | None, key: str) -> list[Document]:
    """Read a list of structures; one that is not given is empty."""
    found: list[Document] | None = (document or {}).get(key)
    return found or []


def part(document: Document | None, key: str) -> Document:
    """Read a nested structure; one that is not given is empty."""
    found: Document | None = (document or {}).get(key)
    return found or {}


def words(document: Document | None, key: str) -> list[str]:
    """Read a list of strings; one that is not given is empty."""
    found: list[str] | None = (document or {}).get(key)
    return found or []
