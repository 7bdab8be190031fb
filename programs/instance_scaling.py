"""Instances by their own CPU use, as an alternative to ECS managed scaling; never both on one group (trap D4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from programs.sdk import aws
from tinystacks.naming import logical_name

if TYPE_CHECKING:
    import pulumi

    from tinystacks.spec.compute import CpuScalingSpec
    from tinystacks.spec.model import StageSpec

PERIOD_SECONDS = 300
"""Period of EC2's basic monitoring (EC2 user guide)."""
SCALE_IN_RATIO = 0.7
"""Instances go below this share of the limit, so that taking one away does not reach the limit again; the distance
that Auto Scaling's own target tracking keeps (EC2 Auto Scaling user guide, "Target tracking")."""


def scale_by_cpu(
    stage: StageSpec, scaling: CpuScalingSpec, *, group: aws.autoscaling.Group, opts: pulumi.ResourceOptions
) -> None:
    """Add an instance when the group's CPU use stays over the limit, take one away when it stays well below.

    Args:
        stage: the stage.
        scaling: limit and time.
        group: the Auto Scaling group.
        opts: parent.
    """
    for direction, adjustment, operator, threshold in (
        ("out", 1, "GreaterThanThreshold", float(scaling.cpu)),
        ("in", -1, "LessThanThreshold", scaling.cpu * SCALE_IN_RATIO),
    ):
        policy = aws.autoscaling.Policy(
            logical_name(stage.stack, "cpu", direction),
            autoscaling_group_name=group.name,
            policy_type="StepScaling",
            adjustment_type="ChangeInCapacity",
            metric_aggregation_type="Average",
            estimated_instance_warmup=stage.compute.instance_warmup if adjustment > 0 else None,
            step_adjustments=[
                aws.autoscaling.PolicyStepAdjustmentArgs(
                    scaling_adjustment=adjustment,
                    metric_interval_lower_bound="0" if adjustment > 0 else None,
                    metric_interval_upper_bound=None if adjustment > 0 else "0",
                )
            ],
            opts=opts,
        )
        aws.cloudwatch.MetricAlarm(
            logical_name(stage.stack, "cpu", direction),
            alarm_description=f"Instances of {stage.full_name}: scale {direction} by CPU use",
            namespace="AWS/EC2",
            metric_name="CPUUtilization",
            dimensions={"AutoScalingGroupName": group.name},
            statistic="Average",
            period=PERIOD_SECONDS,
            evaluation_periods=scaling.minutes * 60 // PERIOD_SECONDS,
            comparison_operator=operator,
            threshold=threshold,
            treat_missing_data="missing",
            alarm_actions=[policy.arn],
            opts=opts,
        )
