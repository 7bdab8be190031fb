"""Reads of one deployed stage: what `tstack status`, `tasks`, `logs`, `metrics` and `events` show."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tinystacks.aws_calls import aws_errors
from tinystacks.errors import SpecError
from tinystacks.kept_clients import KeptClients
from tinystacks.operations.choosing import find_task, unknown
from tinystacks.operations.ecs_reads import read_instances, read_services, read_tasks
from tinystacks.operations.side_by_side import SideBySide

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tinystacks.operations.log_model import LogLine, LogPlace
    from tinystacks.operations.log_reads import LogCursor
    from tinystacks.operations.log_selection import LogRequest
    from tinystacks.operations.metric_reads import StageMetrics
    from tinystacks.operations.model import InstanceStatus, ServiceStatus, StageStatus, TaskStatus
    from tinystacks.outputs import StageOutputs


class Operations:
    """Read-only view of a deployed stage, or of services that something else made.

    Args:
        outputs: what the stage's program exported.
        client: gives a boto3 client by service name, in the stage's region.
        release: number of the release that was deployed last; 0 when unknown.
        places: where each service logs; as the stage's program has it by default.
        local_changes: says whether the file differs from what was deployed.
    """

    def __init__(
        self,
        outputs: StageOutputs,
        client: Callable[[str], Any],
        *,
        release: int = 0,
        places: Mapping[str, tuple[LogPlace, ...]] | None = None,
        local_changes: Callable[[], bool | None] = lambda: None,
    ) -> None:
        self._outputs = outputs
        self._clients = client if isinstance(client, KeptClients) else KeptClients(client)
        self._release = release
        self._places = places
        self._local_changes = local_changes
        self._ecs_names = {name: service.service_name for name, service in outputs.services.items()}
        self._file_names = {ecs_name: name for name, ecs_name in self._ecs_names.items()}

    @classmethod
    def elsewhere(cls, client: Callable[[str], Any], *, cluster: str, service: str | None, region: str) -> Operations:
        """View services that something else made.

        Args:
            client: gives a boto3 client by service name.
            cluster: name or ARN.
            service: name or ARN of the ECS service; all of the cluster when none is given.
            region: AWS region.

        Raises:
            NotDeployedError: no such cluster.
            UsageError: no such service.
            AwsError: AWS refused a call.
        """
        from tinystacks.operations.elsewhere import describe_elsewhere  # noqa: PLC0415 - status is quick without it

        clients = KeptClients(client)
        outputs, places = describe_elsewhere(clients, cluster, service, region)
        return cls(outputs, clients, places=places)

    @property
    def outputs(self) -> StageOutputs:
        """What the stage's program exported."""
        return self._outputs

    @property
    def release(self) -> int:
        """Number of the release that was deployed last; 0 when unknown."""
        return self._release

    @property
    def clients(self) -> KeptClients:
        """The boto3 clients that the reads use."""
        return self._clients

    def status(self) -> StageStatus:
        """Read everything about the stage as it runs now.

        What AWS refuses besides services, tasks and instances is left out and named in `not_read`.

        Raises:
            AwsError: AWS refused a call.
            CredentialsError: there are no valid credentials.
        """
        from tinystacks.operations.stage_status import StatusReads  # noqa: PLC0415 - tasks and logs are quick without it

        found = StatusReads(self, self._outputs, self._release, self._ecs_names).read()
        try:
            return replace(found, local_changes=self._local_changes())
        except SpecError:
            told = "whether the file says something else: it has problems, which `tstack validate` shows"
            return replace(found, not_read=(*found.not_read, told))

    def services(self, *, events: int = 10) -> list[ServiceStatus]:
        """Read the services.

        Args:
            events: how many of the newest messages of each to give; ECS tells 100 at most.

        Raises:
            AwsError: AWS refused a call.
        """
        with aws_errors("ecs", self._subject):
            return read_services(self._clients("ecs"), self._outputs.cluster_name, self._ecs_names, events=events)

    def instances(self) -> tuple[list[InstanceStatus], dict[str, str]]:
        """Read the container instances, and their ids by ARN; none on Fargate.

        Raises:
            AwsError: AWS refused a call.
        """
        if not self._outputs.auto_scaling_group and self._ours:
            return [], {}
        with aws_errors("ecs", self._subject):
            return read_instances(self._clients("ecs"), self._outputs.cluster_name)

    def tasks(
        self,
        *,
        stopped: bool = False,
        service: str | None = None,
        instance_ids: Mapping[str, str] | None = None,
    ) -> tuple[TaskStatus, ...]:
        """Read tasks.

        Args:
            stopped: those of the last hour that stopped, instead of those that should run.
            service: only those of this service of the file.
            instance_ids: EC2 instance id by container instance ARN; read when not given.

        Raises:
            UsageError: no such service.
            AwsError: AWS refused a call.
            CredentialsError: there are no valid credentials.
        """
        self._check_service(service)
        with aws_errors("ecs", self._subject):
            tasks = read_tasks(
                self._clients("ecs"),
                self._outputs.cluster_name,
                self._file_names,
                stopped=stopped,
                instance_ids=instance_ids,
                whole_cluster=self._ours,
            )
        return tuple(task for task in tasks if service in {None, task.service})

    def task(self, wanted: str) -> TaskStatus:
        """Read one task, running or stopped in the last hour.

        Args:
            wanted: its ARN, its id or the beginning of its id.

        Raises:
            UsageError: there is none, or there are several.
            AwsError: AWS refused a call.
        """
        with SideBySide() as reads:
            running = reads.begin(self.tasks)
            stopped = reads.begin(lambda: self.tasks(stopped=True))
            return find_task(wanted, [*running(), *stopped()])

    def log_cursors(self, request: LogRequest) -> list[LogCursor]:
        """Give what reads the lines that are asked for, on and on.

        Raises:
            UsageError: no such service or task.
            NotDeployedError: nothing that was asked for writes to a log group.
            AwsError: AWS refused a call.
        """
        from tinystacks.operations.log_selection import log_places, select  # noqa: PLC0415 - as above

        return select(
            self._clients,
            request,
            services=list(self._ecs_names),
            places=log_places(self._outputs) if self._places is None else self._places,
            tasks=lambda life: self.tasks(stopped=life == "stopped"),
        )

    def logs(self, request: LogRequest | None = None) -> list[LogLine]:
        """Read lines of all tasks in order of time.

        Raises:
            UsageError: no such service or task.
            NotDeployedError: nothing that was asked for writes to a log group.
            AwsError: AWS refused a call.
        """
        from tinystacks.operations.log_selection import LogRequest  # noqa: PLC0415 - as above

        cursors = self.log_cursors(request or LogRequest())
        with SideBySide() as reads:
            found: Sequence[list[LogLine]] = reads.all([cursor.read for cursor in cursors])
        return sorted((line for lines in found for line in lines), key=lambda line: line.at)

    def metrics(self, since: datetime, *, until: datetime | None = None, service: str | None = None) -> StageMetrics:
        """Read CPU, memory, tasks, requests, errors, latency and instances over time.

        Args:
            since: with time zone.
            until: with time zone; now by default.
            service: only this service of the file.

        Raises:
            UsageError: no such service.
            AwsError: AWS refused the call.
        """
        from tinystacks.operations.metric_reads import read_metrics  # noqa: PLC0415 - as above

        self._check_service(service)
        wanted = [name for name in self._ecs_names if service in {None, name}]
        return read_metrics(self._clients, self._outputs, wanted, since, until or datetime.now(UTC))

    def _check_service(self, name: str | None) -> None:
        if name is not None and name not in self._ecs_names:
            raise unknown("service", name, self._ecs_names, place=self._subject)

    @property
    def _ours(self) -> bool:
        return bool(self._outputs.stage)

    @property
    def _subject(self) -> str:
        return f"stage {self._outputs.stage}" if self._ours else f"cluster {self._outputs.cluster_name}"
