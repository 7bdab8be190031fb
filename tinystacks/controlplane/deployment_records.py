"""The records of deployments: entries of the service, service deployments, revisions (D15, D18-D26)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.controlplane import circuit_breaker, events, lifecycle_hooks, throttle
from tinystacks.controlplane.service_model import Deployment, ServiceDeployment, ServiceRevision

if TYPE_CHECKING:
    from tinystacks.controlplane.model import Service
    from tinystacks.controlplane.state import State

MOST_KEPT = 100


def begin(state: State, service: Service) -> Deployment:
    """Begin a deployment of the service as it is now; older ones are replaced."""
    revision = _revision(state, service)
    deployment = Deployment(
        id=f"ecs-svc/{state.identities.digits()}",
        revision=revision,
        created_at=state.now,
        updated_at=state.now,
        desired_count=service.desired_count,
    )
    deployment.rollout_state_reason = f"ECS deployment {deployment.id} in progress."
    _end_older_records(state, service)
    service.rebalance_tasks.clear()
    record = ServiceDeployment(
        arn=state.identities.arn(f"service-deployment/{service.cluster}/{service.name}/{state.identities.short()}"),
        service_arn=service.arn,
        cluster_arn=state.clusters[service.cluster].arn,
        target=revision,
        source=[(one.revision, one.desired_count, one.running_count) for one in service.deployments if one.tasks],
        deployment=deployment,
        status="IN_PROGRESS",
        created_at=state.now,
        started_at=state.now,
        updated_at=state.now,
        deployment_configuration=service.deployment_configuration,
        breaker_status="MONITORING" if circuit_breaker.is_enabled(service) else "DISABLED",
    )
    alarms = service.deployment_configuration["alarms"]
    if alarms["enable"]:
        ringing = [one for one in alarms["alarmNames"] if state.alarm_states.get(one) == "ALARM"]
        deployment.alarms_ignored = bool(ringing)
        record.alarm_status = "DISABLED" if ringing else "MONITORING"
    deployment.service_deployment = record
    lifecycle_hooks.begin(service, record)
    service.service_deployments.insert(0, record)
    del service.service_deployments[MOST_KEPT:]
    make_primary(service, deployment)
    throttle.reset(service)
    service.placement_blocked_until = 0
    service.is_steady = False
    _emit(state, service, deployment, "IN_PROGRESS")
    state.touch(service)
    return deployment


def make_primary(service: Service, deployment: Deployment) -> None:
    """Put a deployment first; the others are replaced from now on."""
    others = [one for one in service.deployments if one is not deployment]
    for one in others:
        one.status = "ACTIVE"
        one.desired_count = len(one.tasks) if one.rollout_state != "FAILED" else 0
    deployment.status = "PRIMARY"
    service.deployments = [deployment, *others]


def drop_replaced(service: Service) -> None:
    """Take deployments without tasks out of the list (D20)."""
    kept = lifecycle_hooks.rolled(service)
    for one in service.deployments[1:]:
        if not one.tasks and not one.stopping and one is not kept:
            one.status = "INACTIVE"
            service.deployments.remove(one)


def complete(state: State, service: Service) -> None:
    """The newest deployment has done its work (D21, D22)."""
    deployment = service.deployments[0]
    deployment.rollout_state = "COMPLETED"
    deployment.rollout_state_reason = f"ECS deployment {deployment.id} completed."
    deployment.updated_at = state.now
    service.last_completed = deployment
    events.say(state, service, f"(deployment {deployment.id}) deployment completed.")
    _emit(state, service, deployment, "COMPLETED")
    record = open_record(service)
    if record is not None:
        record.lifecycle_stage = "CLEAN_UP" if record.first_stage else ""
        finish(state, service, record, "ROLLBACK_SUCCESSFUL" if record.rollback_started_at else "SUCCESSFUL")


def fail(state: State, service: Service, reason: str) -> None:
    """The newest deployment has failed; it starts nothing any more (D32-D34)."""
    deployment = service.deployments[0]
    deployment.rollout_state = "FAILED"
    deployment.rollout_state_reason = reason
    deployment.updated_at = state.now
    deployment.desired_count = 0
    _emit(state, service, deployment, "FAILED")


def roll_back(state: State, service: Service, target: Deployment, reason: str, *, status_reason: str) -> None:
    """Return to an earlier deployment: it becomes PRIMARY again and is rolled out by the usual rules (D33)."""
    record = open_record(service)
    service.last_completed = None
    make_primary(service, target)
    service.task_definition = target.revision.task_definition
    service.network_configuration = target.revision.network_configuration
    service.load_balancers = target.revision.load_balancers
    service.capacity_provider_strategy = target.revision.capacity_provider_strategy
    service.launch_type = target.revision.launch_type
    service.platform_version = target.revision.platform_version
    target.desired_count = service.desired_count
    target.rollout_state = "IN_PROGRESS"
    target.rollout_state_reason = reason
    target.failed_tasks = 0
    target.healthy_since = None
    # What rings now tells of the failed revision, not of the one that comes back.
    target.alarms_ignored = True
    target.updated_at = state.now
    throttle.reset(service)
    service.placement_blocked_until = 0
    if record is not None:
        lifecycle_hooks.close(state, service, record)
        # No pause hook is asked on the way back (developer guide, deployment-lifecycle-hooks).
        record.lifecycle_stage = "PRODUCTION_TRAFFIC_SHIFT" if record.first_stage else ""
        record.status = "ROLLBACK_IN_PROGRESS"
        record.status_reason = status_reason
        record.rollback_started_at = state.now
        record.rollback_reason = status_reason
        record.rollback_revision = target.revision
        record.deployment = target
        record.updated_at = state.now
        target.service_deployment = record
    state.touch(service)


def open_record(service: Service) -> ServiceDeployment | None:
    """Give the service deployment that still runs."""
    newest = service.service_deployments[0] if service.service_deployments else None
    return None if newest is None or newest.is_finished else newest


def finish(state: State, service: Service, record: ServiceDeployment, status: str) -> None:
    """Close a service deployment; its counts stay as they are now (D25)."""
    lifecycle_hooks.close(state, service, record)
    record.status = status
    record.finished_at = record.updated_at = state.now
    if status == "STOPPED":
        record.stopped_at = state.now
    deployment = record.deployment
    if deployment is not None:
        record.finished_counts = (service.desired_count, deployment.running_count, deployment.pending_count)
    if record.breaker_status == "MONITORING":
        record.breaker_status = "MONITORING_COMPLETE"


def _end_older_records(state: State, service: Service) -> None:
    """A newer deployment stops the one that runs (D18)."""
    record = open_record(service)
    if record is not None:
        record.status_reason = "Service deployment stopped because a new service deployment was started."
        finish(state, service, record, "STOPPED")


def _revision(state: State, service: Service) -> ServiceRevision:
    revision = ServiceRevision(
        arn=state.identities.arn(f"service-revision/{service.cluster}/{service.name}/{state.identities.digits()}"),
        task_definition=service.task_definition,
        created_at=state.now,
        launch_type=service.launch_type,
        capacity_provider_strategy=service.capacity_provider_strategy,
        platform_version=service.platform_version,
        network_configuration=service.network_configuration,
        load_balancers=service.load_balancers,
        service_registries=service.service_registries,
        service_connect_configuration=service.service_connect_configuration,
        volume_configurations=service.volume_configurations,
        vpc_lattice_configurations=service.vpc_lattice_configurations,
        container_images=[
            {"containerName": one["name"], "image": one.get("image", "")} for one in service.task_definition.containers
        ],
        resolves_tags=service.desired_count > 0 or service.scheduling_strategy == "DAEMON",
    )
    service.revisions[revision.arn] = revision
    return revision


def _emit(state: State, service: Service, deployment: Deployment, word: str) -> None:
    events.emit(
        state,
        "ECS Deployment State Change",
        service.arn,
        {
            "eventType": "ERROR" if word == "FAILED" else "INFO",
            "eventName": f"SERVICE_DEPLOYMENT_{word}",
            "clusterArn": state.clusters[service.cluster].arn,
            "deploymentId": deployment.id,
            "updatedAt": state.now,
            "reason": deployment.rollout_state_reason,
        },
    )
