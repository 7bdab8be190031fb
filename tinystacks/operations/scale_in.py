"""Why there are more tasks or instances than the least allowed (trap D15); no calls, only what was read.

Sources: Amazon ECS Developer Guide, "Target tracking" (no scale-in while a deployment runs or while data is missing)
and "Cluster auto scaling" (15 minutes below the target, instances with tasks are protected); Application Auto Scaling
User Guide, "How target tracking works" (cooldown, every policy must agree).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tinystacks.operations.scaling_model import ScaleInHold

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tinystacks.operations.model import InstanceStatus, ServiceStatus
    from tinystacks.operations.scaling_model import AlarmStatus, InstanceGroup, ScalingActivity, ServiceScaling

_NOT_SCALED = {
    "AutoScalingAnticipatedFlapping": "fewer tasks would bring the metric above its target at once",
    "TargetServicePutResourceAsUnscalable": "ECS does not let the service be scaled now, as during a deployment",
}


def task_holds(
    service: ServiceStatus,
    scaling: ServiceScaling | None,
    alarms: Sequence[AlarmStatus],
    activities: Sequence[ScalingActivity],
    now: datetime | None = None,
) -> list[ScaleInHold]:
    """Say why a service does not get fewer tasks; nothing when it has no more than the least.

    Args:
        service: the service.
        scaling: its limits and policies; none when it is not scaled.
        alarms: those of the service.
        activities: what scaling did to the service, newest first.
        now: with time zone.
    """
    if scaling is None or service.desired <= scaling.minimum:
        return []
    found: list[tuple[str, str]] = []
    if "scale-in" in scaling.suspended:
        found.append(("suspended", "scale-in is suspended"))
    lazy = [policy.name for policy in scaling.policies if not policy.scale_in]
    if scaling.policies and len(lazy) == len(scaling.policies):
        found.append(("disabled", "no policy may take tasks away"))
    if any(item.rollout_state == "IN_PROGRESS" for item in service.deployments) or len(service.deployments) > 1:
        found.append(("deployment-in-progress", "scale-in waits for the deployment to end"))
    waiting = [alarm for alarm in alarms if alarm.scaling == "in"]
    silent = [alarm for alarm in waiting if alarm.state == "INSUFFICIENT_DATA"]
    if silent:
        found.append(("missing-data", f"{len(silent)} of {len(waiting)} scale-in alarms have no data to decide by"))
    if any(alarm.state == "OK" for alarm in waiting):
        found.append(("in-use", _in_use(scaling)))
    found += _last_activity(scaling, activities, now or datetime.now(UTC))
    return [ScaleInHold(service=service.name, code=code, message=message) for code, message in found]


def _in_use(scaling: ServiceScaling) -> str:
    targets = ", ".join(
        f"{policy.metric} {policy.target:g}" for policy in scaling.policies if policy.target is not None
    )
    return f"the metric has not been low for 15 minutes on end (target: {targets or 'of a step policy'})"


def _last_activity(
    scaling: ServiceScaling, activities: Sequence[ScalingActivity], now: datetime
) -> list[tuple[str, str]]:
    """Look at what scaling did last: within a cooldown, or refused for a reason of its own."""
    found: list[tuple[str, str]] = []
    done = next((item for item in activities if not item.not_scaled), None)
    cooldown = max((policy.scale_in_cooldown for policy in scaling.policies), default=0)
    if done is not None and now - done.at < timedelta(seconds=cooldown):
        left = int(cooldown - (now - done.at).total_seconds())
        found.append(("cooldown", f"the cooldown of the last scaling ends in {left} s"))
    if activities and activities[0].not_scaled:
        words = [_NOT_SCALED[code] for code in activities[0].not_scaled if code in _NOT_SCALED]
        found += [("not-scaled", word) for word in words]
    return found


def instance_holds(
    group: InstanceGroup | None, instances: Sequence[InstanceStatus], alarms: Sequence[AlarmStatus]
) -> list[ScaleInHold]:
    """Say why there are not fewer instances; nothing when the group is at its least.

    Args:
        group: the Auto Scaling group; none when it is gone or on Fargate.
        instances: container instances.
        alarms: those of the group's scaling.
    """
    if group is None or group.desired <= group.minimum:
        return []
    found: list[tuple[str, str]] = []
    if not group.managed:
        found.append(("not-managed", "managed scaling is off: nothing changes the number of instances"))
    if "Terminate" in group.suspended:
        found.append(("suspended", "the Auto Scaling group's process Terminate is suspended"))
    empty = [item for item in instances if item.running_tasks == 0 and item.status == "ACTIVE"]
    draining = [item for item in instances if item.status == "DRAINING"]
    if draining:
        found.append(("draining", f"{len(draining)} instances wait for their tasks to end"))
    if instances and not empty and not draining:
        found.append(("in-use", "every instance runs tasks; one goes when its tasks fit elsewhere and have moved"))
    if empty and group.managed:
        waits = any(alarm.scaling == "in" and alarm.state == "OK" for alarm in alarms)
        least = "15 minutes with room to spare must pass" if waits else "managed scaling takes them one step a minute"
        found.append(("waiting", f"{len(empty)} instances are empty: {least}"))
    held = [item.id for item in empty if item.id in group.protected]
    if held and len(held) == len(empty) and not group.managed:
        found.append(("protected", f"protected from scale-in: {', '.join(held)}"))
    return [ScaleInHold(service="", code=code, message=message) for code, message in found]
