"""Answers and properties that may be absent, in the one form that code wants to walk over."""

from __future__ import annotations

from typing import Any


def block(value: Any) -> dict[str, Any]:
    """A block, empty when it is absent."""
    return value or {}


def blocks(value: Any) -> list[dict[str, Any]]:
    """Blocks, none when they are absent."""
    return value or []


def texts(value: Any) -> list[str]:
    """Texts, none when they are absent."""
    return value or []


def present(members: dict[str, Any]) -> dict[str, Any]:
    """The members that are not None, as arguments of a call."""
    return {name: value for name, value in members.items() if value is not None}
