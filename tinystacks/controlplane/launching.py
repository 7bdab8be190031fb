"""Launch of a service's tasks: rate, provider, place, events (P20, P30-P34, C9, D31)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.controlplane import circuit_breaker, events, fitting, health, provisioning, strategies, task_factory
from tinystacks.controlplane.errors import EcsError

if TYPE_CHECKING:
    from tinystacks.controlplane.model import Deployment, Service, Task
    from tinystacks.controlplane.state import State

MORE = " For more information, see the Troubleshooting section of the Amazon ECS Developer Guide."
PLACEMENT = "placement"
NO_FARGATE_CAPACITY = (
    "Capacity is unavailable at this time. Please try again later or in a different availability zone."
)


def launch(state: State, service: Service, deployment: Deployment, count: int) -> list[Task]:
    """Start up to `count` tasks of a deployment; give those that were started."""
    started: list[Task] = []
    allowed = min(count, _rate(state, service), state.settings.launch_batch)
    if allowed < count:
        state.touch(service)
    if allowed > 0:
        service.batch += 1
    for _ in range(allowed):
        task = make(state, service, deployment)
        try:
            placed = provisioning.settle(state, task)
        except EcsError:
            events.say(
                state,
                service,
                "was unable to place tasks in your cluster because the tasks provisioning capacity limit was exceeded.",
                cause=PLACEMENT,
            )
            provisioning.discard(state, task)
            _block(state, service)
            break
        if not placed:
            _say_unplaced(state, service, task)
            provisioning.discard(state, task)
            circuit_breaker.count_failure(state, service, deployment)
            _block(state, service)
            break
        health.recount(state, task)
        started.append(task)
    else:
        events.forget(service, PLACEMENT)
    service.launch_room -= len(started)
    return started


def make(state: State, service: Service, deployment: Deployment) -> Task:
    """Make a task of a deployment that has no place yet."""
    cluster = state.clusters[service.cluster]
    revision = deployment.revision
    task = task_factory.make(state, cluster, revision.task_definition, service.group)
    task.service, task.deployment = service, deployment
    task.started_by = deployment.id
    task.batch = service.batch
    task.launch_type = revision.launch_type or "EC2"
    if revision.capacity_provider_strategy:
        name = strategies.next_provider(revision.capacity_provider_strategy, service.provider_counts)
        task.capacity_provider_name = name
        task.launch_type = "FARGATE" if state.capacity_providers[name].is_fargate else "EC2"
    task.platform_version = revision.platform_version
    task.placement_constraints = service.placement_constraints
    task.placement_strategy = service.placement_strategy
    task.network_configuration = revision.network_configuration
    task.enable_execute_command = service.enable_execute_command
    task.tags = _tags(service, task)
    return task


def _tags(service: Service, task: Task) -> dict[str, str]:
    """Tags that a new task takes over (A35)."""
    tags: dict[str, str] = {}
    if service.enable_ecs_managed_tags:
        tags = {"aws:ecs:clusterName": service.cluster, "aws:ecs:serviceName": service.name}
    if service.propagate_tags == "SERVICE":
        tags |= service.tags
    elif service.propagate_tags == "TASK_DEFINITION":
        tags |= task.task_definition.tags
    return tags


def _rate(state: State, service: Service) -> int:
    """Launches that the quota of tasks per service and minute allows now (P20)."""
    limit = state.settings.launches_per_minute
    if service.launch_room_at:
        grown = service.launch_room + (state.now - service.launch_room_at) * limit / 60
        service.launch_room = min(float(limit), grown)
    else:
        service.launch_room = float(limit)
    service.launch_room_at = state.now or 1e-9
    return int(service.launch_room)


def _block(state: State, service: Service) -> None:
    service.placement_blocked_until = state.now + state.settings.placement_retry_seconds
    state.at(service.placement_blocked_until, lambda: state.touch(service))


def _say_unplaced(state: State, service: Service, task: Task) -> None:
    events.say(state, service, _unplaced_text(state, task), cause=PLACEMENT)
    reason = {"reason": "RESOURCE:FARGATE"} if task.launch_type == "FARGATE" else {}
    events.service_action(state, service, "SERVICE_TASK_PLACEMENT_FAILURE", kind="ERROR", **reason)


def _unplaced_text(state: State, task: Task) -> str:
    if task.launch_type == "FARGATE":
        return f"was unable to place a task. Reason: {NO_FARGATE_CAPACITY}"
    demand = provisioning.demand_of(state, task)
    cluster = state.clusters[task.cluster]
    candidates = [one for one in cluster.container_instances.values() if fitting.is_candidate(demand, one)]
    if not candidates and task.capacity_provider_name:
        return "was unable to reach steady state. Reason: No Container Instances were found in your capacity provider."
    prefix = "was unable to place a task because no container instance met all of its requirements."
    found = fitting.closest(state, demand, candidates)
    if found is None:
        return f"{prefix} Reason: No Container Instances were found in your cluster."
    instance, test = found
    return f"{prefix} The closest matching (container-instance {instance.id}) {fitting.TEXTS[test]}{MORE}"
