"""The wait for a group's capacity, which the program's `waitForCapacityTimeout` limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinystacks.errors import LocalAwsError
from tinystacks.local.provider.api_shapes import entries
from tinystacks.local.provider.handler import polling

if TYPE_CHECKING:
    from datetime import datetime

    from tinystacks.local.provider.handler import Call, Inputs


def wait_for_capacity(
    call: Call,
    name: str,
    inputs: Inputs,
    *,
    limit_seconds: float,
    since: datetime,
    exactly: bool = False,
) -> None:
    """Wait until the group has its healthy instances, and its target groups their healthy targets.

    Args:
        call: the operation.
        name: the group.
        inputs: the group's properties.
        limit_seconds: the longest wait.
        since: start of the operation: a scaling activity that failed since ends the wait.
        exactly: updates wait for the exact count, creations for at least it.

    Raises:
        LocalAwsError: a scaling activity failed, or time is up.
    """
    wanted = int(inputs.get("desiredCapacity") or inputs.get("minSize") or 0)
    in_balancers = int(inputs.get("waitForElbCapacity") or inputs.get("minElbCapacity") or 0)

    def enough() -> bool | None:
        if not inputs.get("ignoreFailedScalingActivities"):
            _refuse_failed_activity(call, name, since)
        healthy = _healthy_instances(call, name)
        if healthy < wanted or (exactly and healthy != wanted):
            return None
        groups = entries(inputs, "targetGroupArns")
        return True if all(_healthy_targets(call, arn) >= in_balancers for arn in groups) else None

    polling(
        call,
        enough,
        until=f"Auto Scaling Group ({name}) capacity satisfied: {wanted} healthy instances",
        timeout_seconds=limit_seconds,
    )


def _healthy_instances(call: Call, name: str) -> int:
    answer = call.clients("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])
    instances: list[dict[str, Any]] = [entry for group in answer["AutoScalingGroups"] for entry in group["Instances"]]
    return sum(
        int(entry.get("WeightedCapacity") or 1)
        for entry in instances
        if entry["LifecycleState"] == "InService" and entry["HealthStatus"].lower() == "healthy"
    )


def _healthy_targets(call: Call, target_group_arn: str) -> int:
    answer = call.clients("elbv2").describe_target_health(TargetGroupArn=target_group_arn)
    return sum(entry["TargetHealth"]["State"] == "healthy" for entry in answer["TargetHealthDescriptions"])


def _refuse_failed_activity(call: Call, name: str, since: datetime) -> None:
    answer = call.clients("autoscaling").describe_scaling_activities(AutoScalingGroupName=name)
    for activity in answer["Activities"]:
        if activity.get("StatusCode") == "Failed" and activity["StartTime"] >= since:
            raise LocalAwsError(f"Auto Scaling Group ({name}) scaling activity failed: {activity.get('StatusMessage')}")
