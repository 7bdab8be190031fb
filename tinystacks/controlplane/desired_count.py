"""Changes of a service's desired count by Application Auto Scaling, and their activities (S1, S15, S17-S19)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.controlplane import events
from tinystacks.controlplane.scaling_model import ScalingActivity

if TYPE_CHECKING:
    from tinystacks.controlplane.model import ScalableTarget, Service
    from tinystacks.controlplane.state import State

KEPT_SECONDS = 42 * 24 * 3600
CHECK_SECONDS = 15


def change(state: State, target: ScalableTarget, service: Service, count: int, cause: str) -> ScalingActivity:
    """Write a new desired count; the activity is successful once that many tasks run (S18)."""
    for older in target.activities:
        if older.status_code == "InProgress":
            older.status_code, older.end_time = "Overridden", state.now
            older.status_message = "Overridden by a later scaling activity."
    service.desired_count = count
    service.is_steady = False
    service.placement_blocked_until = 0
    events.service_action(state, service, "SERVICE_DESIRED_COUNT_UPDATED")
    state.touch(service)
    activity = record(state, target, f"Setting desired count to {count}.", cause)
    activity.desired = count
    activity.status_message = f"Successfully set desired count to {count}. Waiting for change to be fulfilled by ecs."
    _await_fulfilment(state, service, activity)
    return activity


def scale_out(
    state: State, target: ScalableTarget, service: Service, count: int, cause: str, *, cooldown: float
) -> None:
    """Scale out and begin the cooldown; one that runs keeps the base it began from (S6)."""
    if state.now >= target.out_until:
        target.out_from_running, target.out_from_desired = service.running_count, service.desired_count
    target.out_until, target.out_to = state.now + cooldown, count
    target.in_until = float("-inf")
    change(state, target, service, count, cause)


def record(state: State, target: ScalableTarget, description: str, cause: str) -> ScalingActivity:
    """Write an activity that begins now; those older than six weeks go."""
    activity = ScalingActivity(
        id=state.identities.uuid(),
        resource_id=target.resource_id,
        scalable_dimension=target.scalable_dimension,
        description=description,
        cause=cause,
        start_time=state.now,
    )
    target.activities.insert(0, activity)
    while target.activities[-1].start_time < state.now - KEPT_SECONDS:
        target.activities.pop()
    return activity


def not_scaled(state: State, target: ScalableTarget, cause: str, code: str, **numbers: int) -> None:
    """Write why an alarm changed nothing (S19); the same reason in a row is written once."""
    newest = next((one for one in target.activities if one.not_scaled_reasons), None)
    if newest is target.activities[0] if target.activities else False:
        assert newest is not None
        if newest.not_scaled_reasons[0]["Code"] == code and newest.cause == cause:
            return
    activity = record(state, target, "Attempting to scale due to alarm triggered", cause)
    activity.status_code, activity.end_time = "Failed", state.now
    activity.not_scaled_reasons = [{"Code": code, **numbers}]


def move_inside(state: State, target: ScalableTarget, service: Service) -> None:
    """Bring a desired count outside the target's bounds inside (S1)."""
    if service.desired_count < target.min_capacity:
        cause = f"minimum capacity was set to {target.min_capacity}"
        change(state, target, service, target.min_capacity, cause)
    elif service.desired_count > target.max_capacity:
        cause = f"maximum capacity was set to {target.max_capacity}"
        change(state, target, service, target.max_capacity, cause)


def _await_fulfilment(state: State, service: Service, activity: ScalingActivity) -> None:
    if activity.status_code != "InProgress":
        return
    if service.running_count == activity.desired:
        activity.status_code, activity.end_time = "Successful", state.now
        activity.status_message = (
            f"Successfully set desired count to {activity.desired}. Change successfully fulfilled by ecs."
        )
        return
    if service.status == "ACTIVE":
        state.after(CHECK_SECONDS, lambda: _await_fulfilment(state, service, activity))
