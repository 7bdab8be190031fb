"""Which CloudWatch metric a target tracking policy follows (S2, S20)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tinystacks.controlplane.scalable_targets import validation_error
from tinystacks.controlplane.types import items, part

if TYPE_CHECKING:
    from tinystacks.controlplane.model import ScalableTarget
    from tinystacks.controlplane.types import Document

UTILIZATIONS = {
    "ECSServiceAverageCPUUtilization": "CPUUtilization",
    "ECSServiceAverageMemoryUtilization": "MemoryUtilization",
    "ECSServiceAverageCPUUtilizationHighResolution": "CPUUtilization",
    "ECSServiceAverageMemoryUtilizationHighResolution": "MemoryUtilization",
}
LABEL_PARTS = 6


@dataclass(frozen=True, kw_only=True)
class FollowedMetric:
    """A metric in CloudWatch's words."""

    namespace: str
    name: str
    statistic: str = "Average"
    dimensions: dict[str, str] = field(default_factory=dict[str, str])
    is_high_resolution: bool = False


def followed_metric(target: ScalableTarget, configuration: Document) -> FollowedMetric:
    """Read a target tracking configuration.

    Raises:
        EcsError: ValidationException, for an unknown metric or a wrong resource label.
    """
    custom = configuration.get("CustomizedMetricSpecification")
    if custom is not None:
        return FollowedMetric(
            namespace=custom.get("Namespace") or "",
            name=custom.get("MetricName") or "",
            statistic=custom.get("Statistic") or "Average",
            dimensions={one["Name"]: one["Value"] for one in items(custom, "Dimensions")},
        )
    predefined = part(configuration, "PredefinedMetricSpecification")
    kind = predefined.get("PredefinedMetricType") or ""
    if kind in UTILIZATIONS:
        return FollowedMetric(
            namespace="AWS/ECS",
            name=UTILIZATIONS[kind],
            dimensions={"ClusterName": target.cluster, "ServiceName": target.service},
            is_high_resolution=kind.endswith("HighResolution"),
        )
    if kind == "ALBRequestCountPerTarget":
        return _requests(predefined.get("ResourceLabel") or "")
    raise validation_error(f"Unsupported predefined metric type for the service namespace ecs: {kind}")


def _requests(label: str) -> FollowedMetric:
    parts = label.split("/")
    if len(parts) != LABEL_PARTS or parts[0] != "app" or parts[3] != "targetgroup":
        raise validation_error(
            f"The resource label {label} must be app/<load balancer>/<id>/targetgroup/<target group>/<id>."
        )
    return FollowedMetric(
        namespace="AWS/ApplicationELB",
        name="RequestCountPerTarget",
        statistic="Sum",
        dimensions={"TargetGroup": "/".join(parts[3:])},
    )
