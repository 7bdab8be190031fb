"""ECS's events, handed to the rules of EventBridge that match them (A44, D43).

moto keeps rules and targets and knows how patterns match; its own delivery leaves the account out, ignores constant
input and disabled rules, and gives up at the first target that it does not know. So what matches is delivered here, to
log groups and SQS queues.

Sources: EventBridge user guide, eb-events-structure and eb-targets; API PutTargets; ECS developer guide,
ecs_task_events, ecs_service_events, ecs_service_deployment_events.
"""

from __future__ import annotations

import json
import logging
import queue
import threading
import uuid
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from tinystacks.controlplane.types import part
from tinystacks.local.ecs_api.shapes.tasks import task_shape
from tinystacks.local.status import ACCOUNT_ID

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tinystacks.controlplane.effects import EmitEvent
    from tinystacks.controlplane.plane import ControlPlane
    from tinystacks.local.clock import SpeededClock
    from tinystacks.local.emulation import Emulation

_log = logging.getLogger(__name__)

_MOST_WAITING = 10_000
_TASK = "ECS Task State Change"
_NOT_IN_EVENTS = ("tags", "healthStatus")
"""Members of a task that its events lack: changes of health make none."""


class EventRules:
    """The way from the control planes to the targets of rules; a thread of its own delivers.

    Args:
        emulation: moto, which has the rules and the targets.
        clock: relation of simulated and real time; events carry real time.
    """

    def __init__(self, emulation: Emulation, clock: SpeededClock) -> None:
        self._emulation = emulation
        self._clock = clock
        self._waiting: queue.Queue[dict[str, Any] | None] = queue.Queue(_MOST_WAITING)
        self._streams: dict[tuple[str, str], str] = {}
        self._thread: threading.Thread | None = None

    def complete(self, plane: ControlPlane, event: EmitEvent, region: str) -> EmitEvent:
        """Put the whole task into an event of one, where a rule may ask for it; the plane's lock is held."""
        try:
            return self._completed(plane, event) if event.detail_type == _TASK and self._has_rules(region) else event
        except Exception:  # noqa: BLE001 - what listens must never keep the control plane from its work; it is logged
            _log.exception("could not complete the event %s of %s", event.detail_type, event.resources)
            return event

    def _completed(self, plane: ControlPlane, event: EmitEvent) -> EmitEvent:
        task = plane.state.tasks.get(event.resources[0].rpartition("/")[2])
        if task is None:
            return event
        shown = task_shape(task, cluster_arn=plane.state.identities.arn(f"cluster/{task.cluster}"), tags=False)
        shown["containers"] = [_without_health(one) for one in shown["containers"]]
        return replace(event, detail={**_without_health(shown), **event.detail, "updatedAt": plane.now})

    def put(self, event: EmitEvent, region: str, now: float) -> None:
        """Have an event delivered; it waits for nothing, and costs nothing while the region has no rule.

        Args:
            event: the event, completed.
            region: region of the control plane.
            now: simulated time of the event.
        """
        if not self._has_rules(region):
            return
        message = {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": event.detail_type,
            "source": "aws.ecs",
            "account": ACCOUNT_ID,
            "time": f"{self._moment(now):%Y-%m-%dT%H:%M:%SZ}",
            "region": region,
            "resources": list(event.resources),
            "detail": self._written(event.detail),
        }
        try:
            self._waiting.put_nowait(message)
        except queue.Full:
            _log.warning("too many events wait for their targets: %s is dropped", event.detail_type)
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="event-rules", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """End the thread after what waits is delivered, or soon."""
        if self._thread is not None:
            self._waiting.put(None)
            self._thread.join(5)

    def _has_rules(self, region: str) -> bool:
        return any(
            bus.rules
            for name, backend in self._emulation.used_regions("events")
            if name == region
            for bus in list(backend.event_buses.values())
        )

    def _run(self) -> None:
        while (message := self._waiting.get()) is not None:
            try:
                self._deliver(message)
            except Exception:  # noqa: BLE001 - one event that fails must not keep the others; it is logged
                _log.exception("could not deliver the event %s", message["id"])

    def _deliver(self, message: dict[str, Any]) -> None:
        with self._emulation.lock:
            bus = self._emulation.backend("events", message["region"]).event_buses["default"]
            for rule in list(bus.rules.values()):
                # A rule without a pattern is a schedule.
                if rule.state == "DISABLED" or not rule.event_pattern.get_pattern():
                    continue
                if not rule.event_pattern.matches_event(message):
                    continue
                for target in list(rule.targets):
                    try:
                        self._hand_over(target, message)
                    except Exception as error:  # noqa: BLE001 - a target that is not there keeps no other from its events
                        _log.warning("rule %s, target %s: %s", rule.name, target["Arn"], error)

    def _hand_over(self, target: Mapping[str, Any], message: dict[str, Any]) -> None:
        _, _, service, region, _, resource = str(target["Arn"]).split(":", 5)
        deliver = _TARGETS.get(service)
        if deliver is None:
            _log.warning("the local AWS delivers no events to %s", target["Arn"])
            return
        deliver(self, target, region or message["region"], resource, _body(target, message))

    def to_log_group(self, _target: Mapping[str, Any], region: str, resource: str, body: str) -> None:
        """Write an event as one line; all events of a log group are in one stream of this process."""
        logs = self._emulation.backend("logs", region)
        group = resource.removeprefix("log-group:").removesuffix(":*")
        stream = self._streams.setdefault((region, group), str(uuid.uuid4()))
        logs.ensure_log_stream(group, stream)
        line = {"timestamp": int(datetime.now(UTC).timestamp() * 1000), "message": body}
        logs.put_log_events(group, stream, [line])

    def to_queue(self, target: Mapping[str, Any], region: str, resource: str, body: str) -> None:
        """Send an event to an SQS queue, a FIFO queue by the group that the target names."""
        from moto.sqs.models import Message  # noqa: PLC0415 - moto takes seconds to load

        sqs = self._emulation.backend("sqs", region)
        waiting = sqs.get_queue(resource)
        if waiting.fifo_queue:
            parameters: Mapping[str, str] = target.get("SqsParameters") or {}
            sqs.send_message(resource, body, group_id=parameters.get("MessageGroupId"))
            return
        # Its own way in counts every message that waits, each time: a queue that nobody reads would slow everything.
        message: Any = Message(str(uuid.uuid4()), body)
        message.mark_sent(delay_seconds=waiting.delay_seconds)
        waiting.add_message(message)

    def _moment(self, simulated: float) -> datetime:
        return datetime.fromtimestamp(self._clock.to_wall(simulated), UTC)

    def _written(self, value: Any, name: str = "") -> Any:
        """Copy a detail with its times as text: members named as ECS's times, such as `createdAt`."""
        match value:
            case dict():
                fields = cast("dict[str, Any]", value)
                return {key: self._written(one, key) for key, one in fields.items()}
            case list() | tuple():
                return [self._written(one) for one in cast("list[Any]", value)]
            case int() | float() if name.endswith("At"):
                return self._moment(value).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            case _:
                return value


_TARGETS: dict[str, Callable[[EventRules, Mapping[str, Any], str, str, str], None]] = {
    "logs": EventRules.to_log_group,
    "sqs": EventRules.to_queue,
}


def _without_health(shape: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in shape.items() if name not in _NOT_IN_EVENTS}


def _body(target: Mapping[str, Any], message: dict[str, Any]) -> str:
    """Give what a target gets: the event, a constant, a part of it, or what a template makes of it (API Target)."""
    if target.get("Input"):
        return str(target["Input"])
    path, transformer = target.get("InputPath"), part(dict(target), "InputTransformer")
    if path:
        from jsonpath_ng.ext.parser import parse  # noqa: PLC0415 - loaded with moto

        found: list[Any] = parse(path).find(message)
        return json.dumps(found[0].value if found else {})
    if transformer:
        from moto.events.utils import EventTemplateParser  # noqa: PLC0415 - as above

        timed: Any = {**message, "ingestion-time": message["time"]}
        paths = part(transformer, "InputPathsMap")
        return json.dumps(EventTemplateParser.parse(transformer["InputTemplate"], paths, timed))
    return json.dumps(message)
