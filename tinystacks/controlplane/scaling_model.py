"""State of Application Auto Scaling for services, in the words of its API."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tinystacks.controlplane.types import Document


@dataclass(slots=True, kw_only=True)
class Alarm:
    """An alarm that a target tracking policy owns.

    Attributes:
        bound: threshold of the metric.
        above: alarm when the metric is above the bound, else when it is below.
        datapoints: values in a row that must break the bound.
        period: seconds of one datapoint.
    """

    name: str
    arn: str
    bound: float
    above: bool
    datapoints: int
    period: int = 60
    state: str = "INSUFFICIENT_DATA"


@dataclass(slots=True, kw_only=True)
class ScalingPolicy:
    """A scaling policy; `configuration` is the API's nested configuration of its type."""

    name: str
    arn: str
    resource_id: str
    scalable_dimension: str
    policy_type: str
    configuration: Document
    created_at: float
    alarms: list[Alarm] = field(default_factory=list[Alarm])
    values: dict[int, list[float]] = field(default_factory=dict[int, "list[float]"])


@dataclass(slots=True, kw_only=True)
class ScheduledAction:
    """A scheduled action; `next_at` is None when it will not run again."""

    name: str
    arn: str
    resource_id: str
    scalable_dimension: str
    schedule: str
    timezone: str = "UTC"
    start_time: float | None = None
    end_time: float | None = None
    scalable_target_action: Document = field(default_factory=dict[str, object])
    created_at: float = 0
    next_at: float | None = None


@dataclass(slots=True, kw_only=True)
class ScalingActivity:
    """One scaling activity."""

    id: str
    resource_id: str
    scalable_dimension: str
    description: str
    cause: str
    start_time: float
    end_time: float | None = None
    status_code: str = "InProgress"
    status_message: str = ""
    details: str = ""
    desired: int | None = None
    not_scaled_reasons: list[Document] = field(default_factory=list["Document"])


@dataclass(slots=True, kw_only=True)
class ScalableTarget:
    """A scalable target (namespace ecs, dimension ecs:service:DesiredCount).

    Attributes:
        policies: by name.
        scheduled_actions: by name.
        activities: newest first.
        out_until: end of the scale-out cooldown.
        out_to: the count that the newest scale-out set.
        out_from_running: running tasks when the cooldown's first scale-out was decided.
        out_from_desired: the desired count at that time.
        in_until: end of the scale-in cooldown.
    """

    resource_id: str
    arn: str
    cluster: str
    service: str
    min_capacity: int
    max_capacity: int
    scalable_dimension: str = "ecs:service:DesiredCount"
    role_arn: str = ""
    suspended_state: dict[str, bool] = field(default_factory=dict[str, bool])
    tags: dict[str, str] = field(default_factory=dict[str, str])
    created_at: float = 0
    policies: dict[str, ScalingPolicy] = field(default_factory=dict[str, ScalingPolicy])
    scheduled_actions: dict[str, ScheduledAction] = field(default_factory=dict[str, ScheduledAction])
    activities: list[ScalingActivity] = field(default_factory=list[ScalingActivity])
    out_until: float = float("-inf")
    out_to: int = 0
    out_from_running: int = 0
    out_from_desired: int = 0
    in_until: float = float("-inf")
