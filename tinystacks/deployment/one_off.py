"""A task that runs once, with a service's task definition, network and rights: its log, and its exit code.

Source: Amazon ECS API reference, RunTask, DescribeTasks, StopTask; Developer Guide, "awslogs" (stream names).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tinystacks.aws_calls import aws_errors
from tinystacks.deployment.events import ContainerOutput, Notice
from tinystacks.ecs_calls import describe_tasks, read_described_tasks
from tinystacks.errors import AwsError, DeploymentFailedError, InterruptedByUserError
from tinystacks.naming import TAG_SERVICE, TAG_STACK, TAG_STAGE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tinystacks.deployment.context import StageContext
    from tinystacks.deployment.events import OnEvent

_POLL = 2.0
_LAST_LINES = 20
_QUIET_READS = 3
"""Reads without a new line after a task's end until its log counts as read; lines arrive some seconds late."""
_STARTED_BY = {"task": "tstack", "release_command": "tstack/release_command"}
"""By the source of a task, so that those that a command which died has left are found (ECS API, ListTasks)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OneOff:
    """What to run.

    Attributes:
        service: name in the file.
        cluster: name or ARN.
        task_definition: revision to run.
        container: its main container.
        log_group: where it writes.
        command: replaces the image's CMD; empty runs the container's own.
        strategy: capacity provider strategy in the API's form.
        network: network configuration in the API's form; none on instances' own network.
        source: `task` or `release_command`.
        deadline: seconds after which the task is stopped; none lets it run.
    """

    service: str
    cluster: str
    task_definition: str
    container: str
    log_group: str
    command: Sequence[str]
    strategy: Sequence[Mapping[str, Any]]
    network: Mapping[str, Any] | None
    source: str = "task"
    deadline: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRun:
    """How a one-off task ended.

    Attributes:
        service: whose task definition it ran.
        task_id: of the task.
        exit_code: of the main container; none when it never ran, or was stopped at its deadline.
        reason: why the task stopped, in ECS's words.
        log_tail: the last lines.
        stopped_after: seconds of its deadline, when it was stopped at that.
    """

    service: str
    task_id: str
    exit_code: int | None
    reason: str
    log_tail: tuple[str, ...]
    stopped_after: float | None = None

    def to_mapping(self) -> dict[str, Any]:
        """Give the JSON document of this run."""
        return {
            "service": self.service,
            "task_id": self.task_id,
            "exit_code": self.exit_code,
            "reason": self.reason,
            "log_tail": list(self.log_tail),
            "stopped_after": self.stopped_after,
        }


def run_once(context: StageContext, order: OneOff, emit: OnEvent) -> TaskRun:
    """Run a task to its end, showing its log as it comes; an interrupt stops the task.

    Raises:
        DeploymentFailedError: ECS has no place for it.
        InterruptedByUserError: the user ended it; the task is stopped.
        AwsError: ECS refuses.
    """
    ecs = context.target.client("ecs")
    arn = _start(context, ecs, order)
    task_id = arn.rpartition("/")[2]
    emit(Notice(message=f"Task {task_id} of {order.service} is starting."))
    log = _Log(context.target.client("logs"), order, task_id, emit)
    stopping = late = False
    until = None if order.deadline is None else context.pace.clock() + order.deadline
    while True:
        if context.interrupt.requested.is_set() and not stopping:
            stopping = True
            with aws_errors("ecs", f"task {task_id}"):
                ecs.stop_task(cluster=order.cluster, task=arn, reason="interrupted by its user")
        if until is not None and context.pace.clock() > until and not late:
            late = True
            with aws_errors("ecs", f"task {task_id}"):
                ecs.stop_task(cluster=order.cluster, task=arn, reason=f"not done after {order.deadline:g} s")
        task = _look(ecs, order, arn)
        log.read()
        if task.get("lastStatus") == "STOPPED":
            break
        _pause(context, stopping=stopping)
    quiet = 0
    while quiet < _QUIET_READS and not (stopping and quiet):
        quiet = 0 if log.read() else quiet + 1
        _pause(context, stopping=stopping)
    if stopping:
        raise InterruptedByUserError(f"Interrupted; task {task_id} was stopped.")
    nothing: Mapping[str, Any] = {}
    container = next((one for one in task.get("containers", []) if one.get("name") == order.container), nothing)
    return TaskRun(
        service=order.service,
        task_id=task_id,
        exit_code=None if late else container.get("exitCode"),
        reason=str(container.get("reason") or task.get("stoppedReason", "")),
        log_tail=tuple(log.lines[-_LAST_LINES:]),
        stopped_after=order.deadline if late else None,
    )


def stop_left(context: StageContext, order: OneOff, emit: OnEvent) -> None:
    """Stop what a command that died has left running of the same kind for the same service, and wait for its end.

    Whoever calls this holds the stage, so that no command that lives follows such a task.

    Args:
        context: the stage.
        order: what is to run next.
        emit: receives events.

    Raises:
        InterruptedByUserError: the user ended the wait.
        AwsError: ECS refuses.
    """
    ecs = context.target.client("ecs")
    own = {TAG_STACK: context.stage.stack, TAG_STAGE: context.stage.stage, TAG_SERVICE: order.service}
    with aws_errors("ecs", f"tasks that were left of service `{order.service}`"):
        found = read_described_tasks(ecs, order.cluster, tags=True, startedBy=_STARTED_BY[order.source])
        left = [task for task in found if own.items() <= {tag["key"]: tag["value"] for tag in task["tags"]}.items()]
        for task in left:
            task_id = str(task["taskArn"]).rpartition("/")[2]
            emit(Notice(message=f"Task {task_id} of {order.service} was left by a command that died; it is stopped."))
            ecs.stop_task(cluster=order.cluster, task=task["taskArn"], reason="left by a command that died")
    for task in left:
        while _look(ecs, order, str(task["taskArn"])).get("lastStatus") != "STOPPED":
            context.interrupt.check()
            _pause(context, stopping=False)


class _Log:
    """Reads a task's log as it grows."""

    def __init__(self, logs: Any, order: OneOff, task_id: str, emit: OnEvent) -> None:
        self._logs = logs
        self._order = order
        self._stream = f"{order.service}/{order.container}/{task_id}"
        self._emit = emit
        self._token = ""
        self.lines: list[str] = []

    def read(self) -> bool:
        """Pass new lines on; whether there were any."""
        more = {"nextToken": self._token} if self._token else {"startFromHead": True}
        try:
            with aws_errors("logs", f"log of {self._order.service}"):
                answer = self._logs.get_log_events(
                    logGroupName=self._order.log_group, logStreamName=self._stream, **more
                )
        except AwsError as error:
            if error.code == "ResourceNotFoundException":
                return False  # the first line makes the stream
            raise
        self._token = str(answer.get("nextForwardToken", ""))
        lines = [str(event.get("message", "")).rstrip("\n") for event in answer.get("events", [])]
        for line in lines:
            self.lines.append(line)
            self._emit(ContainerOutput(service=self._order.service, line=line, source=self._order.source))
        return bool(lines)


