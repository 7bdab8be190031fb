"""Service events and EventBridge events, in ECS's own words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.controlplane.effects import EmitEvent
from tinystacks.controlplane.service_model import ServiceEvent

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tinystacks.controlplane.model import Service, Task
    from tinystacks.controlplane.state import State
    from tinystacks.controlplane.types import Document

KEPT_EVENTS = 100


def say(state: State, service: Service, text: str, *, cause: str = "") -> None:
    """Write `(service S) text` into the service's events, newest first.

    Args:
        state: the state.
        service: whose event it is.
        text: what follows `(service S) `.
        cause: when given, the same text is not repeated until the cause is gone (`forget`) or 6 hours have
            passed (P34).
    """
    if cause:
        said, at = service.said.get(cause, ("", 0.0))
        if said == text and state.now - at < state.settings.event_repeat_seconds:
            return
        service.said[cause] = (text, state.now)
    message = f"(service {service.name}) {text}"
    service.events.insert(0, ServiceEvent(id=state.identities.uuid(), created_at=state.now, message=message))
    del service.events[KEPT_EVENTS:]


def forget(service: Service, cause: str) -> None:
    """The cause of an event is gone: it may be said again."""
    service.said.pop(cause, None)


def named(tasks: Iterable[Task]) -> str:
    """List tasks as events do."""
    return " ".join(f"(task {task.id})" for task in tasks)


def emit(state: State, detail_type: str, resource: str, detail: Document) -> None:
    """Hand out an EventBridge event (A44, D43)."""
    state.emit(EmitEvent(detail_type=detail_type, resources=(resource,), detail=detail))


def service_action(state: State, service: Service, name: str, *, kind: str = "INFO", **more: object) -> None:
    """Hand out an `ECS Service Action` event (A44); `more` is what its detail says besides."""
    detail: Document = {
        "eventType": kind,
        "eventName": name,
        "clusterArn": state.clusters[service.cluster].arn,
        "createdAt": state.now,
    }
    emit(state, "ECS Service Action", service.arn, {**detail, **more})
