"""Availability Zone rebalancing of services (Z1-Z7, D44).

A look each minute; after two looks that see imbalance in steady state, a task starts in the poorest zone, and once it
is healthy the scheduler's own rule of scale-in stops one in the richest.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tinystacks.controlplane import (
    bounds,
    events,
    fitting,
    health,
    launching,
    ledgers,
    placement,
    provisioning,
    starting,
    task_factory,
)

if TYPE_CHECKING:
    from tinystacks.controlplane.model import Service, Task
    from tinystacks.controlplane.state import State

BLOCKED = "rebalancing"


def minute(state: State) -> None:
    """Look at the balance of every service that asks for it."""
    for service in state.services.values():
        if service.availability_zone_rebalancing == "ENABLED" and service.status == "ACTIVE":
            _look(state, service)


def _look(state: State, service: Service) -> None:
    if service.rebalance_tasks:
        return
    if not service.is_steady:
        service.rebalance_looks = 0
        _interrupt(state, service)
        return
    counts = _counts(state, service)
    if is_balanced(counts, service.desired_count):
        service.rebalance_looks = 0
        if service.rebalancing:
            service.rebalancing = False
            events.say(state, service, f"is AZ balanced with {_listed(counts)}.")
            events.service_action(state, service, "SERVICE_REBALANCING_COMPLETED")
        return
    service.rebalance_looks += 1
    if service.rebalance_looks < state.settings.rebalance_looks:
        return
    if not service.rebalancing:
        service.rebalancing = True
        events.say(state, service, f"is not AZ balanced with {_listed(counts)}. AZ Rebalancing in progress.")
        events.service_action(state, service, "SERVICE_REBALANCING_STARTED")
    _start(state, service, counts)


def is_balanced(counts: dict[str, int], desired: int) -> bool:
    """Whether tasks are spread as evenly as they can be (Z3)."""
    if not counts:
        return True
    spread = max(counts.values()) - min(counts.values())
    return spread <= 1 and (desired < len(counts) or min(counts.values()) > 0)


def _interrupt(state: State, service: Service) -> None:
    primary = service.primary
    if service.rebalancing and primary is not None and primary.rollout_state == "IN_PROGRESS":
        service.rebalancing = False
        events.say(state, service, "stopped AZ Rebalancing.")
        events.service_action(state, service, "SERVICE_REBALANCING_STOPPED")


def _counts(state: State, service: Service) -> dict[str, int]:
    """Count tasks per zone that the service may use: those of its subnets or of the eligible instances (Z3)."""
    revision = service.deployments[0].revision
    zones = task_factory.subnet_zones(state, revision.network_configuration)
    names = {one["capacityProvider"].rpartition("/")[2] for one in revision.capacity_provider_strategy}
    if revision.launch_type == "FARGATE" or any(state.capacity_providers[name].is_fargate for name in names):
        zones -= state.full_zones
    if not zones:
        zones = frozenset(
            one.zone
            for one in state.clusters[service.cluster].container_instances.values()
            if one.status == "ACTIVE" and (not names or one.capacity_provider_name in names)
        )
    return {zone: service.zone_counts[zone] for zone in sorted(zones)}


def _listed(counts: dict[str, int]) -> str:
    richest_first = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{count} tasks in {zone}" for zone, count in richest_first)


def _start(state: State, service: Service, counts: dict[str, int]) -> None:
    """Start tasks in the poorest zone, as many as it lacks and maximumPercent allows (Z4)."""
    zone = min(counts, key=lambda one: (counts[one], one))
    share = service.desired_count // len(counts)
    missing = max(1, share - counts[zone])
    started: list[Task] = []
    service.batch += 1
    for _ in range(min(missing, bounds.room(state, service))):
        task = launching.make(state, service, service.deployments[0])
        if not _settle_in(state, task, zone):
            provisioning.discard(state, task)
            events.say(
                state,
                service,
                f"is unable to place a task in {zone} because no container instance met all of its requirements.",
                cause=BLOCKED,
            )
            break
        service.rebalance_tasks[task.id] = task
        health.recount(state, task)
        started.append(task)
    if started:
        events.forget(service, BLOCKED)
        events.say(
            state, service, f"has started {len(started)} tasks in {zone} to AZ Rebalance: {events.named(started)}."
        )


def _settle_in(state: State, task: Task, zone: str) -> bool:
    """Place a task in one zone; nothing waits for new instances."""
    if task.launch_type == "FARGATE":
        return provisioning.settle(state, task)
    demand: fitting.Demand = replace(provisioning.demand_of(state, task), zones=frozenset({zone}))
    instance = placement.choose(state, demand)
    if instance is None:
        return False
    ledgers.place(state, task, instance)
    starting.begin(state, task)
    return True
