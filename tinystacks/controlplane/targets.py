"""Registration of tasks in target groups (L12, L13, D10)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.controlplane.effects import DeregisterTarget, RegisterTarget
from tinystacks.controlplane.task_model import Target

if TYPE_CHECKING:
    from tinystacks.controlplane.model import Task
    from tinystacks.controlplane.state import State


def register(state: State, task: Task) -> bool:
    """Register a started task in the target groups of its revision; say whether there are any."""
    service, deployment = task.service, task.deployment
    if service is None or deployment is None:
        return False
    for balancer in deployment.revision.load_balancers:
        arn = balancer.get("targetGroupArn")
        container = task.containers.get(balancer.get("containerName") or "")
        if not arn or container is None:
            continue
        container_port = int(balancer["containerPort"])
        if task.task_definition.network_mode == "awsvpc" or task.container_instance is None:
            target_id, port = task.private_ip, container_port
        else:
            target_id = task.container_instance.ec2_instance_id
            port = container.host_ports.get(container_port, container_port)
        target = Target(
            target_group_arn=arn,
            target_id=target_id,
            port=port,
            container_name=container.name,
            container_port=container_port,
        )
        task.targets.append(target)
        state.registered[arn, target_id, port] = (task, target)
        state.emit(RegisterTarget(target_group_arn=arn, target_id=target_id, port=port, task_id=task.id))
        service.notes.setdefault(f"registered {arn}", []).append(task.id)
    return bool(task.targets)


def deregister(state: State, task: Task, *, wait: bool) -> bool:
    """Deregister a task's targets; say whether the stop must wait until they are unused (L13)."""
    waits = False
    for target in task.targets:
        if not target.registered:
            continue
        key = (target.target_group_arn, target.target_id, target.port)
        state.emit(
            DeregisterTarget(
                target_group_arn=target.target_group_arn,
                target_id=target.target_id,
                port=target.port,
                task_id=task.id,
            )
        )
        if task.service is not None:
            task.service.notes.setdefault(f"deregistered {target.target_group_arn}", []).append(task.id)
        if wait:
            waits = True
        else:
            target.registered = False
            if state.registered.get(key, (None,))[0] is task:
                del state.registered[key]
    if waits and task.service is not None:
        task.service.notes.setdefault("draining", []).append(task.id)
    return waits
