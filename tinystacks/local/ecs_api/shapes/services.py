"""Services and the deployments in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.local.ecs_api.shapes.common import Shape, launch_members, tag_list, without_empty

if TYPE_CHECKING:
    from tinystacks.controlplane.model import Deployment, Service, ServiceRevision

EVENTS_SHOWN = 100
"""Most events that a service keeps (API Service)."""


def service_shape(service: Service, *, cluster_arn: str, tags: bool) -> Shape:
    """Show a service; its tags only if asked for."""
    fargate = _platform(service.launch_type, service.capacity_provider_strategy, service.platform_version)
    shape = without_empty(
        serviceArn=service.arn,
        serviceName=service.name,
        clusterArn=cluster_arn,
        loadBalancers=service.load_balancers,
        serviceRegistries=service.service_registries,
        status=service.status,
        desiredCount=service.desired_count,
        runningCount=service.running_count,
        pendingCount=service.pending_count,
        taskDefinition=service.task_definition.arn,
        deploymentConfiguration=service.deployment_configuration,
        deployments=[
            deployment_shape(deployment) for deployment in service.deployments if deployment.status != "INACTIVE"
        ],
        roleArn=service.role_arn,
        events=[
            {"id": event.id, "createdAt": event.created_at, "message": event.message}
            for event in service.events[:EVENTS_SHOWN]
        ],
        createdAt=service.created_at,
        currentServiceDeployment=_current_deployment(service),
        currentServiceRevisions=[
            revision_summary(
                deployment.revision, deployment.desired_count, deployment.running_count, deployment.pending_count
            )
            for deployment in service.deployments
            if deployment.status != "INACTIVE"
        ],
        placementConstraints=service.placement_constraints,
        placementStrategy=service.placement_strategy,
        networkConfiguration=service.network_configuration,
        schedulingStrategy=service.scheduling_strategy,
        deploymentController={"type": service.deployment_controller},
        createdBy=service.created_by,
        enableECSManagedTags=service.enable_ecs_managed_tags,
        propagateTags=service.propagate_tags,
        enableExecuteCommand=service.enable_execute_command,
        availabilityZoneRebalancing=service.availability_zone_rebalancing,
    )
    if service.load_balancers or service.health_check_grace_period_seconds:
        shape["healthCheckGracePeriodSeconds"] = service.health_check_grace_period_seconds
    if tags:
        shape["tags"] = tag_list(service.tags)
    return shape | launch_members(service.launch_type, service.capacity_provider_strategy) | fargate


def deployment_shape(deployment: Deployment) -> Shape:
    """Show one entry of a service's deployments."""
    revision = deployment.revision
    shape = without_empty(
        id=deployment.id,
        status=deployment.status,
        taskDefinition=revision.task_definition.arn,
        desiredCount=deployment.desired_count,
        pendingCount=deployment.pending_count,
        runningCount=deployment.running_count,
        failedTasks=deployment.failed_tasks,
        createdAt=deployment.created_at,
        updatedAt=deployment.updated_at,
        networkConfiguration=revision.network_configuration,
        rolloutState=deployment.rollout_state,
        rolloutStateReason=deployment.rollout_state_reason,
        serviceConnectConfiguration=revision.service_connect_configuration,
    )
    if revision.volume_configurations:
        shape["volumeConfigurations"] = revision.volume_configurations
    return (
        shape
        | launch_members(revision.launch_type, revision.capacity_provider_strategy)
        | _platform(revision.launch_type, revision.capacity_provider_strategy, revision.platform_version)
    )


def revision_summary(revision: ServiceRevision, requested: int, running: int, pending: int) -> Shape:
    """Show a service revision with its task counts (API ServiceRevisionSummary)."""
    return {
        "arn": revision.arn,
        "requestedTaskCount": requested,
        "runningTaskCount": running,
        "pendingTaskCount": pending,
    }


def _current_deployment(service: Service) -> str:
    """Give the ARN of the service deployment that is going on, if any."""
    return next((one.arn for one in service.service_deployments if not one.is_finished), "")


def _platform(launch_type: str, strategy: list[Shape], version: str) -> Shape:
    providers = {str(item["capacityProvider"]) for item in strategy}
    if launch_type == "FARGATE" or providers & {"FARGATE", "FARGATE_SPOT"}:
        return {"platformVersion": version or "LATEST", "platformFamily": "Linux"}
    return {}
