"""CloudWatch alarms of a service: targets that fail their checks, errors that users see, no task at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi

from programs.sdk import aws
from tinystacks.naming import TAG_SERVICE, logical_name

if TYPE_CHECKING:
    from programs.load_balancer import LoadBalancer
    from tinystacks.spec.model import StageSpec

ERRORS_IN_FIVE_MINUTES = 10
"""5xx answers of a service in five minutes over which somebody should look."""


class ServiceAlarms(pulumi.ComponentResource):
    """Alarms of one service.

    Args:
        stage: the stage.
        name: name of the service.
        cluster_name: name of the cluster.
        service_name: name of the ECS service.
        load_balancer: the load balancer when the service has a port.
    """

    def __init__(
        self,
        stage: StageSpec,
        name: str,
        *,
        cluster_name: pulumi.Output[str],
        service_name: pulumi.Output[str],
        load_balancer: LoadBalancer | None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("tinystacks:aws:ServiceAlarms", logical_name(stage.stack, name, "alarms"), None, opts)
        self._stage = stage
        self._name = name
        if stage.services[name].tasks.min > 0:
            # ECS reports CPU use only while tasks run; one sample per task, so silence means that none does.
            self._alarm(
                "no-tasks",
                f"No task of {name} runs in {stage.full_name}",
                namespace="AWS/ECS",
                metric="CPUUtilization",
                statistic="SampleCount",
                dimensions={"ClusterName": cluster_name, "ServiceName": service_name},
                below=1,
                missing="breaching",
            )
        if load_balancer is not None:
            dimensions: dict[str, pulumi.Input[str]] = {
                "LoadBalancer": load_balancer.balancer.arn_suffix,
                "TargetGroup": load_balancer.target_groups[name].arn_suffix,
            }
            self._alarm(
                "unhealthy",
                f"Tasks of {name} fail their health check in {stage.full_name}",
                namespace="AWS/ApplicationELB",
                metric="UnHealthyHostCount",
                statistic="Maximum",
                dimensions=dimensions,
                above=0,
            )
            self._alarm(
                "errors",
                f"{name} answers with 5xx in {stage.full_name}",
                namespace="AWS/ApplicationELB",
                metric="HTTPCode_Target_5XX_Count",
                statistic="Sum",
                dimensions=dimensions,
                above=ERRORS_IN_FIVE_MINUTES,
                period=300,
                periods=1,
            )
        self.register_outputs({})

    def _alarm(
        self,
        word: str,
        description: str,
        *,
        namespace: str,
        metric: str,
        statistic: str,
        dimensions: dict[str, pulumi.Input[str]],
        above: float | None = None,
        below: float | None = None,
        missing: str = "notBreaching",
        period: int = 60,
        periods: int = 5,
    ) -> None:
        topic = self._stage.alarms.topic
        actions = None if topic is None else [topic]
        aws.cloudwatch.MetricAlarm(
            logical_name(self._stage.stack, self._name, word),
            alarm_description=description,
            namespace=namespace,
            metric_name=metric,
            statistic=statistic,
            dimensions=dimensions,
            period=period,
            evaluation_periods=periods,
            threshold=above if below is None else below,
            comparison_operator="GreaterThanThreshold" if below is None else "LessThanThreshold",
            treat_missing_data=missing,
            alarm_actions=actions,
            ok_actions=actions,
            tags={TAG_SERVICE: self._name},
            opts=pulumi.ResourceOptions(parent=self),
        )
