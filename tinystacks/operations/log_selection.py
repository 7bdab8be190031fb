"""Whose lines are asked for: all tasks, one service, one task, or the task that stopped last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

from tinystacks.errors import NotDeployedError, UsageError
from tinystacks.operations.choosing import find_task, unknown
from tinystacks.operations.log_model import LogPlace
from tinystacks.operations.log_reads import LogCursor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tinystacks.kept_clients import KeptClients
    from tinystacks.operations.model import TaskStatus
    from tinystacks.outputs import StageOutputs

DEFAULT_SINCE = timedelta(minutes=10)
LifeOfTasks = Literal["running", "stopped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRequest:
    """What is asked for.

    Attributes:
        since: nothing older; by default ten minutes, for one task from its beginning on.
        service: name in the file; all services by default.
        task: id of a task, or its beginning.
        previous: whether only the task that stopped last is meant; not together with `task`.
        pattern: CloudWatch's filter pattern; empty for everything.
    """

    since: datetime | None = None
    service: str | None = None
    task: str | None = None
    previous: bool = False
    pattern: str = ""


def log_places(outputs: StageOutputs) -> dict[str, tuple[LogPlace, ...]]:
    """Say where the services of a stage write: its program gives each a group, and its name as prefix."""
    return {
        name: (LogPlace(service=name, group=service.log_group, prefix=name),)
        for name, service in outputs.services.items()
        if service.log_group
    }


def select(
    clients: KeptClients,
    request: LogRequest,
    *,
    services: Sequence[str],
    places: Mapping[str, tuple[LogPlace, ...]],
    tasks: Callable[[LifeOfTasks], Sequence[TaskStatus]],
    now: datetime | None = None,
) -> list[LogCursor]:
    """Give what reads the lines that are asked for.

    Args:
        clients: boto3 clients.
        request: what is asked for.
        services: names in the file.
        places: where each service writes.
        tasks: reads the tasks: stopped ones or running ones.
        now: with time zone.

    Raises:
        UsageError: no such service or task, or both a task and the previous one are asked for.
        NotDeployedError: nothing that was asked for writes to a log group.
    """
    if request.previous and request.task:
        raise UsageError(
            "--previous is the task that stopped last, and --task names one: only one of them can be shown",
            hint="Leave --previous out; --task finds stopped tasks too.",
        )
    if request.service is not None and request.service not in services:
        raise unknown("service", request.service, services, place="the stage")
    wanted = [request.service] if request.service else list(services)
    if request.previous or request.task:
        task = _task(request, wanted, tasks)
        # A task of its own names no service, and writes where the one does whose task definition it has.
        of_task = _places_of([task.service] if task.service else wanted, places)
        since = request.since or task.created_at or task.started_at or _default(now)
        containers = [container.name for container in task.containers]
        return [
            LogCursor(
                clients,
                place,
                since=since,
                pattern=request.pattern,
                stream_prefix=place.stream_prefix(container, task.id),
            )
            for place in of_task
            for container in containers
            if place.prefix
        ]
    return [
        LogCursor(clients, place, since=request.since or _default(now), pattern=request.pattern)
        for place in _places_of(wanted, places)
    ]


def _default(now: datetime | None) -> datetime:
    return (now or datetime.now(UTC)) - DEFAULT_SINCE


def _task(
    request: LogRequest, services: Sequence[str], tasks: Callable[[LifeOfTasks], Sequence[TaskStatus]]
) -> TaskStatus:
    stopped = [task for task in tasks("stopped") if not request.service or task.service in services]
    if request.previous:
        if not stopped:
            raise UsageError(
                "no task has stopped in the last hour, which is how long ECS remembers",
                hint="Older lines are still there: `tstack logs --since 1d`.",
            )
        return max(stopped, key=lambda task: (task.stopped_at is not None, str(task.stopped_at)))
    running = [task for task in tasks("running") if not request.service or task.service in services]
    return find_task(request.task or "", [*running, *stopped])


def _places_of(services: Sequence[str], places: Mapping[str, tuple[LogPlace, ...]]) -> list[LogPlace]:
    found = [place for name in services for place in places.get(name, ())]
    if not found:
        raise NotDeployedError(
            f"{', '.join(services) or 'the task'} writes to no log group",
            hint="Give its containers the log driver awslogs with an awslogs-group; `tstack up` does so.",
        )
    return found
