"""The stopped tasks of a deployment that is followed, kept after ECS has forgotten them.

ECS tells stopped tasks for one hour (Amazon ECS API reference, ListTasks); a deployment, or a rollback that does not
end, may take longer.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tinystacks.aws_calls import aws_errors
from tinystacks.ecs_calls import read_described_tasks

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tinystacks.outputs import ServiceOutputs


class StoppedTasks:
    """Tasks of the revision that was asked for of one service, seen stopped so far.

    Args:
        ecs: boto3 client.
        cluster: name.
        service: names the service and the revision.
    """

    def __init__(self, ecs: Any, cluster: str, service: ServiceOutputs) -> None:
        self._ecs = ecs
        self._cluster = cluster
        self._service = service
        self._seen: dict[str, Mapping[str, Any]] = {}

    def look(self, since: datetime | None) -> list[Mapping[str, Any]]:
        """Read them once more, and give all that were ever seen, newest first.

        Args:
            since: when the deployment began.

        Raises:
            AwsError: ECS refuses to be read.
        """
        with aws_errors("ecs", f"stopped tasks of service `{self._service.name}`"):
            stopped = read_described_tasks(
                self._ecs, self._cluster, serviceName=self._service.service_name, desiredStatus="STOPPED"
            )
            self._seen.update({task["taskArn"]: task for task in stopped if self._is_own(task, since)})
        return sorted(self._seen.values(), key=lambda task: str(task.get("stoppedAt", "")), reverse=True)

    def _is_own(self, task: Mapping[str, Any], since: datetime | None) -> bool:
        if task.get("taskDefinitionArn") != self._service.task_definition_arn:
            return False
        # A deployment's creation and its first task's may bear the same second.
        return since is None or task.get("createdAt") is None or task["createdAt"] >= since - timedelta(seconds=1)
