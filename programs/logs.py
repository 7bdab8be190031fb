"""Log groups, made by us with a retention, since those that AWS makes by itself are kept for ever (trap J4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from programs.sdk import aws
from tinystacks.naming import TAG_SERVICE, logical_name

if TYPE_CHECKING:
    import pulumi

    from tinystacks.spec.service import LogsSpec

INSIGHTS_RETENTION_DAYS = 7
"""Days of Container Insights' raw events; the metrics themselves live 15 months (CloudWatch user guide)."""
EXEC_RETENTION_DAYS = 90
"""Days that the record of shell sessions is kept."""


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


def cluster_log_group(
    logical: str, *, name: str, retention_in_days: int, opts: pulumi.ResourceOptions
) -> aws.cloudwatch.LogGroup:
    """Make a log group that belongs to the cluster."""
    return aws.cloudwatch.LogGroup(logical, name=name, retention_in_days=retention_in_days, opts=opts)
