"""What runs against what should run, and how evenly it is spread; no calls, only what was read."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tinystacks.operations.ecs_reads import last_part

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tinystacks.operations.model import InstanceStatus, ServiceStatus, TaskStatus

_UNEVEN = 2
"""One task more or less is unavoidable; from two on, moving one would make it more even."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSkew:
    """One service.

    Attributes:
        service: name in the file.
        recorded: revision that the last `up` made, `family:revision`.
        live: revision that ECS keeps running.
        revisions: tasks by revision.
        zones: tasks by zone; zones with instances and no task too.
        instances: tasks by instance; those without a task too.
        zone_skew: most tasks in a zone less fewest.
        instance_skew: most tasks on an instance less fewest.
    """

    service: str
    recorded: str
    live: str
    revisions: Mapping[str, int]
    zones: Mapping[str, int]
    instances: Mapping[str, int]
    zone_skew: int
    instance_skew: int

    @property
    def moved_on(self) -> bool:
        """Whether ECS runs another revision than the last `up` made, as after a rollback by ECS (trap B2)."""
        return bool(self.recorded and self.live) and self.recorded != self.live

    @property
    def mixed(self) -> bool:
        """Whether tasks of several revisions run."""
        return len(self.revisions) > 1

    @property
    def uneven(self) -> bool:
        """Whether tasks are piled up."""
        return self.zone_skew >= _UNEVEN or self.instance_skew >= _UNEVEN


def service_skew(
    service: ServiceStatus,
    recorded: str,
    tasks: Sequence[TaskStatus],
    instances: Sequence[InstanceStatus],
) -> ServiceSkew:
    """Compare one service's tasks with what should be.

    Args:
        service: the service.
        recorded: ARN of the revision that the last `up` made; empty when unknown.
        tasks: all tasks that should run.
        instances: container instances.
    """
    own = [task for task in tasks if task.service == service.name]
    usable = [item for item in instances if item.status == "ACTIVE"]
    zones = Counter({**dict.fromkeys((item.zone for item in usable), 0), **Counter(task.zone for task in own)})
    places = Counter(
        {
            **dict.fromkeys((item.id for item in usable), 0),
            **Counter(task.instance_id for task in own if task.instance_id),
        }
    )
    return ServiceSkew(
        service=service.name,
        recorded=last_part(recorded),
        live=service.task_definition,
        revisions=dict(Counter(task.task_definition for task in own)),
        zones=dict(zones),
        instances=dict(places),
        zone_skew=_spread(zones),
        instance_skew=_spread(places),
    )


def _spread(counts: Mapping[str, int]) -> int:
    return max(counts.values()) - min(counts.values()) if counts else 0
