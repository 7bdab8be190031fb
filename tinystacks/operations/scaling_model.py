"""How numbers of tasks and instances are governed: limits, alarms, activities, and why something does not come in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmStatus:
    """One CloudWatch alarm.

    Attributes:
        name: name of the alarm.
        service: name in the file; empty for one about instances.
        state: `OK`, `ALARM` or `INSUFFICIENT_DATA`.
        since: when it came into this state.
        reason: CloudWatch's words.
        scaling: `out` or `in` for one that target tracking made; empty for one that people look at.
    """

    name: str
    service: str
    state: str
    since: datetime | None
    reason: str
    scaling: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalingPolicy:
    """One policy that changes the number of tasks.

    Attributes:
        name: name of the policy.
        metric: what it watches, such as `ECSServiceAverageCPUUtilization`.
        target: value that it keeps; none for step scaling.
        scale_in: whether it may take tasks away.
        scale_in_cooldown: seconds after a scale-in before the next.
    """

    name: str
    metric: str
    target: float | None
    scale_in: bool
    scale_in_cooldown: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceScaling:
    """Limits and policies of one service's number of tasks.

    Attributes:
        service: name in the file.
        minimum: tasks at least.
        maximum: tasks at most.
        suspended: what is switched off, such as `scale-in`.
        policies: the policies.
    """

    service: str
    minimum: int
    maximum: int
    suspended: tuple[str, ...]
    policies: tuple[ScalingPolicy, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalingActivity:
    """Something that scaling did, or tried.

    Attributes:
        service: name in the file; empty for instances.
        at: when it began.
        description: what was done, in AWS's words.
        cause: why, in AWS's words.
        status: such as `Successful` or `Failed`.
        message: AWS's words on how it went.
        not_scaled: codes of why nothing was done, such as `AlreadyAtMinCapacity`.
    """

    service: str
    at: datetime
    description: str
    cause: str
    status: str
    message: str
    not_scaled: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceGroup:
    """The Auto Scaling group of a stage's instances.

    Attributes:
        name: name of the group.
        minimum: instances at least.
        maximum: instances at most.
        desired: instances wanted.
        protected: ids of instances that scale-in must not take.
        managed: whether the capacity provider governs the number.
        target_capacity: percent of the instances that should be in use.
        suspended: processes that are switched off, such as `Terminate`.
    """

    name: str
    minimum: int
    maximum: int
    desired: int
    protected: tuple[str, ...]
    managed: bool
    target_capacity: int
    suspended: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleInHold:
    """One reason why there are more tasks or instances than the least allowed.

    Attributes:
        service: name in the file; empty for instances.
        code: short stable name, such as `deployment-in-progress`.
        message: the reason in a sentence.
    """

    service: str
    code: str
    message: str
