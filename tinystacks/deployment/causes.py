"""Why tasks did not run, from what ECS says of stopped tasks and in service events; pure.

The texts are ECS's own (ECS Developer Guide, "Amazon ECS stopped tasks error messages" and "service event messages").
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

from tinystacks.deployment.service_verdicts import Cause

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

_KILLED = 137
"""128 + SIGKILL: the kernel's out-of-memory killer, or a stop that took too long."""
_KILLED_ADVICE = "Exit code 137 is a kill: often too little `memory`, or a stop longer than `stop_timeout`."

NO_ROOM = "no-room"
"""Reason of causes that are about tasks for which no instance has room."""
_NO_ROOM_ADVICE = (
    "No instance has room: raise `compute.instances.max`, take larger instance types, or lower `cpu` and `memory`."
)

_NO_WAY_ADVICE = (
    "The task's subnet has no way there: set `nat` or `vpc_endpoints: true` under `network`; a VPC of your own needs a "
    "route to a NAT gateway, or endpoints for ecr.api, ecr.dkr, s3, logs and what holds the secrets."
)

_REASONS: tuple[tuple[str, re.Pattern[str], str], ...] = (
    (
        "wrong-architecture",
        re.compile(r"exec format error|image manifest does not contain descriptor matching platform", re.IGNORECASE),
        "The image is built for another CPU architecture than the instances have: build it for theirs.",
    ),
    (
        "image-pull",
        re.compile(r"CannotPullContainer|CannotPullECRContainer|CannotPullImage|pull image manifest|manifest unknown"),
        "Check that the image exists, that its name is right, and that instances may reach and read its registry.",
    ),
    (
        "way-out",
        re.compile(r"connection issue between the task and"),
        _NO_WAY_ADVICE,
    ),
    (
        "log-group",
        re.compile(r"The specified log group does not exist"),
        "The log group of the task definition is gone: `tstack up --refresh` makes it again.",
    ),
    (
        "secrets",
        re.compile(
            r"ResourceInitializationError.*(?:secret|ssm|parameter)|unable to (?:pull|retrieve) secrets", re.DOTALL
        ),
        "Check the ARNs in `secrets` and, for keys of your own, `kms_keys`: the execution role reads exactly these.",
    ),
    (
        "initialization",
        re.compile(r"ResourceInitializationError"),
        "The task could not be set up; on Fargate without public addresses it needs NAT or `vpc_endpoints`.",
    ),
    (
        "out-of-memory",
        re.compile(r"OutOfMemory|OOMKilled|memory usage", re.IGNORECASE),
        "The container needs more than it has: raise `memory`.",
    ),
    (
        "load-balancer-health-check",
        re.compile(r"failed ELB health checks|is unhealthy in \(?target-group|Health checks failed"),
        "Check `port` and `health_check.path`; a slow starter needs a longer `health_check.grace_period`.",
    ),
    (
        "container-health-check",
        re.compile(r"failed container health checks"),
        "The command in `container_health_check` fails; a slow starter needs a longer `start_period`.",
    ),
    (
        NO_ROOM,
        re.compile(r"RESOURCE:\w+|NO ACTIVE INSTANCES|EMPTY CAPACITY PROVIDER|placement constraint unsatisfied"),
        _NO_ROOM_ADVICE,
    ),
    (
        "container-engine",
        re.compile(r"Cannot connect to the Docker daemon"),
        "The container engine of the machine does not answer: start it again; an EC2 instance is best replaced.",
    ),
    (
        "container-start",
        re.compile(r"CannotStartContainer|CannotCreateContainer|ContainerRuntimeError|InternalError|CannotInspect"),
        "The container cannot start: check `command`, `entry_point` and `user`.",
    ),
    (
        "spot-interruption",
        re.compile(r"SpotInterruption|Spot Task was interrupted|spot interruption", re.IGNORECASE),
        "AWS took Spot capacity back; raise `compute.spot.on_demand_base` if this happens often.",
    ),
    (
        "instance-gone",
        re.compile(r"Host EC2 \(instance|was terminated|Container instance .*deregister", re.IGNORECASE),
        "The instance went away under the task; ECS starts another one.",
    ),
    (
        "exited",
        re.compile(r"Essential container in task exited|Task failed to start"),
        "The program ended by itself: its last lines of output say why.",
    ),
)
_PLACED_NOWHERE = re.compile(r"was unable to place a task|could not launch \d+ tasks?|unable to place tasks?")
_CONFIGURATION = re.compile(r"unable to stop or start tasks during a deployment because of the service deployment")
_CONFIGURATION_ADVICE = "The percentages in `rolling_update` leave ECS no task to start or stop: widen them."
_ON_PURPOSE = re.compile(
    r"Scaling activity initiated by|Task stopped by user|availability zone rebalancing", re.IGNORECASE
)
_IDS_SHOWN = 3


