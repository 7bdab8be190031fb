"""Which task stops (P35, P36, D36)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tinystacks.controlplane.model import Deployment, Service, Task
    from tinystacks.controlplane.state import State


def for_scale_in(state: State, service: Service, deployment: Deployment) -> Task | None:
    """Choose the task of a scale-in: not yet running ones first, then by place; protected ones never."""
    for group in (deployment.leaving, deployment.pending, deployment.unhealthy, deployment.settling):
        free = _unprotected(state, group.values())
        if free:
            return max(free, key=_newest)
    packing = next((one for one in service.placement_strategy if one["type"] == "binpack"), None)
    if packing is not None:
        return _from_emptiest(state, deployment, str(packing["field"]).lower())
    return next_of(state, service, deployment, deployment.tasks)


def next_of(state: State, service: Service, deployment: Deployment, allowed: dict[str, Task]) -> Task | None:
    """Choose a task of a deployment: from the zone with most tasks, there from the instance with most of them."""
    if not allowed:
        return None
    placed = deployment.placed
    # The deployment's own tasks decide first: old ones then leave all zones evenly, and the new ones that were placed
    # beside them end up as evenly spread. Outside of deployments both counts are the same.
    zones = sorted(
        (zone for zone, keys in placed.items() if keys.total),
        key=lambda zone: (-placed[zone].total, -service.zone_counts[zone], zone),
    )
    for zone in zones:
        key = placed[zone].highest()
        here = [one for one in deployment.on_instance[key].values() if one.id in allowed]
        free = _unprotected(state, here)
        if free:
            return max(free, key=_newest)
    # The fullest instances hold only tasks that are not allowed: look at all of them.
    ranked = sorted(
        _unprotected(state, allowed.values()),
        key=lambda task: (-service.zone_counts[task.zone], -task.created_at, task.arn),
    )
    return ranked[0] if ranked else None


def _from_emptiest(state: State, deployment: Deployment, resource: str) -> Task | None:
    """With binpack: the task whose instance has most of the resource left after the stop."""

    def left(task: Task) -> tuple[float, float, str]:
        instance = task.container_instance
        if instance is None:
            return (0, task.created_at, task.arn)
        if resource == "cpu":
            return (instance.remaining_cpu + task.needs.cpu, task.created_at, task.arn)
        return (instance.remaining_memory + task.needs.memory, task.created_at, task.arn)

    return max(_unprotected(state, deployment.tasks.values()), key=left, default=None)


def _unprotected(state: State, tasks: Iterable[Task]) -> list[Task]:
    return [one for one in tasks if one.protected_until is None or one.protected_until <= state.now]


def _newest(task: Task) -> tuple[float, str]:
    return (task.created_at, task.arn)
