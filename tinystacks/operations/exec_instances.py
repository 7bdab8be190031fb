"""The EC2 instance under a task: read when it is first asked for, and once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinystacks.operations.exec_answers import members, text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tinystacks.operations.exec_model import ExecTask


class TaskInstance:
    """The instance that one task runs on.

    Args:
        client: gives a boto3 client by service name.
        cluster: name of the cluster.
        task: the task.
    """

    def __init__(self, client: Callable[[str], Any], cluster: str, task: ExecTask) -> None:
        self._client = client
        self._cluster = cluster
        self._arn = task.container_instance_arn
        self._found: Mapping[str, Any] | None = None

    def read(self) -> Mapping[str, Any]:
        """Give the instance as DescribeInstances does; empty on Fargate, and when it is gone."""
        if self._found is None:
            self._found = self._described() if self._arn else {}
        return self._found

    def _described(self) -> Mapping[str, Any]:
        answer = self._client("ecs").describe_container_instances(cluster=self._cluster, containerInstances=[self._arn])
        ids = [text(one, "ec2InstanceId") for one in members(answer, "containerInstances") if one.get("ec2InstanceId")]
        if ids:
            for reservation in members(self._client("ec2").describe_instances(InstanceIds=ids), "Reservations"):
                for instance in members(reservation, "Instances"):
                    return instance
        return {}
