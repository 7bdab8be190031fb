"""What the models cannot say by themselves: rules over several fields, each with the AWS rule it stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.spec.checks import (
    containers,
    endpoint,
    fargate,
    identifiers,
    instances,
    names,
    network,
    packing,
    placement_modes,
    routes,
    scaling,
    secrets,
    state,
    updates,
)
from tinystacks.spec.messages import in_file_order, locate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tinystacks.errors import Problem
    from tinystacks.spec.checks.finding import Finding
    from tinystacks.spec.model import StageSpec

SERVICE_CHECKS: Sequence[Callable[[StageSpec], Iterable[Finding]]] = (
    names.check,
    containers.check,
    secrets.check,
    identifiers.check,
    state.check,
    routes.check,
    scaling.check,
    updates.check,
)
"""Checks that look at services alone, not at what they run on."""
CHECKS: Sequence[Callable[[StageSpec], Iterable[Finding]]] = (
    *SERVICE_CHECKS,
    instances.check,
    placement_modes.check,
    packing.check,
    fargate.check,
    network.check,
    endpoint.check,
)
"""Every check; none depends on another."""


def check_stage(
    stage: StageSpec,
    checks: Iterable[Callable[[StageSpec], Iterable[Finding]]] = CHECKS,
    *,
    believed: Callable[[Finding], bool] = lambda _finding: True,
) -> list[Problem]:
    """Give every error and warning of a stage that is well-formed and filled in, in the order of the file.

    Args:
        stage: the stage.
        checks: what to look for.
        believed: says of a finding whether it counts.
    """
    origin = stage.origin
    findings = dict.fromkeys(finding for check in checks for finding in check(stage))
    return in_file_order(
        locate(origin, finding.path, finding.message, code=finding.code, severity=finding.severity)
        for finding in findings
        if believed(finding)
    )
