"""Which failures pass by themselves, so that one more try of the whole is right (traps H2, H1, C7)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tinystacks.deployment.engine_errors import refusals
from tinystacks.deployment.events import Notice

if TYPE_CHECKING:
    from tinystacks.deployment.engine_errors import EngineFailure

_PASSING = tuple(
    re.compile(pattern)
    for pattern in (
        # IAM is eventually consistent: what was just made is not yet seen by other services.
        r"Invalid IAM Instance Profile",
        r"Invalid iamInstanceProfile",
        r"(?:unable to|cannot|could not) (?:be )?assume",
        r"Unable to assume the service linked role",
        r"verify that the ECS service role being passed has the proper permissions",
        r"does not have an associated load balancer",
        r"No scalable target registered",
        # Network interfaces and load balancers let go of groups and subnets some minutes after their deletion.
        r"DependencyViolation",
        r"ResourceInUseException",
        r"ResourceInUse\b",
        # Throttling and faults of AWS or of the way there.
        r"Throttling",
        r"Rate exceeded",
        r"RequestLimitExceeded",
        r"TooManyRequestsException",
        r"ServiceUnavailable",
        r"InternalFailure",
        r"connection reset by peer",
        r"i/o timeout",
        r"TLS handshake timeout",
    )
)


def passes_by_itself(text: str) -> bool:
    """Whether a failure is one that often does not come again.

    Args:
        text: error diagnostics of the engine.
    """
    return any(pattern.search(text) for pattern in _PASSING)


def trying_again(failure: EngineFailure) -> Notice:
    """Say that the whole is tried once more, and why: the failure ends no command, so that nothing else tells it."""
    return Notice(message=f"AWS refused something that mostly passes; trying once more.\n{refusals(failure)}".strip())
