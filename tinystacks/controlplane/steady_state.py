"""Whether a service is steady, and the event that says so (D13)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.controlplane import events

if TYPE_CHECKING:
    from tinystacks.controlplane.model import Service
    from tinystacks.controlplane.state import State


def check(state: State, service: Service) -> None:
    """Say once that a service became steady, and again every 6 hours."""
    deployment = service.deployments[0]
    wanted = service.desired_count if service.scheduling_strategy == "REPLICA" else deployment.desired_count
    steady = (
        len(service.deployments) == 1
        and deployment.rollout_state == "COMPLETED"
        and len(deployment.healthy) == len(deployment.tasks) == wanted
        and not service.stopping
    )
    if steady and not service.is_steady:
        _say(state, service)
    service.is_steady = steady


def _say(state: State, service: Service) -> None:
    service.steady_said_at = state.now
    events.say(state, service, "has reached a steady state.")
    events.service_action(state, service, "SERVICE_STEADY_STATE")
    said_at = state.now
    state.after(state.settings.event_repeat_seconds, lambda: _repeat(state, service, said_at))


def _repeat(state: State, service: Service, said_at: float) -> None:
    # A later sentence has its own repetition.
    if service.is_steady and service.status == "ACTIVE" and service.steady_said_at == said_at:
        _say(state, service)
