"""What containers write, in CloudWatch Logs, as the awslogs driver puts it there.

Source: ECS developer guide, page using_awslogs: the stream is `PREFIX/CONTAINER/TASK-ID`, without a prefix the id of
the container; the group must exist unless `awslogs-create-group` is set.
"""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tinystacks.local.emulation import Emulation

_KEPT_LINES_PER_TURN = 1000
_NO_GROUP = (
    "CannotStartContainerError: Error response from daemon: failed to create task for container: failed to initialize "
    "logging driver: failed to create Cloudwatch log stream: operation error CloudWatch Logs: CreateLogStream, "
    "ResourceNotFoundException: The specified log group does not exist."
)
_NO_GROUP_ON_FARGATE = (
    "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to "
    "create Cloudwatch log stream: operation error CloudWatch Logs: CreateLogStream, https response error StatusCode: "
    "400, ResourceNotFoundException: The specified log group does not exist. : exit status 1"
)
"""ECS developer guide, resource-initialization-error, has the error's kind; the rest as users of Fargate report it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPlace:
    """Where a container's lines go."""

    region: str
    group: str
    stream: str


class TaskLogs:
    """Collects lines and writes them in one go per turn.

    Args:
        emulation: moto.
    """

    def __init__(self, emulation: Emulation) -> None:
        self._emulation = emulation
        self._places: dict[tuple[str, str], LogPlace] = {}
        self._lines: dict[LogPlace, list[dict[str, Any]]] = defaultdict(list)

    def open(
        self, definition: Mapping[str, Any], *, region: str, task_id: str, container: str, on_fargate: bool = False
    ) -> str:
        """Prepare a container's stream.

        Args:
            definition: container definition in the API's form.
            region: of the task.
            task_id: of the task.
            container: its name.
            on_fargate: the task has no instance; there the platform opens the stream, on an instance Docker does.

        Returns:
            Why the container cannot start; empty when it can.
        """
        configuration: Mapping[str, Any] = definition.get("logConfiguration") or {}
        if configuration.get("logDriver") != "awslogs":
            return ""
        options: Mapping[str, str] = configuration.get("options") or {}
        prefix = options.get("awslogs-stream-prefix")
        place = LogPlace(
            region=options.get("awslogs-region") or region,
            group=options.get("awslogs-group") or "",
            stream=f"{prefix}/{container}/{task_id}" if prefix else f"{task_id}-{container}",
        )
        with self._emulation.lock:
            logs = self._emulation.backend("logs", place.region)
            if place.group not in logs.groups:
                if options.get("awslogs-create-group") != "true":
                    return _NO_GROUP_ON_FARGATE if on_fargate else _NO_GROUP
                logs.create_log_group(log_group_name=place.group, tags={})
            logs.ensure_log_stream(place.group, place.stream)
        self._places[task_id, container] = place
        return ""

    def add(self, task_id: str, container: str, text: str) -> None:
        """Keep a line until the next flush."""
        place = self._places.get((task_id, container))
        if place is not None and len(self._lines[place]) < _KEPT_LINES_PER_TURN:
            self._lines[place].append({"timestamp": int(time.time() * 1000), "message": text})

    def forget(self, task_id: str) -> None:
        """A task is gone."""
        self.flush()
        for key in [key for key in self._places if key[0] == task_id]:
            del self._places[key]

    def flush(self) -> None:
        """Write what was collected; a group or stream that was deleted meanwhile takes its lines with it."""
        if not self._lines:
            return
        lines, self._lines = self._lines, defaultdict(list)
        with self._emulation.lock:
            for place, events in lines.items():
                group = self._emulation.backend("logs", place.region).groups.get(place.group)
                if group is not None and place.stream in group.streams:
                    group.put_log_events(place.stream, sorted(events, key=lambda one: one["timestamp"]))
