"""The blocks of Application Auto Scaling in Pulumi's form and in the API's (its API reference)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinystacks.local.provider.api_shapes import Member, block, blocks, decimal, entries, refuse_unknown, shape

if TYPE_CHECKING:
    from tinystacks.local.provider.handler import Inputs

POLICY = "aws:appautoscaling/policy:Policy"
TARGET_TRACKING = "targetTrackingScalingPolicyConfiguration"
STEP = "stepScalingPolicyConfiguration"
TARGET_ACTION = shape(
    "aws:appautoscaling/scheduledAction:ScheduledAction.scalableTargetAction", "minCapacity", "maxCapacity"
)
SUSPENDED_STATE = shape(
    "aws:appautoscaling/target:Target.suspendedState",
    "dynamicScalingInSuspended",
    "dynamicScalingOutSuspended",
    "scheduledScalingSuspended",
)


def _bound(name: str, api: str) -> Member:
    """A step's bound: text in Pulumi, a number in the API."""
    return Member(name=name, api=api, encode=float, decode=lambda value: f"{value:g}")


TARGET_TRACKING_SHAPE = shape(
    f"{POLICY}.{TARGET_TRACKING}",
    decimal("targetValue"),
    "disableScaleIn",
    "scaleInCooldown",
    "scaleOutCooldown",
    block(
        "predefinedMetricSpecification",
        shape(f"{POLICY}.{TARGET_TRACKING}.predefinedMetricSpecification", "predefinedMetricType", "resourceLabel"),
    ),
    block(
        "customizedMetricSpecification",
        shape(
            f"{POLICY}.{TARGET_TRACKING}.customizedMetricSpecification",
            "metricName",
            "namespace",
            "statistic",
            "unit",
            blocks(
                "dimensions",
                shape(f"{POLICY}.{TARGET_TRACKING}.customizedMetricSpecification.dimensions", "name", "value"),
            ),
        ),
    ),
)
STEP_SHAPE = shape(
    f"{POLICY}.{STEP}",
    "adjustmentType",
    "cooldown",
    "metricAggregationType",
    "minAdjustmentMagnitude",
    blocks(
        "stepAdjustments",
        shape(
            f"{POLICY}.{STEP}.stepAdjustments",
            "scalingAdjustment",
            _bound("metricIntervalLowerBound", "MetricIntervalLowerBound"),
            _bound("metricIntervalUpperBound", "MetricIntervalUpperBound"),
        ),
    ),
)
POLICY_INPUTS = frozenset(
    {"name", "policyType", "resourceId", "scalableDimension", "serviceNamespace", TARGET_TRACKING, STEP, "arn",
     "alarmArns"},
)  # fmt: skip


def policy_members(inputs: Inputs) -> dict[str, Any]:
    """The policy for PutScalingPolicy; an unset cooldown is sent as 0, not left to the service's 300 s."""
    refuse_unknown(POLICY, inputs, POLICY_INPUTS)
    members: dict[str, Any] = {"PolicyType": inputs.get("policyType") or "StepScaling"}
    tracking: Inputs | None = inputs.get(TARGET_TRACKING)
    if tracking:
        cooldowns = {"ScaleInCooldown": 0, "ScaleOutCooldown": 0}
        members["TargetTrackingScalingPolicyConfiguration"] = {
            **cooldowns,
            **_without_empty_text(TARGET_TRACKING_SHAPE.to_api(tracking)),
        }
    step: Inputs | None = inputs.get(STEP)
    if step:
        cleaned = step | {"stepAdjustments": [_without_empty_text(one) for one in entries(step, "stepAdjustments")]}
        members["StepScalingPolicyConfiguration"] = {"Cooldown": 0, **STEP_SHAPE.to_api(cleaned)}
    return members


def policy_properties(policy: dict[str, Any]) -> Inputs:
    """The two kinds of configuration, whichever the policy has, and its type."""
    properties: Inputs = {"policyType": policy["PolicyType"]}
    tracking = policy.get("TargetTrackingScalingPolicyConfiguration")
    if tracking:
        properties[TARGET_TRACKING] = TARGET_TRACKING_SHAPE.from_api(tracking)
    step = policy.get("StepScalingPolicyConfiguration")
    if step:
        properties[STEP] = STEP_SHAPE.from_api(step)
    return properties


def _without_empty_text(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value != ""}
