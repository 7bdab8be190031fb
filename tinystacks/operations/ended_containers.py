"""Containers that ended under tasks that run on: sidecars that are not essential."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tinystacks.operations.model import TaskStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedContainer:
    """A container of a service that ended alike under one or more running tasks.

    Attributes:
        service: name in the file; empty for tasks of their own.
        container: its name.
        exit_code: None when it never started.
        reason: ECS's words; empty when the program ended by itself.
    """

    service: str
    container: str
    exit_code: int | None
    reason: str


def ended_containers(tasks: Iterable[TaskStatus]) -> Counter[EndedContainer]:
    """Count the running tasks under which a container has failed; one that ended with 0 has done its work.

    ECS does not tell by any state or event that such a task is less than it should be.
    """
    return Counter(
        EndedContainer(service=task.service, container=one.name, exit_code=one.exit_code, reason=one.reason)
        for task in tasks
        if task.status == "RUNNING"
        for one in task.containers
        if one.status == "STOPPED" and (one.exit_code != 0 or one.reason)
    )
