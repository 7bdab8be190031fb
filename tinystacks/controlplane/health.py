"""When a task of a service counts as healthy or unhealthy (D7, D41, T12, L14), and how the scheduler counts it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.controlplane import circuit_breaker, events

if TYPE_CHECKING:
    from tinystacks.controlplane.model import Service, Task
    from tinystacks.controlplane.state import State


def of_containers(task: Task) -> str:
    """Give a task's health over its essential containers (T12)."""
    checked = [one for one in task.containers.values() if one.is_essential]
    if not any(one.has_health_check for one in checked):
        return "UNKNOWN"
    states = {one.health_status for one in checked if one.has_health_check}
    if "UNHEALTHY" in states:
        return "UNHEALTHY"
    return "UNKNOWN" if "UNKNOWN" in states else "HEALTHY"


def has_checks(task: Task) -> bool:
    """Whether anything but time decides about the health of a task."""
    return bool(task.targets) or any(one.has_health_check and one.is_essential for one in task.containers.values())


def is_healthy(state: State, task: Task) -> bool:
    """Whether a task in RUNNING counts for minimumHealthyPercent (D7)."""
    if not has_checks(task):
        return task.started_at is not None and state.now - task.started_at >= state.settings.stable_seconds
    if any(one.has_health_check and one.is_essential for one in task.containers.values()):
        return task.health_status == "HEALTHY" and all(one.state == "healthy" for one in task.targets)
    return all(one.state == "healthy" for one in task.targets)


def grace_end(task: Task) -> float:
    """Give the end of a task's grace period (D41)."""
    service = task.service
    started = task.started_at if task.started_at is not None else task.created_at
    return started + (service.health_check_grace_period_seconds if service is not None else 0)


def failure(state: State, task: Task) -> str:
    """Give the stop reason of a task that must be replaced for its health, else an empty string (T13, T14)."""
    if state.now < grace_end(task):
        return ""
    bad = next((one for one in task.targets if one.state == "unhealthy"), None)
    if bad is not None:
        return f"Task failed ELB health checks in (target-group {bad.target_group_arn})"
    return "Task failed container health checks" if task.health_status == "UNHEALTHY" else ""


def recount(state: State, task: Task) -> None:
    """Sort a task into the set of its deployment that its state asks for; wake the scheduler when that changed."""
    service = task.service
    deployment = task.deployment
    if service is None or deployment is None:
        return
    kind = _kind(state, task)
    if kind == task.tally:
        return
    sets = {
        "pending": deployment.pending,
        "settling": deployment.settling,
        "healthy": deployment.healthy,
        "unhealthy": deployment.unhealthy,
        "stopping": deployment.stopping,
    }
    if task.tally:
        del sets[task.tally][task.id]
    if kind:
        sets[kind][task.id] = task
    _count_wanted(service, task, kind)
    task.tally = kind
    if kind not in {"pending", "settling"}:
        service.rebalance_tasks.pop(task.id, None)
    if kind == "healthy":
        circuit_breaker.count_healthy(service, deployment)
    elif kind == "unhealthy":
        _say_unhealthy(state, service, task)
    state.touch(service)


def _say_unhealthy(state: State, service: Service, task: Task) -> None:
    bad = next((one for one in task.targets if one.state == "unhealthy"), None)
    if bad is not None:
        events.say(
            state,
            service,
            f"(task {task.id}) (port {bad.port}) is unhealthy in (target-group {bad.target_group_arn}) due to "
            f"(reason {bad.description or bad.reason}).",
        )


def _kind(state: State, task: Task) -> str:
    if task.last_status == "STOPPED":
        return ""
    if task.desired_status == "STOPPED":
        return "stopping"
    if task.last_status != "RUNNING":
        return "pending"
    if failure(state, task):
        return "unhealthy"
    return "healthy" if is_healthy(state, task) else "settling"


def _count_wanted(service: Service, task: Task, kind: str) -> None:
    deployment = task.deployment
    assert deployment is not None
    was_wanted = task.tally not in {"", "stopping"}
    is_wanted = kind not in {"", "stopping"}
    if is_wanted and not was_wanted:
        deployment.tasks[task.id] = task
        service.provider_counts[task.capacity_provider_name] += 1
    elif was_wanted and not is_wanted:
        del deployment.tasks[task.id]
        service.provider_counts[task.capacity_provider_name] -= 1
    if kind == "stopping":
        service.stopping[task.id] = task
    else:
        service.stopping.pop(task.id, None)
