"""Task definitions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.local.ecs_api.shapes.common import Shape, without_empty

if TYPE_CHECKING:
    from tinystacks.controlplane.model import TaskDefinition


def task_definition_shape(definition: TaskDefinition) -> Shape:
    """Show a task definition: what was registered with its defaults, and what ECS adds."""
    added = without_empty(
        taskDefinitionArn=definition.arn,
        family=definition.family,
        revision=definition.revision,
        status=definition.status,
        registeredAt=definition.registered_at,
        deregisteredAt=definition.deregistered_at,
    )
    registered = {name: value for name, value in definition.document.items() if name != "tags"}
    return registered | added
