"""Carries out what the control plane asks for."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tinystacks.controlplane.effects import (
    CompleteInstanceDraining,
    DeleteAlarm,
    DeregisterTarget,
    Effect,
    EmitEvent,
    ProtectInstances,
    PublishMetric,
    PutAlarm,
    RegisterTarget,
    SetAlarmState,
    SetGroupDesiredCapacity,
    StartContainers,
    StopContainers,
    TerminateInstance,
)
from tinystacks.local.runtime.base import PullFailed, Stopped
from tinystacks.local.start_checks import image_failure, secret_failure
from tinystacks.local.task_orders import container_orders, task_order
from tinystacks.local.ways_out import (
    RegistryAuthError,
    RegistryUnreachableError,
    interface_of,
    logs_out_of_reach,
    refuse_unreachable_image,
    secrets_out_of_reach,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tinystacks.controlplane.plane import ControlPlane
    from tinystacks.local.emulation import Emulation
    from tinystacks.local.event_rules import EventRules
    from tinystacks.local.failures.book import FailureBook
    from tinystacks.local.group_watch import GroupWatch
    from tinystacks.local.metrics import Metrics
    from tinystacks.local.runtime.base import ContainerOrder, Runtime, RuntimeEvent, TaskOrder
    from tinystacks.local.target_books import TargetBooks
    from tinystacks.local.task_logs import TaskLogs
    from tinystacks.local.ways_out import TaskInterface

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Start:
    """A start with all it needs, so that the plane's lock need not be held for it."""

    task: TaskOrder
    containers: tuple[ContainerOrder, ...]
    interface: TaskInterface | None


Prepared = Effect | _Start


