"""Policy documents of IAM: the statements in one, and what a statement speaks of.

Source: IAM user guide, reference_policies_grammar and reference_policies_elements.
"""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


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


def decision(given: Sequence[Mapping[str, Any]], action: str, resource: str) -> str:
    """What statements say of an action, as SimulatePrincipalPolicy names it.

    An explicit deny goes first, what nothing allows is denied (IAM user guide, policy evaluation logic). Conditions are
    not looked at: they count as met where a statement allows, and as not met where it denies.

    Args:
        given: the statements.
        action: such as `ssmmessages:OpenDataChannel`.
        resource: ARN, or `*` for an action that knows none.

    Returns:
        `allowed`, `explicitDeny` or `implicitDeny`.
    """
    speaking = [one for one in given if speaks_of(one, action, resource)]
    if any(one.get("Effect") == "Deny" and not one.get("Condition") for one in speaking):
        return "explicitDeny"
    return "allowed" if any(one.get("Effect") == "Allow" for one in speaking) else "implicitDeny"


def statements_of_role(role: Any) -> Iterator[Mapping[str, Any]]:
    """Every statement of a role's own policies and of those that are attached to it.

    Args:
        role: as moto keeps it.
    """
    attached = [
        version.document
        for policy in list(role.managed_policies.values())
        for version in list(policy.versions)
        if version.version_id == policy.default_version_id
    ]
    for document in [*list(role.policies.values()), *attached]:
        yield from statements(document)


def _in(statement: Mapping[str, Any], key: str, value: str) -> bool:
    """Whether a value is among those of a key, or not among those of its negation."""
    negated = f"Not{key}" in statement
    patterns = several(statement.get(f"Not{key}" if negated else key))
    lower = key == "Action"
    found = any(fnmatchcase(value, str(one).lower() if lower else str(one)) for one in patterns)
    return found != negated
