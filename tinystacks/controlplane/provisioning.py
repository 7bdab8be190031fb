"""Giving a task its place: an instance, Fargate, or the queue of those that wait for capacity (C20, C21, P12)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.controlplane import fitting, ledgers, placement, starting, stopping, task_factory
from tinystacks.controlplane.errors import client_error

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tinystacks.controlplane.fitting import Demand
    from tinystacks.controlplane.model import Cluster, Task
    from tinystacks.controlplane.state import State


def demand_of(state: State, task: Task) -> Demand:
    """Say what a task asks of container instances, with the rules that its service or call gave it."""
    return task_factory.demand(
        state,
        task,
        strategies=task.placement_strategy,
        constraints=task.placement_constraints,
        network=task.network_configuration,
    )


def settle(state: State, task: Task) -> bool:
    """Place a task, or have it wait where its provider scales; say whether either was possible."""
    if task.launch_type == "FARGATE":
        return _place_on_fargate(state, task)
    instance = placement.choose(state, demand_of(state, task))
    if instance is not None:
        ledgers.place(state, task, instance)
        starting.begin(state, task)
        return True
    provider = state.capacity_providers.get(task.capacity_provider_name)
    if provider is None or not provider.is_managed:
        return False
    cluster = state.clusters[task.cluster]
    if len(cluster.provisioning) >= state.settings.provisioning_limit:
        raise client_error("The tasks provisioning capacity limit was exceeded.")
    _wait(state, cluster, task)
    return True


def discard(state: State, task: Task) -> None:
    """Forget a task that found no place and never was."""
    del state.tasks[task.id]
    del state.clusters[task.cluster].tasks[task.id]


def place_waiting(state: State, cluster: Cluster) -> None:
    """Try to place every waiting task, oldest first; those that waited too long end."""
    full: set[Demand] = set()
    for task in list(cluster.provisioning.values()):
        if task.desired_status == "STOPPED":
            continue
        assert task.provisioning_since is not None
        if state.now - task.provisioning_since >= state.settings.provisioning_wait_seconds:
            stopping.begin(state, task, "TaskFailedToStart", _waited_reason(state, cluster, task), died=True)
            continue
        demand = demand_of(state, task)
        # Equal tasks fail alike: one try per demand and beat.
        if demand in full:
            continue
        instance = placement.choose(state, demand)
        if instance is None:
            full.add(demand)
            continue
        del cluster.provisioning[task.id]
        ledgers.place(state, task, instance)
        starting.begin(state, task)


def _wait(state: State, cluster: Cluster, task: Task) -> None:
    task.last_status = "PROVISIONING"
    task.provisioning_since = state.now
    if not cluster.provisioning:
        state.after(state.settings.provisioning_retry_seconds, lambda: _beat(state, cluster))
    cluster.provisioning[task.id] = task


def _beat(state: State, cluster: Cluster) -> None:
    place_waiting(state, cluster)
    if cluster.provisioning:
        state.after(state.settings.provisioning_retry_seconds, lambda: _beat(state, cluster))


def _place_on_fargate(state: State, task: Task) -> bool:
    """Place a task in the zone that has fewest, of those with capacity (P12, P33)."""
    allowed = sorted(task_factory.subnet_zones(state, task.network_configuration)) or [f"{state.region}a"]
    zones = [zone for zone in allowed if zone not in state.full_zones]
    if not zones:
        return False
    counts: Mapping[str, int] = task.service.zone_counts if task.service is not None else {}
    task.zone = min(zones, key=lambda zone: (counts.get(zone, 0), zone))
    ledgers.count(task)
    starting.begin(state, task)
    return True


def _waited_reason(state: State, cluster: Cluster, task: Task) -> str:
    instances = [
        one for one in cluster.container_instances.values() if one.capacity_provider_name == task.capacity_provider_name
    ]
    if not instances:
        return "TaskFailedToStart: EMPTY CAPACITY PROVIDER"
    active = [one for one in instances if one.status == "ACTIVE"]
    found = fitting.closest(state, demand_of(state, task), active)
    if found is None:
        return "TaskFailedToStart: NO ACTIVE INSTANCES"
    return f"TaskFailedToStart: {fitting.REASONS[found[1]]}"
