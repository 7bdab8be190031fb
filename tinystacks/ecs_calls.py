"""Services and tasks of a cluster as ECS describes them, in as few calls as it allows.

To be called within `aws_errors`. The list that was asked for is in every answer of ECS, so that one without it is an
error and not an empty cluster; fields of the items may be absent.

Source: Amazon ECS API reference: DescribeServices takes 10, DescribeTasks and DescribeContainerInstances take 100.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinystacks.aws_calls import LackingAnswerError, batches, read_all

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SERVICES_PER_CALL = 10
_TASKS_PER_CALL = 100
_INSTANCES_PER_CALL = 100
_Tags = dict[str, list[str]]


def describe_services(
    ecs: Any, cluster: str, names: Sequence[str], *, tags: bool = False
) -> dict[str, Mapping[str, Any]]:
    """Describe services; those that ECS does not know are left out.

    Args:
        ecs: boto3 client.
        cluster: name or ARN.
        names: names or ARNs of the services at ECS.
        tags: whether their tags are told too.

    Returns:
        The services by name.

    Raises:
        LackingAnswerError: an answer lacks a service that was asked for and does not count it as a failure either, as
            ECS does with one that there is not (DescribeServices, `failures`).
    """
    described: dict[str, Mapping[str, Any]] = {}
    for batch in batches(names, _SERVICES_PER_CALL):
        answer = ecs.describe_services(cluster=cluster, services=batch, **_with_tags(tags=tags))
        described.update({str(item.get("serviceName")): item for item in answer["services"]})
        unknown = {_last_part(str(item.get("arn", ""))) for item in answer.get("failures", [])}
        for name in map(_last_part, batch):
            if name not in described and name not in unknown:
                raise LackingAnswerError(name)
    return described


def describe_tasks(ecs: Any, cluster: str, arns: Sequence[str], *, tags: bool = False) -> list[Any]:
    """Describe tasks; those that ECS does not know any more are left out.

    Args:
        ecs: boto3 client.
        cluster: name or ARN.
        arns: of the tasks.
        tags: whether their tags are told too.
    """
    found: list[Any] = []
    for batch in batches(arns, _TASKS_PER_CALL):
        found.extend(ecs.describe_tasks(cluster=cluster, tasks=batch, **_with_tags(tags=tags))["tasks"])
    return found


def describe_container_instances(ecs: Any, cluster: str, arns: Sequence[str]) -> list[Any]:
    """Describe container instances; those that ECS does not know any more are left out.

    Args:
        ecs: boto3 client.
        cluster: name or ARN.
        arns: of the container instances.
    """
    found: list[Any] = []
    for batch in batches(arns, _INSTANCES_PER_CALL):
        answer = ecs.describe_container_instances(cluster=cluster, containerInstances=batch)
        found.extend(answer["containerInstances"])
    return found


def read_described_tasks(ecs: Any, cluster: str, *, tags: bool = False, **choice: Any) -> list[Any]:
    """List the tasks of a cluster to the end, and describe them.

    Args:
        ecs: boto3 client.
        cluster: name or ARN.
        tags: whether their tags are told too.
        choice: of ListTasks, such as `desiredStatus="STOPPED"` (ECS keeps those about an hour).
    """
    arns = read_all(ecs, "list_tasks", "taskArns", always=True, cluster=cluster, **choice)
    return describe_tasks(ecs, cluster, arns, tags=tags)


def _with_tags(*, tags: bool) -> _Tags:
    return {"include": ["TAGS"]} if tags else {}


def _last_part(arn: str) -> str:
    return arn.rpartition("/")[2]
