"""CPU, memory and requests of services, for CloudWatch and for target tracking.

Sources: ECS developer guide, service_utilization (used of reserved, may exceed 100 %), available-metrics,
cloudwatch-container-insights (counts of tasks and instances, where the cluster's setting asks for them); Application
Auto Scaling API reference, PredefinedMetricSpecification.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tinystacks.controlplane.target_tracking import is_high_resolution
from tinystacks.local.metrics import path_dimensions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tinystacks.controlplane.model import Service, Task
    from tinystacks.controlplane.plane import ControlPlane
    from tinystacks.local.metrics import Metrics
    from tinystacks.local.planes import PlaneRegistry
    from tinystacks.local.runtime.base import Runtime, TaskUsage
    from tinystacks.local.targets import TargetBook
    from tinystacks.local.traffic import Path

NAMESPACE = "AWS/ECS"
INSIGHTS_NAMESPACE = "ECS/ContainerInsights"
_Other = tuple[str, str, dict[str, str], float, str]
"""A datapoint: namespace, name, dimensions, value and unit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Utilisation:
    dimensions: dict[str, str]
    cpu: float | None
    memory: float | None


class UsageReports:
    """Works out utilisation and tells CloudWatch and the planes.

    Args:
        planes: the control planes.
        metrics: CloudWatch datapoints.
    """

    def __init__(self, planes: PlaneRegistry, metrics: Metrics) -> None:
        self._planes = planes
        self._metrics = metrics

    def tell_services(self, region: str, runtime: Runtime, now: float) -> None:
        """Tell the utilisation of every service that has running tasks."""
        with self._planes.locked(region) as plane:
            running: dict[str, tuple[Service, list[Task]]] = {}
            for task in plane.state.tasks.values():
                if task.last_status == "RUNNING" and task.service is not None:
                    running.setdefault(task.service.arn, (task.service, []))[1].append(task)
            used = runtime.usage(tuple(task.id for _, tasks in running.values() for task in tasks))
            found = [_utilisation(service, tasks, used) for service, tasks in running.values()]
            others = [*_groups(plane, used), *_insights(plane), *_clusters(plane, used), *_live(plane)]
            for one in found:
                _tell_plane(plane, one, now)
        for one in found:
            for name, value in (("CPUUtilization", one.cpu), ("MemoryUtilization", one.memory)):
                if value is not None:
                    self._metrics.put(region, NAMESPACE, name, one.dimensions, value, "Percent", now)
        for namespace, name, dimensions, value, unit in others:
            self._metrics.put(region, namespace, name, dimensions, value, unit, now)

    def tell_often(self, region: str, runtime: Runtime, now: float) -> None:
        """Tell the planes alone, between two minutes, of services that a high-resolution policy follows (rule S2)."""
        with self._planes.locked(region) as plane:
            followed = {
                (target.cluster, target.service)
                for target in plane.state.targets.values()
                if any(is_high_resolution(one) for one in target.policies.values())
            }
            if not followed:
                return
            running: dict[tuple[str, str], tuple[Service, list[Task]]] = {}
            for task in plane.state.tasks.values():
                service = task.service
                if (
                    task.last_status == "RUNNING"
                    and service is not None
                    and (service.cluster, service.name) in followed
                ):
                    running.setdefault((service.cluster, service.name), (service, []))[1].append(task)
            used = runtime.usage(tuple(task.id for _, tasks in running.values() for task in tasks))
            for service, tasks in running.values():
                _tell_plane(plane, _utilisation(service, tasks, used), now)

    def zones(self, region: str) -> dict[str, str]:
        """The zone of every task that has a place."""
        with self._planes.locked(region) as plane:
            return {task.id: zone for task in plane.state.tasks.values() if (zone := task.zone)}

    def tell_requests(
        self,
        *,
        region: str,
        path: Path,
        requests: int,
        book: TargetBook,
        now: float,
    ) -> None:
        """Tell the requests per target of a minute (S20)."""
        targets = len(book.routable(path.target_group_arn))
        if not targets or region not in self._planes.regions():
            return
        with self._planes.locked(region) as plane:
            plane.metric("RequestCountPerTarget", path_dimensions(path), requests / targets, now)


