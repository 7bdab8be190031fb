"""One look of the service scheduler at one service, in the order of this file's `look`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.controlplane import (
    daemon,
    deployment_verdict,
    events,
    lifecycle_hooks,
    rolling,
    service_end,
    steady_state,
)

if TYPE_CHECKING:
    from tinystacks.controlplane.model import Service
    from tinystacks.controlplane.state import State


def look(state: State, service: Service) -> None:
    """Move a service towards what is wanted of it."""
    if service.status == "DRAINING":
        service_end.drain(state, service)
    if service.status != "ACTIVE" or service.primary is None:
        return
    deployment_verdict.fail_if_tripped(state, service)
    if service.scheduling_strategy == "DAEMON":
        daemon.move(state, service)
    else:
        _scale_up(state, service)
        rolling.move(state, service)
    tell_notes(state, service)
    deployment_verdict.complete_if_done(state, service)
    steady_state.check(state, service)


def _scale_up(state: State, service: Service) -> None:
    """Pass the lifecycle stages around the scale-up: it is done when enough of the newest revision is healthy."""
    if lifecycle_hooks.advance(state, service, "SCALE_UP") and (
        len(service.deployments[0].healthy) >= service.desired_count
    ):
        lifecycle_hooks.advance(state, service, "PRODUCTION_TRAFFIC_SHIFT")


def tell_notes(state: State, service: Service) -> None:
    """Write the events about targets and stops since the last look, in ECS's order (D12)."""
    notes, service.notes = service.notes, {}
    for key, ids in notes.items():
        kind, _, arn = key.partition(" ")
        if kind == "registered":
            events.say(state, service, f"registered {len(ids)} targets in (target-group {arn})")
    if "draining" in notes:
        events.say(state, service, f"has begun draining connections on {len(notes['draining'])} tasks.")
    for key, ids in notes.items():
        kind, _, arn = key.partition(" ")
        if kind == "deregistered":
            events.say(state, service, f"deregistered {len(ids)} targets in (target-group {arn})")
    stopped = notes.get("stopped running")
    if stopped:
        tasks = " ".join(f"(task {one})" for one in stopped)
        events.say(state, service, f"has stopped {len(stopped)} running tasks: {tasks}.")
    pending = notes.get("stopped pending")
    if pending:
        events.say(state, service, f"stopped {len(pending)} pending tasks.")
