"""How many instances a provider needs: M of the capacity provider reservation (C13-C16)."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from tinystacks.controlplane import managed_draining, provisioning
from tinystacks.controlplane.container_instances import CPU_PER_VCPU, registered_memory

if TYPE_CHECKING:
    from tinystacks.controlplane.fitting import Demand
    from tinystacks.controlplane.model import AutoScalingGroup, CapacityProvider, Cluster, ContainerInstance
    from tinystacks.controlplane.state import State

Size = tuple[int, int, int]
"""CPU units, MiB and interfaces."""


def needed_instances(state: State, cluster: Cluster, provider: CapacityProvider, group: AutoScalingGroup) -> int:
    """Give M: instances in use; with waiting tasks all present ones and those that the largest group needs."""
    waiting = Counter(
        provisioning.demand_of(state, task)
        for task in cluster.provisioning.values()
        if task.capacity_provider_name == provider.name
    )
    present = [one for one in group.instances.values() if not one.terminating]
    used = sum(
        1
        for one in present
        if one.container_instance is not None and managed_draining.holds_work(one.container_instance)
    )
    sizes = _sizes(state, group)
    estimates = [
        estimate
        for demand, count in waiting.items()
        if (estimate := _more_for(state, group, demand, count, sizes)) is not None
    ]
    if not estimates:
        return used
    more = max(estimates)
    if more:
        more = min(max(more, provider.minimum_scaling_step_size), provider.maximum_scaling_step_size)
    return len(present) + more


def _more_for(state: State, group: AutoScalingGroup, demand: Demand, count: int, sizes: list[Size]) -> int | None:
    """Give the new instances that equal waiting tasks need; None when the smallest type cannot hold one (C15)."""
    if not sizes or not all(_fits(demand, size) for size in sizes):
        return None
    room = 0
    for ec2 in group.instances.values():
        if ec2.terminating:
            continue
        instance = ec2.container_instance
        free = _size(state, ec2.instance_type) if instance is None else _free(instance)
        blocked = instance is not None and demand.distinct and _has_group(instance, demand.group)
        room += 0 if blocked else _fits(demand, free)
    per_instance = max(_fits(demand, size) for size in sizes)
    return math.ceil(max(0, count - room) / per_instance)


def _fits(demand: Demand, size: Size) -> int:
    """Count the tasks of a demand that a free size holds."""
    needs = demand.needs
    counts = [have // want for have, want in zip(size, (needs.cpu, needs.memory, needs.enis), strict=True) if want]
    fits = max(0, min(counts, default=1_000))
    # A fixed host port, like distinctInstance, allows one task per instance.
    return min(fits, 1) if needs.ports or demand.distinct else fits


def _sizes(state: State, group: AutoScalingGroup) -> list[Size]:
    types = group.instance_types or tuple({one.instance_type for one in group.instances.values()})
    return [_size(state, one) for one in types]


def _size(state: State, instance_type: str) -> Size:
    facts = state.surroundings.instance_type(instance_type)
    memory = registered_memory(instance_type, facts.memory_mib)
    return (facts.vcpu * CPU_PER_VCPU, memory, max(0, facts.max_enis - 1))


def _free(instance: ContainerInstance) -> Size:
    if instance.status != "ACTIVE":
        return (0, 0, 0)
    return (
        instance.remaining_cpu,
        instance.remaining_memory,
        instance.max_task_enis - instance.scheduled.enis,
    )


def _has_group(instance: ContainerInstance, group: str) -> bool:
    return any(task.group == group for task in instance.tasks.values())