def _tell_plane(plane: ControlPlane, one: _Utilisation, now: float) -> None:
    if one.cpu is not None:
        plane.metric("CPUUtilization", one.dimensions, one.cpu, now)
    if one.memory is not None:
        plane.metric("MemoryUtilization", one.dimensions, one.memory, now)


def _insights(plane: ControlPlane) -> Iterator[_Other]:
    """What Container Insights counts, in the clusters where it is on (rule A41)."""
    watched = {
        cluster.name
        for cluster in plane.state.clusters.values()
        if any(one.get("name") == "containerInsights" and one.get("value") != "disabled" for one in cluster.settings)
    }
    for name in watched:
        cluster = plane.state.clusters[name]
        instances = float(len(cluster.container_instances))
        yield INSIGHTS_NAMESPACE, "ContainerInstanceCount", {"ClusterName": name}, instances, "Count"
    for service in plane.state.services.values():
        if service.cluster in watched and service.status == "ACTIVE":
            counts = {
                "DesiredTaskCount": service.desired_count,
                "RunningTaskCount": service.running_count,
                "PendingTaskCount": service.pending_count,
                "DeploymentCount": len(service.deployments),
            }
            dimensions = {"ClusterName": service.cluster, "ServiceName": service.name}
            for name, count in counts.items():
                yield INSIGHTS_NAMESPACE, name, dimensions, float(count), "Count"


def _clusters(plane: ControlPlane, used: Mapping[str, TaskUsage]) -> Iterator[_Other]:
    """Use and reservation of the instances of each cluster in percent (rule A40); DRAINING ones count."""
    for cluster in plane.state.clusters.values():
        instances = list(cluster.container_instances.values())
        tasks = [task_id for one in instances for task_id in one.tasks if task_id in used]
        if not tasks:
            continue
        cpu, memory = sum(one.cpu for one in instances), sum(one.memory for one in instances)
        values = {
            "CPUUtilization": sum(used[one].cpu_units for one in tasks) / cpu,
            "MemoryUtilization": sum(used[one].memory_mib for one in tasks) / memory,
            "CPUReservation": sum(one.scheduled.cpu for one in instances) / cpu,
            "MemoryReservation": sum(one.scheduled.memory for one in instances) / memory,
        }
        for name, value in values.items():
            yield NAMESPACE, name, {"ClusterName": cluster.name}, 100 * value, "Percent"


def _live(plane: ControlPlane) -> Iterator[_Other]:
    """Tasks of services that are being made ready, run, or leave their load balancer (rule A40)."""
    live = Counter(
        (one.service.cluster, one.service.name)
        for one in plane.state.tasks.values()
        if one.service is not None and one.last_status in {"ACTIVATING", "RUNNING", "DEACTIVATING"}
    )
    for (cluster, service), count in live.items():
        yield NAMESPACE, "LiveTaskCount", {"ClusterName": cluster, "ServiceName": service}, float(count), "Count"


def _groups(plane: ControlPlane, used: dict[str, TaskUsage]) -> Iterator[_Other]:
    """CPU use of the instances of each Auto Scaling group in percent."""
    for group in plane.state.groups.values():
        shares = [
            100 * sum(used[task_id].cpu_units for task_id in instance.tasks if task_id in used) / instance.cpu
            for one in group.instances.values()
            if (instance := one.container_instance) is not None
        ]
        if shares:
            dimensions = {"AutoScalingGroupName": group.name}
            yield "AWS/EC2", "CPUUtilization", dimensions, sum(shares) / len(shares), "Percent"


def _utilisation(service: Service, tasks: list[Task], used: dict[str, TaskUsage]) -> _Utilisation:
    dimensions = {"ClusterName": service.cluster, "ServiceName": service.name}
    seen = [task for task in tasks if task.id in used]
    cpu_reserved = sum(task.needs.cpu for task in seen)
    memory_reserved = sum(task.needs.memory for task in seen)
    cpu_used = sum(used[task.id].cpu_units for task in seen)
    memory_used = sum(used[task.id].memory_mib for task in seen)
    return _Utilisation(
        dimensions=dimensions,
        cpu=100 * cpu_used / cpu_reserved if cpu_reserved else None,
        memory=100 * memory_used / memory_reserved if memory_reserved else None,
    )
