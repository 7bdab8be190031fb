"""Protection of tasks from scale-in and deployments (D36, A13)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.controlplane.errors import EcsError, invalid_parameter
from tinystacks.controlplane.requests import Failure, TaskResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tinystacks.controlplane.state import State

DEFAULT_MINUTES = 120
LONGEST_MINUTES = 2880
MOST_TASKS = 10


def update(
    state: State,
    cluster: str,
    references: Sequence[str],
    *,
    enabled: bool,
    minutes: int | None,
) -> TaskResult:
    """Protect tasks of services for a time, or lift it."""
    home = state.cluster(cluster)
    minutes = DEFAULT_MINUTES if minutes is None else minutes
    if not 1 <= minutes <= LONGEST_MINUTES:
        raise invalid_parameter(f"expiresInMinutes must be between 1 and {LONGEST_MINUTES}.")
    if len(references) > MOST_TASKS:
        raise invalid_parameter(f"At most {MOST_TASKS} tasks can be given.")
    result = TaskResult()
    for reference in references:
        try:
            task = state.task(home, reference)
        except EcsError:
            result.failures.append(Failure(arn=reference, reason="MISSING"))
            continue
        if task.service is None or task.desired_status == "STOPPED":
            result.failures.append(Failure(arn=task.arn, reason="TASK_NOT_VALID"))
            continue
        protected = [
            one
            for deployment in task.service.deployments
            for one in deployment.tasks.values()
            if one is not task and (one.protected_until or 0) > state.now
        ]
        if enabled and len(protected) >= max(1, task.service.desired_count):
            result.failures.append(Failure(arn=task.arn, reason="DEPLOYMENT_BLOCKED"))
            continue
        task.protected_until = state.now + minutes * 60 if enabled else None
        if enabled:
            service = task.service
            state.at(task.protected_until or state.now, lambda service=service: state.touch(service))
        state.touch(task.service)
        result.tasks.append(task)
    return result
