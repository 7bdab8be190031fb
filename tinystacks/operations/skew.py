"""What runs against what should run, and how evenly it is spread; no calls, only what was read."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from tinystacks.operations.ecs_reads import last_part
from tinystacks.operations.model import ServiceSkew

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tinystacks.operations.model import InstanceStatus, ServiceStatus, TaskStatus


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
