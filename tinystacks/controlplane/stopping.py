"""How a task stops: deregister, drain, stop signal, kill, release (D10, T4, T9, T25, L13)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.controlplane import (
    circuit_breaker,
    events,
    health,
    ledgers,
    managed_draining,
    starting,
    targets,
    throttle,
)
from tinystacks.controlplane.effects import StopContainers
from tinystacks.controlplane.types import items

if TYPE_CHECKING:
    from tinystacks.controlplane.model import Container, Task
    from tinystacks.controlplane.state import State


def begin(state: State, task: Task, code: str, reason: str, *, died: bool = False) -> None:
    """Turn a task's desiredStatus to STOPPED.

    Args:
        state: the state.
        task: the task; nothing happens when it stops already.
        code: API TaskStopCode (T15).
        reason: the stopped reason.
        died: it ended by itself, so nothing waits for its connections.
    """
    if task.desired_status == "STOPPED":
        return
    task.desired_status = "STOPPED"
    task.stop_code, task.stopped_reason, task.died = code, reason, died
    task.stopping_at = state.now
    task.version += 1
    was_placed = task.container_instance is not None
    if task.service is not None and not task.was_running and not died:
        task.service.notes.setdefault("stopped pending", []).append(task.id)
    ledgers.free(state, task)
    circuit_breaker.count_stop(state, task)
    throttle.count_stop(state, task)
    health.recount(state, task)
    cluster = state.clusters[task.cluster]
    cluster.provisioning.pop(task.id, None)
    if was_placed and task.container_instance is not None:
        task.container_instance.start_queue.pop(task.id, None)
    if targets.deregister(state, task, wait=not died):
        task.last_status = "DEACTIVATING"
    else:
        stop_containers(state, task)


def stop_containers(state: State, task: Task) -> None:
    """Send the stop signal to what runs, dependents first; the drain is over."""
    if task.was_running and not task.died and task.service is not None:
        task.service.notes.setdefault("stopped running", []).append(task.id)
    for container in task.containers.values():
        if not container.ordered:
            container.last_status = "STOPPED"
    if task.last_status != "PROVISIONING":
        task.last_status = "STOPPING"
    _stop_next(state, task)


def container_gone(state: State, task: Task) -> None:
    """Go on stopping after one more container of the task has ended."""
    if task.last_status == "STOPPING":
        _stop_next(state, task)


def _stop_next(state: State, task: Task) -> None:
    alive = [one for one in task.containers.values() if one.last_status != "STOPPED"]
    if not alive:
        _containers_ended(state, task)
        return
    needed = {dependency["containerName"] for one in alive for dependency in items(one.definition, "dependsOn")}
    groups: dict[float, list[str]] = {}
    for container in alive:
        if container.name not in needed and not container.stop_ordered:
            container.stop_ordered = True
            groups.setdefault(_timeout(state, container), []).append(container.name)
    for timeout, names in groups.items():
        state.emit(StopContainers(task_id=task.id, containers=tuple(names), timeout_seconds=timeout))


def _timeout(state: State, container: Container) -> float:
    given = container.definition.get("stopTimeout")
    return state.settings.container_stop_timeout_seconds if given is None else float(given)


def _containers_ended(state: State, task: Task) -> None:
    task.execution_stopped_at = state.now
    # Only a task with an interface of its own has something to give back.
    if task.eni_id:
        task.last_status = "DEPROVISIONING"
        state.after(state.settings.deprovisioning_seconds, lambda: _stopped(state, task))
    else:
        _stopped(state, task)


def _stopped(state: State, task: Task) -> None:
    if task.last_status == "STOPPED":
        return
    task.last_status = "STOPPED"
    task.stopped_at = state.now
    task.version += 1
    ledgers.leave(task)
    health.recount(state, task)
    state.clusters[task.cluster].tasks.pop(task.id, None)
    events.emit(
        state,
        "ECS Task State Change",
        task.arn,
        {"lastStatus": "STOPPED", "stopCode": task.stop_code, "stoppedReason": task.stopped_reason},
    )
    instance = task.container_instance
    if instance is not None:
        starting.start_queued(state, instance)
        managed_draining.check(state, instance)
    state.after(state.settings.stopped_task_seconds, lambda: state.forget_task(task))
