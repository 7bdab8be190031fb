"""Which containers of a task may start now (T6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
            for dependency in one.definition.get("dependsOn") or []
        )
    ]


def _holds(container: Container, condition: str) -> bool:
    if condition == "START":
        return container.last_status != "PENDING"
    if condition == "HEALTHY":
        return container.last_status == "RUNNING" and container.health_status == "HEALTHY"
    ended = container.last_status == "STOPPED"
    return ended and (condition == "COMPLETE" or container.exit_code == 0)
