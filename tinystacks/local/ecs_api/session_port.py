"""The port behind which the sessions of ExecuteCommand live."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from tinystacks.controlplane.model import Container, Task


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

    def is_connected(self, task: Task, container: Container) -> bool:
        """Whether Session Manager has heard of the agent in a container.

        Args:
            task: the task; its plane's lock is held.
            container: of it.
        """
        ...

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

    def is_connected(self, task: Task, container: Container) -> bool:
        """Say that it has."""
        del task, container
        return True

    def open(self, *, task_id: str, container: str, runtime_id: str, command: str) -> ExecSession:
        """Give a session that nobody serves."""
        del task_id, container, runtime_id, command
        session_id = f"ecs-execute-command-{secrets.token_hex(9)[:17]}"
        address = f"ws://127.0.0.1:9/v1/data-channel/{session_id}?role=publish_subscribe"
        return ExecSession(session_id=session_id, stream_url=address, token=secrets.token_urlsafe(32))
