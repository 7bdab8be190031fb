"""Answers of Application Auto Scaling, Auto Scaling and CloudWatch turned into data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinystacks.aws_calls import aws_errors, read_all
from tinystacks.operations.scaling_model import (
    AlarmStatus,
    InstanceGroup,
    ScalingActivity,
    ScalingPolicy,
    ServiceScaling,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

NAMESPACE = "ecs"
_TARGETS_PER_CALL = 50
"""Application Auto Scaling API reference, DescribeScalableTargets."""
_SUSPENDED = {
    "DynamicScalingInSuspended": "scale-in",
    "DynamicScalingOutSuspended": "scale-out",
    "ScheduledScalingSuspended": "schedules",
}
_TRACKING = "TargetTracking-"
LAST_ACTIVITIES = 10


def resource_id(cluster: str, service_name: str) -> str:
    """Name a service as Application Auto Scaling does."""
    return f"service/{cluster}/{service_name}"


def read_scaling(client: Callable[[str], Any], cluster: str, names: Mapping[str, str]) -> dict[str, ServiceScaling]:
    """Read limits and policies.

    Args:
        client: gives a boto3 client by service name.
        cluster: name of the cluster.
        names: name of the ECS service by name in the file.

    Returns:
        By name in the file; services that are not scaled are left out.
    """
    by_resource = {resource_id(cluster, service_name): name for name, service_name in names.items()}
    resources = list(by_resource)
    found: dict[str, ServiceScaling] = {}
    with aws_errors("application-autoscaling", "scaling of the services"):
        scaling = client("application-autoscaling")
        for start in range(0, len(resources), _TARGETS_PER_CALL):
            wanted = resources[start : start + _TARGETS_PER_CALL]
            answer = scaling.describe_scalable_targets(ServiceNamespace=NAMESPACE, ResourceIds=wanted)
            for target in answer.get("ScalableTargets", []):
                name = by_resource.get(target.get("ResourceId", ""))
                if name is None:
                    continue
                policies = scaling.describe_scaling_policies(
                    ServiceNamespace=NAMESPACE, ResourceId=target["ResourceId"]
                ).get("ScalingPolicies", [])
                suspended: Mapping[str, bool] = target.get("SuspendedState") or {}
                found[name] = ServiceScaling(
                    service=name,
                    minimum=target.get("MinCapacity", 0),
                    maximum=target.get("MaxCapacity", 0),
                    suspended=tuple(word for key, word in _SUSPENDED.items() if suspended.get(key)),
                    policies=tuple(_policy(policy) for policy in policies),
                )
    return found


def read_task_activities(
    client: Callable[[str], Any], cluster: str, name: str, service_name: str
) -> list[ScalingActivity]:
    """Read what scaling last did to a service, newest first, with what it did not do and why."""
    with aws_errors("application-autoscaling", f"scaling of service {name}"):
        answer = client("application-autoscaling").describe_scaling_activities(
            ServiceNamespace=NAMESPACE,
            ResourceId=resource_id(cluster, service_name),
            IncludeNotScaledActivities=True,
            MaxResults=LAST_ACTIVITIES,
        )
    return [
        ScalingActivity(
            service=name,
            at=item["StartTime"],
            description=item.get("Description", ""),
            cause=item.get("Cause", ""),
            status=item.get("StatusCode", ""),
            message=item.get("StatusMessage", ""),
            not_scaled=tuple(reason.get("Code", "") for reason in item.get("NotScaledReasons", [])),
        )
        for item in answer.get("ScalingActivities", [])
        if "StartTime" in item
    ]


def read_instance_activities(
    client: Callable[[str], Any], group: str, *, since: datetime | None = None
) -> list[ScalingActivity]:
    """Read what Auto Scaling did to a group, newest first.

    Args:
        client: gives a boto3 client by service name.
        group: name of the group.
        since: as far back as this; else the last ones only.
    """
    found: list[ScalingActivity] = []
    with aws_errors("autoscaling", "activities of the Auto Scaling group"):
        autoscaling = client("autoscaling")
        arguments: dict[str, Any] = {"AutoScalingGroupName": group}
        if since is None:
            arguments["MaxRecords"] = LAST_ACTIVITIES
        while True:
            answer = autoscaling.describe_scaling_activities(**arguments)
            page = [item for item in answer.get("Activities", []) if "StartTime" in item]
            found += [
                ScalingActivity(
                    service="",
                    at=item["StartTime"],
                    description=item.get("Description", ""),
                    cause=item.get("Cause", ""),
                    status=item.get("StatusCode", ""),
                    message=item.get("StatusMessage", ""),
                )
                for item in page
            ]
            token = answer.get("NextToken")
            if since is None or not token or (page and page[-1]["StartTime"] < since):
                return found
            arguments["NextToken"] = token


def read_group(client: Callable[[str], Any], name: str, providers: tuple[str, ...]) -> InstanceGroup | None:
    """Read an Auto Scaling group and the capacity provider that governs it; none when it is gone."""
    with aws_errors("autoscaling", "Auto Scaling group"):
        answer = client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])
    group: Any = next(iter(answer.get("AutoScalingGroups", [])), None)
    if group is None:
        return None
    managed: Mapping[str, Any] = {}
    if providers:
        with aws_errors("ecs", "capacity provider"):
            described = client("ecs").describe_capacity_providers(capacityProviders=list(providers))
        for provider in described.get("capacityProviders", []):
            own: Mapping[str, Any] = provider.get("autoScalingGroupProvider") or {}
            if str(own.get("autoScalingGroupArn", "")).endswith(f"/{name}"):
                managed = own.get("managedScaling") or {}
    return InstanceGroup(
        name=name,
        minimum=group.get("MinSize", 0),
        maximum=group.get("MaxSize", 0),
        desired=group.get("DesiredCapacity", 0),
        protected=tuple(
            item.get("InstanceId", "") for item in group.get("Instances", []) if item.get("ProtectedFromScaleIn")
        ),
        managed=managed.get("status") == "ENABLED",
        target_capacity=managed.get("targetCapacity", 100),
        suspended=tuple(item.get("ProcessName", "") for item in group.get("SuspendedProcesses", [])),
    )


def read_alarms(
    client: Callable[[str], Any], prefixes: list[str], owners: Mapping[str, str], group: str
) -> list[AlarmStatus]:
    """Read alarms.

    Args:
        client: gives a boto3 client by service name.
        prefixes: how names of alarms begin that may be the stage's.
        owners: service in the file by value of an alarm's dimension: ECS service name or target group.
        group: name of the Auto Scaling group; empty on Fargate.
    """
    found: dict[str, AlarmStatus] = {}
    with aws_errors("cloudwatch", "alarms"):
        cloudwatch = client("cloudwatch")
        for prefix in prefixes:
            for alarm in read_all(cloudwatch, "describe_alarms", "MetricAlarms", AlarmNamePrefix=prefix):
                name = alarm.get("AlarmName", "")
                # Metric math holds its metrics deeper.
                metrics = [alarm, *(item.get("MetricStat", {}).get("Metric", {}) for item in alarm.get("Metrics", []))]
                values = [item.get("Value", "") for metric in metrics for item in metric.get("Dimensions", [])]
                service = next((owners[value] for value in values if value in owners), None)
                of_group = bool(group) and (group in values or name.startswith(f"{_TRACKING}{group}-"))
                if service is None and not of_group:
                    continue
                found[name] = AlarmStatus(
                    name=name,
                    service=service or "",
                    state=alarm.get("StateValue", ""),
                    since=alarm.get("StateUpdatedTimestamp"),
                    reason=alarm.get("StateReason", ""),
                    scaling=_direction(name),
                )
    return list(found.values())


def _direction(alarm: str) -> str:
    if not alarm.startswith(_TRACKING):
        return ""
    return "out" if "-AlarmHigh-" in alarm else "in"


def _policy(policy: Any) -> ScalingPolicy:
    tracking: Mapping[str, Any] | None = policy.get("TargetTrackingScalingPolicyConfiguration")
    if tracking is None:
        steps: Mapping[str, Any] = policy.get("StepScalingPolicyConfiguration") or {}
        return ScalingPolicy(
            name=policy.get("PolicyName", ""),
            metric=policy.get("PolicyType", ""),
            target=None,
            scale_in=True,
            scale_in_cooldown=steps.get("Cooldown", 0),
        )
    predefined: Mapping[str, Any] = tracking.get("PredefinedMetricSpecification") or {}
    return ScalingPolicy(
        name=policy.get("PolicyName", ""),
        metric=predefined.get("PredefinedMetricType", "customized metric"),
        target=tracking.get("TargetValue"),
        scale_in=not tracking.get("DisableScaleIn", False),
        scale_in_cooldown=tracking.get("ScaleInCooldown", 300),
    )
