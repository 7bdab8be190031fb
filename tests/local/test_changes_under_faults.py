"""Orders to a stage that runs, with failures between them and AWS: one that passes is not seen, and after one that
stays the same command repeated ends well."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes.fault_injector import RESET, THROTTLED, TIMED_OUT
from tests.fakes.faulty_world import FILE, FaultyWorld, faulty_world
from tests.fakes.local_stage import eventually, fetch
from tests.fakes.stage_remains import remains
from tinystacks.deployment.ends import Result
from tinystacks.deployment.events import Event, Notice, ResourceStarted, TasksProgress
from tinystacks.errors import TinystacksError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from tinystacks.deployment.deployment import Deployment

FAULTS = {"throttled": THROTTLED, "timed-out": TIMED_OUT, "reset": RESET}
SECOND = FILE.replace("example/web:1", "example/web:2")
SOMETIMES = {"sequence": [1, 6]}
"""One call in seven fails; its repetition does not."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyWorld]:
    with faulty_world(tmp_path_factory.mktemp("faults")) as faulty:
        assert faulty.deployment.up().result is Result.STEADY
        assert faulty.with_file(SECOND).up().result is Result.STEADY
        yield faulty


@contextmanager
def broken(world: FaultyWorld, *faults: dict[str, Any]) -> Generator[None]:
    """Break calls, which must meet at least one."""
    before = world.injector.fired()
    world.injector.break_with(*faults)
    try:
        yield
        assert world.injector.fired() > before
    finally:
        world.injector.break_with()


def _scaled(deployment: Deployment, on_event: Callable[[Event], None]) -> object:
    return deployment.running().scale({"web": 3}, on_event).result


def _run(deployment: Deployment, on_event: Callable[[Event], None]) -> object:
    return deployment.running().run("web", ["/bin/true"], on_event).exit_code


def _rolled_back(deployment: Deployment, on_event: Callable[[Event], None]) -> object:
    return deployment.rollback(deployment.rollback_plan(1), on_event).result


ORDERS: dict[str, tuple[Callable[[Deployment, Callable[[Event], None]], object], object]] = {
    "restart": (lambda deployment, on_event: deployment.running().restart(on_event).result, Result.STEADY),
    "scale": (_scaled, Result.STEADY),
    "run": (_run, 0),
    "rollback": (_rolled_back, Result.STEADY),
}
UNDER_WAY: dict[str, type[Event]] = {
    "restart": TasksProgress,
    "scale": Notice,
    "run": Notice,
    "rollback": ResourceStarted,
}
"""What is told once AWS has taken the first order."""
EACH_FAULT_ONCE = [(order, list(FAULTS)[number % 3]) for number, order in enumerate(ORDERS)]


def _prepared(world: FaultyWorld, order: str) -> Deployment:
    """The stage, so that the order has something to do."""
    if order == "rollback":
        world.deployment.up()
    if order == "scale":
        world.deployment.running().scale({"web": 2})
    return world.deployment


def _running(world: FaultyWorld) -> str:
    """The revision that ECS comes to run, and nothing else besides."""
    ecs = world.straight.client("ecs")
    name = world.deployment.outputs().services["web"].service_name

    def look() -> str:
        service = ecs.describe_services(cluster="shop-dev", services=[name])["services"][0]
        settled = len(service["deployments"]) == 1 and service["runningCount"] == service["desiredCount"]
        return service["taskDefinition"] if settled else ""

    return eventually(look, what="a settled service")


@pytest.mark.parametrize(("order", "fault"), EACH_FAULT_ONCE)
def test_a_failure_that_passes_is_not_seen(world: FaultyWorld, order: str, fault: str) -> None:
    give, expected = ORDERS[order]
    deployment = _prepared(world, order)
    with broken(world, {**FAULTS[fault], **SOMETIMES}):
        assert give(deployment, lambda _event: None) == expected
    _running(world)
    assert fetch(world.deployment.outputs().endpoint)[0] == 200


@pytest.mark.parametrize(("order", "fault"), EACH_FAULT_ONCE)
def test_after_a_failure_from_the_start_nothing_was_done_and_the_command_repeated_ends_well(
    world: FaultyWorld, order: str, fault: str
) -> None:
    give, expected = ORDERS[order]
    deployment = _prepared(world, order)
    before = _running(world)
    with broken(world, FAULTS[fault]), pytest.raises(TinystacksError) as refused:
        give(deployment, lambda _event: None)
    assert refused.value.hint
    assert _running(world) == before
    assert give(deployment, lambda _event: None) == expected


@pytest.mark.parametrize(("order", "fault"), EACH_FAULT_ONCE)
def test_after_a_failure_in_the_middle_the_command_repeated_ends_well(
    world: FaultyWorld, order: str, fault: str
) -> None:
    give, expected = ORDERS[order]
    deployment = _prepared(world, order)

    def breaks(event: Event) -> None:
        if isinstance(event, UNDER_WAY[order]):
            world.injector.break_with(FAULTS[fault])

    with broken(world), pytest.raises(TinystacksError) as refused:
        give(deployment, breaks)
    assert refused.value.hint
    assert give(deployment, lambda _event: None) == expected
    _running(world)
    assert deployment.repair().orphans == ()


def test_destroy_gets_there_over_failures_that_stay_and_that_pass(world: FaultyWorld) -> None:
    begun = False

    def breaks(event: Event) -> None:
        nonlocal begun
        if isinstance(event, ResourceStarted) and not begun:
            begun = True
            world.injector.break_with(THROTTLED)

    with broken(world), pytest.raises(TinystacksError) as refused:
        world.deployment.destroy(breaks)
    assert refused.value.hint
    with broken(world, {**RESET, "sequence": [1, 15]}):
        assert world.deployment.destroy().kept == ()
    assert remains(world.straight.client, "shop") == []
