"""Log groups, made by us with a retention, since those that AWS makes by itself are kept for ever (trap J4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from programs.sdk import aws
from tinystacks.naming import RELEASES_LOGS, TAG_SERVICE, log_group_name, logical_name

if TYPE_CHECKING:
    import pulumi

    from tinystacks.spec.model import StageSpec
    from tinystacks.spec.service import LogsSpec

INSIGHTS_RETENTION_DAYS = 7
"""Days of Container Insights' raw events; the metrics themselves live 15 months (CloudWatch user guide)."""
EXEC_RETENTION_DAYS = 90
"""Days that the record of shell sessions is kept."""
RELEASES_RETENTION_DAYS = 731
"""Days that is told how a release ended: two years, as CloudWatch Logs counts them (API, PutRetentionPolicy)."""


def service_log_group(
    stack: str, service: str, *, name: str, spec: LogsSpec, opts: pulumi.ResourceOptions
) -> aws.cloudwatch.LogGroup:
    """Make the log group of one service.

    Args:
        stack: name of the stack.
        service: name of the service.
        name: name of the group.
        spec: retention and key.
        opts: parent and provider.
    """
    return aws.cloudwatch.LogGroup(
        logical_name(stack, service, "logs"),
        name=name,
        retention_in_days=spec.retention_days,
        kms_key_id=spec.kms_key,
        tags={TAG_SERVICE: service},
        opts=opts,
    )


def releases_log_group(stage: StageSpec, *, opts: pulumi.ResourceOptions) -> None:
    """Make the log group where every `up` writes how its release ended, for those who share the stage's state."""
    stage_log_group(
        logical_name(stage.stack, "releases"),
        name=log_group_name(stage.stack, stage.stage, RELEASES_LOGS),
        retention_in_days=RELEASES_RETENTION_DAYS,
        opts=opts,
    )


def stage_log_group(
    logical: str, *, name: str, retention_in_days: int, opts: pulumi.ResourceOptions
) -> aws.cloudwatch.LogGroup:
    """Make a log group that belongs to no single service."""
    return aws.cloudwatch.LogGroup(logical, name=name, retention_in_days=retention_in_days, opts=opts)
