"""Operations on tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinystacks.local.ecs_api.call import failure_shapes
from tinystacks.local.ecs_api.shapes.common import Shape, failure
from tinystacks.local.ecs_api.shapes.tasks import task_shape
from tinystacks.local.ecs_api.sizes import sized

if TYPE_CHECKING:
    from tinystacks.controlplane.model import Cluster, Service, Task
    from tinystacks.controlplane.requests import TaskResult
    from tinystacks.local.ecs_api.call import Call, Operation

_MOST_DESCRIBED = 100
_MOST_PROTECTED = 10


def _run(call: Call) -> Shape:
    return _result(call, call.plane.run_task(**_arguments(call)))


def _start(call: Call) -> Shape:
    return _result(call, call.plane.start_task(**_arguments(call)))


def _arguments(call: Call) -> dict[str, Any]:
    arguments = call.arguments()
    if "overrides" in arguments:
        arguments["overrides"] |= sized(arguments["overrides"])
    return arguments


def _result(call: Call, result: TaskResult) -> Shape:
    tasks = [task_shape(task, cluster_arn=call.cluster_arn(task.cluster), tags=True) for task in result.tasks]
    return {"tasks": tasks, "failures": failure_shapes(result.failures)}


def _stop(call: Call) -> Shape:
    task = call.plane.stop_task(**call.arguments())
    return {"task": task_shape(task, cluster_arn=call.cluster_arn(task.cluster), tags=True)}


def _describe(call: Call) -> Shape:
    cluster = call.cluster()
    tags = call.includes("TAGS")
    found, failures = _find(call, cluster, call.named("tasks", most=_MOST_DESCRIBED))
    return {"tasks": [task_shape(task, cluster_arn=cluster.arn, tags=tags) for task in found], "failures": failures}


def _find(call: Call, cluster: Cluster, references: list[str]) -> tuple[list[Task], list[Shape]]:
    found: list[Task] = []
    failures: list[Shape] = []
    for reference in references:
        identity = reference.rpartition("/")[2]
        task = call.state.tasks.get(identity)
        if task is None or task.cluster != cluster.name or (reference.startswith("arn:") and reference != task.arn):
            arn = call.state.identities.arn(f"task/{cluster.name}/{identity}")
            failures.append(failure(reference if reference.startswith("arn:") else arn, "MISSING"))
        else:
            found.append(task)
    return found, failures


def _list(call: Call) -> Shape:
    cluster = call.cluster()
    body = call.body
    service = call.state.service(cluster, body["serviceName"]) if "serviceName" in body else None
    instance = (
        call.state.container_instance(cluster, body["containerInstance"]) if "containerInstance" in body else None
    )
    # A cluster holds what lives in it; ended tasks stay listed for an hour (API ListTasks).
    ended = body.get("desiredStatus") == "STOPPED"
    tasks = call.state.tasks.values() if ended else cluster.tasks.values()
    arns = (
        task.arn
        for task in tasks
        if task.cluster == cluster.name
        and _matches(task, body, service)
        and (instance is None or task.container_instance is instance)
    )
    page, token = call.page(arns, key=lambda arn: (arn,))
    return {"taskArns": page} | token


def _matches(task: Task, wanted: Shape, service: Service | None) -> bool:
    """Compare a task with the filters of ListTasks; no task ever has the desired status PENDING (T30)."""
    return (
        task.desired_status == wanted.get("desiredStatus", "RUNNING")
        and (service is None or task.service is service)
        and wanted.get("family") in {None, task.task_definition.family}
        and wanted.get("startedBy") in {None, task.started_by}
        and wanted.get("launchType") in {None, task.launch_type}
        and "daemonName" not in wanted
    )


def _update_protection(call: Call) -> Shape:
    call.named("tasks", most=_MOST_PROTECTED)
    result = call.plane.update_task_protection(**call.arguments())
    shapes = [_protection(call, task) for task in result.tasks]
    return {"protectedTasks": shapes, "failures": failure_shapes(result.failures)}


def _get_protection(call: Call) -> Shape:
    cluster = call.cluster()
    if not call.body.get("tasks"):
        tasks = [task for task in cluster.tasks.values() if task.service is not None and _is_protected(call, task)]
        return {"protectedTasks": [_protection(call, task) for task in tasks], "failures": []}
    found, failures = _find(call, cluster, call.named("tasks", most=_MOST_DESCRIBED))
    failures += [failure(task.arn, "TASK_NOT_VALID") for task in found if task.service is None]
    shapes = [_protection(call, task) for task in found if task.service is not None]
    return {"protectedTasks": shapes, "failures": failures}


def _is_protected(call: Call, task: Task) -> bool:
    return task.protected_until is not None and task.protected_until > call.plane.now


def _protection(call: Call, task: Task) -> Shape:
    if not _is_protected(call, task):
        return {"taskArn": task.arn, "protectionEnabled": False}
    return {"taskArn": task.arn, "protectionEnabled": True, "expirationDate": task.protected_until}


OPERATIONS: dict[str, Operation] = {
    "DescribeTasks": _describe,
    "GetTaskProtection": _get_protection,
    "ListTasks": _list,
    "RunTask": _run,
    "StartTask": _start,
    "StopTask": _stop,
    "UpdateTaskProtection": _update_protection,
}
