"""How Application Auto Scaling words what is wrong in a request."""

from __future__ import annotations

from tinystacks.local.json_api.errors import ApiError
from tinystacks.local.json_api.shapes import Finding, Kind


def refusal(_operation: str, findings: list[Finding]) -> ApiError:
    """Make the `ValidationException` for a request whose values do not fit.

    Args:
        findings: at least one fault.
    """
    count = len(findings)
    head = f"{count} validation error{'' if count == 1 else 's'} detected: "
    return ApiError("ValidationException", head + "; ".join(_sentence(finding) for finding in findings))


def _sentence(finding: Finding) -> str:
    value = "null" if finding.value is None else f"'{finding.value}'"
    return f"Value {value} at '{_path(finding.path)}' failed to satisfy constraint: {_constraint(finding)}"


def _path(path: str) -> str:
    """Write a member's path as the service does, each name with a small first letter."""
    return ".".join(name[:1].lower() + name[1:] for name in path.split("."))


def _constraint(finding: Finding) -> str:
    match finding.kind:
        case Kind.MISSING:
            return "Member must not be null"
        case Kind.UNKNOWN:
            return f"Member must be one of: [{finding.detail}]"
        case Kind.ENUM:
            return f"Member must satisfy enum value set: [{finding.detail}]"
        case Kind.MINIMUM | Kind.MAXIMUM:
            what, bound = finding.detail.split()
            relation = "greater" if finding.kind is Kind.MINIMUM else "less"
            subject = "Member must have length" if what == "length" else "Member must have value"
            return f"{subject} {relation} than or equal to {bound}"
        case _:
            return f"Member must satisfy regular expression pattern: {finding.detail}"
