"""The re-spawn throttle: tasks that never reach RUNNING are started ever more rarely (T32-T34)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.controlplane import events

if TYPE_CHECKING:
    from tinystacks.controlplane.model import Service, Task
    from tinystacks.controlplane.state import State

IMPAIRED = "impaired"


def count_stop(state: State, task: Task) -> None:
    """Count a task that died before RUNNING; tasks launched together count once."""
    service = task.service
    if service is None or not task.died or task.was_running or not task.had_place:
        return
    if task.batch == service.last_failed_batch:
        return
    service.last_failed_batch = task.batch
    service.start_failures += 1
    over = service.start_failures - state.settings.throttle_free_failures
    if over <= 0:
        return
    delay = min(state.settings.throttle_first_seconds * 2.0 ** min(over - 1, 30), state.settings.throttle_cap_seconds)
    service.throttled_until = state.now + delay
    state.at(service.throttled_until, lambda: state.touch(service))
    events.say(state, service, "is unable to consistently start tasks successfully.", cause=IMPAIRED)
    events.service_action(state, service, "SERVICE_TASK_START_IMPAIRED", kind="WARN")


def count_start(task: Task) -> None:
    """A task runs: the throttle begins anew."""
    if task.service is not None:
        reset(task.service)


def reset(service: Service) -> None:
    """Forget the failures, as a new deployment does."""
    service.start_failures = 0
    service.throttled_until = 0
    events.forget(service, IMPAIRED)
