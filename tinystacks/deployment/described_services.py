"""The services of a stage as ECS describes them, with all without which nothing can be said of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinystacks.aws_calls import LackingAnswerError, aws_errors
from tinystacks.ecs_calls import describe_services

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_NEEDED = ("status", "taskDefinition")
"""Of each deployment: without them there is no telling a rollback from an answer that lacks something."""


def described_services(ecs: Any, cluster: str, names: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """Read services by name; those that ECS does not know are left out.

    Args:
        ecs: boto3 client.
        cluster: name of the cluster.
        names: names of the services at ECS.

    Raises:
        AwsError: ECS refuses to be read, or its answer lacks a service or what is needed of it.
    """
    with aws_errors("ecs", "services of the stage"):
        described = describe_services(ecs, cluster, names)
        for service in described.values():
            lacking = [key for one in service["deployments"] for key in _NEEDED if key not in one]
            if lacking:
                raise LackingAnswerError(lacking[0])
    return described
