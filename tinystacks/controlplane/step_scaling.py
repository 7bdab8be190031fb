"""Step scaling of services on alarms of the user (S6, S13, S14)."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

from tinystacks.controlplane import desired_count
from tinystacks.controlplane.scalable_targets import validation_error

if TYPE_CHECKING:
    from tinystacks.controlplane.model import ScalableTarget, ScalingPolicy, Service
    from tinystacks.controlplane.state import State
    from tinystacks.controlplane.types import Document

DEFAULT_COOLDOWN = 300
MOST_STEPS = 20
KINDS = {"ChangeInCapacity", "ExactCapacity", "PercentChangeInCapacity"}


def check(configuration: Document) -> None:
    """Refuse step adjustments with gaps, overlaps or more than one open end."""
    steps: list[Document] = configuration.get("StepAdjustments") or []
    if configuration.get("AdjustmentType") not in KINDS:
        raise validation_error("AdjustmentType must be ChangeInCapacity, ExactCapacity or PercentChangeInCapacity.")
    if not 0 < len(steps) <= MOST_STEPS:
        raise validation_error(f"1 to {MOST_STEPS} step adjustments must be given.")
    ordered = sorted((_bounds(one) for one in steps), key=lambda bounds: bounds[0])
    for left, right in pairwise(ordered):
        if left[1] != right[0]:
            raise validation_error("The step adjustments must not overlap or leave gaps.")


def act(state: State, target: ScalableTarget, policy: ScalingPolicy, alarm: str, breach: float) -> None:
    """Scale by the step that a breach (metric minus threshold) falls into."""
    service = state.services.get((target.cluster, target.service))
    if service is None or service.status != "ACTIVE":
        return
    step = next((one for one in policy.configuration["StepAdjustments"] if _contains(_bounds(one), breach)), None)
    if step is None:
        return
    adjustment = int(step["ScalingAdjustment"])
    current = service.desired_count
    cause = f"monitor alarm {alarm} in state ALARM triggered policy {policy.name}"
    given = policy.configuration.get("Cooldown")
    cooldown = float(DEFAULT_COOLDOWN if given is None else given)
    in_cooldown = state.now < target.out_until
    base = target.out_from_desired if in_cooldown and adjustment > 0 else current
    count = min(max(_adjusted(policy.configuration, adjustment, base), target.min_capacity), target.max_capacity)
    if count > current and not target.suspended_state.get("DynamicScalingOutSuspended"):
        desired_count.scale_out(state, target, service, count, cause, cooldown=cooldown)
    elif count < current and _shrinks(policy.configuration, adjustment, current):
        _scale_in(state, target, service, count=count, cause=cause, cooldown=cooldown)


def _shrinks(configuration: Document, adjustment: int, current: int) -> bool:
    """Whether an adjustment is meant to remove tasks."""
    return adjustment < current if configuration["AdjustmentType"] == "ExactCapacity" else adjustment < 0


def _scale_in(
    state: State, target: ScalableTarget, service: Service, *, count: int, cause: str, cooldown: float
) -> None:
    primary = service.primary
    deploying = primary is not None and primary.rollout_state == "IN_PROGRESS"
    if deploying or state.now < target.in_until or target.suspended_state.get("DynamicScalingInSuspended"):
        return
    desired_count.change(state, target, service, count, cause)
    target.in_until = state.now + cooldown


def _bounds(step: Document) -> tuple[float, float]:
    lower, upper = step.get("MetricIntervalLowerBound"), step.get("MetricIntervalUpperBound")
    return (float("-inf") if lower is None else float(lower), float("inf") if upper is None else float(upper))


def _contains(bounds: tuple[float, float], breach: float) -> bool:
    """Above the threshold the lower bound belongs to the step, below it the upper one."""
    lower, upper = bounds
    return lower <= breach < upper if breach >= 0 else lower < breach <= upper


def _adjusted(configuration: Document, adjustment: int, current: int) -> int:
    kind = configuration["AdjustmentType"]
    if kind == "ExactCapacity":
        return adjustment
    if kind == "ChangeInCapacity":
        return current + adjustment
    change = _rounded(current * adjustment / 100)
    least = int(configuration.get("MinAdjustmentMagnitude") or 0)
    if change and abs(change) < least:
        change = int(math.copysign(least, change))
    return current + change


def _rounded(change: float) -> int:
    """Round towards zero, but never to nothing (S14)."""
    if 0 < abs(change) < 1:
        return 1 if change > 0 else -1
    return int(change)
