"""Limits of scalable targets that the stage's own schedules have moved, which is no drift."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tinystacks.deployment.changes import PlannedChange
    from tinystacks.deployment.engine_state import State

_TARGET = "aws:appautoscaling/target:Target"
_ACTION = "aws:appautoscaling/scheduledAction:ScheduledAction"
_LIMITS = ("minCapacity", "maxCapacity")


def moved_by_schedules(state: State, changes: Iterable[PlannedChange]) -> list[str]:
    """Find the scalable targets that differ only by what a scheduled action of theirs sets.

    Source: Application Auto Scaling guide, "Scheduled scaling": an action sets the target's minimum and maximum, which
    stay until something else sets them.

    Args:
        state: knows the scheduled actions.
        changes: what a refresh found.

    Returns:
        URNs of the targets.
    """
    targets = (item for item in state.resources if item["type"] == _TARGET)
    resource_ids = {item["urn"]: str(_inputs(item).get("resourceId")) for item in targets}
    set_by_action = set(_set_by_actions(state))
    return [
        change.urn
        for change in changes
        if change.urn in resource_ids
        and change.action == "update"
        and change.differences
        and all(
            (resource_ids[change.urn], difference.property, str(difference.after)) in set_by_action
            for difference in change.differences
        )
    ]


def _set_by_actions(state: State) -> Iterator[tuple[str, str, str]]:
    """Give resource id, limit and value of everything that scheduled actions set."""
    for item in state.resources:
        if item["type"] == _ACTION:
            inputs = _inputs(item)
            sets: Mapping[str, Any] = inputs.get("scalableTargetAction", {})
            for limit in _LIMITS:
                if sets.get(limit) is not None:
                    # The provider holds them as texts here and as numbers in the target.
                    yield str(inputs.get("resourceId")), limit, str(sets[limit])


def _inputs(item: Mapping[str, Any]) -> Mapping[str, Any]:
    return item.get("inputs") or {}
