"""Managed scaling of groups. Source: Amazon ECS developer guide, managed-scaling-behavior and cluster-auto-scaling."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.fakes.world import GROUP, World
from tinystacks.controlplane import effects as fx
from tinystacks.controlplane.settings import Settings


def managed(*, maximum=10, minimum=0, desired=0, types=("t3.micro",), settings=None, protected=False, **provider):
    world = World(settings=settings)
    world.plane.create_cluster()
    world.group(minimum=minimum, maximum=maximum, desired=desired, types=types, protected=protected)
    world.provider(**provider)
    return world


def big(world, memory=400, **given):
    """A definition of which two fit a t3.micro."""
    return world.definition(container={"memory": memory}, **given)


def metric(world):
    return [one for one in world.done if isinstance(one, fx.PublishMetric)][-1]


def raises(world):
    return [one.desired for one in world.done if isinstance(one, fx.SetGroupDesiredCapacity)]


def test_c13_the_metric_is_published_each_minute_with_cluster_and_provider():
    """Source: developer guide, cluster-auto-scaling; AWS blog, deep-dive-on-amazon-ecs-cluster-auto-scaling."""
    world = managed()
    world.run(600)
    published = [one for one in world.done if isinstance(one, fx.PublishMetric)]
    assert len(published) == 10
    assert published[0].namespace == "AWS/ECS/ManagedScaling"
    assert published[0].name == "CapacityProviderReservation"
    assert published[0].dimensions == {"ClusterName": "default", "CapacityProviderName": "capacity"}


def test_c13_nothing_wanted_and_nothing_there_is_100():
    """Source: developer guide, cluster-auto-scaling; AWS blog, deep-dive-on-amazon-ecs-cluster-auto-scaling."""
    world = managed()
    world.run(61)
    assert metric(world).value == 100
    assert raises(world) == []


def test_c13_c18_from_zero_two_instances_are_launched():
    """Trap D17.

    Source: developer guide, cluster-auto-scaling; AWS blog, deep-dive-on-amazon-ecs-cluster-auto-scaling; developer
    guide, managed-scaling-behavior, cluster-auto-scaling.
    """
    world = managed()
    world.service(1, task_definition=big(world))
    world.run(61)
    assert metric(world).value == 200
    assert raises(world) == [2]


def test_c14_without_waiting_tasks_the_instances_in_use_are_counted():
    """Source: developer guide, managed-scaling-behavior; AWS blog, deep-dive-on-amazon-ecs-cluster-auto-scaling."""
    world = managed(desired=4, settings=Settings(low_datapoints_managed_scaling=10**6))
    world.run(120)
    world.service(2, task_definition=big(world))
    world.run(120)
    assert metric(world).value == 50


def test_c15_waiting_tasks_are_packed_on_the_largest_type():
    """Two fit one instance: six waiting tasks on one full instance need three more.

    Source: developer guide, managed-scaling-behavior.
    """
    world = managed(desired=1, InstanceWarmup=0)
    world.run(120)
    world.service(8, task_definition=big(world))
    world.run(400)
    assert raises(world) == [4]
    assert metric(world).value == 100


@pytest.mark.parametrize(("step", "expected"), [("minimumScalingStepSize", [5]), ("maximumScalingStepSize", [2, 3, 4])])
def test_c15_the_step_sizes_bound_what_is_asked_for_at_once(step, expected):
    """Source: developer guide, managed-scaling-behavior."""
    size = 4 if step == "minimumScalingStepSize" else 1
    scaling = {"status": "ENABLED", "targetCapacity": 100, step: size, "instanceWarmupPeriod": 60}
    world = managed(desired=1, managedScaling=scaling)
    world.run(120)
    world.service(8 if size == 1 else 3, task_definition=big(world))
    world.run(900)
    assert raises(world) == expected


def test_c15_a_task_that_fits_no_type_is_left_out():
    """The metric stays at its target and the task waits until it ends (T20, C21).

    Source: developer guide, managed-scaling-behavior.
    """
    world = managed()
    service = world.service(1, task_definition=big(world, memory=5000))
    world.run(600)
    assert raises(world) == []
    task = next(iter(service.deployments[0].tasks.values()))
    world.run(310)
    assert (task.last_status, task.stop_code) == ("STOPPED", "TaskFailedToStart")
    assert task.stopped_reason == "TaskFailedToStart: EMPTY CAPACITY PROVIDER"


def test_c16_other_constraints_are_no_part_of_the_estimate():
    """Source: developer guide, managed-scaling-behavior."""
    world = managed(desired=1)
    world.run(120)
    service = world.service(
        1,
        task_definition=big(world),
        placement_constraints=[{"type": "memberOf", "expression": "attribute:gpu exists"}],
    )
    world.run(300)
    assert raises(world) == []
    assert service.pending_count == 1


def test_c15_distinct_instance_is_part_of_the_estimate():
    """Source: developer guide, managed-scaling-behavior."""
    world = managed(desired=1, settings=Settings())
    world.run(400)
    world.service(3, task_definition=big(world, memory=100), placement_constraints=[{"type": "distinctInstance"}])
    world.run(200)
    assert raises(world) == [3]


def test_c17_target_capacity_below_100_keeps_room():
    """Source: API ManagedScaling."""
    scaling = {"status": "ENABLED", "targetCapacity": 50, "instanceWarmupPeriod": 0}
    world = managed(desired=1, managedScaling=scaling)
    world.run(120)
    world.service(2, task_definition=big(world))
    world.run(900)
    assert raises(world) == [2]
    assert metric(world).value == 50


def test_c18_the_group_never_leaves_its_bounds():
    """Source: developer guide, managed-scaling-behavior, cluster-auto-scaling."""
    world = managed(maximum=3)
    service = world.service(20, task_definition=big(world))
    world.run(3600)
    assert max(raises(world)) == 3
    assert service.running_count == 6


def test_c18_a_young_instance_blocks_the_next_scale_out():
    """Source: developer guide, managed-scaling-behavior, cluster-auto-scaling."""
    world = managed()
    world.service(8, task_definition=big(world))
    world.run(240)
    assert raises(world) == [2]
    world.run(240)
    assert raises(world) == [2, 4]


def test_c19_scale_in_after_fifteen_minutes_at_most_half_at_a_time():
    """Source: developer guide, managed-scaling-behavior; API ManagedScaling."""
    world = managed(desired=8, minimum=1)
    world.run(120)
    service = world.service(1, task_definition=big(world))
    world.steady(service)
    counts = []
    for _ in range(25):
        world.run(60)
        counts.append(len(world.container_instances()))
    assert counts[10] == 8
    fewer = [(before, after) for before, after in pairwise(counts) if before != after]
    assert fewer[0] == (8, 4)
    assert all(before - after <= max(1, before // 2) for before, after in fewer)
    assert counts[-1] == 1


def test_c19_a_scale_out_begins_the_fifteen_minutes_anew():
    """Source: developer guide, managed-scaling-behavior; API ManagedScaling."""
    world = managed(desired=2)
    world.run(120)
    world.service(6, task_definition=big(world))
    world.run(400)
    world.plane.update_service(service="web", desired_count=1)
    scaled_at = world.plane.state.capacity_providers["capacity"].last_scale_out_at
    world.run_until(lambda: any(isinstance(one, fx.TerminateInstance) for one in world.done), beat=10)
    assert world.plane.now - scaled_at >= 900


def test_c20_tasks_wait_in_provisioning_and_start_when_instances_come():
    """Source: ECS service quotas; API RunTask; developer guide, service-event-messages-list."""
    world = managed()
    service = world.service(2, task_definition=big(world))
    world.run(5)
    assert {one.last_status for one in service.deployments[0].tasks.values()} == {"PROVISIONING"}
    assert world.messages(service)[0].startswith("(service web) has started 2 tasks:")
    assert world.steady(service) < 240


def test_c20_at_most_500_tasks_wait_in_a_cluster():
    """Source: Amazon ECS service quotas."""
    world = managed(maximum=0)
    service = world.service(600)
    world.run(60)
    assert service.pending_count == 500
    assert (
        "(service web) was unable to place tasks in your cluster because the tasks provisioning capacity limit was "
        "exceeded." in world.messages(service)
    )


def test_c21_a_task_waits_fifteen_minutes_and_the_service_tries_again():
    """Source: AWS blog, deep-dive-on-amazon-ecs-cluster-auto-scaling."""
    world = managed(maximum=0)
    service = world.service(1, task_definition=big(world))
    world.run(5)
    first = next(iter(service.deployments[0].tasks.values()))
    world.run(920)
    assert first.last_status == "STOPPED"
    assert service.pending_count == 1


def test_d31_a_wait_that_ends_counts_for_the_breaker():
    """Source: no AWS document; inferred."""
    world = managed(maximum=0)
    breaker = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}
    service = world.service(1, task_definition=big(world), deployment_configuration=breaker)
    world.run(920)
    assert service.deployments[0].failed_tasks == 1


def test_c22_without_managed_scaling_nothing_waits_and_nothing_is_measured():
    """Trap D7. Source: developer guide, cluster-auto-scaling."""
    world = managed(managedScaling={"status": "DISABLED"})
    service = world.service(1, task_definition=big(world))
    world.run(120)
    assert service.pending_count == 0
    assert not any(isinstance(one, fx.PublishMetric) for one in world.done)
    assert world.messages(service)[0] == (
        "(service web) was unable to reach steady state. Reason: No Container Instances were found in your capacity "
        "provider."
    )


def test_c23_spread_over_instances_keeps_them_all():
    """Trap D13. Source: developer guide, cluster-auto-scaling, managed-termination-protection."""
    world = managed(desired=4)
    world.run(120)
    service = world.service(
        4, task_definition=big(world), placement_strategy=[{"type": "spread", "field": "instanceId"}]
    )
    world.run(3600)
    assert service.is_steady
    assert len(world.container_instances()) == 4


def test_c24_c25_termination_protection_saves_busy_instances():
    """Source: developer guide, managed-termination-protection; EC2 Auto Scaling user guide,
    ec2-auto-scaling-instance-protection.
    """
    world = managed(
        desired=4,
        protected=True,
        managedTerminationProtection="ENABLED",
        managedScaling={"status": "ENABLED", "targetCapacity": 100},
    )
    world.run(120)
    service = world.service(
        2,
        task_definition=big(world),
        placement_strategy=[{"type": "binpack", "field": "memory"}],
        placement_constraints=[],
    )
    world.steady(service)
    tasks = {one.id for one in world.running(service)}
    world.run(3600)
    assert len(world.container_instances()) == 1
    assert {one.id for one in world.running(service)} == tasks
    word = {
        instance: one.protected
        for one in world.done
        if isinstance(one, fx.ProtectInstances)
        for instance in one.instance_ids
    }
    (kept,) = world.container_instances()
    assert word.pop(kept.ec2_instance_id) is True
    assert list(word.values()) == [False] * 3, "each of the empty ones was let go"


def test_c3_an_instance_that_registered_before_the_association_has_no_provider():
    """Trap D5. Source: developer guide, asg-capacity-providers."""
    world = World()
    world.plane.create_cluster()
    world.group(desired=1)
    world.run(120)
    world.provider()
    assert world.container_instances()[0].capacity_provider_name == ""
    world.plane.group_observed(GROUP, name="group", minimum=0, maximum=5, desired=1)
    world.launch(GROUP, "us-east-1a", "t3.micro", "default")
    world.run(60)
    assert world.container_instances()[1].capacity_provider_name == "capacity"


def test_c2_an_instance_registers_after_its_boot_and_waits_for_its_cluster():
    """Source: ECS agent."""
    world = World()
    world.launch("", "us-east-1a", "t3.micro", "default")
    world.run(600)
    world.plane.create_cluster()
    assert world.container_instances() == []
    world.run(31)
    assert len(world.container_instances()) == 1
    boot = world.plane.state.settings.boot_seconds
    world.launch("", "us-east-1b", "t3.micro", "default")
    world.run(boot - 1)
    assert len(world.container_instances()) == 1
    world.run(2)
    assert [one.zone for one in world.container_instances()] == ["us-east-1a", "us-east-1b"]


def test_same_inputs_give_the_same_effects():
    def run():
        world = managed()
        service = world.service(5, task_definition=big(world))
        world.run(1200)
        world.plane.update_service(service=service.name, desired_count=1)
        world.run(3600)
        return world.done

    assert run() == run()


def test_c18_c19_a_drain_that_takes_long_does_not_block_the_next_scale_out():
    """Instances that lone tasks hold still count in the group's desired capacity.

    Source: developer guide, managed-scaling-behavior, cluster-auto-scaling; developer guide, managed-scaling-behavior;
    API ManagedScaling.
    """
    world = managed(desired=4)
    world.run(400)
    lone = world.plane.run_task(
        task_definition=big(world), count=4, placement_strategy=[{"type": "spread", "field": "instanceId"}]
    ).tasks
    oldest = sorted(one.ec2_instance_id for one in world.container_instances())[:2]
    for task in lone:
        assert task.container_instance is not None
        if task.container_instance.ec2_instance_id not in oldest:
            world.plane.stop_task(task=task.id)
    world.run(1200)
    assert [one.status for one in world.container_instances()].count("DRAINING") == 2
    before = raises(world)
    world.service(6, task_definition=big(world))
    world.run(120)
    assert len(raises(world)) > len(before)
