"""What happened to a stage, from all that keeps a record, in one line of time.

How far each remembers: ECS 100 messages a service and stopped tasks for an hour; Application Auto Scaling and Auto
Scaling six weeks; releases for good.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from tinystacks.operations.causes_in_short import short_cause
from tinystacks.operations.scaling_reads import read_instance_activities, read_task_activities
from tinystacks.operations.side_by_side import SideBySide
from tinystacks.operations.stop_words import stop_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tinystacks.operations.model import ServiceStatus, TaskStatus
    from tinystacks.operations.scaling_model import ScalingActivity
    from tinystacks.operations.stage_reads import Operations

Kind = Literal["release", "service", "scaling", "instances", "task"]

_EVENTS = 100
_SERVICE_PREFIX = re.compile(r"^\(service [^)]*\)\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One thing that happened.

    Attributes:
        at: when.
        kind: what keeps the record: `release`, `service` (ECS), `scaling` (Application Auto Scaling), `instances`
            (Auto Scaling) or `task` (one that stopped).
        subject: name of the service in the file; empty for the stage.
        message: what happened.
        bad: whether somebody should look at it.
    """

    at: datetime
    kind: Kind
    subject: str
    message: str
    bad: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """What happened, oldest first.

    Attributes:
        since: how far back was looked.
        happenings: oldest first.
        not_read: what AWS refused to tell, in words.
    """

    since: datetime
    happenings: tuple[Happening, ...]
    not_read: tuple[str, ...] = ()


def read_timeline(
    operations: Operations,
    since: datetime,
    *,
    service: str | None = None,
    releases: Callable[[], Iterable[Happening]] = tuple,
) -> Timeline:
    """Read what happened.

    Args:
        operations: the stage.
        since: with time zone.
        service: only this service of the file, and the stage's releases.
        releases: gives the releases, newest first, where there are any.

    Raises:
        UsageError: no such service.
        AwsError: AWS refused to tell services or tasks.
    """
    client, outputs = operations.clients, operations.outputs
    wanted = {name: one.service_name for name, one in outputs.services.items() if service in {None, name}}
    with SideBySide() as reads:
        services_read = reads.begin(lambda: operations.services(events=_EVENTS))
        tasks_read = reads.begin(lambda: operations.tasks(stopped=True, service=service))
        scaling_read = [
            reads.begin_optional(
                lambda name=name, service_name=service_name: read_task_activities(
                    client, outputs.cluster_name, name, service_name
                ),
                list["ScalingActivity"](),
            )
            for name, service_name in wanted.items()
        ]
        group = outputs.auto_scaling_group if service is None else ""
        releases_read = reads.begin_optional(lambda: list(releases()), list[Happening]())
        instances_read = reads.begin_optional(
            lambda: read_instance_activities(client, group, since=since) if group else [], list["ScalingActivity"]()
        )
        sources = [
            releases_read(),
            *(list(_of_service(one)) for one in services_read() if one.name in wanted),
            list(_of_tasks(tasks_read())),
            *([_of_scaling(activity) for activity in wait()] for wait in scaling_read),
            [_of_scaling(activity) for activity in instances_read()],
        ]
    # Each source tells newest first, and much of what it tells is of the same moment.
    found = [one for source in sources for one in reversed(source) if one.at >= since]
    return Timeline(
        since=since,
        happenings=tuple(sorted(found, key=lambda one: one.at)),
        not_read=tuple(dict.fromkeys(reads.not_read)),
    )


def _of_service(service: ServiceStatus) -> Iterable[Happening]:
    for at, message in service.events:
        bad = any(words in message for words in ("unable to", "unhealthy", "failed", "rolling back"))
        yield Happening(at=at, kind="service", subject=service.name, message=_SERVICE_PREFIX.sub("", message), bad=bad)


def _of_tasks(tasks: Iterable[TaskStatus]) -> Iterable[Happening]:
    for task in tasks:
        at = task.stopped_at or task.created_at
        yield Happening(
            at=at or datetime.now(UTC),
            kind="task",
            subject=task.service,
            message=f"task {task.id} ({task.task_definition}) stopped: {stop_words(task) or 'no reason is given'}",
            bad=task.stop_code not in {"ServiceSchedulerInitiated", "UserInitiated", "TerminationNotice"},
        )


def _of_scaling(activity: ScalingActivity) -> Happening:
    done = activity.description.rstrip(".")
    what = f"not scaled, {', '.join(activity.not_scaled)}" if activity.not_scaled else done
    cause = f": {short_cause(activity.cause)}" if activity.cause else ""
    return Happening(
        at=activity.at,
        kind="scaling" if activity.service else "instances",
        subject=activity.service,
        message=f"{what}{cause}",
        bad=activity.status == "Failed" and not activity.not_scaled,
    )
