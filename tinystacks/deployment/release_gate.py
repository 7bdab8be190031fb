"""`release_command`: once on the new revision, before the service gets it; its exit code decides.

The program asks this gate between registering a revision and giving it to the service. A revision that passed is
remembered, so that a repeated `up` does not run its command again.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from tinystacks.deployment.ends import Result
from tinystacks.deployment.events import Diagnostic, Notice, Phase, PhaseStarted
from tinystacks.deployment.one_off import OneOff, run_once, stop_left
from tinystacks.deployment.service_verdicts import Cause, ServiceVerdict
from tinystacks.errors import DeploymentFailedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from programs.settings import ReleaseOrder
    from tinystacks.deployment.context import Opened, StageContext
    from tinystacks.deployment.events import Event, OnEvent
    from tinystacks.deployment.one_off import TaskRun

_CLOSED = "the release command has failed for"
_ADVICE = "Mend the command or what it needs, then run `tstack up` again; the version before serves meanwhile."


class ReleaseGate:
    """Lets revisions pass whose `release_command` went well.

    Args:
        context: the stage.
        opened: remembers what passed.
        emit: receives events.
    """

    def __init__(self, context: StageContext, opened: Opened, emit: OnEvent) -> None:
        self._context = context
        self._opened = opened
        self._emit = emit
        self._lock = threading.Lock()
        self._serving = _serving(opened)
        self.failed: list[ServiceVerdict] = []

    def tell(self, event: Event) -> None:
        """Pass an event on, unless it is only the engine saying that this gate stayed closed."""
        if not (self.failed and isinstance(event, Diagnostic) and _CLOSED in event.message):
            self._emit(event)

    def __call__(self, order: ReleaseOrder) -> None:
        """Run the command of a service on its new revision.

        Raises:
            DeploymentFailedError: it did not end with 0.
        """
        arn = order.task_definition
        record = self._opened.record
        if arn in self._serving or (record is not None and record.release_tasks.get(order.service) == arn):
            return
        spec = self._context.stage.services[order.service]
        command = spec.release_command or []
        self._emit(
            PhaseStarted(phase=Phase.RELEASE_TASK, message=f"{order.service}: release command: {' '.join(command)}")
        )
        task = OneOff(
            service=order.service,
            cluster=order.cluster,
            task_definition=arn,
            container=order.service,
            log_group=order.log_group,
            command=command,
            strategy=order.strategy,
            network=order.network,
            source="release_command",
            deadline=float(spec.rolling_update.deadline),
        )
        # Two migrations at once may spoil what a single one would not.
        stop_left(self._context, task, self._emit)
        run = run_once(self._context, task, self._emit)
        with self._lock:
            if run.exit_code != 0:
                self.failed.append(_verdict(run, arn))
                raise DeploymentFailedError(f"{_CLOSED} `{order.service}`")
            passed = dict(self._opened.record.release_tasks) if self._opened.record else {}
            self._context.remember(self._opened, release_tasks={**passed, order.service: arn})
        self._emit(Notice(message=f"{order.service}: its release command ended with 0."))


def _serving(opened: Opened) -> frozenset[str]:
    """Give the revisions that services run already."""
    found: set[str] = set()
    for item in opened.state.resources if opened.state else ():
        if item["type"] == "aws:ecs/service:Service":
            known: Mapping[str, Any] = item.get("outputs") or {}
            found.add(str(known.get("taskDefinition", "")))
    return frozenset(found)


def _verdict(run: TaskRun, asked: str) -> ServiceVerdict:
    if run.stopped_after is not None:
        how = f"was stopped after {run.stopped_after:g} s without an end (`rolling_update.deadline`)"
    else:
        how = "did not run" if run.exit_code is None else f"ended with exit code {run.exit_code}"
    cause = Cause(
        service=run.service,
        reason="release-command",
        count=1,
        exit_code=run.exit_code,
        message=run.reason,
        log_tail=run.log_tail,
        advice=_ADVICE,
        task_ids=(run.task_id,),
    )
    return ServiceVerdict(
        service=run.service,
        result=Result.FAILED,
        reason=f"its release command {how}; the service was not changed",
        asked_task_definition=asked,
        causes=(cause,),
    )
