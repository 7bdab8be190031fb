"""CreateService, UpdateService, DeleteService, Stop- and ContinueServiceDeployment (A3-A7, A10, D14, D15, D40, D42)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinystacks.controlplane import (
    bounds,
    deployment_records,
    events,
    lifecycle_hooks,
    scalable_targets,
    service_checks,
    strategies,
    throttle,
)
from tinystacks.controlplane.errors import EcsError, invalid_parameter
from tinystacks.controlplane.service_model import Service
from tinystacks.controlplane.tag_forms import as_dict

if TYPE_CHECKING:
    from tinystacks.controlplane.model import Cluster, ServiceDeployment
    from tinystacks.controlplane.requests import CreateServiceRequest, UpdateServiceRequest
    from tinystacks.controlplane.state import State
    from tinystacks.controlplane.types import Document

# Members whose change starts a deployment (D14); the others reach only tasks that start later.
DEPLOYING = (
    "network_configuration",
    "platform_version",
    "load_balancers",
    "service_registries",
    "service_connect_configuration",
    "volume_configurations",
    "vpc_lattice_configurations",
)
QUIET = (
    "placement_constraints",
    "placement_strategy",
    "health_check_grace_period_seconds",
    "enable_execute_command",
    "enable_ecs_managed_tags",
    "propagate_tags",
)


LONGEST_TOKEN = 36


def create(state: State, request: CreateServiceRequest) -> Service:
    """Create a service and begin its first deployment."""
    cluster = state.cluster(request.get("cluster"))
    name = request["service_name"]
    service_checks.name(name)
    service_checks.token(request.get("client_token"), LONGEST_TOKEN)
    found = state.services.get((cluster.name, name))
    if found is not None and found.status != "INACTIVE":
        return _same_or_refuse(found, request)
    service_checks.controller(request.get("deployment_controller"), request.get("deployment_configuration"))
    daemon = request.get("scheduling_strategy") == "DAEMON"
    if daemon and request.get("desired_count") is not None:
        raise invalid_parameter("The desired count cannot be specified for a service with the DAEMON strategy.")
    service = Service(
        name=name,
        arn=state.identities.arn(f"service/{cluster.name}/{name}"),
        cluster=cluster.name,
        task_definition=state.active_task_definition(request["task_definition"]),
        desired_count=int(request.get("desired_count") or 0),
        scheduling_strategy="DAEMON" if daemon else "REPLICA",
        deployment_configuration=bounds.with_defaults(request.get("deployment_configuration"), daemon=daemon),
        tags=as_dict(request.get("tags") or []),
        client_token=request.get("client_token") or "",
        role_arn=request.get("role") or "",
        created_at=state.now,
        request=dict(request),
    )
    if not daemon and request.get("desired_count") is None:
        raise invalid_parameter("The desired count must be specified for a service with the REPLICA strategy.")
    _take_over(service, request)
    _take_launch(state, cluster, service, request)
    _take_rebalancing(service, request.get("availability_zone_rebalancing"), created=True)
    _check(state, service)
    state.services[cluster.name, name] = service
    deployment_records.begin(state, service)
    return service


def update(state: State, request: UpdateServiceRequest) -> Service:
    """Change a service; what D14 names begins a deployment."""
    cluster = state.cluster(request.get("cluster"))
    service = state.service(cluster, request["service"])
    if service.status != "ACTIVE":
        raise EcsError("ServiceNotActiveException", "Service was not ACTIVE.")
    service_checks.controller(request.get("deployment_controller"), request.get("deployment_configuration"))
    draft = _copy(service)
    forced = bool(request.get("force_new_deployment"))
    task_definition, configuration = request.get("task_definition"), request.get("deployment_configuration")
    strategy, desired_count = request.get("capacity_provider_strategy"), request.get("desired_count")
    if task_definition:
        draft.task_definition = state.active_task_definition(task_definition)
    if configuration:
        merged = {**service.deployment_configuration, **configuration}
        draft.deployment_configuration = bounds.with_defaults(merged)
    if strategy is not None:
        if _with_defaults(strategy) != service.capacity_provider_strategy and not forced:
            raise invalid_parameter(service_checks.SWITCH_NEEDS_FORCE)
        _take_launch(state, cluster, draft, request)
    _take_over(draft, request)
    _take_rebalancing(draft, request.get("availability_zone_rebalancing"), created=False)
    _check(state, draft)
    deploys = (
        forced
        or draft.task_definition is not service.task_definition
        or any(getattr(draft, one) != getattr(service, one) for one in DEPLOYING)
    )
    if desired_count is not None and service.scheduling_strategy == "REPLICA":
        set_desired_count(state, service, desired_count)
    _assign(service, draft)
    if deploys:
        deployment_records.begin(state, service)
    else:
        throttle.reset(service)
    state.touch(service)
    return service


def set_desired_count(state: State, service: Service, count: int) -> None:
    """Change the desired count; no deployment begins."""
    if count < 0:
        raise invalid_parameter("The desired count must not be negative.")
    if count != service.desired_count:
        service.desired_count = count
        service.is_steady = False
        service.placement_blocked_until = 0
        events.service_action(state, service, "SERVICE_DESIRED_COUNT_UPDATED")
        state.touch(service)


def delete(state: State, cluster: str | None, reference: str, *, force: bool) -> Service:
    """Delete a service: it drains while tasks are left (A6, A29)."""
    service = state.service(state.cluster(cluster), reference)
    if service.status != "ACTIVE":
        if service.status == "DRAINING":
            return service
        raise EcsError("ServiceNotActiveException", "Service was not ACTIVE.")
    if service.desired_count > 0 and not force and service.scheduling_strategy == "REPLICA":
        raise invalid_parameter("The service cannot be stopped while it is scaled above 0.")
    record = deployment_records.open_record(service)
    if record is not None:
        lifecycle_hooks.close(state, service, record)
    service.status = "DRAINING"
    service.desired_count = 0
    for deployment in service.deployments:
        deployment.desired_count = 0
    scalable_targets.service_deleted(state, service)
    state.touch(service)
    return service


def stop_deployment(state: State, arn: str, stop_type: str) -> ServiceDeployment:
    """Stop a service deployment and return to the last completed one (D40)."""
    service, record = find_deployment(state, arn)
    if stop_type != "ROLLBACK":
        raise EcsError("UnsupportedFeatureException", f"The stop type {stop_type} is not supported.")
    if record.is_finished:
        raise EcsError(
            "ConflictException", f"The service deployment is in state {record.status} and cannot be stopped."
        )
    if record.rollback_started_at is not None:
        return record
    failed = service.deployments[0]
    target = service.last_completed
    deployment_records.fail(state, service, "ECS deployment stopped by user.")
    if target is None or target is failed:
        record.status_reason = "Service deployment stopped; there is no completed deployment to roll back to."
        deployment_records.finish(state, service, record, "STOPPED")
    else:
        events.say(state, service, f"rolling back to deployment {target.id}.")
        deployment_records.roll_back(
            state,
            service,
            target,
            f"ECS deployment rolling back to deploymentId {target.id}.",
            status_reason="Service deployment rolled back because the service deployment was stopped by user.",
        )
    state.touch(service)
    return record


def continue_deployment(state: State, arn: str, hook_id: str, action: str) -> ServiceDeployment:
    """Continue a service deployment that is paused at a lifecycle hook, or have it go back (D42)."""
    service, record = find_deployment(state, arn)
    lifecycle_hooks.answer(state, service, record, hook_id, action)
    return record


def find_deployment(state: State, arn: str) -> tuple[Service, ServiceDeployment]:
    """Find a service deployment by ARN (A21)."""
    for service in state.services.values():
        for record in service.service_deployments:
            if record.arn == arn:
                return service, record
    raise EcsError("ServiceDeploymentNotFoundException", "Service deployment not found.")


def _same_or_refuse(found: Service, request: CreateServiceRequest) -> Service:
    if found.status == "DRAINING":
        raise invalid_parameter("Unable to Start a service that is still Draining.")
    if found.client_token and found.request == dict(request):
        return found
    raise invalid_parameter("Creation of service was not idempotent.")


def _take_over(service: Service, request: CreateServiceRequest | UpdateServiceRequest) -> None:
    given: dict[str, Any] = dict(request)
    for name in (*DEPLOYING, *QUIET):
        if given.get(name) is not None:
            setattr(service, name, given[name])


def _take_launch(
    state: State, cluster: Cluster, service: Service, request: CreateServiceRequest | UpdateServiceRequest
) -> None:
    """Take launch type or strategy; neither means the cluster's default (C11)."""
    strategy = request.get("capacity_provider_strategy") or []
    launch_type = str(request.get("launch_type") or "")
    if strategy and launch_type:
        raise invalid_parameter("Specifying both a launch type and capacity provider strategy is not supported.")
    if not strategy and service.deployments:
        # An update with an empty list goes back to the launch type (API UpdateService).
        launch_type = compute_kind(state, service)
    elif not strategy and not launch_type:
        strategy = cluster.default_capacity_provider_strategy
    strategies.check(state, cluster, strategy)
    service.capacity_provider_strategy = _with_defaults(strategy)
    service.launch_type = "" if strategy else launch_type or "EC2"
    if compute_kind(state, service) == "FARGATE" and not service.platform_version:
        service.platform_version = "LATEST"


