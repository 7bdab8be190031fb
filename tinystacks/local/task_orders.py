"""From a task of the control plane to what the runtime is told to start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinystacks.controlplane.task_progress import revision_digest
from tinystacks.local.documents import members
from tinystacks.local.runtime.base import ContainerOrder, TaskOrder

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tinystacks.controlplane.model import Task


def task_order(task: Task, region: str) -> TaskOrder:
    """Say what a task is, in the runtime's terms."""
    instance = task.container_instance
    instance_id = instance.ec2_instance_id if instance is not None else ""
    return TaskOrder(
        task_id=task.id,
        task_arn=task.arn,
        cluster=task.cluster,
        region=region,
        service=task.service.name if task.service is not None else "",
        family=task.task_definition.family,
        revision=task.task_definition.revision,
        zone=task.zone,
        instance_id=instance_id,
        address=task.private_ip or instance_id,
        network_mode=task.task_definition.network_mode,
        document=task.task_definition.document,
        tags={**task.task_definition.tags, **task.tags},
    )


def container_orders(task: Task, names: Iterable[str]) -> tuple[ContainerOrder, ...]:
    """The named containers of a task with its overrides applied (API ContainerOverride)."""
    overrides: dict[str, Mapping[str, Any]] = {
        str(one.get("name")): one for one in members(task.overrides, "containerOverrides")
    }
    orders: list[ContainerOrder] = []
    for name in names:
        container = task.containers[name]
        definition = _overridden(container.definition, overrides.get(name, {}))
        orders.append(
            ContainerOrder(
                name=name, definition=definition, arn=container.arn, image_digest=revision_digest(task, name)
            )
        )
    return tuple(orders)


def _overridden(definition: Mapping[str, Any], override: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(definition)
    for key in ("command", "cpu", "memory", "memoryReservation"):
        if override.get(key) is not None:
            merged[key] = override[key]
    changed = members(override, "environment")
    if changed:
        variables = {str(one["name"]): one for one in [*members(definition, "environment"), *changed]}
        merged["environment"] = list(variables.values())
    return merged
