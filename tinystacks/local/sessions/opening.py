"""The calls that open sessions: ECS's ExecuteCommand, and Session Manager's StartSession for a port of a task.

Source: AWS Systems Manager API reference, StartSession; ECS developer guide, "Using Amazon ECS Exec" (the target
`ecs:CLUSTER_TASK_RUNTIMEID`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tinystacks.controlplane import exec_agent
from tinystacks.controlplane.errors import EcsError
from tinystacks.local.ecs_api.session_port import ExecSession
from tinystacks.local.sessions.book import PortOrder, SessionBook, ShellOrder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tinystacks.controlplane.model import Container, Task
    from tinystacks.local.exec_rights import ExecRights
    from tinystacks.local.planes import PlaneRegistry
    from tinystacks.local.sessions.book import Order
    from tinystacks.local.sessions.server import SessionServer

PORT_DOCUMENT = "AWS-StartPortForwardingSession"
_HIGHEST_PORT = 65535
_TARGET = re.compile(r"ecs:(?P<cluster>.+)_(?P<task>[0-9a-f]{32})_(?P<runtime>.+)\Z")


class Opener:
    """Opens sessions.

    Args:
        server: where they are served.
        book: where they wait for their client.
        rights: what roles allow the agents.
    """

    def __init__(self, server: SessionServer, book: SessionBook, rights: ExecRights) -> None:
        self._server = server
        self._book = book
        self._rights = rights

    def is_connected(self, task: Task, container: Container) -> bool:
        """Whether Session Manager has heard of the agent in a container."""
        return not self._rights.are_lacking(task, container)

    def open(self, *, task_id: str, container: str, runtime_id: str, command: str) -> ExecSession:
        """Open a session of ExecuteCommand."""
        del task_id, container
        return self.add("ecs-execute-command", ShellOrder(runtime_id=runtime_id, command=command))

    def add(self, prefix: str, order: Order) -> ExecSession:
        """Open a session for anything."""
        made = self._book.add(prefix, order)
        return ExecSession(session_id=made.session_id, stream_url=self._server.url(made.session_id), token=made.token)


class PortSessionsApi:
    """StartSession, ResumeSession and TerminateSession, for ports of tasks.

    Args:
        opener: opens sessions.
        book: where they wait.
        planes: the control planes, which know the tasks.
    """

    target_prefix = "AmazonSSM"
    internal_error = "InternalServerError"
    targets = ("AmazonSSM.StartSession", "AmazonSSM.ResumeSession", "AmazonSSM.TerminateSession")

    def __init__(self, opener: Opener, book: SessionBook, planes: PlaneRegistry) -> None:
        self._opener = opener
        self._book = book
        self._planes = planes

    def handle(self, operation: str, region: str, body: dict[str, Any]) -> dict[str, Any]:
        """Carry out one operation.

        A session whose connection was lost is over: ResumeSession gives no token, which tells the plugin so. And one
        that runs ends with its connection, so that TerminateSession has only those to drop that wait.

        Raises:
            EcsError: it is refused.
        """
        if operation == "StartSession":
            return self._start(region, body)
        session_id = str(body.get("SessionId") or "")
        if operation == "TerminateSession":
            self._book.drop(session_id)
        return {"SessionId": session_id}

    def _start(self, region: str, body: Mapping[str, Any]) -> dict[str, Any]:
        document = body.get("DocumentName") or "SSM-SessionManagerRunShell"
        if document != PORT_DOCUMENT:
            raise EcsError("InvalidDocument", f"The local AWS has no document {document}.")
        port = _first(body, "portNumber")
        if not port.isdecimal() or not 1 <= int(port) <= _HIGHEST_PORT:
            raise EcsError("ValidationException", f"portNumber must be a port, not {port!r}.")
        runtime_id = self._running(region, str(body.get("Target") or ""))
        order = PortOrder(runtime_id=runtime_id, port=int(port), local_port=_first(body, "localPortNumber"))
        made = self._opener.add("local-port", order)
        return {"SessionId": made.session_id, "StreamUrl": made.stream_url, "TokenValue": made.token}

    def _running(self, region: str, target: str) -> str:
        """Give the id of the running container that a target names."""
        named = _TARGET.match(target)
        if named is not None:
            with self._planes.locked(region) as plane:
                task = plane.state.tasks.get(named["task"])
                if task is not None and task.cluster == named["cluster"]:
                    for container in task.containers.values():
                        if container.runtime_id == named["runtime"] and self._can_be_entered(task, container):
                            return container.runtime_id
        raise EcsError("TargetNotConnected", f"{target} is not connected.")

    def _can_be_entered(self, task: Task, container: Container) -> bool:
        return exec_agent.runs_in(task, container) and self._opener.is_connected(task, container)


def _first(body: Mapping[str, Any], name: str) -> str:
    parameters: Mapping[str, Any] = body.get("Parameters") or {}
    values: list[Any] = parameters.get(name) or [""]
    return str(values[0])
