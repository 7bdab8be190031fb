"""The services of a stage as ECS describes them, with all without which nothing can be said of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinystacks.aws_calls import aws_errors, batches

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SERVICES_PER_CALL = 10
"""ECS API reference, DescribeServices."""
_NEEDED = ("status", "taskDefinition")
"""Of each deployment: without them there is no telling a rollback from an answer that lacks something."""


def described_services(ecs: Any, cluster: str, names: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """Read services by name; those that ECS does not know are left out.

    Args:
        ecs: boto3 client.
        cluster: name of the cluster.
        names: names of the services at ECS.

    Raises:
        AwsError: ECS refuses to be read, or its answer lacks a service or what is needed of it. What ECS does not know
            is among the `failures` of an answer (ECS API reference, DescribeServices).
    """
    described: dict[str, Mapping[str, Any]] = {}
    with aws_errors("ecs", "services of the stage"):
        for batch in batches(names, _SERVICES_PER_CALL):
            answer = ecs.describe_services(cluster=cluster, services=batch)
            described.update({item["serviceName"]: item for item in answer["services"]})
            unknown = {str(item.get("arn", "")).rpartition("/")[2] for item in answer.get("failures", [])}
            for name in set(batch) - unknown:
                lacking = [key for one in described[name]["deployments"] for key in _NEEDED if key not in one]
                if lacking:
                    raise KeyError(lacking[0])
    return described
