"""Scaling policies of groups that an alarm sets off (EC2 Auto Scaling user guide, as-scaling-simple-step)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from tinystacks.local.groups import zoned_groups

if TYPE_CHECKING:
    from tinystacks.local.emulation import Emulation

DEFAULT_PAUSE_SECONDS = 300.0
"""Cooldown of a simple policy, warm-up of a step policy, where neither says one."""


class GroupPolicies:
    """Carries out step and simple policies.

    Args:
        emulation: moto.
    """

    def __init__(self, emulation: Emulation) -> None:
        self._emulation = emulation
        self._last: dict[str, float] = {}

    def set_off(self, region: str, arn: str, *, alarm: str, value: float, threshold: float, now: float) -> None:
        """Do what a policy says, unless it acted a moment ago; an ARN that is no policy's is somebody else's."""
        with self._emulation.lock:
            backend = self._emulation.autoscaling(region)
            policies: list[Any] = list(backend.policies.values())
            policy = next((one for one in policies if one.arn == arn), None)
            groups = zoned_groups(list(backend.autoscaling_groups.values()))
            group = next((one for one in groups if policy and one.name == policy.auto_scaling_group_name), None)
            if policy is None or group is None:
                return
            pause = float(policy.cooldown or policy.estimated_instance_warmup or DEFAULT_PAUSE_SECONDS)
            if now - self._last.get(arn, -math.inf) < pause:
                return
            before = group.desired_capacity or 0
            change = adjustment(policy, before, value - threshold)
            after = max(group.min_size or 0, min(group.max_size or 0, before + change))
            if after == before:
                return
            self._last[arn] = now
            group.cause = (
                f"a monitor alarm {alarm} in state ALARM triggered policy {policy.name} "
                f"changing the desired capacity from {before} to {after}."
            )
            group.set_desired_capacity(after)


def adjustment(policy: Any, capacity: int, over: float) -> int:
    """By how many instances a policy changes a group.

    Args:
        policy: moto's policy.
        capacity: present desired capacity.
        over: how far the metric is above (or, negative, below) the alarm's threshold.
    """
    amount = _amount(policy, over)
    if amount is None:
        return 0
    match policy.adjustment_type:
        case "ExactCapacity":
            return amount - capacity
        case "PercentChangeInCapacity":
            share = capacity * amount / 100
            # Rounding: above 1 down, 0 to 1 up, -1 to 0 down, below -1 towards zero (user guide).
            change = math.copysign(max(1, math.floor(abs(share))), share) if share else 0
            return int(math.copysign(max(abs(change), int(policy.min_adjustment_magnitude or 0)), change))
        case _:
            return amount


def _amount(policy: Any, over: float) -> int | None:
    if policy.policy_type == "SimpleScaling":
        return int(policy.scaling_adjustment or 0)
    if policy.policy_type != "StepScaling":
        return None
    steps: list[Any] = list(policy.step_adjustments or [])
    for step in steps:
        lower, upper = step.get("MetricIntervalLowerBound"), step.get("MetricIntervalUpperBound")
        low = -math.inf if lower in {None, ""} else float(lower)
        high = math.inf if upper in {None, ""} else float(upper)
        # Above the threshold the lower bound is inclusive, below it the upper one.
        if (low <= over < high) if over >= 0 else (low < over <= high):
            return int(step["ScalingAdjustment"])
    return None
