"""What a check finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from tinystacks.spec.positions import KeyPath


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong or doubtful in a stage.

    Attributes:
        path: the field to change, from the top of the stage.
        code: stable name of the rule.
        message: what is wrong; what would be right.
        severity: `error` refuses the stage, `warning` is only shown.
    """

    path: KeyPath
    code: str
    message: str
    severity: Literal["error", "warning"] = "error"


def error(path: KeyPath, code: str, message: str) -> Finding:
    """Make a finding that refuses the stage."""
    return Finding(path=path, code=code, message=message)


def warning(path: KeyPath, code: str, message: str) -> Finding:
    """Make a finding that is only shown."""
    return Finding(path=path, code=code, message=message, severity="warning")
