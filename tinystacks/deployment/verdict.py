"""How the deployments that an `up` began at ECS end (traps B1, B4, B5, B6).

The engine is done when ECS has taken the order. Whether the new tasks run, and whether ECS went back to the old ones,
is read here: a service is steady only when the revision that was asked for is the one that serves.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tinystacks.aws_calls import aws_errors
from tinystacks.deployment.causes import events_since, failed_tasks, group_causes, no_room
from tinystacks.deployment.described_services import described_services
from tinystacks.deployment.ends import Result
from tinystacks.deployment.events import DeploymentEnded, TasksProgress
from tinystacks.deployment.patience import Patience
from tinystacks.deployment.pauses import Pauses
from tinystacks.deployment.refused_launches import RefusedLaunches
from tinystacks.deployment.registration import REGISTRATION_SECONDS, Registration
from tinystacks.deployment.replacing import OwnDeployment
from tinystacks.deployment.service_deployments import ServiceDeployment, newest_deployment
from tinystacks.deployment.service_verdicts import ServiceVerdict
from tinystacks.deployment.stopped_tasks import StoppedTasks
from tinystacks.deployment.target_health import TargetHealth
from tinystacks.deployment.verdict_words import (
    first_failed_words,
    replaced_words,
    rollback_failed_words,
    rolled_back_words,
    too_late_words,
)
from tinystacks.errors import AwsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from tinystacks.deployment.events import OnEvent
    from tinystacks.deployment.pace import Pace
    from tinystacks.outputs import ServiceOutputs, StageOutputs
    from tinystacks.spec.model import StageSpec

_NO_ROOM_TIMES = 8
"""Placement failures after which room is not going to come, when they span the time below."""
_NO_ROOM_SECONDS = 300
"""An instance boots and registers within this time (measured: about 3 minutes)."""
_LOG_LINES = 20
_ROLLING_BACK = frozenset({"ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS"})
_ROLLED_BACK = _ROLLING_BACK | {"ROLLBACK_SUCCESSFUL"}
_REPLACED = frozenset({"STOPPED", "STOP_REQUESTED"})


@dataclass(slots=True)
class _Followed:
    """One service on its way."""

    name: str
    outputs: ServiceOutputs
    stopped: StoppedTasks
    own: OwnDeployment
    health: TargetHealth
    pauses: Pauses
    deadline: float
    breaker: bool
    since: datetime | None = None
    begun: bool = False
    rolled_back: bool = False
    last: TasksProgress | None = None
    no_room_from: float | None = None
    verdict: ServiceVerdict | None = None
    events: list[str] = field(default_factory=list[str])


class Follower:
    """Follows the deployments of a stage's services to their ends.

    Args:
        stage: tells deadlines and circuit breakers.
        outputs: names the cluster, the services and the revisions that were asked for.
        client: gives a boto3 client by service name.
        on_event: is told progress and verdicts.
        pace: time.
        check: raises when the user asked for the end.
        past: service deployments, by ARN, that had ended before the order whose end is followed.
        typed: the stage as it is typed behind a command; its name by default.
    """

    def __init__(
        self,
        *,
        stage: StageSpec,
        outputs: StageOutputs,
        client: Callable[[str], Any],
        on_event: OnEvent,
        pace: Pace,
        check: Callable[[], None] = lambda: None,
        past: frozenset[str] = frozenset(),
        typed: str = "",
    ) -> None:
        self._typed = typed or stage.stage
        self._past = past
        self._ecs = client("ecs")
        self._client = client
        self._cluster = outputs.cluster_name
        self._on_event = on_event
        self._pace = pace
        self._patience = Patience(pace, on_event)
        self._check = check
        start = pace.clock()
        self._start = start
        on_instances = stage.compute.kind == "ec2" and outputs.auto_scaling_group
        minimum = stage.compute.instances.min if on_instances else 0
        self._registration = Registration(outputs=outputs, minimum=minimum, client=client)
        self._launches = RefusedLaunches(group=outputs.auto_scaling_group, client=client)
        self._services = [
            _Followed(
                name=name,
                outputs=outputs.services[name],
                stopped=StoppedTasks(self._ecs, outputs.cluster_name, outputs.services[name]),
                own=OwnDeployment(outputs.services[name].task_definition_arn),
                health=TargetHealth(client, outputs.services[name]),
                pauses=Pauses(self._ecs, name, self._typed, on_event),
                deadline=start + spec.rolling_update.deadline,
                breaker=spec.rolling_update.circuit_breaker,
            )
            for name, spec in stage.services.items()
            if name in outputs.services
        ]

    def follow(self) -> tuple[ServiceVerdict, ...]:
        """Poll until every service has a verdict.

        Raises:
            AwsError: ECS refuses to be read, or has not answered for two minutes.
        """
        while True:
            self._check()
            self._patience.look(self._look)
            if all(service.verdict for service in self._services):
                return tuple(service.verdict for service in self._services if service.verdict)
            self._pace.sleep(self._pace.poll)

    def _look(self) -> None:
        waiting = [service for service in self._services if service.verdict is None]
        self._registration.look()
        names = [service.outputs.service_name for service in waiting]
        described = described_services(self._ecs, self._cluster, names)
        for service in waiting:
            verdict = self._judge(service, described.get(service.outputs.service_name))
            if verdict is not None:
                service.verdict = verdict
                self._on_event(DeploymentEnded(verdict=verdict))

    def _judge(self, service: _Followed, seen: Mapping[str, Any] | None) -> ServiceVerdict | None:
        if seen is None or seen.get("status", "ACTIVE") != "ACTIVE":
            return self._end(service, Result.FAILED, "ECS does not know the service, or it is being deleted", None)
        asked = service.outputs.task_definition_arn
        deployments: list[Mapping[str, Any]] = seen.get("deployments", [])
        nothing: Mapping[str, Any] = {}
        primary = next((item for item in deployments if item.get("status") == "PRIMARY"), nothing)
        own = next((item for item in deployments if item.get("taskDefinition") == asked), primary)
        if service.since is None:
            service.since = own.get("createdAt")
        service.events = events_since(seen, service.since)
        newest = newest_deployment(self._ecs, self._cluster, service.outputs)
        if newest.arn in self._past:
            newest = ServiceDeployment()
        else:
            service.begun = True
        earlier = sum(int(item.get("runningCount", 0)) for item in deployments if item is not own)
        moved = self._progress(service, own, newest.status or str(primary.get("rolloutState", "")), earlier)
        # What moves is not paused.
        service.pauses.look("" if moved or newest.status != "IN_PROGRESS" else newest.arn)
        if not service.rolled_back and service.own.is_replaced(primary, deployments, newest):
            serving = str(primary.get("taskDefinition", ""))
            return self._end(service, Result.FAILED, replaced_words(serving, self._typed), serving)
        verdict = self._ended(service, seen, primary, status=newest.status, reason=newest.reason)
        return verdict or self._hopeless(service, own) or self._too_late(service)

    def _ended(
        self,
        service: _Followed,
        seen: Mapping[str, Any],
        primary: Mapping[str, Any],
        *,
        status: str,
        reason: str,
    ) -> ServiceVerdict | None:
        """Give the verdict when ECS has come to an end."""
        asked = service.outputs.task_definition_arn
        deployments: list[Mapping[str, Any]] = seen.get("deployments", [])
        rollout = primary.get("rolloutState", "COMPLETED" if len(deployments) == 1 else "")
        why = reason or str(primary.get("rolloutStateReason", ""))
        serving = str(primary.get("taskDefinition", ""))
        if status in _ROLLED_BACK or (serving not in {asked, ""} and status != "PENDING"):
            service.rolled_back = True
        if status == "ROLLBACK_FAILED":
            return self._end(service, Result.FAILED, rollback_failed_words(why, deployments, self._typed), serving)
        if service.rolled_back:
            done = status == "ROLLBACK_SUCCESSFUL" or (status not in _ROLLING_BACK and rollout == "COMPLETED")
            return self._end(service, Result.ROLLED_BACK, rolled_back_words(why, serving), serving) if done else None
        if rollout == "FAILED" and service.breaker:
            # The circuit breaker goes back wherever there is a completed deployment to go back to.
            return self._end(service, Result.FAILED, first_failed_words(why, deployments, self._typed), serving)
        if rollout == "FAILED" or status in _REPLACED:
            return self._end(service, Result.FAILED, why or "ECS gave the deployment up", serving)
        enough = int(seen.get("runningCount", 0)) >= int(seen.get("desiredCount", 0))
        if rollout == "COMPLETED" and enough and status in {"", "SUCCESSFUL"}:
            return self._end(service, Result.STEADY, "", serving)
        return None

    def _hopeless(self, service: _Followed, own: Mapping[str, Any]) -> ServiceVerdict | None:
        """Give up early on what cannot succeed (traps B4, B5); what the circuit breaker counts is left to it."""
        stopped = service.stopped.look(service.since)
        if own.get("failedTasks") or failed_tasks(stopped):
            service.health.look()
        if service.rolled_back:
            return None
        now = self._pace.clock()
        if not self._registration.count and not self._registration.complete:
            late = now - self._start >= REGISTRATION_SECONDS
            return self._end(service, Result.FAILED, self._registration.words, None) if late else None
        blocked = no_room(service.events)
        if blocked:
            service.no_room_from = service.no_room_from if service.no_room_from is not None else now
            if blocked >= _NO_ROOM_TIMES and now - service.no_room_from >= _NO_ROOM_SECONDS:
                return self._end(service, Result.FAILED, "no instance has room for the new tasks", None)
        threshold = min(200, max(3, math.ceil(int(own.get("desiredCount", 0)) / 2)))
        limit = threshold * (4 if service.breaker else 2)
        counted = int(own.get("failedTasks", 0))
        if not service.breaker and counted >= threshold:
            return self._end(service, Result.FAILED, f"{counted} tasks failed in a row", None)
        # A task that ends after it ran is not counted by ECS (the breaker's own documentation), so it is counted here.
        ended = len(failed_tasks(stopped))
        if ended >= limit and int(own.get("runningCount", 0)) < int(own.get("desiredCount", 0)):
            return self._end(service, Result.FAILED, f"{ended} tasks started and ended again", None)
        return None

    def _too_late(self, service: _Followed) -> ServiceVerdict | None:
        if self._pace.clock() < service.deadline:
            return None
        seconds = int(service.deadline - self._start)
        words = too_late_words(seconds, self._typed, rolling_back=service.rolled_back, paused=service.pauses.words)
        return self._end(service, Result.TIMED_OUT, words, None)

    def _end(self, service: _Followed, result: Result, reason: str, serving: str | None) -> ServiceVerdict:
        missing = self._registration.causes(service.name) if result is not Result.STEADY else ()
        # Where nothing was begun and nothing is wrong, what failed earlier is no news.
        stopped = service.stopped.look(service.since) if service.begun or result is not Result.STEADY else ()
        causes = missing + group_causes(
            service.name,
            stopped,
            service.events if result is not Result.STEADY else (),
            log_tail=(lambda task_id: self._log_tail(service, task_id))
            if result is not Result.STEADY
            else lambda _task_id: (),
        )
        if result is not Result.STEADY:
            service.health.look()
            causes = self._launches.explain(service.health.explain(causes))
        return ServiceVerdict(
            service=service.name,
            result=result,
            reason=reason,
            task_definition=serving or "",
            asked_task_definition=service.outputs.task_definition_arn,
            causes=causes,
        )

    def _progress(self, service: _Followed, own: Mapping[str, Any], status: str, earlier: int) -> bool:
        """Tell how far it is; give whether it moved since the last look."""
        event = TasksProgress(
            service=service.name,
            desired=int(own.get("desiredCount", 0)),
            running=int(own.get("runningCount", 0)),
            pending=int(own.get("pendingCount", 0)),
            failed=int(own.get("failedTasks", 0)),
            status=status,
            earlier=earlier,
        )
        if event == service.last:
            return False
        service.last = event
        self._on_event(event)
        return True

    def _log_tail(self, service: _Followed, task_id: str) -> tuple[str, ...]:
        """Give the last lines of a task's main container; none when they cannot be read."""
        try:
            with aws_errors("logs", f"output of service `{service.name}`"):
                logs = self._client("logs")
                group = service.outputs.log_group
                # The awslogs driver names streams PREFIX/CONTAINER/TASK (ECS Developer Guide, "awslogs").
                stream = f"{service.name}/{service.outputs.container_name}/{task_id}"
                answer = logs.get_log_events(
                    logGroupName=group, logStreamName=stream, limit=_LOG_LINES, startFromHead=False
                )
        except AwsError:
            return ()
        return tuple(str(event.get("message", "")).rstrip() for event in answer.get("events", []))


def overall(verdicts: tuple[ServiceVerdict, ...]) -> Result:
    """Give the worst of several verdicts."""
    for result in (Result.FAILED, Result.TIMED_OUT, Result.ROLLED_BACK):
        if any(verdict.result is result for verdict in verdicts):
            return result
    return Result.STEADY
