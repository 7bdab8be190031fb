"""Numbers of tasks, targets and schedules."""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo
from typing import TYPE_CHECKING

from tinystacks.spec.checks.finding import Finding, error, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tinystacks.spec.model import StageSpec
    from tinystacks.spec.positions import KeyPath
    from tinystacks.spec.service import ScheduleSpec, ServiceSpec, TasksSpec

_CRON = re.compile(r"cron\(\s*\S+(\s+\S+){5}\s*\)")
_RATE = re.compile(r"rate\(\s*(1 (minute|hour|day)|([2-9]|[1-9]\d+) (minutes|hours|days))\s*\)")


def check(stage: StageSpec) -> Iterator[Finding]:
    """Check the tasks of every service."""
    for name, service in stage.services.items():
        path = ("services", name, "tasks")
        yield from _range(service.tasks, path)
        yield from _targets(service, path)
        for schedule_name, schedule in service.tasks.schedule.items():
            yield from _schedule(schedule, (*path, "schedule", schedule_name), service.tasks)


def _range(tasks: TasksSpec, path: KeyPath) -> Iterator[Finding]:
    if tasks.min > tasks.max:
        message = (
            f"must be at least `min` ({tasks.min}); {tasks.max} was given"
            if "max" in tasks.model_fields_set
            else (f"`min` is {tasks.min} and `max` is {tasks.max} by default; give a `max` of at least {tasks.min}")
        )
        yield error((*path, "max"), "tasks-min-over-max", message)


def _targets(service: ServiceSpec, path: KeyPath) -> Iterator[Finding]:
    """Application Auto Scaling user guide, "Target tracking": out if any policy says so, in only if all do (D14)."""
    tasks = service.tasks
    if tasks.target_requests is not None and service.port is None:
        message = "needs a `port`: requests are counted at the load balancer"
        yield error((*path, "target_requests"), "target-requests-without-port", message)
    targets = {
        name: target
        for name, target in (
            ("target_cpu", tasks.target_cpu),
            ("target_memory", tasks.target_memory),
            ("target_requests", tasks.target_requests),
        )
        if target is not None
    }
    if tasks.min < tasks.max and not targets and not tasks.schedule:
        message = "nothing would ever change the number of tasks: give a target, or the same `min` and `max`"
        yield error(path, "scaling-without-target", message)
    if tasks.min < tasks.max and len(targets) > 1:
        names = " and ".join(f"`{name}`" for name in targets)
        message = f"{names}: tasks are added when one of them asks for it, but taken away only when all do"
        yield warning(path, "several-targets", message)


def _schedule(schedule: ScheduleSpec, path: KeyPath, tasks: TasksSpec) -> Iterator[Finding]:
    """Application Auto Scaling API reference, `PutScheduledAction`."""
    if schedule.min is None and schedule.max is None:
        yield error(path, "schedule-empty", "needs `min` or `max`")
    if schedule.min is not None and schedule.max is not None and schedule.min > schedule.max:
        yield error((*path, "max"), "schedule-min-over-max", f"must be at least `min` ({schedule.min})")
    elif schedule.max is None and schedule.min is not None and schedule.min > tasks.max:
        message = f"is over the service's largest number of tasks ({tasks.max}); give `max` too"
        yield error((*path, "min"), "schedule-min-over-max", message)
    elif schedule.min is None and schedule.max is not None and schedule.max < tasks.min:
        message = f"is below the service's smallest number of tasks ({tasks.min}); give `min` too"
        yield error((*path, "max"), "schedule-min-over-max", message)
    if not _is_time(schedule.when):
        message = (
            "must be `cron(minute hour day month weekday year)` with six parts, `rate(5 minutes)` or "
            "`at(2027-01-01T08:00:00)`"
        )
        yield error((*path, "when"), "schedule-when", message)
    if not _is_zone(schedule.timezone):
        yield error(
            (*path, "timezone"), "schedule-timezone", "must be the name of a time zone, such as `Europe/Berlin`"
        )


def _is_time(text: str) -> bool:
    if text.startswith("at("):
        try:
            dt.datetime.strptime(text, "at(%Y-%m-%dT%H:%M:%S)")  # noqa: DTZ007 - its zone is a field of its own
        except ValueError:
            return False
        return True
    return bool(_CRON.fullmatch(text) or _RATE.fullmatch(text))


def _is_zone(name: str) -> bool:
    if name == "UTC":
        return True
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return not zoneinfo.available_timezones()  # without a time zone database nothing can be said
    return True
