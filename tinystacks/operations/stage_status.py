"""The picture of a stage: few calls, side by side; their number does not grow with the number of tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from tinystacks.aws_calls import aws_errors
from tinystacks.operations.model import StageStatus, TargetStatus
from tinystacks.operations.scale_in import instance_holds, task_holds
from tinystacks.operations.scaling_reads import (
    read_alarms,
    read_group,
    read_instance_activities,
    read_scaling,
    read_task_activities,
)
from tinystacks.operations.side_by_side import SideBySide
from tinystacks.operations.skew import service_skew

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tinystacks.kept_clients import KeptClients
    from tinystacks.operations.model import InstanceStatus, ServiceStatus, TaskStatus
    from tinystacks.operations.scaling_model import AlarmStatus, ScaleInHold, ScalingActivity, ServiceScaling
    from tinystacks.outputs import StageOutputs

_LAST_ACTIVITIES = 5
_LOGICAL_HEAD = 12
"""Characters of the stack's name that a shortened name of an alarm surely keeps (`naming.logical_name`)."""


class StageParts(Protocol):
    """The reads of which a picture is put together; `Operations` gives them."""

    @property
    def clients(self) -> KeptClients:
        """The boto3 clients that the reads use."""
        ...

    def services(self) -> list[ServiceStatus]:
        """Read the services."""
        ...

    def instances(self) -> tuple[list[InstanceStatus], dict[str, str]]:
        """Read the container instances, and their ids by ARN."""
        ...

    def tasks(self, *, instance_ids: Mapping[str, str]) -> tuple[TaskStatus, ...]:
        """Read the running and starting tasks."""
        ...


class StatusReads:
    """Reads one picture.

    Args:
        parts: reads services, tasks and instances.
        outputs: what the stage's program exported.
        release: number of the release that was deployed last.
        names: name of the ECS service by name in the file.
    """

    def __init__(self, parts: StageParts, outputs: StageOutputs, release: int, names: Mapping[str, str]) -> None:
        self._parts = parts
        self._outputs = outputs
        self._release = release
        self._names = names
        self._client = parts.clients

    def read(self) -> StageStatus:
        """Read.

        Raises:
            AwsError: AWS refused to tell services, tasks or instances.
            CredentialsError: there are no valid credentials.
        """
        outputs, client = self._outputs, self._client
        group_name = outputs.auto_scaling_group
        with SideBySide() as reads:
            services_read = reads.begin(self._parts.services)
            instances_read = reads.begin(self._parts.instances)
            targets_read = reads.begin_optional(self._targets, list[TargetStatus]())
            scaling_read = reads.begin_optional(
                lambda: read_scaling(client, outputs.cluster_name, self._names), dict[str, "ServiceScaling"]()
            )
            alarms_read = reads.begin_optional(self._alarms, list["AlarmStatus"]())
            task_activities_read = [
                reads.begin_optional(
                    lambda name=name, service_name=service_name: read_task_activities(
                        client, outputs.cluster_name, name, service_name
                    ),
                    list["ScalingActivity"](),
                )
                for name, service_name in self._names.items()
            ]
            group_read = reads.begin_optional(
                lambda: read_group(client, group_name, outputs.capacity_providers) if group_name else None, None
            )
            instance_activities_read = reads.begin_optional(
                lambda: read_instance_activities(client, group_name) if group_name else [],
                list["ScalingActivity"](),
            )
            instances, instance_ids = instances_read()
            tasks = self._parts.tasks(instance_ids=instance_ids)
            services = services_read()
            scaling, alarms, group = scaling_read(), alarms_read(), group_read()
            task_activities = [activity for wait in task_activities_read for activity in wait()]
            activities = [*task_activities, *instance_activities_read()]
            targets = targets_read()
        holds = [
            *self._task_holds(services, scaling, alarms, task_activities),
            *instance_holds(group, instances, [alarm for alarm in alarms if not alarm.service]),
        ]
        return StageStatus(
            stack=outputs.stack,
            stage=outputs.stage,
            region=outputs.region,
            endpoint=outputs.endpoint,
            release=self._release,
            services=tuple(services),
            tasks=tasks,
            instances=tuple(instances),
            targets=tuple(targets),
            alarms=tuple(alarms),
            scaling=tuple(scaling.values()),
            group=group,
            activities=tuple(sorted(activities, key=lambda one: one.at, reverse=True)[:_LAST_ACTIVITIES]),
            holds=tuple(holds),
            skew=tuple(
                service_skew(service, outputs.services[service.name].task_definition_arn, tasks, instances)
                for service in services
            ),
            not_read=tuple(dict.fromkeys(reads.not_read)),
        )

    def _task_holds(
        self,
        services: Sequence[ServiceStatus],
        scaling: Mapping[str, ServiceScaling],
        alarms: Sequence[AlarmStatus],
        activities: Sequence[ScalingActivity],
    ) -> list[ScaleInHold]:
        return [
            hold
            for service in services
            for hold in task_holds(
                service,
                scaling.get(service.name),
                [alarm for alarm in alarms if alarm.service == service.name],
                [activity for activity in activities if activity.service == service.name],
            )
        ]

    def _alarms(self) -> list[AlarmStatus]:
        outputs = self._outputs
        owners = {service_name: name for name, service_name in self._names.items()}
        owners |= {
            service.target_group_arn.rpartition(":")[2]: name
            for name, service in outputs.services.items()
            if service.target_group_arn
        }
        prefixes = [f"TargetTracking-service/{outputs.cluster_name}/"]
        if outputs.auto_scaling_group:
            prefixes.append(f"TargetTracking-{outputs.auto_scaling_group}-")
        if outputs.stage:
            prefixes.append(f"{outputs.stack}-"[:_LOGICAL_HEAD])
        return read_alarms(self._client, prefixes, owners, outputs.auto_scaling_group)

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
