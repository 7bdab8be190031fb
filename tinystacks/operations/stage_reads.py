"""Reads of one deployed stage: what `tstack status` and `tstack tasks` show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinystacks.aws_calls import aws_errors
from tinystacks.operations.ecs_reads import read_instances, read_services, read_tasks
from tinystacks.operations.model import StageStatus, TargetStatus, TaskStatus

if TYPE_CHECKING:
    from collections.abc import Callable

    from tinystacks.outputs import StageOutputs


class Operations:
    """Read-only view of a deployed stage.

    Args:
        outputs: what the stage's program exported.
        client: gives a boto3 client by service name, in the stage's region.
        release: number of the release that was deployed last; 0 when unknown.
    """

    def __init__(self, outputs: StageOutputs, client: Callable[[str], Any], *, release: int = 0) -> None:
        self._outputs = outputs
        self._client = client
        self._release = release
        self._ecs_names = {name: service.service_name for name, service in outputs.services.items()}
        self._file_names = {ecs_name: name for name, ecs_name in self._ecs_names.items()}

    @property
    def outputs(self) -> StageOutputs:
        """What the stage's program exported."""
        return self._outputs

    def status(self) -> StageStatus:
        """Read services, tasks, instances and targets.

        Raises:
            AwsError: AWS refused a call.
            CredentialsError: there are no valid credentials.
        """
        cluster = self._outputs.cluster_name
        ecs = self._client("ecs")
        with aws_errors("ecs", f"stage {self._outputs.stage}"):
            services = read_services(ecs, cluster, self._ecs_names)
            on_ec2 = bool(self._outputs.auto_scaling_group)
            instances, instance_ids = read_instances(ecs, cluster) if on_ec2 else ([], {})
            tasks = read_tasks(ecs, cluster, self._file_names, instance_ids=instance_ids)
        return StageStatus(
            stack=self._outputs.stack,
            stage=self._outputs.stage,
            region=self._outputs.region,
            endpoint=self._outputs.endpoint,
            release=self._release,
            services=tuple(services),
            tasks=tuple(tasks),
            instances=tuple(instances),
            targets=tuple(self._targets()),
        )

    def tasks(self, *, stopped: bool = False, service: str | None = None) -> tuple[TaskStatus, ...]:
        """Read tasks.

        Args:
            stopped: those of the last hour that stopped, instead of those that should run.
            service: only those of this service of the file.

        Raises:
            AwsError: AWS refused a call.
            CredentialsError: there are no valid credentials.
        """
        with aws_errors("ecs", f"stage {self._outputs.stage}"):
            tasks = read_tasks(self._client("ecs"), self._outputs.cluster_name, self._file_names, stopped=stopped)
        return tuple(task for task in tasks if service in (None, task.service))

    def _targets(self) -> list[TargetStatus]:
        found: list[TargetStatus] = []
        for name, service in self._outputs.services.items():
            if not service.target_group_arn:
                continue
            with aws_errors("elbv2", f"service {name}"):
                answer = self._client("elbv2").describe_target_health(TargetGroupArn=service.target_group_arn)
            for item in answer.get("TargetHealthDescriptions", []):
                target, health = item.get("Target", {}), item.get("TargetHealth", {})
                found.append(
                    TargetStatus(
                        service=name,
                        target=f"{target.get('Id', '')}:{target.get('Port', '')}",
                        health=health.get("State", ""),
                        reason=health.get("Description", ""),
                    )
                )
        return found
