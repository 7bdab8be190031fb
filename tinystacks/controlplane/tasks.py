"""RunTask, StartTask, StopTask (A8-A10, A27, T17, T28, T29)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.controlplane import (
    fitting,
    ledgers,
    provisioning,
    service_checks,
    starting,
    stopping,
    strategies,
    task_factory,
)
from tinystacks.controlplane.errors import EcsError, client_error, invalid_parameter
from tinystacks.controlplane.launching import NO_FARGATE_CAPACITY
from tinystacks.controlplane.requests import Failure, TaskResult
from tinystacks.controlplane.tag_forms import as_dict

if TYPE_CHECKING:
    from tinystacks.controlplane.model import Cluster, ContainerInstance, Task, TaskDefinition
    from tinystacks.controlplane.requests import RunTaskRequest, StartTaskRequest
    from tinystacks.controlplane.state import State
    from tinystacks.controlplane.types import Document

MOST_TASKS = 10
MOST_INSTANCES = 10
TOKEN_SECONDS = 24 * 3600
LONGEST_TOKEN = 64


def run(state: State, request: RunTaskRequest) -> TaskResult:
    """Place up to 10 lone tasks; those without room fail, or wait where a managed provider serves them."""
    cluster = state.cluster(request.get("cluster"))
    token = request.get("client_token") or ""
    service_checks.token(token, LONGEST_TOKEN)
    known = state.tokens.get((cluster.name, token)) if token else None
    if known is not None and state.now - known[0] < TOKEN_SECONDS:
        if known[1] != dict(request):
            raise EcsError("ConflictException", "The client token was used with other parameters.")
        return known[2]
    definition = state.active_task_definition(request["task_definition"])
    strategy = _strategy(state, cluster, request)
    kind = _kind(state, strategy, request.get("launch_type") or "")
    _check(state, cluster, definition, request, kind, has_strategy=bool(strategy))
    result = TaskResult()
    placed: dict[str, int] = {}
    for _ in range(request.get("count", 1)):
        task = _make(state, cluster, definition, request)
        task.launch_type = kind
        task.placement_constraints = request.get("placement_constraints") or []
        task.placement_strategy = request.get("placement_strategy") or []
        task.network_configuration = request.get("network_configuration")
        task.platform_version = str(request.get("platform_version") or ("LATEST" if kind == "FARGATE" else ""))
        if strategy:
            task.capacity_provider_name = strategies.next_provider(strategy, placed)
        if _settle(state, task, result):
            placed[task.capacity_provider_name] = placed.get(task.capacity_provider_name, 0) + 1
            result.tasks.append(task)
    if token:
        state.tokens[cluster.name, token] = (state.now, dict(request), result)
        state.after(TOKEN_SECONDS, lambda: state.forget_token(cluster.name, token))
    return result


def _check(
    state: State,
    cluster: Cluster,
    definition: TaskDefinition,
    request: RunTaskRequest,
    kind: str,
    *,
    has_strategy: bool,
) -> None:
    if not 1 <= request.get("count", 1) <= MOST_TASKS:
        raise invalid_parameter(f"The count must be between 1 and {MOST_TASKS}.")
    if request.get("propagate_tags") == "SERVICE":
        raise invalid_parameter("The SERVICE option of propagateTags is not valid for RunTask.")
    service_checks.launch(definition, kind)
    service_checks.network(state, definition, request.get("network_configuration"), kind)
    service_checks.overrides(definition, request.get("overrides"))
    service_checks.placement(
        definition, request.get("placement_constraints") or [], request.get("placement_strategy") or [], kind
    )
    if kind == "EC2" and not has_strategy and not cluster.container_instances:
        raise invalid_parameter("No Container Instances were found in your cluster.")


def start(state: State, request: StartTaskRequest) -> TaskResult:
    """Place one task on each named instance."""
    cluster = state.cluster(request.get("cluster"))
    definition = state.active_task_definition(request["task_definition"])
    references = request.get("container_instances") or []
    if not 1 <= len(references) <= MOST_INSTANCES:
        raise invalid_parameter(f"1 to {MOST_INSTANCES} container instances must be given.")
    service_checks.network(state, definition, request.get("network_configuration"), "EC2")
    service_checks.overrides(definition, request.get("overrides"))
    result = TaskResult()
    for reference in references:
        try:
            instance = state.container_instance(cluster, reference)
        except EcsError:
            result.failures.append(Failure(arn=reference, reason="MISSING"))
            continue
        task = _make(state, cluster, definition, request)
        task.network_configuration = request.get("network_configuration")
        failed = fitting.failing(state, provisioning.demand_of(state, task), instance)
        if failed:
            provisioning.discard(state, task)
            result.failures.append(Failure(arn=instance.arn, reason=fitting.REASONS[failed]))
            continue
        ledgers.place(state, task, instance)
        starting.begin(state, task)
        result.tasks.append(task)
    return result


def stop(state: State, cluster: str | None, reference: str, reason: str) -> Task:
    """Stop a task by hand (T17); a stopped one is given as it is (A8)."""
    task = state.task(state.cluster(cluster), reference)
    if task.desired_status != "STOPPED":
        task.tags = {}
        stopping.begin(state, task, "UserInitiated", reason or "Task stopped by user")
    return task


def _strategy(state: State, cluster: Cluster, request: RunTaskRequest) -> list[Document]:
    strategy = request.get("capacity_provider_strategy") or []
    launch_type = request.get("launch_type")
    if strategy and launch_type:
        raise invalid_parameter("Specifying both a launch type and capacity provider strategy is not supported.")
    if not strategy and not launch_type:
        strategy = cluster.default_capacity_provider_strategy
    strategies.check(state, cluster, strategy)
    return list(strategy)


def _kind(state: State, strategy: list[Document], launch_type: str) -> str:
    if not strategy:
        return launch_type or "EC2"
    name = strategy[0]["capacityProvider"].rpartition("/")[2]
    return "FARGATE" if state.capacity_providers[name].is_fargate else "EC2"


def _make(
    state: State, cluster: Cluster, definition: TaskDefinition, request: RunTaskRequest | StartTaskRequest
) -> Task:
    group = request.get("group") or f"family:{definition.family}"
    if group.startswith("service:"):
        raise invalid_parameter("The task group must not begin with 'service:'.")
    task = task_factory.make(state, cluster, definition, group, request.get("overrides"))
    task.started_by = request.get("started_by") or ""
    task.enable_execute_command = bool(request.get("enable_execute_command"))
    if request.get("enable_ecs_managed_tags"):
        task.tags["aws:ecs:clusterName"] = cluster.name
    if request.get("propagate_tags") == "TASK_DEFINITION":
        task.tags |= definition.tags
    task.tags |= as_dict(request.get("tags") or [])
    return task


def _settle(state: State, task: Task, result: TaskResult) -> bool:
    try:
        placed = provisioning.settle(state, task)
    except EcsError as error:
        provisioning.discard(state, task)
        raise client_error(error.message) from error
    if not placed:
        result.failures.extend(_failures(state, task))
        provisioning.discard(state, task)
    return placed


def _failures(state: State, task: Task) -> list[Failure]:
    """Name why each instance that was tried cannot take the task (P28)."""
    if task.launch_type == "FARGATE":
        return [Failure(arn=state.clusters[task.cluster].arn, reason=NO_FARGATE_CAPACITY)]
    demand = provisioning.demand_of(state, task)
    instances: list[ContainerInstance] = [
        one for one in state.clusters[task.cluster].container_instances.values() if fitting.is_candidate(demand, one)
    ]
    if not instances:
        return [Failure(arn=state.clusters[task.cluster].arn, reason="No Container Instances were found.")]
    return [
        Failure(arn=one.arn, reason=fitting.REASONS[test])
        for one in instances
        if (test := fitting.failing(state, demand, one))
    ]
