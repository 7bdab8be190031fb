"""ExecuteCommand: what ECS checks before it opens a session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.controlplane import exec_agent
from tinystacks.controlplane.errors import EcsError, invalid_parameter

if TYPE_CHECKING:
    from tinystacks.controlplane.model import Container, Task
    from tinystacks.local.ecs_api.call import Call, Operation
    from tinystacks.local.ecs_api.shapes.common import Shape

_NOT_READY = (
    "The execute command failed because execute command was not enabled when the task was run or the execute command "
    "agent isn\N{RIGHT SINGLE QUOTATION MARK}t running. Wait and try again or run a new task with execute command "
    "enabled and try again."
)


def _execute(call: Call) -> Shape:
    cluster = call.cluster()
    if not call.body["interactive"]:
        raise invalid_parameter("Interactive mode is required for ExecuteCommand.")
    task = call.state.task(cluster, call.body["task"])
    container = _container(task, call.body.get("container"))
    if not exec_agent.runs_in(task, container):
        raise invalid_parameter(_NOT_READY)
    if not call.exec_sessions.is_connected(task, container):
        raise EcsError(
            "TargetNotConnectedException", "The execute command failed due to an internal error. Try again later."
        )
    session = call.exec_sessions.open(
        task_id=task.id, container=container.name, runtime_id=container.runtime_id, command=call.body["command"]
    )
    return {
        "clusterArn": cluster.arn,
        "containerArn": container.arn,
        "containerName": container.name,
        "interactive": True,
        "session": {"sessionId": session.session_id, "streamUrl": session.stream_url, "tokenValue": session.token},
        "taskArn": task.arn,
    }


def _container(task: Task, name: str | None) -> Container:
    """Pick the container; only a task with one container may leave its name out (API ExecuteCommand)."""
    if name is None:
        if len(task.containers) > 1:
            raise invalid_parameter("A container name is required: the task has more than one container.")
        return next(iter(task.containers.values()))
    if name not in task.containers:
        raise invalid_parameter(f"The container {name} was not found in the task.")
    return task.containers[name]


OPERATIONS: dict[str, Operation] = {"ExecuteCommand": _execute}
