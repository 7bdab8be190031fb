"""How many tasks of a service run: Application Auto Scaling."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi

from programs.sdk import aws
from tinystacks.naming import TAG_SERVICE, logical_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tinystacks.spec.service import TasksSpec

NAMESPACE = "ecs"
DIMENSION = "ecs:service:DesiredCount"


class ServiceScaling(pulumi.ComponentResource):
    """Scalable target, target tracking policies and scheduled actions of one service.

    The target follows the service: when the service is replaced, so is the target (it would be lost silently, trap
    D9); policies and schedules take their ids from the target, so that they never come before it (trap D10).

    Args:
        stack: name of the stack.
        name: name of the service.
        tasks: how many tasks, and what scaling aims at.
        service: the ECS service.
        cluster_name: name of the cluster.
        request_label: `app/…/targetgroup/…` of the service's target group, for `target_requests`.
    """

    def __init__(
        self,
        stack: str,
        name: str,
        tasks: TasksSpec,
        *,
        service: aws.ecs.Service,
        cluster_name: pulumi.Output[str],
        request_label: pulumi.Output[str] | None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("tinystacks:aws:ServiceScaling", logical_name(stack, name, "scaling"), None, opts)
        target = aws.appautoscaling.Target(
            logical_name(stack, name, "scaling"),
            service_namespace=NAMESPACE,
            scalable_dimension=DIMENSION,
            resource_id=pulumi.Output.concat("service/", cluster_name, "/", service.name),
            min_capacity=tasks.min,
            max_capacity=tasks.max,
            tags={TAG_SERVICE: name},
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[service],
                replace_with=[service],
                # Registering is an upsert: a new target made first would be lost with the old one's removal.
                delete_before_replace=True,
            ),
        )
        follow = pulumi.ResourceOptions(
            parent=self, depends_on=[target], replace_with=[target], delete_before_replace=True
        )
        policies = [
            aws.appautoscaling.Policy(
                logical_name(stack, name, "by", metric),
                policy_type="TargetTrackingScaling",
                service_namespace=target.service_namespace,
                scalable_dimension=target.scalable_dimension,
                resource_id=target.resource_id,
                target_tracking_scaling_policy_configuration=configuration,
                opts=follow,
            )
            for metric, configuration in _tracking(tasks, request_label)
        ]
        for key, schedule in sorted(tasks.schedule.items()):
            aws.appautoscaling.ScheduledAction(
                logical_name(stack, name, "at", key),
                service_namespace=target.service_namespace,
                scalable_dimension=target.scalable_dimension,
                resource_id=target.resource_id,
                schedule=schedule.when,
                timezone=schedule.timezone,
                scalable_target_action=aws.appautoscaling.ScheduledActionScalableTargetActionArgs(
                    min_capacity=schedule.min, max_capacity=schedule.max
                ),
                opts=follow,
            )
        self.policy_names: Sequence[pulumi.Output[str]] = [policy.name for policy in policies]
        self.register_outputs({"policies": self.policy_names})


def request_label(load_balancer_suffix: str, target_group_suffix: str) -> str:
    """Give the resource label of a request count policy: `app/…/…/targetgroup/…/…` (trap D16).

    Args:
        load_balancer_suffix: last part of the load balancer's ARN, `app/<name>/<id>`.
        target_group_suffix: last part of the target group's ARN, `targetgroup/<name>/<id>`.
    """
    return f"{load_balancer_suffix}/{target_group_suffix}"


def elastic(tasks: TasksSpec) -> bool:
    """Say whether the number of tasks ever has room to move, from the start or by a schedule."""
    ranges = [(tasks.min, tasks.max)]
    for schedule in tasks.schedule.values():
        low = tasks.min if schedule.min is None else schedule.min
        high = tasks.max if schedule.max is None else schedule.max
        ranges.append((low, high))
    return any(low < high for low, high in ranges)


def _tracking(
    tasks: TasksSpec, label: pulumi.Output[str] | None
) -> list[tuple[str, aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationArgs]]:
    """Give the policies by the word they are named for; only CPU by default (trap D14)."""
    if not elastic(tasks):
        return []
    asked: list[tuple[str, str, int | None, dict[str, Any]]] = [
        ("cpu", "ECSServiceAverageCPUUtilization", tasks.target_cpu, {}),
        ("memory", "ECSServiceAverageMemoryUtilization", tasks.target_memory, {}),
        ("requests", "ALBRequestCountPerTarget", tasks.target_requests, {"resource_label": label}),
    ]
    return [
        (
            word,
            aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationArgs(
                target_value=float(target),
                scale_out_cooldown=tasks.scale_out_cooldown,
                scale_in_cooldown=tasks.scale_in_cooldown,
                predefined_metric_specification=aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecificationArgs(
                    predefined_metric_type=metric, **extra
                ),
            ),
        )
        for word, metric, target, extra in asked
        if target is not None and (word != "requests" or label is not None)
    ]
