"""Service deployments and service revisions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.local.ecs_api.shapes.common import Shape, launch_members, without_empty
from tinystacks.local.ecs_api.shapes.services import revision_summary

if TYPE_CHECKING:
    from tinystacks.controlplane.model import ServiceDeployment, ServiceRevision


def service_deployment_brief(record: ServiceDeployment) -> Shape:
    """Show a service deployment as ListServiceDeployments does."""
    return without_empty(
        serviceDeploymentArn=record.arn,
        serviceArn=record.service_arn,
        clusterArn=record.cluster_arn,
        startedAt=record.started_at,
        createdAt=record.created_at,
        finishedAt=record.finished_at,
        targetServiceRevisionArn=record.target.arn,
        status=record.status,
        statusReason=record.status_reason,
    )


def service_deployment_shape(record: ServiceDeployment) -> Shape:
    """Show a service deployment in full; the counts of a finished one are those of its end."""
    sources = record.source if record.finished_source_counts is None else record.finished_source_counts
    alarms: Shape = record.deployment_configuration.get("alarms") or {}
    shape = without_empty(
        serviceDeploymentArn=record.arn,
        serviceArn=record.service_arn,
        clusterArn=record.cluster_arn,
        createdAt=record.created_at,
        startedAt=record.started_at,
        finishedAt=record.finished_at,
        stoppedAt=record.stopped_at,
        updatedAt=record.updated_at,
        sourceServiceRevisions=[
            revision_summary(revision, requested=running + pending, running=running, pending=pending)
            for revision, running, pending in sources
        ],
        targetServiceRevision=_target(record),
        status=record.status,
        statusReason=record.status_reason,
        deploymentConfiguration=record.deployment_configuration,
        deploymentCircuitBreaker={
            "status": record.breaker_status,
            "failureCount": record.breaker_failure_count,
            "threshold": record.breaker_threshold,
        },
        alarms=without_empty(
            status=record.alarm_status,
            alarmNames=alarms.get("alarmNames", []),
            triggeredAlarmNames=list(record.triggered_alarms),
        ),
    )
    if record.rollback_started_at is not None and record.rollback_revision is not None:
        shape["rollback"] = without_empty(
            reason=record.rollback_reason,
            startedAt=record.rollback_started_at,
            serviceRevisionArn=record.rollback_revision.arn,
        )
    return shape


def _target(record: ServiceDeployment) -> Shape:
    if record.finished_counts is not None:
        return revision_summary(record.target, *record.finished_counts)
    deployment = record.deployment
    if deployment is None or deployment.revision is not record.target:
        return revision_summary(record.target, 0, 0, 0)
    return revision_summary(record.target, deployment.desired_count, deployment.running_count, deployment.pending_count)


def service_revision_shape(revision: ServiceRevision, *, service_arn: str, cluster_arn: str) -> Shape:
    """Show a service revision."""
    shape = without_empty(
        serviceRevisionArn=revision.arn,
        serviceArn=service_arn,
        clusterArn=cluster_arn,
        taskDefinition=revision.task_definition.arn,
        platformVersion=revision.platform_version,
        loadBalancers=revision.load_balancers,
        serviceRegistries=revision.service_registries,
        networkConfiguration=revision.network_configuration,
        containerImages=revision.container_images,
        guardDutyEnabled=revision.guard_duty_enabled,
        serviceConnectConfiguration=revision.service_connect_configuration,
        volumeConfigurations=revision.volume_configurations,
        createdAt=revision.created_at,
        vpcLatticeConfigurations=revision.vpc_lattice_configurations,
    )
    return shape | launch_members(revision.launch_type, revision.capacity_provider_strategy)
