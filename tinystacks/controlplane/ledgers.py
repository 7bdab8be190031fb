"""Booking of tasks on container instances, in the scheduler's and in the agent's view (P9, C6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.controlplane.counted import CountedKeys

if TYPE_CHECKING:
    from tinystacks.controlplane.model import ContainerInstance, Ledger, Needs, Task
    from tinystacks.controlplane.state import State

LONGEST_CHANGE_LIST = 50_000


def changed(state: State, instance: ContainerInstance) -> None:
    """Have the placers look at an instance again."""
    cluster = state.clusters[instance.cluster]
    cluster.changes.append(instance.arn)
    if len(cluster.changes) > LONGEST_CHANGE_LIST:
        cluster.changes.clear()
        state.placers = {key: placer for key, placer in state.placers.items() if key.cluster != cluster.name}


def place(state: State, task: Task, instance: ContainerInstance) -> None:
    """Book a task on an instance."""
    task.container_instance = instance
    task.zone = instance.zone
    task.subnet_id = instance.subnet_id
    instance.tasks[task.id] = task
    instance.groups[task.group] = instance.groups.get(task.group, 0) + 1
    instance.version += 1
    _book(instance.scheduled, task.needs, 1)
    changed(state, instance)
    count(task)
    if instance.status == "DRAINING" and task.deployment is not None:
        task.deployment.leaving[task.id] = task


def count(task: Task) -> None:
    """Count a placed task for its service's spread over zones and instances."""
    if task.service is None or task.deployment is None:
        return
    task.service.zone_counts[task.zone] += 1
    key = _key(task)
    task.deployment.placed.setdefault(task.zone, CountedKeys()).add(key)
    task.deployment.on_instance.setdefault(key, {})[task.id] = task


def free(state: State, task: Task) -> None:
    """Give the room of a task back in the scheduler's view: its desiredStatus has become STOPPED."""
    if task.zone and task.service is not None and task.deployment is not None:
        key = _key(task)
        task.service.zone_counts[task.zone] -= 1
        task.deployment.placed[task.zone].remove(key)
        on_instance = task.deployment.on_instance[key]
        del on_instance[task.id]
        if not on_instance:
            del task.deployment.on_instance[key]
        task.deployment.leaving.pop(task.id, None)
    instance = task.container_instance
    if instance is not None:
        del instance.tasks[task.id]
        instance.groups[task.group] -= 1
        if not instance.groups[task.group]:
            del instance.groups[task.group]
        instance.stopping[task.id] = task
        _book(instance.scheduled, task.needs, -1)
        changed(state, instance)


def hold(task: Task) -> None:
    """Book a task in the agent's view: its containers start now."""
    if task.container_instance is not None:
        _book(task.container_instance.held, task.needs, 1)
        task.holds_resources = True


def leave(task: Task) -> None:
    """Take a stopped task off its instance; the scheduler's view gave its room back when it began to stop."""
    instance = task.container_instance
    if instance is None:
        return
    instance.stopping.pop(task.id, None)
    instance.start_queue.pop(task.id, None)
    instance.version += 1
    if task.holds_resources:
        _book(instance.held, task.needs, -1)
        task.holds_resources = False


def agent_has_room(instance: ContainerInstance, needs: Needs) -> bool:
    """Whether the agent can start a task beside those that still stop."""
    held = instance.held
    return (
        held.cpu + needs.cpu <= instance.cpu
        and held.memory + needs.memory <= instance.memory
        and held.enis + needs.enis <= instance.max_task_enis
        and not any((one.protocol, one.port) in held.ports for one in needs.ports)
    )


def _key(task: Task) -> str:
    return task.container_instance.arn if task.container_instance is not None else task.zone


def _book(ledger: Ledger, needs: Needs, sign: int) -> None:
    ledger.cpu += sign * needs.cpu
    ledger.memory += sign * needs.memory
    ledger.enis += sign * needs.enis
    for one in needs.ports:
        if sign > 0:
            ledger.ports.add((one.protocol, one.port))
        else:
            ledger.ports.discard((one.protocol, one.port))
