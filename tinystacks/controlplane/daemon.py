"""Daemon services: one task per eligible instance (D45)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.controlplane import (
    bounds,
    events,
    health,
    launching,
    ledgers,
    managed_draining,
    provisioning,
    starting,
    stopping,
)
from tinystacks.controlplane.fitting import failing, is_candidate

if TYPE_CHECKING:
    from tinystacks.controlplane.model import Service, Task
    from tinystacks.controlplane.state import State


def move(state: State, service: Service) -> None:
    """Start a task on every eligible instance without one; replace those of older revisions."""
    primary = service.deployments[0]
    cluster = state.clusters[service.cluster]
    wanted = [one for one in cluster.container_instances.values() if one.status == "ACTIVE"]
    service.desired_count = primary.desired_count = len(wanted)
    _stop_older(state, service)
    started: list[Task] = []
    if service.throttled_until <= state.now and primary.rollout_state != "FAILED":
        service.batch += 1
        for instance in wanted:
            if any(task.group == service.group for task in instance.tasks.values()):
                continue
            task = launching.make(state, service, primary)
            demand = provisioning.demand_of(state, task)
            if not is_candidate(demand, instance) or failing(state, demand, instance):
                provisioning.discard(state, task)
                continue
            ledgers.place(state, task, instance)
            starting.begin(state, task)
            health.recount(state, task)
            started.append(task)
    if started:
        events.say(state, service, f"has started {len(started)} tasks: {events.named(started)}.")


def _stop_older(state: State, service: Service) -> None:
    healthy = sum(len(one.healthy) for one in service.deployments)
    spare = healthy - bounds.lower(service)
    primary = service.deployments[0]
    for deployment in service.deployments:
        unwanted = deployment.tasks if deployment is not primary else deployment.leaving | deployment.unhealthy
        for task in list(unwanted.values()):
            instance = task.container_instance
            # On a draining instance the daemon's task stops last (C26).
            if instance is not None and instance.status == "DRAINING" and managed_draining.holds_work(instance):
                continue
            if task.id in deployment.healthy:
                if spare <= 0:
                    continue
                spare -= 1
            stopping.begin(
                state, task, "ServiceSchedulerInitiated", f"Scaling activity initiated by (deployment {primary.id})"
            )
