"""From its place to its first container: interface, the agent's queue, the order of containers (T2, T3, T6, P9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.controlplane import interfaces, ledgers
from tinystacks.controlplane.dependencies import startable
from tinystacks.controlplane.effects import StartContainers

if TYPE_CHECKING:
    from tinystacks.controlplane.model import ContainerInstance, Task
    from tinystacks.controlplane.state import State


def begin(state: State, task: Task) -> None:
    """Start a task that has its place: the interface first, where it has one of its own (T2, T3)."""
    if task.task_definition.network_mode != "awsvpc":
        _pending(state, task)
        return
    task.last_status = "PROVISIONING"
    interfaces.attach(state, task)
    fargate = task.container_instance is None
    delay = state.settings.fargate_provisioning_seconds if fargate else state.settings.eni_seconds
    state.after(delay, lambda: _pending(state, task))


def _pending(state: State, task: Task) -> None:
    if task.desired_status == "STOPPED":
        return
    task.last_status = "PENDING"
    task.created_at = state.now
    task.version += 1
    instance = task.container_instance
    if instance is None:
        order_containers(state, task)
    else:
        instance.start_queue[task.id] = task
        start_queued(state, instance)


def start_queued(state: State, instance: ContainerInstance) -> None:
    """Have the agent start what waits, oldest first, as far as there is room (P9)."""
    while instance.start_queue and instance.agent_connected:
        task = next(iter(instance.start_queue.values()))
        holding = state.settings.stopping_tasks_hold_the_instance
        if holding and not ledgers.agent_has_room(instance, task.needs):
            return
        del instance.start_queue[task.id]
        ledgers.hold(task)
        order_containers(state, task)


def order_containers(state: State, task: Task) -> None:
    """Ask for the start of every container whose dependencies hold."""
    names = startable(task)
    for name in names:
        task.containers[name].ordered = True
    if names:
        state.emit(StartContainers(task_id=task.id, containers=tuple(names)))
