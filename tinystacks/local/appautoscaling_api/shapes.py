"""Scalable targets, policies, scheduled actions and activities in the form of the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tinystacks.controlplane.model import ScalableTarget, ScalingActivity, ScalingPolicy, ScheduledAction

Shape = dict[str, Any]
_NAMESPACE = "ecs"
_CONFIGURATION_MEMBERS = {
    "StepScaling": "StepScalingPolicyConfiguration",
    "TargetTrackingScaling": "TargetTrackingScalingPolicyConfiguration",
    "PredictiveScaling": "PredictiveScalingPolicyConfiguration",
}
_SUSPENDED = {
    "DynamicScalingInSuspended": False,
    "DynamicScalingOutSuspended": False,
    "ScheduledScalingSuspended": False,
}


def scalable_target_shape(target: ScalableTarget, *, role_arn: str) -> Shape:
    """Show a scalable target; `role_arn` is the service-linked role, shown when the target has no own."""
    return _place(target) | {
        "ScalableTargetARN": target.arn,
        "MinCapacity": target.min_capacity,
        "MaxCapacity": target.max_capacity,
        "RoleARN": target.role_arn or role_arn,
        "CreationTime": target.created_at,
        "SuspendedState": _SUSPENDED | target.suspended_state,
    }


def scaling_policy_shape(policy: ScalingPolicy) -> Shape:
    """Show a scaling policy."""
    return _place(policy) | {
        "PolicyARN": policy.arn,
        "PolicyName": policy.name,
        "PolicyType": policy.policy_type,
        _CONFIGURATION_MEMBERS[policy.policy_type]: policy.configuration,
        "Alarms": alarm_shapes(policy),
        "CreationTime": policy.created_at,
    }


def alarm_shapes(policy: ScalingPolicy) -> list[Shape]:
    """Name the alarms that a policy owns; a step scaling policy has none."""
    return [{"AlarmName": alarm.name, "AlarmARN": alarm.arn} for alarm in policy.alarms]


def scheduled_action_shape(action: ScheduledAction) -> Shape:
    """Show a scheduled action."""
    times = {"StartTime": action.start_time, "EndTime": action.end_time}
    return (
        _place(action)
        | {
            "ScheduledActionName": action.name,
            "ScheduledActionARN": action.arn,
            "Schedule": action.schedule,
            "Timezone": action.timezone,
            "ScalableTargetAction": action.scalable_target_action,
            "CreationTime": action.created_at,
        }
        | {name: time for name, time in times.items() if time is not None}
    )


def scaling_activity_shape(activity: ScalingActivity) -> Shape:
    """Show a scaling activity."""
    shape = _place(activity) | {
        "ActivityId": activity.id,
        "Description": activity.description,
        "Cause": activity.cause,
        "StartTime": activity.start_time,
        "StatusCode": activity.status_code,
        "StatusMessage": activity.status_message,
    }
    if activity.end_time is not None:
        shape["EndTime"] = activity.end_time
    if activity.details:
        shape["Details"] = activity.details
    if activity.not_scaled_reasons:
        shape["NotScaledReasons"] = activity.not_scaled_reasons
    return shape


def _place(item: ScalableTarget | ScalingPolicy | ScheduledAction | ScalingActivity) -> Shape:
    return {
        "ServiceNamespace": _NAMESPACE,
        "ResourceId": item.resource_id,
        "ScalableDimension": item.scalable_dimension,
    }
