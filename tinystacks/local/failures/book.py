"""What is broken now, as the parts that must fail ask for it.

Health checks ask in the loop's thread, the scheduler and requests in theirs: answers rest on sets that are replaced as
a whole, so that nobody waits.
"""

from __future__ import annotations

import itertools
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tinystacks.local.failures.model import Failure
    from tinystacks.local.runtime.base import ContainerOrder, TaskOrder


class FailureBook:
    """The failures of all regions."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._failures: tuple[Failure, ...] = ()
        self._orders: dict[str, TaskOrder] = {}
        self._silent_instances: frozenset[str] = frozenset()
        self._silent_tasks: frozenset[str] = frozenset()
        self._unhealthy: frozenset[str] = frozenset()

    def active(self) -> tuple[Failure, ...]:
        """What is broken, oldest first."""
        return self._failures

    def of_kind(self, kind: str) -> list[Failure]:
        """What is broken of one kind."""
        return [one for one in self._failures if one.kind == kind]

    def new_id(self, kind: str) -> str:
        """A name for a new failure."""
        return f"{kind}-{next(self._numbers)}"

    def add(self, failure: Failure) -> None:
        """Something breaks."""
        with self._lock:
            self._failures = (*self._failures, failure)
            self.refresh()

    def remove(self, failure: Failure) -> None:
        """Something is mended."""
        with self._lock:
            self._failures = tuple(one for one in self._failures if one is not failure)
            self.refresh()

    def refresh(self) -> None:
        """Work out anew what the parts ask for; the failures themselves are changed by one thread only."""
        hosts = [one for one in self._failures if one.kind in {"instance", "zone", "agent"}]
        self._silent_instances = frozenset(name for one in hosts for name in one.instances)
        self._silent_tasks = frozenset(name for one in hosts for name in one.tasks)
        self._unhealthy = frozenset(one.what for one in self._failures if one.kind == "health")

    # ---- tasks

    def note_task(self, order: TaskOrder) -> None:
        """A task is being started: it can be asked for by its id from now on."""
        self._orders[order.task_id] = order

    def forget_task(self, task_id: str) -> None:
        """A task has stopped for good."""
        self._orders.pop(task_id, None)

    def is_silent(self, task_id: str) -> bool:
        """Whether nothing is heard of a task, and nothing can be told to it: its host or its agent is gone."""
        if not self._silent_instances and not self._silent_tasks:
            return False
        order = self._orders.get(task_id)
        return task_id in self._silent_tasks or (order is not None and order.instance_id in self._silent_instances)

    def is_unhealthy(self, task_id: str) -> bool:
        """Whether every health check of a task fails."""
        if not self._unhealthy:
            return False
        order = self._orders.get(task_id)
        return order is not None and bool(order.service) and any(_is_of(order, what) for what in self._unhealthy)

    def pull_failure(self, task: TaskOrder, container: ContainerOrder) -> str:
        """Why an image cannot be pulled (rule T21); empty when it can."""
        image = str(container.definition.get("image", ""))
        for one in self.of_kind("pull"):
            if _is_of(task, one.what) or (one.what and one.what in image):
                one.times += 1
                return (
                    "CannotPullContainerError: pull image manifest has been retried 1 time(s): "
                    f"failed to resolve ref {image}: failed to do request: i/o timeout (`tstack local break pull`)"
                )
        return ""

    def throttles(self) -> bool:
        """Whether ECS calls are throttled."""
        return any(one.kind == "throttling" for one in self._failures)


def _is_of(order: TaskOrder, what: str) -> bool:
    return not what or what == f"{order.cluster}/{order.service}"
