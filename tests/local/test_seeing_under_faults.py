"""Every read, and `up`, with throttling, time-outs and resets between the SDK and AWS (`microburst`)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes.fault_injector import RESET, THROTTLED, TIMED_OUT
from tests.fakes.faulty_world import FaultyWorld, faulty_world
from tests.fakes.local_stage import eventually, fetch
from tinystacks.deployment.ends import Result
from tinystacks.deployment.leftovers import Sweep
from tinystacks.errors import AwsError, TinystacksError
from tinystacks.operations.exec_access import TaskAccess
from tinystacks.operations.log_reads import LogFollower
from tinystacks.operations.log_selection import LogRequest
from tinystacks.operations.stage_reads import Operations
from tinystacks.operations.timeline import read_timeline
from tinystacks.operations.watching import Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tinystacks.deployment.results import UpResult

ATTEMPTS = 5
"""How often a person would repeat `up`."""
FAULTS = {"throttled": THROTTLED, "timed-out": TIMED_OUT, "reset": RESET}


class World:
    """A stage that was deployed while one call in nine was broken."""

    def __init__(self, faulty: FaultyWorld) -> None:
        self.faulty = faulty
        self.injector, self.deployment, self.straight = faulty.injector, faulty.deployment, faulty.straight
        self.refusals: list[TinystacksError] = []
        self.ended = self._up()

    def _up(self) -> UpResult | None:
        # botocore tries each again twice.
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
        return self.faulty.operations

    @property
    def elsewhere(self) -> Operations:
        cluster = self.deployment.outputs().cluster_name
        return Operations.elsewhere(self.faulty.target.client, cluster=cluster, service=None, region="us-east-1")

    @property
    def a_task(self) -> str:
        ecs = self.straight.client("ecs")
        return ecs.list_tasks(cluster=self.deployment.outputs().cluster_name)["taskArns"][0]

    def ask(self) -> None:
        assert fetch(self.deployment.outputs().endpoint)[0] == 200


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with faulty_world(tmp_path_factory.mktemp("faults")) as faulty:
        yield World(faulty)


def test_up_gets_there_and_nothing_is_lost(world: World) -> None:
    assert world.injector.fired() > 10, "the run must have met failures"
    assert world.ended is not None, "\n\n".join(str(error) for error in world.refusals)
    assert world.ended.result is Result.STEADY, "\n\n".join(
        [*map(repr, world.ended.verdicts), *(str(error) for error in world.refusals)]
    )
    assert all(error.message for error in world.refusals)
    world.ask()
    assert world.deployment.preview().changes.total == 0, "the state knows everything that was made"
    sweep = Sweep(world.straight.client, stack="shop", stage="dev")
    names = [item.id for item in sweep.find()]
    assert len(names) == len(set(names))
    assert world.deployment.repair().orphans == (), "nothing was made that no state knows"


def _check(world: World) -> list[tuple[str, str]]:
    access = TaskAccess(world.deployment.outputs(), world.faulty.target.client)
    task = access.candidates(task=world.a_task)[0]
    report = access.check(task, access.container(task, None), tools_needed=False)
    return [(check.name, check.verdict) for check in report.checks]


def _hour() -> datetime:
    return datetime.now(UTC) - timedelta(hours=1)


def _metrics(operations: Operations) -> list[tuple[str, str]]:
    return [(one.service, one.name) for one in operations.metrics(_hour()).series]


READS: dict[str, Callable[[World], Any]] = {
    "status": lambda world: [service.running for service in world.operations.status().services],
    "tasks": lambda world: sorted(task.id for task in world.operations.tasks()),
    "task": lambda world: world.operations.task(world.a_task).containers,
    "stopped": lambda world: sorted(task.id for task in world.operations.tasks(stopped=True)),
    "logs": lambda world: len(world.operations.logs(LogRequest(since=_hour(), pattern="no such words"))),
    "metrics": lambda world: _metrics(world.operations),
    "events": lambda world: {one.kind for one in read_timeline(world.operations, _hour()).happenings},
    "exec check": _check,
    "elsewhere status": lambda world: [service.running for service in world.elsewhere.status().services],
    "elsewhere tasks": lambda world: sorted(task.id for task in world.elsewhere.tasks()),
    "elsewhere logs": lambda world: len(world.elsewhere.logs(LogRequest(since=_hour(), pattern="no such words"))),
    "elsewhere metrics": lambda world: _metrics(world.elsewhere),
    "elsewhere events": lambda world: {one.kind for one in read_timeline(world.elsewhere, _hour()).happenings},
}
ENGINE_READS: dict[str, Callable[[World], Any]] = {
    "drift": lambda world: world.deployment.refresh(dry_run=True).drifted,
    "preview": lambda world: world.deployment.preview().changes.total,
}
"""The engine asks through the providers, and tells no more than that something was refused and why."""
OWN_READS: dict[str, Callable[[World], Any]] = {
    "outputs": lambda world: world.deployment.outputs(),
    "releases": lambda world: [release.to_mapping(whole=True) for release in world.deployment.releases()],
    "history": lambda world: len(world.deployment.history()),
}
"""What the folder knows by itself."""
EACH_FAULT_ONCE = [(name, list(FAULTS)[number % len(FAULTS)]) for number, name in enumerate(READS)]


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_failure_that_passes_is_not_seen(world: World, fault: str, read: str) -> None:
    expected = READS[read](world)
    world.injector.break_with({**FAULTS[fault], "times": 2})
    before = world.injector.fired()
    try:
        assert READS[read](world) == expected
        assert world.injector.fired() == before + 2
    finally:
        world.injector.break_with()


@pytest.mark.parametrize(("read", "fault"), list(zip(ENGINE_READS, FAULTS, strict=False)))
def test_a_failure_that_passes_is_not_seen_by_the_engine(world: World, fault: str, read: str) -> None:
    expected = ENGINE_READS[read](world)
    world.injector.break_with({**FAULTS[fault], "times": 2})
    before = world.injector.fired()
    try:
        assert ENGINE_READS[read](world) == expected
        assert world.injector.fired() == before + 2
    finally:
        world.injector.break_with()


@pytest.mark.parametrize(("read", "fault"), [*EACH_FAULT_ONCE, ("status", "timed-out"), ("status", "reset")])
def test_a_failure_that_stays_is_said_with_what_to_do(world: World, fault: str, read: str) -> None:
    world.injector.break_with(FAULTS[fault])
    try:
        with pytest.raises(AwsError) as refused:
            READS[read](world)
    finally:
        world.injector.break_with()
    assert refused.value.hint
    assert refused.value.service
    if fault == "throttled":
        assert refused.value.code == "ThrottlingException"


@pytest.mark.parametrize("read", ENGINE_READS)
def test_a_failure_that_stays_is_said_by_the_engine_and_the_next_look_is_whole(world: World, read: str) -> None:
    expected = ENGINE_READS[read](world)
    world.injector.break_with(THROTTLED)
    try:
        with pytest.raises(TinystacksError) as refused:
            ENGINE_READS[read](world)
    finally:
        world.injector.break_with()
    assert "Throttling" in refused.value.message
    assert refused.value.hint
    assert ENGINE_READS[read](world) == expected


@pytest.mark.parametrize("read", OWN_READS)
def test_what_the_folder_knows_needs_no_aws(world: World, read: str) -> None:
    expected = OWN_READS[read](world)
    assert expected
    world.injector.break_with(THROTTLED)
    before = world.injector.fired()
    try:
        assert OWN_READS[read](world) == expected
        assert world.injector.fired() == before, "nothing was asked"
    finally:
        world.injector.break_with()


@pytest.mark.parametrize("fault", FAULTS)
def test_following_logs_goes_on_over_a_failure_and_loses_no_line(world: World, fault: str) -> None:
    asked = 0
    troubles: list[AwsError | None] = []
    found: list[str] = []
    began = datetime.now(UTC)

    def written() -> int:
        operations = Operations(world.deployment.outputs(), world.straight.client)
        return sum(line.at >= began for line in operations.logs(LogRequest(since=began, pattern='"GET /"')))

    def wait(_seconds: float) -> bool:
        """Ask before, in and after the failure, each time until CloudWatch has the line."""
        nonlocal asked
        world.ask()
        asked += 1
        eventually(lambda: written() >= asked, what="the line")
        if asked == 2:
            world.injector.break_with(FAULTS[fault])
        if asked == 4:
            world.injector.break_with()
        return asked < 7

    cursors = world.operations.log_cursors(LogRequest(since=began, pattern='"GET /"'))
    try:
        for batch in LogFollower(cursors, wait=wait, on_trouble=troubles.append).batches():
            found += [f"{line.at} {line.task} {line.message}" for line in batch]
    finally:
        world.injector.break_with()
    # The last line was asked for after the last look.
    assert len(found) == len(set(found)) == asked - 1
    assert [error is None for error in troubles] == [False, True], "told once, and once that it is over"
    assert troubles[0] is not None
    assert troubles[0].hint


@pytest.mark.parametrize("fault", FAULTS)
def test_a_watch_goes_on_over_a_failure(world: World, fault: str) -> None:
    looks = 0

    def wait(_seconds: float) -> bool:
        nonlocal looks
        looks += 1
        if looks == 1:
            world.injector.break_with(FAULTS[fault])
        if looks == 2:
            world.injector.break_with()
        return looks < 3

    try:
        pictures = list(Watch(world.operations.status, wait=wait, patience=30).pictures())
    finally:
        world.injector.break_with()
    first, broken, after = pictures
    assert broken.trouble is not None
    assert (broken.status, broken.seen_at) == (first.status, first.seen_at)
    assert after.trouble is None
    assert after.seen_at > first.seen_at
    assert [service.running for service in after.status.services] == [
        service.running for service in first.status.services
    ]