def _start(context: StageContext, ecs: Any, order: OneOff) -> str:
    variables = context.target.one_off_variables
    override: dict[str, Any] = {"name": order.container}
    if order.command:
        override["command"] = list(order.command)
    if variables:
        override["environment"] = [{"name": name, "value": value} for name, value in variables.items()]
    tags = {TAG_STACK: context.stage.stack, TAG_STAGE: context.stage.stage, TAG_SERVICE: order.service}
    with aws_errors("ecs", f"task of service `{order.service}`"):
        answer = ecs.run_task(
            cluster=order.cluster,
            taskDefinition=order.task_definition,
            count=1,
            startedBy=_STARTED_BY[order.source],
            overrides={"containerOverrides": [override]},
            tags=[{"key": key, "value": value} for key, value in tags.items()],
            **({"capacityProviderStrategy": list(order.strategy)} if order.strategy else {}),
            **({"networkConfiguration": order.network} if order.network else {}),
        )
        arns = [str(task["taskArn"]) for task in answer["tasks"]]
    if not arns:
        failures = ", ".join(str(one.get("reason", "")) for one in answer.get("failures", []))
        raise DeploymentFailedError(
            f"ECS has no place for a task of `{order.service}`: {failures or 'no reason given'}",
            hint="`tstack status` shows the room on each instance; `compute.instances.max` allows more of them.",
        )
    return arns[0]


def _look(ecs: Any, order: OneOff, arn: str) -> Mapping[str, Any]:
    with aws_errors("ecs", f"task of service `{order.service}`"):
        found = describe_tasks(ecs, order.cluster, [arn])
    return found[0] if found else {"lastStatus": "STOPPED", "stoppedReason": "ECS does not know the task any more"}


def _pause(context: StageContext, *, stopping: bool) -> None:
    """Wait until the next look; after an interrupt the stage's own pause ends at once, so that another is taken."""
    seconds = min(_POLL, context.pace.poll)
    if stopping:
        time.sleep(seconds)
    else:
        context.pace.sleep(seconds)
