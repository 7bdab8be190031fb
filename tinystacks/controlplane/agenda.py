"""Time: what is due happens in order, then the scheduler looks at every service that changed."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

from tinystacks.controlplane import managed_scaling, scheduled_actions, scheduler, target_tracking, zones

if TYPE_CHECKING:
    from tinystacks.controlplane.effects import Effect
    from tinystacks.controlplane.state import State

BEAT_SECONDS = 60
HIGH_RESOLUTION_SECONDS = 20


def begin_beats(state: State) -> None:
    """Plan the first minute; each minute plans the next."""
    state.after(BEAT_SECONDS, lambda: _minute(state))
    state.after(HIGH_RESOLUTION_SECONDS, lambda: _high_resolution(state))


def step(state: State, now: float) -> list[Effect]:
    """Move the state to `now`; time never runs back."""
    while True:
        _look_at_changed_services(state)
        due = _next_time(state)
        if due is None or due > now:
            break
        state.now = max(state.now, due)
        while state.agenda and state.agenda[0][0] <= state.now:
            heapq.heappop(state.agenda)[2]()
    state.now = max(state.now, now)
    effects, state.effects = state.effects, []
    return effects


def next_due(state: State) -> float | None:
    """Give the time of the next thing to do."""
    if state.effects:
        return state.now
    due = _next_time(state)
    return None if due is None else max(due, state.now)


def _next_time(state: State) -> float | None:
    times = [service.next_pass_at for service in state.dirty.values()]
    if state.agenda:
        times.append(state.agenda[0][0])
    return min(times, default=None)


def _look_at_changed_services(state: State) -> None:
    for key, service in list(state.dirty.items()):
        if service.next_pass_at <= state.now:
            del state.dirty[key]
            service.next_pass_at = state.now + state.settings.pass_seconds
            scheduler.look(state, service)


def _minute(state: State) -> None:
    scheduled_actions.minute(state)
    managed_scaling.minute(state)
    target_tracking.minute(state)
    zones.minute(state)
    state.at(state.now + BEAT_SECONDS, lambda: _minute(state))


def _high_resolution(state: State) -> None:
    target_tracking.high_resolution_beat(state)
    state.at(state.now + HIGH_RESOLUTION_SECONDS, lambda: _high_resolution(state))
