"""ExecuteCommand: what ECS checks before it opens a session, and the port behind which sessions live."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tinystacks.controlplane.errors import EcsError, invalid_parameter

if TYPE_CHECKING:
    from tinystacks.controlplane.model import Container, Task
    from tinystacks.local.ecs_api.call import Call, Operation
    from tinystacks.local.ecs_api.shapes.common import Shape

_AGENT = "ExecuteCommandAgent"
_NOT_READY = (
    "The execute command failed because execute command was not enabled when the task was run or the execute command "
    "agent isn\N{RIGHT SINGLE QUOTATION MARK}t running. Wait and try again or run a new task with execute command "
    "enabled and try again."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecSession:
    """An open session, as the Session Manager plug-in takes it.

    Attributes:
        session_id: its id.
        stream_url: address of the WebSocket that carries it.
        token: what the plug-in shows there.
    """

    session_id: str
    stream_url: str
    token: str


class ExecSessions(Protocol):
    """Opens sessions in running containers."""

    def open(self, *, task_id: str, container: str, runtime_id: str, command: str) -> ExecSession:
        """Open a session.

        Args:
            task_id: the task.
            container: name of the container.
            runtime_id: the container's id in the runtime.
            command: the command line to run in it.

        Raises:
            EcsError: `TargetNotConnectedException` when the container cannot be reached.
        """
        ...


class NoStream:
    """Sessions for a runtime without containers to enter: the call succeeds, and nothing listens at the address.

    The address is on this machine, so that no client asks AWS for a session that only exists here.
    """

    def open(self, *, task_id: str, container: str, runtime_id: str, command: str) -> ExecSession:
        """Give a session that nobody serves."""
        del task_id, container, runtime_id, command
        session_id = f"ecs-execute-command-{secrets.token_hex(9)[:17]}"
        address = f"ws://127.0.0.1:9/v1/data-channel/{session_id}?role=publish_subscribe"
        return ExecSession(session_id=session_id, stream_url=address, token=secrets.token_urlsafe(32))


def _execute(call: Call) -> Shape:
    cluster = call.cluster()
    if not call.body["interactive"]:
        raise invalid_parameter("Interactive mode is required for ExecuteCommand.")
    task = call.state.task(cluster, call.body["task"])
    container = _container(task, call.body.get("container"))
    if not _is_ready(task, container):
        raise invalid_parameter(_NOT_READY)
    if not container.runtime_id and container.last_status != "RUNNING":
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


def _is_ready(task: Task, container: Container) -> bool:
    """Tell whether the command agent runs: asked for at the start, and able to write (ECS Exec, prerequisites)."""
    if not task.enable_execute_command or task.last_status != "RUNNING" or container.last_status != "RUNNING":
        return False
    agents = [agent for agent in container.managed_agents if agent.get("name") == _AGENT]
    has_agent = all(agent.get("lastStatus") == "RUNNING" for agent in agents)
    return has_agent and not container.definition.get("readonlyRootFilesystem", False)


OPERATIONS: dict[str, Operation] = {"ExecuteCommand": _execute}