def _with_defaults(strategy: list[Document]) -> list[Document]:
    return [{"weight": 0, "base": 0, **one} for one in strategy]


def compute_kind(state: State, service: Service) -> str:
    """Give the launch type of a service's tasks, by launch type or strategy."""
    if not service.capacity_provider_strategy:
        return service.launch_type or "EC2"
    name = service.capacity_provider_strategy[0]["capacityProvider"].rpartition("/")[2]
    return "FARGATE" if state.capacity_providers[name].is_fargate else "EC2"


def _take_rebalancing(service: Service, asked: str | None, *, created: bool) -> None:
    """Settle zone rebalancing: on by default where a new service is eligible (Z1, Z2)."""
    eligible = service_checks.may_rebalance(service)
    if asked == "ENABLED" and not eligible:
        raise invalid_parameter(
            "Availability Zone rebalancing is not supported with the given placement strategy, constraints, maximum "
            "percent or load balancer of the service."
        )
    if asked is not None:
        service.availability_zone_rebalancing = asked
    elif created:
        service.availability_zone_rebalancing = "ENABLED" if eligible else "DISABLED"


def _check(state: State, service: Service) -> None:
    kind = compute_kind(state, service)
    service_checks.early_success(service)
    lifecycle_hooks.check(service)
    service_checks.launch(service.task_definition, kind)
    service_checks.network(state, service.task_definition, service.network_configuration, kind)
    service_checks.placement(service.task_definition, service.placement_constraints, service.placement_strategy, kind)
    service_checks.load_balancers(state, service.task_definition, service.load_balancers)


CHANGEABLE = (
    *DEPLOYING,
    *QUIET,
    "task_definition",
    "deployment_configuration",
    "capacity_provider_strategy",
    "launch_type",
    "availability_zone_rebalancing",
)


def _copy(service: Service) -> Service:
    draft = Service(
        name=service.name,
        arn=service.arn,
        cluster=service.cluster,
        task_definition=service.task_definition,
        scheduling_strategy=service.scheduling_strategy,
        deployments=service.deployments,
    )
    _assign(draft, service)
    return draft


def _assign(service: Service, source: Service) -> None:
    for name in CHANGEABLE:
        setattr(service, name, getattr(source, name))
