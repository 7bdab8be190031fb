"""Draining of container instances, and the release of those that end (C4, C26)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.controlplane import ledgers
from tinystacks.controlplane.effects import CompleteInstanceDraining, TerminateInstance

if TYPE_CHECKING:
    from tinystacks.controlplane.model import ContainerInstance, Ec2Instance, Task
    from tinystacks.controlplane.state import State


def set_draining(state: State, instance: ContainerInstance) -> None:
    """Set an instance DRAINING: nothing new is placed, services move their tasks away."""
    instance.status = "DRAINING"
    instance.version += 1
    ledgers.changed(state, instance)
    for task in instance.tasks.values():
        if task.deployment is not None:
            task.deployment.leaving[task.id] = task
        state.touch(task.service)
    check(state, instance)


def set_active(state: State, instance: ContainerInstance) -> None:
    """Set a DRAINING instance ACTIVE again."""
    instance.status = "ACTIVE"
    instance.version += 1
    ledgers.changed(state, instance)
    for task in instance.tasks.values():
        if task.deployment is not None:
            task.deployment.leaving.pop(task.id, None)
        state.touch(task.service)


def begin(state: State, ec2: Ec2Instance, *, scale_in_cause: str = "") -> None:
    """Begin to end an EC2 instance: drain it where its provider says so, else release it at once.

    Args:
        state: the plane's state.
        ec2: the instance.
        scale_in_cause: why ECS chose it for scale-in (C34); empty when its group ends it.
    """
    if ec2.terminating:
        return
    ec2.terminating = True
    ec2.terminating_since = state.now
    ec2.scale_in_cause = scale_in_cause
    instance = ec2.container_instance
    provider = state.capacity_providers.get(instance.capacity_provider_name) if instance is not None else None
    if instance is None or provider is None or provider.managed_draining != "ENABLED":
        _release(state, ec2)
        return
    state.after(state.settings.draining_limit_seconds, lambda: _release(state, ec2))
    set_draining(state, instance)


def check(state: State, instance: ContainerInstance) -> None:
    """Release an ending instance whose tasks are gone; daemon tasks stop last."""
    ec2 = state.ec2_instances.get(instance.ec2_instance_id)
    if instance.status != "DRAINING" or holds_work(instance):
        return
    for task in instance.tasks.values():
        state.touch(task.service)
    if ec2 is not None and ec2.terminating and not instance.tasks and not instance.stopping:
        _release(state, ec2)


def holds_work(instance: ContainerInstance) -> bool:
    """Whether tasks other than those of daemon services are on an instance."""
    return any(not is_daemon(one) for one in (*instance.tasks.values(), *instance.stopping.values()))


def is_daemon(task: Task) -> bool:
    """Whether a task belongs to a daemon service."""
    return task.service is not None and task.service.scheduling_strategy == "DAEMON"


def _release(state: State, ec2: Ec2Instance) -> None:
    if ec2.released or ec2.id not in state.ec2_instances:
        return
    ec2.released = True
    if ec2.scale_in_cause:
        state.emit(TerminateInstance(instance_id=ec2.id, decrement=True, cause=ec2.scale_in_cause))
    else:
        state.emit(CompleteInstanceDraining(instance_id=ec2.id))
