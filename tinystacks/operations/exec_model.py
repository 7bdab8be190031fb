"""Tasks as something to enter, and what was found out about entering one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

Verdict = Literal["ok", "warning", "failed", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecContainer:
    """A container of a task.

    Attributes:
        name: name in the task definition.
        status: last status, such as `RUNNING`.
        agent: last status of the ExecuteCommandAgent in it; empty when it has none.
        agent_reason: ECS's words about the agent.
        runtime_id: the container's id, which names it to Session Manager.
    """

    name: str
    status: str
    agent: str
    agent_reason: str
    runtime_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecTask:
    """A task.

    Attributes:
        id: last part of the ARN.
        service: name of the service in the file; empty for a task of its own.
        status: last status, such as `RUNNING`.
        stopped_reason: why it stopped.
        zone: Availability Zone.
        started_at: when it reached RUNNING.
        exec_enabled: whether exec was switched on when it started.
        containers: its containers.
        task_definition_arn: its revision.
        task_role_arn: role that it was started with instead of its task definition's; usually empty.
        container_instance_arn: where it runs; empty on Fargate.
        interface_id: its own network interface; empty when it uses its instance's.
        subnet_id: of that interface.
    """

    id: str
    service: str
    status: str
    stopped_reason: str
    zone: str
    started_at: datetime | None
    exec_enabled: bool
    containers: tuple[ExecContainer, ...]
    task_definition_arn: str
    task_role_arn: str
    container_instance_arn: str
    interface_id: str
    subnet_id: str

    @property
    def running(self) -> bool:
        """Whether it runs."""
        return self.status == "RUNNING"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessCheck:
    """One thing that a shell in a task needs.

    Attributes:
        name: what was checked.
        verdict: `failed` when a session cannot open, `warning` when it may not, `unknown` when that only shows then.
        found: what was found.
        mend: what to do about it; empty when nothing has to be done.
    """

    name: str
    verdict: Verdict
    found: str
    mend: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessReport:
    """Everything that was found out before a session.

    Attributes:
        task: the task.
        container: name of the container.
        checks: in the order in which things go wrong.
    """

    task: ExecTask
    container: str
    checks: tuple[AccessCheck, ...]

    @property
    def failed(self) -> Sequence[AccessCheck]:
        """What keeps a session from opening."""
        return [check for check in self.checks if check.verdict == "failed"]
