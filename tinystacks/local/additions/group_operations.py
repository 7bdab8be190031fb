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
        activity = group.activities[0]
        group.maintain()
        return {"Activity": activity}

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

    def complete_hook(self, call: AwsCall) -> dict[str, Any]:
        """CompleteLifecycleAction for an instance that waits in its termination."""
        for group in self._groups(call.region):
            state = group.find(str(call.parameters.get("InstanceId")))
            if state is not None and state.lifecycle_state == WAITING:
                group.finish_termination(state)
        return {}

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
