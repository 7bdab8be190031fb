"""The agent of ECS Exec in a container: what ECS tells of it.

ECS knows of its process and of nothing else: without rights it runs, and Session Manager never hears of it.
Source: ECS agent (amazon-ecs-agent), execcmd/manager_start.go; ECS developer guide, "Using Amazon ECS Exec".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.exec_needs import lacks_room

if TYPE_CHECKING:
    from tinystacks.controlplane.model import Container, Task
    from tinystacks.controlplane.types import Document

NAME = "ExecuteCommandAgent"


def started(container: Container, now: float) -> Document:
    """What ECS tells of the agent after its start (A12).

    Args:
        container: the container.
        now: seconds since the epoch.
    """
    if lacks_room(container.definition):
        reason = "ExecuteCommandAgent process exited with exit code: 1"
        return {"name": NAME, "lastStatus": "STOPPED", "reason": reason}
    return {"name": NAME, "lastStatus": "RUNNING", "lastStartedAt": now}


def runs_in(task: Task, container: Container) -> bool:
    """Whether it runs: asked for when the task started, and able to (A11, A12)."""
    if not task.enable_execute_command or {task.last_status, container.last_status} != {"RUNNING"}:
        return False
    return all(one.get("lastStatus") == "RUNNING" for one in container.managed_agents if one.get("name") == NAME)
