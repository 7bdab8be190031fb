"""The re-spawn throttle. Source: Amazon ECS developer guide, service-throttle-logic."""

from __future__ import annotations

from itertools import pairwise

from tests.fakes.world import World
from tinystacks.controlplane import effects as fx

IMPAIRED = "(service web) is unable to consistently start tasks successfully."


def failing(**behaviour):
    world = World()
    world.instances(1)
    world.behave("bad", start=1, **behaviour)
    return world, world.service(1, "bad")


def starts(world):
    return sum(1 for one in world.done if isinstance(one, fx.StartContainers))


def moments(world, seconds):
    """Times at which tasks were started."""
    begun = world.plane.now
    seen = []
    for _ in range(seconds):
        before = starts(world)
        world.run(1)
        seen += [world.plane.now - begun] * (starts(world) - before)
    return seen


def test_t33_three_tries_at_once_then_ever_longer_waits():
    """Source: developer guide, service-throttle-logic."""
    world, _ = failing(pull_error="CannotPullContainerError: no")
    times = moments(world, 400)
    gaps = [round(right - left) for left, right in pairwise(times)]
    assert all(gap <= 3 for gap in gaps[:3])
    assert [30 <= gap <= 33 for gap in gaps[3:4]] == [True]
    assert 60 <= gaps[4] <= 63
    assert 120 <= gaps[5] <= 123


def test_t33_the_wait_never_exceeds_27_minutes_and_never_gives_up():
    """Source: developer guide, service-throttle-logic."""
    world, service = failing(pull_error="CannotPullContainerError: no")
    world.run(5 * 3600)
    before = starts(world)
    world.run(3600)
    assert 2 <= starts(world) - before <= 3
    assert service.throttled_until - world.plane.now <= 1620


def test_t32_the_event():
    """Source: developer guide, service-throttle-logic."""
    world, service = failing(pull_error="CannotPullContainerError: no")
    world.run(20)
    assert IMPAIRED in world.messages(service)


def test_t33_a_new_task_definition_resets_it():
    """Source: developer guide, service-throttle-logic."""
    world, service = failing(pull_error="CannotPullContainerError: no")
    world.run(3600)
    world.plane.update_service(service="web", task_definition=world.definition("good"))
    assert world.steady(service) < 60


def test_t34_d30_a_crash_after_running_is_not_throttled():
    """Source: developer guide, service-throttle-logic."""
    world, service = failing(exits_after=5)
    world.run(600)
    assert starts(world) > 60
    assert IMPAIRED not in world.messages(service)


def test_t34_l15_failed_balancer_checks_are_not_throttled():
    """A slow starter without grace loops for ever (trap B10). Source: developer guide, service-throttle-logic."""
    world = World()
    world.instances(1)
    world.behave("slow", target="unhealthy", target_after=20)
    service = world.service(1, "slow", load_balancers=world.balancer())
    world.run(1200)
    assert starts(world) > 20
    assert IMPAIRED not in world.messages(service)
