"""Target tracking of services: votes of the policies each minute, cooldowns, bounds (S3-S11, S19)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tinystacks.controlplane import desired_count, scaling_alarms

if TYPE_CHECKING:
    from tinystacks.controlplane.model import Alarm, ScalableTarget, ScalingPolicy, Service
    from tinystacks.controlplane.state import State

DEFAULT_COOLDOWN = 300
MINUTE_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class _Vote:
    count: int
    policy: ScalingPolicy
    alarm: Alarm

    @property
    def cause(self) -> str:
        return f"monitor alarm {self.alarm.name} in state ALARM triggered policy {self.policy.name}"


def minute(state: State) -> None:
    """Evaluate every policy's alarms and let its target scale."""
    for target in list(state.targets.values()):
        _look(state, target)


def high_resolution_beat(state: State) -> None:
    """Do the same for targets with a high-resolution policy, whose datapoints are 20 s apart (S2, S3)."""
    for target in list(state.targets.values()):
        if any(is_high_resolution(one) for one in target.policies.values()):
            _look(state, target)


def is_high_resolution(policy: ScalingPolicy) -> bool:
    """Whether a policy follows a metric with more than one datapoint a minute."""
    return any(alarm.period < MINUTE_SECONDS for alarm in policy.alarms)


def _look(state: State, target: ScalableTarget) -> None:
    service = state.services.get((target.cluster, target.service))
    policies = [one for one in target.policies.values() if one.policy_type == "TargetTrackingScaling"]
    if service is None or service.status != "ACTIVE" or not policies:
        return
    for policy in policies:
        for alarm in policy.alarms:
            scaling_alarms.evaluate(state, policy, alarm)
    _decide(state, target, service, policies)


def _decide(state: State, target: ScalableTarget, service: Service, policies: list[ScalingPolicy]) -> None:
    outs = [vote for one in policies if (vote := _out_vote(state, target, service, one)) is not None]
    if outs:
        _scale_out(state, target, service, max(outs, key=lambda vote: vote.count))
        return
    voting = [one for one in policies if not one.configuration.get("DisableScaleIn")]
    ins = [_in_vote(state, service, one) for one in voting]
    agreed = [one for one in ins if one is not None]
    if agreed and len(agreed) == len(ins):
        _scale_in(state, target, service, max(agreed, key=lambda vote: vote.count))


def _newest(state: State, policy: ScalingPolicy, alarm: Alarm) -> float | None:
    return scaling_alarms.average(policy, int(state.now // alarm.period) - 1)


def _out_vote(state: State, target: ScalableTarget, service: Service, policy: ScalingPolicy) -> _Vote | None:
    """Vote for ceil(running * metric / target) while the high alarm rings (S4, S8)."""
    high = next((one for one in policy.alarms if one.above), None)
    if high is None:
        return None
    value = _newest(state, policy, high)
    running = service.running_count
    # From no task at all, one datapoint of demand gives the smallest step.
    if running == 0 and value:
        return _Vote(count=service.desired_count + 1, policy=policy, alarm=high)
    if high.state != "ALARM" or value is None:
        return None
    # In the cooldown, what was added already is part of the next result, so the base stays.
    base = target.out_from_running if state.now < target.out_until else running
    count = math.ceil(base * value / float(policy.configuration["TargetValue"]))
    return _Vote(count=count, policy=policy, alarm=high)


def _in_vote(state: State, service: Service, policy: ScalingPolicy) -> _Vote | None:
    """Vote for fewer tasks while the low alarm rings, if one task less stays under the target (S5)."""
    low = next((one for one in policy.alarms if not one.above), None)
    if low is None or low.state != "ALARM":
        return None
    value = _newest(state, policy, low)
    running = service.running_count
    aim = float(policy.configuration["TargetValue"])
    if value is None or running < 1 or (running > 1 and value * running / (running - 1) > aim):
        return None
    floor = running - math.floor(running * state.settings.scale_in_largest_share)
    return _Vote(count=max(math.ceil(running * value / aim), floor, 0), policy=policy, alarm=low)


def _scale_out(state: State, target: ScalableTarget, service: Service, vote: _Vote) -> None:
    """Raise the desired count up to the maximum; in the cooldown only a larger result acts (S6, S9)."""
    if target.suspended_state.get("DynamicScalingOutSuspended"):
        return
    current = service.desired_count
    count = min(max(vote.count, target.min_capacity), target.max_capacity)
    if current >= target.max_capacity:
        desired_count.not_scaled(
            state,
            target,
            vote.cause,
            "AlreadyAtMaxCapacity",
            MaxCapacity=target.max_capacity,
            CurrentCapacity=current,
        )
        return
    if count <= current or (state.now < target.out_until and count <= target.out_to):
        return
    if current < target.min_capacity:
        count = target.min_capacity
    given = vote.policy.configuration.get("ScaleOutCooldown")
    cooldown = float(DEFAULT_COOLDOWN if given is None else given)
    desired_count.scale_out(state, target, service, count, vote.cause, cooldown=cooldown)


def _scale_in(state: State, target: ScalableTarget, service: Service, vote: _Vote) -> None:
    """Lower the desired count down to the minimum, not in a cooldown and not while a deployment runs (S6, S10)."""
    if target.suspended_state.get("DynamicScalingInSuspended"):
        return
    current = service.desired_count
    count = max(vote.count, target.min_capacity)
    if current > target.max_capacity:
        count = target.max_capacity
    if current <= target.min_capacity:
        desired_count.not_scaled(
            state,
            target,
            vote.cause,
            "AlreadyAtMinCapacity",
            MinCapacity=target.min_capacity,
            CurrentCapacity=current,
        )
        return
    if count >= current or state.now < target.in_until:
        return
    primary = service.primary
    if primary is not None and primary.rollout_state == "IN_PROGRESS":
        desired_count.not_scaled(state, target, vote.cause, "TargetServicePutResourceAsUnscalable")
        return
    desired_count.change(state, target, service, count, vote.cause)
    cooldown = vote.policy.configuration.get("ScaleInCooldown")
    target.in_until = state.now + float(DEFAULT_COOLDOWN if cooldown is None else cooldown)