class EffectHandler:
    """Carries out the effects of all regions.

    Args:
        emulation: moto, asked for images and secrets.
        groups: the Auto Scaling groups.
        books: the targets.
        metrics: CloudWatch datapoints.
        logs: the containers' lines.
        rules: the rules of EventBridge that may want events.
        failures: what is broken.
        clients: boto3 client of the own endpoint by service and region, for alarms.
        report: receives what is known at once, such as a container that cannot start.
    """

    def __init__(
        self,
        *,
        emulation: Emulation,
        groups: GroupWatch,
        books: TargetBooks,
        metrics: Metrics,
        logs: TaskLogs,
        rules: EventRules,
        failures: FailureBook,
        clients: Callable[[str, str], Any],
        report: Callable[[RuntimeEvent], None],
    ) -> None:
        self._emulation = emulation
        self._groups = groups
        self._books = books
        self._metrics = metrics
        self._logs = logs
        self._rules = rules
        self._failures = failures
        self._clients = clients
        self._report = report
        self._regions: dict[str, str] = {}
        self._held: list[tuple[_Start | StopContainers, str]] = []

    def region_of(self, task_id: str) -> str | None:
        """The region of a task that was started here."""
        return self._regions.get(task_id)

    def tasks_in(self, region: str) -> list[str]:
        """Tasks of a region that were started here and not forgotten."""
        return [task_id for task_id, one in self._regions.items() if one == region]

    def prepare(self, plane: ControlPlane, effects: list[Effect], region: str) -> list[Prepared]:
        """Take what effects need of the plane's state; its lock is held."""
        prepared: list[Prepared] = []
        for effect in effects:
            if isinstance(effect, EmitEvent):
                prepared.append(self._rules.complete(plane, effect, region))
                continue
            if not isinstance(effect, StartContainers):
                prepared.append(effect)
                continue
            task = plane.state.tasks.get(effect.task_id)
            if task is not None:
                start = _Start(
                    task=task_order(task, region),
                    containers=container_orders(task, effect.containers),
                    interface=interface_of(task, region),
                )
                self._regions[task.id] = region
                self._failures.note_task(start.task)
                prepared.append(start)
        return prepared

    def carry_out(self, effect: Prepared, region: str, runtime: Runtime, now: float) -> None:
        """Do one thing; what fails is logged, and the rest goes on."""
        try:
            self._do(effect, region, runtime, now)
        except Exception:  # noqa: BLE001 - one effect that fails must not keep the others; it is logged
            _log.exception("could not carry out %s in %s", effect, region)

    def forget(self, task_id: str) -> None:
        """A task has stopped for good."""
        self._regions.pop(task_id, None)
        self._failures.forget_task(task_id)
        self._held = [one for one in self._held if _task_of(one[0]) != task_id]
        self._books.displace(task_id)
        self._logs.forget(task_id)

    def release(self, region: str, runtime: Runtime, now: float) -> None:
        """Do what waited for an agent that is connected again."""
        held, self._held = self._held, []
        for effect, place in held:
            if place != region or self._failures.is_silent(_task_of(effect)):
                self._held.append((effect, place))
            else:
                self.carry_out(effect, region, runtime, now)

    def _do(self, effect: Prepared, region: str, runtime: Runtime, now: float) -> None:  # noqa: C901, PLR0912 - one line per kind of effect
        match effect:
            case _Start() | StopContainers() if self._failures.is_silent(_task_of(effect)):
                self._held.append((effect, region))
            case _Start():
                self._start(effect, region, runtime)
            case StopContainers():
                runtime.stop(effect.task_id, effect.containers, effect.timeout_seconds)
            case RegisterTarget():
                self._books.of(region).register(
                    effect.target_group_arn,
                    effect.target_id,
                    effect.port,
                    address=self._books.address(effect.target_id, effect.port),
                    now=now,
                    task_id=effect.task_id,
                )
            case DeregisterTarget():
                self._books.of(region).leave(
                    effect.target_group_arn, effect.target_id, effect.port, now=now, task_id=effect.task_id
                )
            case SetGroupDesiredCapacity():
                self._groups.tag_managed_group(region, effect.auto_scaling_group_arn)
                self._groups.set_desired(region, effect.auto_scaling_group_arn, effect.desired, effect.cause)
            case TerminateInstance():
                self._groups.terminate(region, effect.instance_id, decrement=effect.decrement, cause=effect.cause)
            case CompleteInstanceDraining():
                self._groups.complete(region, effect.instance_id)
            case ProtectInstances():
                self._groups.protect(
                    region, effect.auto_scaling_group_arn, effect.instance_ids, protected=effect.protected
                )
            case PublishMetric():
                self._metrics.put(
                    region, effect.namespace, effect.name, effect.dimensions, effect.value, effect.unit, effect.at
                )
            case PutAlarm():
                self._clients("cloudwatch", region).put_metric_alarm(**effect.document)
            case SetAlarmState():
                self._clients("cloudwatch", region).set_alarm_state(
                    AlarmName=effect.name, StateValue=effect.state, StateReason=effect.reason
                )
            case DeleteAlarm():
                self._clients("cloudwatch", region).delete_alarms(AlarmNames=[effect.name])
            case EmitEvent():
                _log.info("event %s %s", effect.detail_type, " ".join(effect.resources))
                self._rules.put(effect, region, now)
            case StartContainers():
                raise AssertionError("a start is prepared before it is carried out")

    def _start(self, start: _Start, region: str, runtime: Runtime) -> None:
        task = start.task
        able: list[ContainerOrder] = []
        for order in start.containers:
            definition = order.definition
            no_start, no_image = self._image_out_of_reach(start.interface, definition)
            no_start = no_start or secrets_out_of_reach(self._emulation, start.interface, definition)
            no_image = no_image or self._failures.pull_failure(task, order)
            no_image = no_image or image_failure(self._emulation, definition)
            why_not = no_start or secret_failure(self._emulation, definition, region)
            if not why_not and not no_image:
                why_not = logs_out_of_reach(self._emulation, start.interface, definition)
                why_not = why_not or self._logs.open(
                    definition,
                    region=region,
                    task_id=task.task_id,
                    container=order.name,
                    on_fargate=start.interface is not None,
                )
            if why_not:
                self._report(Stopped(task_id=task.task_id, container=order.name, exit_code=None, reason=why_not))
            elif no_image:
                self._report(PullFailed(task_id=task.task_id, container=order.name, message=no_image))
            else:
                able.append(order)
        if able:
            runtime.start(task, tuple(able))

    def _image_out_of_reach(self, interface: TaskInterface | None, definition: Mapping[str, Any]) -> tuple[str, str]:
        """Why the task cannot be initialised, and why the image cannot be pulled; empty when they can."""
        if interface is not None:
            try:
                refuse_unreachable_image(self._emulation, interface, definition)
            except RegistryAuthError as error:
                return str(error), ""
            except RegistryUnreachableError as error:
                return "", str(error)
        return "", ""


def _task_of(effect: _Start | StopContainers) -> str:
    return effect.task.task_id if isinstance(effect, _Start) else effect.task_id
