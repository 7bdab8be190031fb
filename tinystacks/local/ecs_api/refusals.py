"""How ECS words what is wrong in a request's values."""

from __future__ import annotations

from tinystacks.local.json_api.errors import ApiError
from tinystacks.local.json_api.shapes import Finding, Kind

_CLIENT_EXCEPTION = frozenset({"RegisterTaskDefinition", "CreateCapacityProvider", "UpdateCapacityProvider"})
"""Operations that report bad values as `ClientException`; the others use `InvalidParameterException`."""


def refusal(operation: str, findings: list[Finding]) -> ApiError:
    """Make ECS's error for a request whose values do not fit.

    Args:
        operation: name of the operation.
        findings: at least one fault.
    """
    code = "ClientException" if operation in _CLIENT_EXCEPTION else "InvalidParameterException"
    return ApiError(code, "\n".join(_sentence(finding) for finding in findings))


def _sentence(finding: Finding) -> str:
    match finding.kind:
        case Kind.MISSING:
            parent, _, name = finding.path.rpartition(".")
            return f'Missing required parameter in {parent or "input"}: "{name}"'
        case Kind.UNKNOWN:
            parent, _, name = finding.path.rpartition(".")
            return f'Unknown parameter in {parent or "input"}: "{name}", must be one of: {finding.detail}'
        case Kind.ENUM:
            return f'Invalid value "{finding.value}" for parameter {finding.path}, must be one of: {finding.detail}'
        case Kind.MINIMUM:
            return f"Invalid {finding.detail.split()[0]} for parameter {finding.path}, minimum {_bound(finding)}"
        case Kind.MAXIMUM:
            return f"Invalid {finding.detail.split()[0]} for parameter {finding.path}, maximum {_bound(finding)}"
        case _:
            return f'Invalid value "{finding.value}" for parameter {finding.path}'


def _bound(finding: Finding) -> str:
    return finding.detail.split()[1]
