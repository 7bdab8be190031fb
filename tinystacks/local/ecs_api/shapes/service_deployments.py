"""Service deployments and service revisions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.local.ecs_api.shapes.common import Shape, launch_members, without_empty
from tinystacks.local.ecs_api.shapes.services import revision_summary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tinystacks.controlplane.model import Deployment, LifecycleHook, ServiceDeployment, ServiceRevision


_SHOWN_STAGES = {"PRE_PRODUCTION_TRAFFIC_SHIFT": "POST_SCALE_UP"}
"""A stage at which hooks pause and which is no value of ServiceDeploymentLifecycleStage in botocore's model."""


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


def service_deployment_shape(record: ServiceDeployment, deployments: Sequence[Deployment]) -> Shape:
    """Show a service deployment in full.

    Args:
        record: the service deployment.
        deployments: the service's deployments now, whose counts are those of the revisions while it goes on.
    """
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
            _counted(revision, () if record.status == "SUCCESSFUL" else deployments) for revision, _, _ in record.source
        ],
        targetServiceRevision=_target(record, deployments),
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
        lifecycleStage=_SHOWN_STAGES.get(record.lifecycle_stage, record.lifecycle_stage),
    )
    if record.lifecycle_hooks:
        shape["lifecycleHookDetails"] = [_hook(one) for one in record.lifecycle_hooks]
    if record.rollback_started_at is not None and record.rollback_revision is not None:
        shape["rollback"] = without_empty(
            reason=record.rollback_reason,
            startedAt=record.rollback_started_at,
            serviceRevisionArn=record.rollback_revision.arn,
        )
    return shape


def _hook(hook: LifecycleHook) -> Shape:
    """Show a hook that a service deployment came to; a pause hook has no target."""
    return {
        "hookId": hook.hook_id,
        "targetType": "PAUSE",
        "status": hook.status,
        "expiresAt": hook.expires_at,
        "timeoutAction": hook.timeout_action,
    }


def _target(record: ServiceDeployment, deployments: Sequence[Deployment]) -> Shape:
    """Count the target: at the end of a deployment that succeeded, else now (nothing is left after a rollback)."""
    if record.status == "SUCCESSFUL" and record.finished_counts is not None:
        return revision_summary(record.target, *record.finished_counts)
    return _counted(record.target, deployments)


def _counted(revision: ServiceRevision, deployments: Sequence[Deployment]) -> Shape:
    for deployment in deployments:
        if deployment.revision is revision:
            return revision_summary(
                revision, deployment.desired_count, deployment.running_count, deployment.pending_count
            )
    return revision_summary(revision, 0, 0, 0)


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
