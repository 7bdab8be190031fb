"""The scheduler's cost: what a rolling update of many tasks takes, counted in work rather than in seconds."""

from __future__ import annotations

import time

from tests.fakes.world import World


def roll(tasks, instances):
    """Roll a service; give the seconds that the machine took."""
    world = World()
    world.instances(instances)
    service = world.service(tasks)
    world.steady(service, 36_000)
    world.plane.update_service(service="web", task_definition=world.definition("v2"))
    begun = time.process_time()
    world.run(1)
    world.steady(service, 36_000)
    taken = time.process_time() - begun
    assert {one.task_definition.revision for one in world.running(service)} == {2}
    return taken


def test_5000_tasks_on_1000_instances_roll_in_seconds():
    assert roll(5000, 1000) < 20


def test_the_cost_per_task_hardly_grows_with_the_size():
    """Ten times the tasks may cost little more than ten times the work."""
    small = min(roll(400, 80) for _ in range(3))
    large = roll(4000, 800)
    assert large < small * 10 * 4
