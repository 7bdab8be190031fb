"""Operations of EC2 Auto Scaling that moto answers without effect, or wrongly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinystacks.local.call import RefusalError
from tinystacks.local.groups import WAITING, zoned_groups

if TYPE_CHECKING:
    from moto.autoscaling.models import InstanceState

    from tinystacks.local.call import AwsCall
    from tinystacks.local.emulation import Emulation
    from tinystacks.local.groups import ZonedGroup


DRAINING_HOOK = "ecs-managed-draining-termination-hook"
"""The hook that ECS puts on the group of a capacity provider with managed draining (rule C26)."""
_HOOK_SECONDS = 3600
_LONGEST_WAIT_SECONDS = 48 * 3600
"""EC2 Auto Scaling user guide, lifecycle-hooks: 48 hours, or 100 times the heartbeat, whichever is smaller."""
_DRAINING_HOOK = {
    "LifecycleHookName": DRAINING_HOOK,
    "LifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING",
    "HeartbeatTimeout": _HOOK_SECONDS,
    "GlobalTimeout": _LONGEST_WAIT_SECONDS,
    "DefaultResult": "CONTINUE",
}


class GroupOperations:
    """The operations.

    Args:
        emulation: moto.
    """

    def __init__(self, emulation: Emulation) -> None:
        self._emulation = emulation

    def activities(self, call: AwsCall) -> dict[str, Any]:
        """DescribeScalingActivities: newest first."""
        name = call.parameters.get("AutoScalingGroupName")
        wanted = set(call.given("ActivityIds"))
        found = [
            activity
            for group in self._groups(call.region)
            if name in {None, group.name}
            for activity in group.activities
            if not wanted or activity["ActivityId"] in wanted
        ]
        return {"Activities": found[: int(call.parameters.get("MaxRecords") or 100)]}

    def terminate(self, call: AwsCall) -> dict[str, Any]:
        """TerminateInstanceInAutoScalingGroup; ECS drains the instance first where managed draining is on."""
        group, state = self._member(call)
        if call.parameters.get("ShouldDecrementDesiredCapacity"):
            if (group.desired_capacity or 0) <= (group.min_size or 0):
                raise RefusalError(
                    "ValidationError",
                    f"Currently, desiredSize equals minSize ({group.min_size}). "
                    "Terminating instance without replacement will violate group's min size constraint. "
                    "Either set shouldDecrementDesiredCapacity flag to false or lower group's min size.",
                )
            group.desired_capacity = (group.desired_capacity or 0) - 1
        group.begin_termination(state, "instance was taken out of service in response to a user request.")
        begun = {**next(iter(group.activities)), "StatusCode": "InProgress", "Progress": 0, "EndTime": None}
        group.maintain()
        return {"Activity": begun}

    def put_policy(self, call: AwsCall) -> dict[str, Any]:
        """PutScalingPolicy; moto misspells the ARN in its answer and takes any group's name."""
        given = call.parameters
        name = str(given.get("AutoScalingGroupName"))
        if all(group.name != name for group in self._groups(call.region)):
            raise RefusalError("ValidationError", f"Group {name} not found")
        backend: Any = self._emulation.autoscaling(call.region)
        policy = backend.put_scaling_policy(
            name=given.get("PolicyName"),
            policy_type=given.get("PolicyType") or "SimpleScaling",
            metric_aggregation_type=given.get("MetricAggregationType"),
            adjustment_type=given.get("AdjustmentType"),
            as_name=name,
            min_adjustment_magnitude=given.get("MinAdjustmentMagnitude"),
            scaling_adjustment=given.get("ScalingAdjustment"),
            cooldown=given.get("Cooldown"),
            target_tracking_config=given.get("TargetTrackingConfiguration") or {},
            step_adjustments=given.get("StepAdjustments") or [],
            estimated_instance_warmup=given.get("EstimatedInstanceWarmup"),
            predictive_scaling_configuration=given.get("PredictiveScalingConfiguration") or {},
        )
        return {"PolicyARN": policy.arn, "Alarms": []}

    def hooks(self, call: AwsCall) -> dict[str, Any]:
        """DescribeLifecycleHooks: those that were put, and ECS's own where managed draining is on."""
        given = call.parameters
        name, wanted = str(given.get("AutoScalingGroupName")), set(call.given("LifecycleHookNames"))
        backend: Any = self._emulation.autoscaling(call.region)
        found = [
            {
                "LifecycleHookName": one.name,
                "AutoScalingGroupName": name,
                "LifecycleTransition": one.lifecycle_transition,
                "HeartbeatTimeout": one.heartbeat_timeout or _HOOK_SECONDS,
                "GlobalTimeout": min(_LONGEST_WAIT_SECONDS, 100 * int(one.heartbeat_timeout or _HOOK_SECONDS)),
                "DefaultResult": one.default_result or "ABANDON",
            }
            for one in backend.describe_lifecycle_hooks(name)
        ]
        if any(group.name == name and group.arn in group.drained_groups for group in self._groups(call.region)):
            found.append({**_DRAINING_HOOK, "AutoScalingGroupName": name})
        return {"LifecycleHooks": [one for one in found if not wanted or one["LifecycleHookName"] in wanted]}

    def complete_hook(self, call: AwsCall) -> dict[str, Any]:
        """CompleteLifecycleAction for an instance that waits in its termination; whatever the result, it goes."""
        given = call.parameters
        token, instance_id = given.get("LifecycleActionToken"), str(given.get("InstanceId"))
        for group in self._groups(call.region):
            state = group.find(instance_id)
            if (
                state is not None
                and state.lifecycle_state == WAITING
                and group.name == given.get("AutoScalingGroupName")
                and given.get("LifecycleHookName") == DRAINING_HOOK
                and not token
            ):
                group.finish_termination(state)
                return {}
        sought = f"token {token}" if token else f"instance ID {instance_id}"
        raise RefusalError("ValidationError", f"No active Lifecycle Action found with {sought}")

    def _member(self, call: AwsCall) -> tuple[ZonedGroup, InstanceState]:
        instance_id = str(call.parameters.get("InstanceId"))
        for group in self._groups(call.region):
            state = group.find(instance_id)
            if state is not None:
                return group, state
        raise RefusalError(
            "ValidationError", f"Instance Id not found - No managed instance found for instance ID: {instance_id}"
        )

    def _groups(self, region: str) -> list[ZonedGroup]:
        return zoned_groups(list(self._emulation.autoscaling(region).autoscaling_groups.values()))
