"""Which containers of a task may start now, and which never will (T6, T7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.controlplane.types import items

if TYPE_CHECKING:
    from tinystacks.controlplane.model import Container, Task


def startable(task: Task) -> list[str]:
    """Name the containers whose dependencies hold and whose start was not asked for yet."""
    return [
        one.name
        for one in task.containers.values()
        if not one.ordered
        and one.last_status == "PENDING"
        and all(
            _holds(task.containers[dependency["containerName"]], dependency["condition"])
            for dependency in items(one.definition, "dependsOn")
        )
    ]


def broken(task: Task) -> str:
    """Say which dependency can never hold any more; empty when none is lost."""
    for one in task.containers.values():
        for dependency in items(one.definition, "dependsOn"):
            other = task.containers[dependency["containerName"]]
            condition = dependency["condition"]
            if one.ordered or other.last_status != "STOPPED":
                continue
            needs = f"TaskDependencyError: container {one.name} needs {other.name} {condition}"
            if other.started_at is None:
                return f"{needs}, which cannot start: {other.reason}".removesuffix(": ")
            if condition in {"SUCCESS", "HEALTHY"} and not _holds(other, condition):
                return f"{needs}, which has ended"
    return ""


def is_awaited(task: Task, container: Container) -> bool:
    """Whether a container that has not started yet waits for this one."""
    return any(
        not one.ordered
        and any(dependency["containerName"] == container.name for dependency in items(one.definition, "dependsOn"))
        for one in task.containers.values()
    )


def _holds(container: Container, condition: str) -> bool:
    if condition == "START":
        return container.started_at is not None
    if condition == "HEALTHY":
        return container.last_status == "RUNNING" and container.health_status == "HEALTHY"
    ended = container.last_status == "STOPPED" and container.started_at is not None
    return ended and (condition == "COMPLETE" or container.exit_code == 0)
