"""Managed scaling of Auto Scaling groups: the reservation metric and what follows from it (C13-C19, C24, C25, C31)."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from tinystacks.controlplane import managed_draining
from tinystacks.controlplane.capacity_estimate import needed_instances
from tinystacks.controlplane.effects import ProtectInstances, PublishMetric, SetGroupDesiredCapacity

if TYPE_CHECKING:
    from tinystacks.controlplane.model import AutoScalingGroup, CapacityProvider, Cluster, Ec2Instance
    from tinystacks.controlplane.state import State

FIRST_INSTANCES = 2
FULL = 100.0
FROM_NOTHING = 200.0


def minute(state: State) -> None:
    """Measure every provider with managed scaling, and scale its group."""
    for cluster in state.clusters.values():
        for name in cluster.capacity_providers:
            provider = state.capacity_providers[name]
            group = state.groups.get(provider.auto_scaling_group_arn)
            if provider.is_managed and group is not None and cluster.status == "ACTIVE":
                _look(state, cluster, provider, group)


def _look(state: State, cluster: Cluster, provider: CapacityProvider, group: AutoScalingGroup) -> None:
    instances = [one for one in group.instances.values() if not one.terminating]
    present = len(instances)
    needed = needed_instances(state, cluster, provider, group)
    metric = needed / present * FULL if present else (FROM_NOTHING if needed else FULL)
    state.emit(
        PublishMetric(
            namespace="AWS/ECS/ManagedScaling",
            name="CapacityProviderReservation",
            dimensions={"ClusterName": cluster.name, "CapacityProviderName": provider.name},
            value=metric,
            unit="Percent",
            at=state.now,
        )
    )
    if provider.managed_termination_protection == "ENABLED":
        _protect(state, group, instances)
    above, below = metric > provider.target_capacity and needed > 0, metric < provider.target_capacity
    provider.high_datapoints = provider.high_datapoints + 1 if above else 0
    provider.low_datapoints = provider.low_datapoints + 1 if below else 0
    wanted = math.ceil(needed * FULL / provider.target_capacity)
    if provider.high_datapoints >= state.settings.high_datapoints_managed_scaling:
        _scale_out(state, provider, group, instances, wanted)
    elif (
        provider.low_datapoints >= state.settings.low_datapoints_managed_scaling
        and state.now - provider.last_scale_out_at >= state.settings.scale_in_pause_seconds
    ):
        _scale_in(state, provider, group, instances, wanted)


def _scale_out(
    state: State, provider: CapacityProvider, group: AutoScalingGroup, instances: list[Ec2Instance], wanted: int
) -> None:
    """Raise the desired capacity, unless what was asked for before has not warmed up yet (C18)."""
    present = len(instances)
    # Instances that ECS drains lower the group's desired capacity only when they end.
    leaving = sum(1 for one in group.instances.values() if one.terminating and one.scale_in_cause)
    warming = any(state.now - one.launched_at < provider.instance_warmup_period for one in instances)
    if warming or group.desired - leaving > present:
        return
    if not present:
        wanted = FIRST_INSTANCES
    desired = max(group.minimum, min(wanted + leaving, group.maximum))
    if desired <= group.desired:
        return
    cause = f"{_cause(provider, group, 'AlarmHigh')} changing the desired capacity from {group.desired} to {desired}."
    group.desired = desired
    provider.last_scale_out_at = state.now
    provider.low_datapoints = 0
    state.emit(SetGroupDesiredCapacity(auto_scaling_group_arn=group.arn, desired=desired, cause=cause))


def _scale_in(
    state: State, provider: CapacityProvider, group: AutoScalingGroup, instances: list[Ec2Instance], wanted: int
) -> None:
    """End at least one and at most half of the instances (C19), those that the group would choose (C31)."""
    present = len(instances)
    surplus = min(present - max(wanted, group.minimum), max(1, present // 2))
    zones = Counter(one.zone for one in instances)
    free = [one for one in instances if not one.protected]
    for _ in range(surplus):
        if not free:
            return
        chosen = min(free, key=lambda one: (-zones[one.zone], one.launched_at, one.id))
        free.remove(chosen)
        zones[chosen.zone] -= 1
        managed_draining.begin(state, chosen, scale_in_cause=_cause(provider, group, "AlarmLow"))


def _cause(provider: CapacityProvider, group: AutoScalingGroup, alarm: str) -> str:
    """Say which alarm of the managed policy acts, as activities of the group tell it (C17, C34)."""
    policy = provider.scaling_policy_name
    name = policy.replace("ECSManagedAutoScalingPolicy", f"TargetTracking-{group.name}-{alarm}")
    return f"a monitor alarm {name} in state ALARM triggered policy {policy}"


def _protect(state: State, group: AutoScalingGroup, instances: list[Ec2Instance]) -> None:
    """Protect instances with tasks other than daemons from scale-in, free the empty ones (C24)."""
    for wanted in (True, False):
        changed = [
            one
            for one in instances
            if one.container_instance is not None
            and managed_draining.holds_work(one.container_instance) is wanted
            and one.protected is not wanted
        ]
        for one in changed:
            one.protected = wanted
        if changed:
            state.emit(
                ProtectInstances(
                    auto_scaling_group_arn=group.arn,
                    instance_ids=tuple(one.id for one in changed),
                    protected=wanted,
                )
            )
