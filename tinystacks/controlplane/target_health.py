"""What the balancer says of a task's targets (L4, L14, D10)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.controlplane import health, stopping

if TYPE_CHECKING:
    from tinystacks.controlplane.state import State


def observed(
    state: State, target_group_arn: str, target_id: str, port: int, *, word: str, reason: str, description: str
) -> None:
    """Take over what the balancer says of a target."""
    found = state.registered.get((target_group_arn, target_id, port))
    if found is None:
        return
    task, target = found
    target.state, target.reason, target.description = word, reason, description
    if task.desired_status == "STOPPED":
        if word == "unused":
            target.registered = False
            del state.registered[target_group_arn, target_id, port]
            if task.last_status == "DEACTIVATING" and not any(one.registered for one in task.targets):
                stopping.stop_containers(state, task)
        return
    health.recount(state, task)
    end = health.grace_end(task)
    if word == "unhealthy" and end > state.now:
        state.at(end, lambda: health.recount(state, task))