class _Stopped(NamedTuple):
    """A stopped task and what ECS's texts about it mean."""

    task: Mapping[str, Any]
    reason: str
    message: str
    advice: str


def failed_tasks(tasks: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Leave out tasks that ECS or a person stopped on purpose."""
    return [task for task in tasks if not _on_purpose(task)]


def group_causes(
    service: str,
    tasks: Sequence[Mapping[str, Any]],
    events: Sequence[str] = (),
    *,
    log_tail: Callable[[str], tuple[str, ...]] = lambda _task_id: (),
) -> tuple[Cause, ...]:
    """Group stopped tasks and service events by reason and exit code, the most frequent first.

    Args:
        service: name in the file.
        tasks: stopped tasks in the form of DescribeTasks, newest first.
        events: texts of service events, newest first.
        log_tail: gives the last lines that a task wrote, by its id.
    """
    groups: dict[tuple[str, int | None], list[_Stopped]] = defaultdict(list)
    for stopped, code in _with_codes([_Stopped(task, *_classify(task)) for task in failed_tasks(tasks)]):
        groups[stopped.reason, code].append(stopped)
    causes: list[Cause] = []
    for (reason, code), members in groups.items():
        newest = members[0]
        telling = next(member for member in members if _exit_code(member.task) == code)
        ids = tuple(_task_id(member.task) for member in members[:_IDS_SHOWN])
        causes.append(
            Cause(
                service=service,
                reason=reason,
                count=len(members),
                exit_code=code,
                message=newest.message,
                advice=telling.advice,
                task_ids=ids,
                log_tail=log_tail(_task_id(newest.task)),
            )
        )
    causes.extend(_event_causes(service, events))
    return tuple(sorted(causes, key=lambda cause: -cause.count))


def _with_codes(stopped: Sequence[_Stopped]) -> Iterator[tuple[_Stopped, int | None]]:
    """Give each task's exit code; where ECS told none yet, the most frequent one with the same reason and message."""
    codes: dict[tuple[str, str], Counter[int]] = defaultdict(Counter)
    for one in stopped:
        code = _exit_code(one.task)
        if code is not None:
            codes[one.reason, one.message][code] += 1
    for one in stopped:
        code = _exit_code(one.task)
        known = codes.get((one.reason, one.message))
        yield one, known.most_common(1)[0][0] if code is None and known else code


def no_room(events: Iterable[str]) -> int:
    """Count events that say that a task found no place."""
    return sum(1 for text in events if _PLACED_NOWHERE.search(text))


def events_since(service: Mapping[str, Any], since: datetime | None) -> list[str]:
    """Give the texts of a service's events from a moment on, newest first, as DescribeServices orders them."""
    return [
        str(event.get("message", ""))
        for event in service.get("events", [])
        if since is None or event.get("createdAt") is None or event["createdAt"] >= since
    ]


def _event_causes(service: str, events: Sequence[str]) -> list[Cause]:
    causes: list[Cause] = []
    for reason, pattern, advice in (
        (NO_ROOM, _PLACED_NOWHERE, _NO_ROOM_ADVICE),
        ("deployment-configuration", _CONFIGURATION, _CONFIGURATION_ADVICE),
    ):
        matching = [text for text in events if pattern.search(text)]
        if matching:
            causes.append(
                Cause(service=service, reason=reason, count=len(matching), message=matching[0], advice=advice)
            )
    return causes


def _classify(task: Mapping[str, Any]) -> tuple[str, str, str]:
    """Give the reason's short name, ECS's own text, and the advice."""
    said = [str(task.get("stoppedReason") or "")]
    said.extend(str(container.get("reason") or "") for container in task.get("containers", []))
    text = "\n".join(part for part in said if part)
    for name, pattern, advice in _REASONS:
        if pattern.search(text):
            message = next((part for part in said if pattern.search(part)), text)
            killed = name == "exited" and _exit_code(task) == _KILLED
            return name, message, _KILLED_ADVICE if killed else advice
    return (text.splitlines() or ["unknown"])[0], text, ""


def advice_on(reason: str) -> str:
    """Give what to do about a reason, such as `load-balancer-health-check`."""
    return next(advice for name, _pattern, advice in _REASONS if name == reason)


def _exit_code(task: Mapping[str, Any]) -> int | None:
    """Give the exit code that ended the task: the first that is not 0, else the first there is."""
    codes = [int(c["exitCode"]) for c in task.get("containers", []) if c.get("exitCode") is not None]
    return next((code for code in codes if code != 0), codes[0] if codes else None)


def _on_purpose(task: Mapping[str, Any]) -> bool:
    return bool(_ON_PURPOSE.search(str(task.get("stoppedReason") or ""))) or task.get("stopCode") == "UserInitiated"


def _task_id(task: Mapping[str, Any]) -> str:
    return str(task.get("taskArn", "")).rpartition("/")[2]
