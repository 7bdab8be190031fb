"""Clusters and capacity providers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.local.ecs_api.shapes.common import Shape, name_values, tag_list, without_empty

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from tinystacks.controlplane.model import CapacityProvider, Cluster, Service

ALL = frozenset({"ATTACHMENTS", "CONFIGURATIONS", "SETTINGS", "STATISTICS", "TAGS"})
"""What DescribeClusters shows only on request."""
_LIVE = frozenset({"ACTIVATING", "RUNNING", "DEACTIVATING"})


def cluster_shape(cluster: Cluster, services: Iterable[Service], include: Collection[str] = ()) -> Shape:
    """Show a cluster.

    Args:
        cluster: the cluster.
        services: its services that are not INACTIVE.
        include: the parts to show beside the plain ones, named as in `DescribeClusters`.
    """
    services = list(services)
    wanted = [task for task in cluster.tasks.values() if task.desired_status == "RUNNING"]
    running = sum(1 for task in wanted if task.last_status == "RUNNING")
    shape = without_empty(
        clusterArn=cluster.arn,
        clusterName=cluster.name,
        status=cluster.status,
        registeredContainerInstancesCount=len(cluster.container_instances),
        runningTasksCount=running,
        pendingTasksCount=len(wanted) - running,
        activeServicesCount=sum(1 for service in services if service.status == "ACTIVE"),
        statistics=_statistics(cluster, services) if "STATISTICS" in include else [],
        tags=tag_list(cluster.tags) if "TAGS" in include else [],
        settings=_settings(cluster) if "SETTINGS" in include else [],
        capacityProviders=list(cluster.capacity_providers),
        defaultCapacityProviderStrategy=[dict(item) for item in cluster.default_capacity_provider_strategy],
        serviceConnectDefaults=cluster.service_connect_defaults,
    )
    if "CONFIGURATIONS" in include and cluster.configuration:
        shape["configuration"] = cluster.configuration
    if "ATTACHMENTS" in include:
        shape["attachments"] = [
            {"id": one.id, "type": one.type, "status": one.status, "details": name_values(one.details)}
            for one in cluster.attachments
        ]
        shape |= without_empty(attachmentsStatus=cluster.attachments_status)
    return shape


def _settings(cluster: Cluster) -> list[Shape]:
    """Show the settings; a cluster that was given none has Container Insights off (API ClusterSetting)."""
    return [dict(setting) for setting in cluster.settings] or [{"name": "containerInsights", "value": "disabled"}]


def _statistics(cluster: Cluster, services: list[Service]) -> list[Shape]:
    counts: dict[str, int] = {}
    for kind, launch_type in (("EC2", "EC2"), ("Fargate", "FARGATE")):
        tasks = [task for task in cluster.tasks.values() if task.launch_type == launch_type]
        own = [service for service in services if _is_fargate(service) == (launch_type == "FARGATE")]
        counts[f"running{kind}TasksCount"] = sum(1 for task in tasks if task.last_status in _LIVE)
        counts[f"pending{kind}TasksCount"] = sum(1 for task in tasks if task.last_status in {"PROVISIONING", "PENDING"})
        counts[f"active{kind}ServiceCount"] = sum(1 for service in own if service.status == "ACTIVE")
        counts[f"draining{kind}ServiceCount"] = sum(1 for service in own if service.status == "DRAINING")
    return name_values({name: str(count) for name, count in counts.items()})


def _is_fargate(service: Service) -> bool:
    if service.capacity_provider_strategy:
        return str(service.capacity_provider_strategy[0]["capacityProvider"]) in {"FARGATE", "FARGATE_SPOT"}
    return service.launch_type == "FARGATE"


def capacity_provider_shape(provider: CapacityProvider, *, tags: bool) -> Shape:
    """Show a capacity provider; its tags only if asked for."""
    shape = without_empty(
        capacityProviderArn=provider.arn,
        name=provider.name,
        status=provider.status,
        tags=tag_list(provider.tags) if tags else [],
        type=provider.kind,
    )
    if provider.is_fargate:
        return shape
    return shape | without_empty(
        updateStatus=provider.update_status,
        updateStatusReason=provider.update_status_reason,
        autoScalingGroupProvider={
            "autoScalingGroupArn": provider.auto_scaling_group_arn,
            "managedScaling": {
                "status": provider.managed_scaling_status,
                "targetCapacity": provider.target_capacity,
                "minimumScalingStepSize": provider.minimum_scaling_step_size,
                "maximumScalingStepSize": provider.maximum_scaling_step_size,
                "instanceWarmupPeriod": provider.instance_warmup_period,
            },
            "managedTerminationProtection": provider.managed_termination_protection,
            "managedDraining": provider.managed_draining,
        },
    )
