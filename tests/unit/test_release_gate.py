"""A `release_command` that does not end, and the words for an interrupt while the engine works."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from programs.settings import ReleaseOrder
from tests.fakes.deployment_target import FakeTarget
from tests.fakes.ecs_deployments import NEW, Clock, Pages, ScriptedLogs
from tests.fakes.stages import small_stage
from tinystacks.deployment.context import Opened, StageContext
from tinystacks.deployment.engine_errors import EngineFailure
from tinystacks.deployment.interrupt import Interrupt
from tinystacks.deployment.pace import Pace
from tinystacks.deployment.release_gate import ReleaseGate
from tinystacks.deployment.settings import DeploymentSettings
from tinystacks.errors import DeploymentFailedError, InterruptedByUserError


class EndlessTask:
    """ECS with one task that only a stop ends."""

    def __init__(self):
        self.stopped = ""
        self.started_by = ""

    def get_paginator(self, operation):
        return Pages(getattr(self, operation))

    def list_tasks(self, **_arguments) -> dict[str, Any]:
        return {"taskArns": []}

    def run_task(self, **arguments):
        self.started_by = arguments["startedBy"]
        return {"tasks": [{"taskArn": "arn:aws:ecs:eu-west-1:123456789012:task/shop-dev/1"}]}

    def stop_task(self, *, cluster, task, reason):
        self.stopped = reason

    def describe_tasks(self, **_arguments):
        ended = {
            "lastStatus": "STOPPED",
            "stoppedReason": self.stopped,
            "containers": [{"name": "web", "exitCode": 137}],
        }
        return {"tasks": [ended if self.stopped else {"lastStatus": "RUNNING"}]}


class QuietLogs(ScriptedLogs):
    """Two lines at the first look, then none."""

    def get_log_events(self, **arguments):
        return super().get_log_events(**arguments) if not self.streams else {"events": []}


@pytest.fixture
def context(tmp_path):
    clock = Clock()
    return StageContext(
        small_stage(services={"web": {"release_command": ["./migrate"], "rolling_update": {"deadline": 120}}}),
        FakeTarget(clients={"ecs": EndlessTask(), "logs": QuietLogs()}),
        workspace=tmp_path,
        program=None,
        settings=DeploymentSettings(pace=Pace(clock=clock, sleep=clock.sleep)),
        interrupt=Interrupt(),
    )


def test_a_release_command_that_its_deadline_cuts_off_has_run(context):
    session = cast("Any", SimpleNamespace())
    opened = Opened(session=session, state=None, record=None, emit=lambda _event: None)
    gate = ReleaseGate(context, opened, lambda _event: None)
    order = ReleaseOrder(
        service="web", cluster="shop-dev", task_definition=NEW, log_group="/g", strategy=[], network=None
    )
    with pytest.raises(DeploymentFailedError):
        gate(order)
    [verdict] = gate.failed
    assert "its release command was stopped after 120 s without an end" in verdict.reason
    assert "did not run" not in verdict.reason
    assert verdict.causes[0].log_tail == ("starting", "no database")


class LeftTasks(EndlessTask):
    """ECS in which commands that died have left tasks: of another service, and on its second page of this one."""

    def __init__(self):
        super().__init__()
        self.running = {"other": "worker", "left": "web"}
        self.order = []

    def list_tasks(self, *, nextToken="", **arguments) -> dict[str, Any]:
        assert arguments == {"cluster": "shop-dev", "startedBy": "tstack/release_command"}
        first, *others = self.running
        return {"taskArns": others} if nextToken else {"taskArns": [first], "nextToken": "more"}

    def describe_tasks(self, *, tasks, include=(), **arguments):
        known = {"tinystacks:stack": "shop", "tinystacks:stage": "dev"}
        if include:
            tags = {name: {**known, "tinystacks:service": self.running[name]} for name in tasks}
            listed = {name: [{"key": key, "value": value} for key, value in tags[name].items()] for name in tasks}
            return {"tasks": [{"taskArn": name, "tags": listed[name]} for name in tasks]}
        [asked] = tasks
        if asked in self.running:
            return {"tasks": [{"lastStatus": "DEPROVISIONING"}] if self._ends(asked) else []}
        return super().describe_tasks(**arguments)

    def _ends(self, name):
        self.order.append(f"waits for {name}")
        del self.running[name]
        return True

    def stop_task(self, *, cluster, task, reason):
        self.order.append(f"stops {task}")
        if task not in self.running:
            super().stop_task(cluster=cluster, task=task, reason=reason)

    def run_task(self, **arguments):
        self.order.append("runs")
        return super().run_task(**arguments)


def test_a_release_task_that_a_killed_command_left_is_stopped_before_another_runs(context):
    """ListTasks by `startedBy`, StopTask: Amazon ECS API reference."""
    ecs = context.target.clients["ecs"] = LeftTasks()
    told = []
    opened = Opened(session=cast("Any", SimpleNamespace()), state=None, record=None, emit=told.append)
    order = ReleaseOrder(
        service="web", cluster="shop-dev", task_definition=NEW, log_group="/g", strategy=[], network=None
    )
    ecs.stopped = "ended"
    with pytest.raises(DeploymentFailedError):
        ReleaseGate(context, opened, told.append)(order)
    assert ecs.order == ["stops left", "waits for left", "runs"]
    assert ecs.started_by == "tstack/release_command"
    assert "Task left of web was left by a command that died; it is stopped." in [
        getattr(event, "message", "") for event in told
    ]


@pytest.mark.parametrize(("typed", "named"), [("up", "up"), ("", "preview")])
def test_an_interrupt_names_the_command_that_was_typed(context, typed, named):
    context.interrupt.request()
    with pytest.raises(InterruptedByUserError, match=f"Interrupted during `{named}`"), context.explained(typed):
        raise EngineFailure(command="preview", code=-2)
