"""The scheduler's cost: what a rolling update of many tasks takes, counted in work rather than in seconds."""

from __future__ import annotations

import cProfile
import math
import time
from typing import Any

from tests.fakes.world import World


def about_to_roll(tasks, instances):
    """Give a steady service whose next revision was just ordered."""
    world = World()
    world.instances(instances)
    service = world.service(tasks)
    world.steady(service, 36_000)
    world.plane.update_service(service="web", task_definition=world.definition("v2"))
    return world, service


def roll(tasks, instances):
    """Roll a service; give the seconds that the machine took."""
    world, service = about_to_roll(tasks, instances)
    begun = time.process_time()
    world.run(1)
    world.steady(service, 36_000)
    taken = time.process_time() - begun
    assert {one.task_definition.revision for one in world.running(service)} == {2}
    return taken


def test_5000_tasks_on_1000_instances_roll_in_seconds():
    assert roll(5000, 1000) < 20


def calls_per_task(tasks, instances):
    """Count the calls of functions that a rolling update takes, of which no other work on the machine makes more."""
    world, service = about_to_roll(tasks, instances)
    with cProfile.Profile() as profile:
        world.run(1)
        world.steady(service, 36_000)
    profile.create_stats()
    stats: dict[Any, tuple[int, int, float, float, Any]] = getattr(profile, "stats")  # noqa: B009 - typeshed lacks it
    return sum(calls for _, calls, *_ in stats.values()) / tasks


def test_the_work_per_task_is_the_same_at_500_and_at_5000():
    most = calls_per_task(5000, 1000)
    assert most < 1.1 * calls_per_task(500, 100), "500 start in one burst (P20): nothing stops before all have begun"
    assert most < 1.03 * calls_per_task(1500, 300)


def test_a_day_of_load_is_stepped_in_seconds_and_the_service_follows_it():
    world = World()
    world.instances(60)
    service = world.service(20)
    world.steady(service)
    plane = world.plane
    resource: Any = {"resource_id": "service/default/web", "scalable_dimension": "ecs:service:DesiredCount"}
    plane.register_scalable_target(service_namespace="ecs", min_capacity=20, max_capacity=200, **resource)
    metric = {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}
    plane.put_scaling_policy(
        policy_name="cpu",
        service_namespace="ecs",
        policy_type="TargetTrackingScaling",
        target_tracking_scaling_policy_configuration={"TargetValue": 70, "PredefinedMetricSpecification": metric},
        **resource,
    )
    dimensions = {"ClusterName": "default", "ServiceName": "web"}
    begun = time.process_time()
    counts = []
    for minute in range(24 * 60):
        percent = 700 + 6000 * (1 - math.cos(2 * math.pi * minute / (24 * 60)))
        plane.metric("CPUUtilization", dimensions, percent / max(1, service.running_count), plane.now)
        world.run(60)
        counts.append(service.desired_count)
    assert time.process_time() - begun < 20
    assert counts[0] == 20
    assert max(counts) > 150
    assert 11 * 60 < counts.index(max(counts)) < 14 * 60, "the most tasks when the load is highest"
    assert counts[-1] < 40
