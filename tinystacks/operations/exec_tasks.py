"""Which tasks can be entered, and which of them is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinystacks.ecs_calls import read_described_tasks
from tinystacks.errors import AccessError, UsageError
from tinystacks.operations.ecs_reads import last_part
from tinystacks.operations.exec_answers import members, named, text
from tinystacks.operations.exec_model import ExecContainer, ExecTask

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tinystacks.outputs import StageOutputs

AGENT = "ExecuteCommandAgent"


def read_exec_tasks(ecs: Any, cluster: str, names: Mapping[str, str], *, stopped: bool = False) -> list[ExecTask]:
    """Read the tasks of a cluster, those of the stage's services first.

    Args:
        ecs: boto3 client.
        cluster: name or ARN.
        names: name in the file by name of the ECS service.
        stopped: those that stopped (ECS keeps them about an hour) instead of those that should run.
    """
    state = "STOPPED" if stopped else "RUNNING"
    found = [_task(task, names) for task in read_described_tasks(ecs, cluster, desiredStatus=state)]
    own = frozenset(names.values())
    return sorted(found, key=lambda task: (task.service not in own, task.service, task.zone, task.id))


def check_names(outputs: StageOutputs, service: str | None) -> None:
    """Refuse a service that the stage does not have.

    Raises:
        UsageError: there is no such service.
    """
    if service is not None and service not in outputs.services:
        known = ", ".join(outputs.services) or "none"
        raise UsageError(f"{place_words(outputs)} has no service {service}", hint=f"There are: {known}.")


def place_words(outputs: StageOutputs) -> str:
    """Say where tasks are looked for; services that something else made have no stage."""
    return f"stage {outputs.stage}" if outputs.stage else f"cluster {outputs.cluster_name}"


def matching(tasks: Sequence[ExecTask], *, service: str | None, task: str | None) -> list[ExecTask]:
    """Give the tasks that are meant.

    Args:
        tasks: all of a stage.
        service: name of a service in the file.
        task: ARN or id of a task, or the beginning of its id.
    """
    short = last_part(task) if task else ""
    return [one for one in tasks if service in (None, one.service) and one.id.startswith(short)]


def refuse_stopped(task: ExecTask) -> AccessError:
    """Make the error for a task that has stopped."""
    why = f": {task.stopped_reason}" if task.stopped_reason else ""
    return AccessError(
        f"task {task.id} has stopped{why}", hint="`tstack tasks` lists those that run; a stopped task has no shell."
    )


def pick_container(task: ExecTask, outputs: StageOutputs, container: str | None) -> ExecContainer:
    """Give the container that is meant: the named one, else the service's main one.

    Raises:
        UsageError: the task has no such container.
    """
    service = outputs.services.get(task.service)
    main = service.container_name if service else ""
    names = [one.name for one in task.containers]
    wanted = container or (main if main in names else names[0] if names else "")
    for one in task.containers:
        if one.name == wanted:
            return one
    raise UsageError(f"task {task.id} has no container {wanted}", hint=f"There are: {', '.join(names) or 'none yet'}.")


def _task(task: Mapping[str, Any], names: Mapping[str, str]) -> ExecTask:
    group = text(task, "group")
    service = group.removeprefix("service:") if group.startswith("service:") else ""
    return ExecTask(
        id=last_part(text(task, "taskArn")),
        service=names.get(service, service),
        status=text(task, "lastStatus"),
        stopped_reason=text(task, "stoppedReason"),
        zone=text(task, "availabilityZone"),
        started_at=task.get("startedAt"),
        exec_enabled=bool(task.get("enableExecuteCommand")),
        containers=tuple(_container(one) for one in members(task, "containers")),
        task_definition_arn=text(task, "taskDefinitionArn"),
        task_role_arn=text(task.get("overrides") or {}, "taskRoleArn"),
        container_instance_arn=text(task, "containerInstanceArn"),
        interface_id=_detail(task, "networkInterfaceId"),
        subnet_id=_detail(task, "subnetId"),
    )


def _container(container: Mapping[str, Any]) -> ExecContainer:
    agent = named(members(container, "managedAgents"), AGENT)
    return ExecContainer(
        name=text(container, "name"),
        status=text(container, "lastStatus"),
        agent=text(agent, "lastStatus"),
        agent_reason=text(agent, "reason"),
        runtime_id=text(container, "runtimeId"),
    )


def _detail(task: Mapping[str, Any], name: str) -> str:
    for attachment in members(task, "attachments"):
        found = text(named(members(attachment, "details"), name), "value")
        if found:
            return found
    return ""
