"""Policy documents of IAM: the statements in one, and what a statement speaks of.

Source: IAM user guide, reference_policies_grammar and reference_policies_elements.
"""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def statements(document: str | bytes) -> Iterator[Mapping[str, Any]]:
    """Every statement of a policy document, which may hold one alone."""
    read: Any = json.loads(document)
    yield from cast("list[dict[str, Any]]", several(read.get("Statement")))


def several(given: Any) -> list[Any]:
    """A member that may stand alone or in a list, as a list; empty when it is not there."""
    return cast("list[Any]", given) if isinstance(given, list) else [given] if given else []


def speaks_of(statement: Mapping[str, Any], action: str, resource: str) -> bool:
    """Whether a statement's actions and resources hold these; its principals and conditions are not looked at."""
    return _in(statement, "Action", action.lower()) and _in(statement, "Resource", resource)


def _in(statement: Mapping[str, Any], key: str, value: str) -> bool:
    """Whether a value is among those of a key, or not among those of its negation."""
    negated = f"Not{key}" in statement
    patterns = several(statement.get(f"Not{key}" if negated else key))
    lower = key == "Action"
    found = any(fnmatchcase(value, str(one).lower() if lower else str(one)) for one in patterns)
    return found != negated
