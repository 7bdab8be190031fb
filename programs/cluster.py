"""The ECS cluster, with the log groups it writes to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi

from programs.logs import EXEC_RETENTION_DAYS, INSIGHTS_RETENTION_DAYS, stage_log_group
from programs.sdk import aws
from tinystacks.naming import cluster_name, log_group_name, logical_name

if TYPE_CHECKING:
    from tinystacks.spec.model import StageSpec

EXEC_LOGS = "_exec"
"""Last part of the name of the group for shell sessions; no service can have this name."""


class Cluster(pulumi.ComponentResource):
    """Cluster with Container Insights and recorded shell sessions.

    The group of Container Insights is made before the cluster, since AWS would make one that never expires
    (trap C9).

    Args:
        stage: the stage.
    """

    def __init__(self, stage: StageSpec, *, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tinystacks:aws:Cluster", logical_name(stage.stack, "cluster"), None, opts)
        child = pulumi.ResourceOptions(parent=self)
        name = cluster_name(stage.stack, stage.stage)
        insights = stage.compute.container_insights
        groups: list[pulumi.Resource] = []
        if insights != "disabled":
            groups.append(
                stage_log_group(
                    logical_name(stage.stack, "insights-logs"),
                    name=f"/aws/ecs/containerinsights/{name}/performance",
                    retention_in_days=INSIGHTS_RETENTION_DAYS,
                    opts=child,
                )
            )
        sessions = stage_log_group(
            logical_name(stage.stack, "exec-logs"),
            name=log_group_name(stage.stack, stage.stage, EXEC_LOGS),
            retention_in_days=EXEC_RETENTION_DAYS,
            opts=child,
        )
        self.cluster = aws.ecs.Cluster(
            logical_name(stage.stack, "cluster"),
            name=name,
            settings=[aws.ecs.ClusterSettingArgs(name="containerInsights", value=insights)],
            configuration=aws.ecs.ClusterConfigurationArgs(
                execute_command_configuration=aws.ecs.ClusterConfigurationExecuteCommandConfigurationArgs(
                    logging="OVERRIDE",
                    log_configuration=aws.ecs.ClusterConfigurationExecuteCommandConfigurationLogConfigurationArgs(
                        cloud_watch_log_group_name=sessions.name
                    ),
                )
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=groups),
        )
        self.exec_log_group_arn: pulumi.Output[str] = sessions.arn
        self.register_outputs({"arn": self.cluster.arn, "name": self.cluster.name})
