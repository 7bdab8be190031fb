"""Scheduled scaling of services (S6, S15-S17)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.controlplane import desired_count, scalable_targets, schedules
from tinystacks.controlplane.errors import EcsError
from tinystacks.controlplane.scalable_targets import DIMENSION, SERVICE, validation_error
from tinystacks.controlplane.scaling_model import ScheduledAction

if TYPE_CHECKING:
    from tinystacks.controlplane.model import ScalableTarget
    from tinystacks.controlplane.requests import PutScheduledActionRequest
    from tinystacks.controlplane.state import State

MOST_ACTIONS = 200


def put(state: State, request: PutScheduledActionRequest) -> ScheduledAction:
    """Create or change a scheduled action of a registered target."""
    resource_id = request["resource_id"]
    dimension = request.get("scalable_dimension") or DIMENSION
    target = scalable_targets.find(state, request.get("service_namespace") or "ecs", resource_id, dimension)
    name = request["scheduled_action_name"]
    action = target.scheduled_actions.get(name)
    if action is None:
        if len(target.scheduled_actions) >= MOST_ACTIONS:
            raise EcsError("LimitExceededException", "The limit of scheduled actions is exceeded.", service=SERVICE)
        if not request.get("schedule"):
            raise validation_error("A schedule must be given for a new scheduled action.")
        path = f"scheduledAction:{state.identities.uuid()}:resource/ecs/{resource_id}:scheduledActionName/{name}"
        action = ScheduledAction(
            name=name,
            arn=state.identities.arn(path, service="autoscaling"),
            resource_id=resource_id,
            scalable_dimension=dimension,
            schedule=request.get("schedule") or "",
            created_at=state.now,
        )
    action.schedule = request.get("schedule") or action.schedule
    action.timezone = request.get("timezone") or action.timezone
    action.start_time = request.get("start_time", action.start_time)
    action.end_time = request.get("end_time", action.end_time)
    action.scalable_target_action = request.get("scalable_target_action") or action.scalable_target_action
    _plan(state, action)
    target.scheduled_actions[name] = action
    return action


def delete(state: State, namespace: str, resource_id: str, dimension: str, name: str) -> None:
    """Delete a scheduled action."""
    target = scalable_targets.find(state, namespace, resource_id, dimension)
    if target.scheduled_actions.pop(name, None) is None:
        raise EcsError("ObjectNotFoundException", f"No scheduled action found with name: {name}", service=SERVICE)


def minute(state: State) -> None:
    """Run the actions whose time has come; those missed while suspended are not made up (S16)."""
    for target in list(state.targets.values()):
        for action in list(target.scheduled_actions.values()):
            if action.next_at is not None and action.next_at <= state.now:
                if not target.suspended_state.get("ScheduledScalingSuspended"):
                    _run(state, target, action)
                _plan(state, action)


def _plan(state: State, action: ScheduledAction) -> None:
    begin = state.now if action.start_time is None else max(state.now, action.start_time - 1)
    anchor = action.created_at if action.start_time is None else action.start_time
    action.next_at = schedules.next_after(action.schedule, action.timezone, begin, anchor)
    if action.next_at is not None and action.end_time is not None and action.next_at > action.end_time:
        action.next_at = None


def _run(state: State, target: ScalableTarget, action: ScheduledAction) -> None:
    """Set the bounds, then move a desired count outside them inside; cooldowns do not matter (S6)."""
    service = state.services.get((target.cluster, target.service))
    if service is None or service.status != "ACTIVE":
        return
    bounds = action.scalable_target_action
    minimum, maximum = bounds.get("MinCapacity"), bounds.get("MaxCapacity")
    texts: list[str] = []
    if minimum is not None:
        target.min_capacity = int(minimum)
        texts.append(f"min capacity to {minimum}")
    if maximum is not None:
        target.max_capacity = int(maximum)
        texts.append(f"max capacity to {maximum}")
    target.max_capacity = max(target.min_capacity, target.max_capacity)
    activity = desired_count.record(
        state, target, f"Setting {' and '.join(texts)}", f"scheduled action name {action.name} was triggered"
    )
    activity.status_code, activity.end_time = "Successful", state.now
    activity.status_message = f"Successfully set {' and '.join(texts)}"
    desired_count.move_inside(state, target, service)
