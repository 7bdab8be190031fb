"""Every read, and `up`, with throttling, time-outs and resets between the commands and AWS (`microburst`)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes.engine_found import engine_or_skip
from tests.fakes.fault_injector import RESET, THROTTLED, TIMED_OUT, FaultInjector, target_behind_faults
from tests.fakes.local_stage import fetch
from tinystacks.deployment.deployment import Deployment
from tinystacks.deployment.ends import Result
from tinystacks.deployment.leftovers import Sweep
from tinystacks.deployment.settings import DeploymentSettings
from tinystacks.errors import AwsError, TinystacksError
from tinystacks.local.process import LocalAws
from tinystacks.local.target import LocalTarget
from tinystacks.operations.log_selection import LogRequest
from tinystacks.operations.stage_reads import Operations
from tinystacks.operations.timeline import read_timeline
from tinystacks.spec.loader import load_stack_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tinystacks.deployment.results import UpResult

FILE = """\
name: shop
services:
  web: {image: example/web:1, port: 80, health_check: {path: /}}
stages: {dev: {}}
"""
ATTEMPTS = 5
"""How often a person would repeat `up`."""


class World:
    """A local AWS that clients and providers reach through the injector only."""

    def __init__(self, workspace: Path, injector: FaultInjector, target: LocalTarget, straight: LocalTarget) -> None:
        self.injector = injector
        self.target = target
        self.straight = straight
        stage = load_stack_text(FILE).stage("dev")
        self.deployment = Deployment(stage, target, workspace=workspace, settings=DeploymentSettings())
        self.refusals: list[TinystacksError] = []
        self.ended = self._up()

    def _up(self) -> UpResult | None:
        # One call in nine is broken; botocore tries each again twice.
        broken = {"probability": 0.04}
        self.injector.break_with({**THROTTLED, **broken}, {**TIMED_OUT, **broken}, {**RESET, **broken})
        try:
            for _ in range(ATTEMPTS):
                try:
                    return self.deployment.up()
                except TinystacksError as error:
                    self.refusals.append(error)
        finally:
            self.injector.break_with()
        return None

    @property
    def operations(self) -> Operations:
        return Operations(self.deployment.outputs(), self.target.client)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    engine = engine_or_skip()
    folder = tmp_path_factory.mktemp("faults")
    local = LocalAws(home=folder / "home")
    status = local.start(runtime="simulated", speed=60)
    try:
        with target_behind_faults(status) as (injector, behind), pytest.MonkeyPatch.context() as environment:
            environment.setenv("TINYSTACKS_ENGINE", str(engine.path))
            yield World(folder, injector, behind, LocalTarget(status, "us-east-1"))
    finally:
        local.stop()


def test_up_gets_there_and_nothing_is_lost(world: World) -> None:
    assert world.injector.fired() > 10, "the run must have met failures"
    assert world.ended is not None, "\n\n".join(str(error) for error in world.refusals)
    assert world.ended.result is Result.STEADY, "\n\n".join(
        [*map(repr, world.ended.verdicts), *(str(error) for error in world.refusals)]
    )
    assert all(error.message for error in world.refusals)
    code, _ = fetch(world.deployment.outputs().endpoint)
    assert code == 200
    assert world.deployment.preview().changes.total == 0, "the state knows everything that was made"
    sweep = Sweep(world.straight.client, stack="shop", stage="dev")
    names = [item.id for item in sweep.find()]
    assert len(names) == len(set(names))
    assert world.deployment.repair().orphans == (), "nothing was made that no state knows"


def _reads() -> dict[str, Callable[[Operations], Any]]:
    hour = datetime.now(UTC) - timedelta(hours=1)
    return {
        "status": lambda operations: [service.running for service in operations.status().services],
        "tasks": lambda operations: sorted(task.id for task in operations.tasks()),
        "stopped": lambda operations: sorted(task.id for task in operations.tasks(stopped=True)),
        "logs": lambda operations: len(operations.logs(LogRequest(since=hour, pattern="no such words"))),
        "metrics": lambda operations: [(one.service, one.name) for one in operations.metrics(hour).series],
        "events": lambda operations: {one.kind for one in read_timeline(operations, hour).happenings},
    }


@pytest.mark.parametrize("read", _reads())
@pytest.mark.parametrize("fault", [THROTTLED, TIMED_OUT, RESET], ids=["throttled", "timed-out", "reset"])
def test_a_failure_that_passes_is_not_seen(world: World, fault: dict[str, Any], read: str) -> None:
    look = _reads()[read]
    expected = look(world.operations)
    world.injector.break_with({**fault, "times": 2})
    before = world.injector.fired()
    try:
        assert look(world.operations) == expected
        assert world.injector.fired() == before + 2
    finally:
        world.injector.break_with()


@pytest.mark.parametrize(
    ("fault", "read"),
    [*((THROTTLED, read) for read in _reads()), (TIMED_OUT, "status"), (RESET, "status")],
    ids=lambda value: value if isinstance(value, str) else next(iter(value)),
)
def test_a_failure_that_stays_is_said_with_what_to_do(world: World, fault: dict[str, Any], read: str) -> None:
    operations = world.operations
    world.injector.break_with(fault)
    try:
        with pytest.raises(AwsError) as refused:
            _reads()[read](operations)
    finally:
        world.injector.break_with()
    assert refused.value.hint
    if fault is THROTTLED:
        assert refused.value.code == "ThrottlingException"
