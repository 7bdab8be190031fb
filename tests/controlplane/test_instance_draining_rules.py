"""Draining of instances. Sources: developer guide, container-instance-draining and managed-instance-draining."""

from __future__ import annotations

import pytest

from tests.fakes.world import GROUP, World
from tinystacks.controlplane import effects as fx
from tinystacks.controlplane.errors import EcsError


def drain(world, instance, status="DRAINING"):
    return world.plane.update_container_instances_state(container_instances=[instance.arn], status=status)


def test_c1_an_instance_is_active_draining_or_inactive_whatever_its_agent():
    """API ContainerInstance, status and agentConnected."""
    world = World()
    world.instances(1)
    [instance] = world.container_instances()
    assert (instance.status, instance.agent_connected) == ("ACTIVE", True)
    world.plane.agent_connection(instance.ec2_instance_id, connected=False)
    assert (instance.status, instance.agent_connected) == ("ACTIVE", False)
    world.plane.agent_connection(instance.ec2_instance_id, connected=True)
    drain(world, instance)
    assert (instance.status, instance.agent_connected) == ("DRAINING", True)
    world.plane.deregister_container_instance(container_instance=instance.arn)
    assert (instance.status, instance.agent_connected) == ("INACTIVE", False)
    assert world.container_instances() == []


def test_c4_running_tasks_move_under_the_bounds_and_nothing_new_comes():
    """Source: API UpdateContainerInstancesState; developer guide, container-instance-draining."""
    world = World()
    world.instances(3)
    service = world.service(3)
    world.steady(service)
    drained = world.container_instances()[0]
    drain(world, drained)
    for _ in range(120):
        world.run(1)
        assert sum(len(one.healthy) for one in service.deployments) >= 3
    assert not drained.tasks
    assert service.is_steady
    assert drained.status == "DRAINING"


def test_c4_with_100_to_100_percent_an_instance_never_drains():
    """Source: API UpdateContainerInstancesState; developer guide, container-instance-draining."""
    world = World()
    world.instances(2)
    service = world.service(2, deployment_configuration={"minimumHealthyPercent": 100, "maximumPercent": 100})
    world.steady(service)
    drained = world.container_instances()[0]
    drain(world, drained)
    world.run(1800)
    assert len(drained.tasks) == 1


def test_c4_with_50_to_100_percent_the_old_one_stops_first():
    """Source: API UpdateContainerInstancesState; developer guide, container-instance-draining."""
    world = World()
    world.instances(2)
    service = world.service(2, deployment_configuration={"minimumHealthyPercent": 50, "maximumPercent": 100})
    world.steady(service)
    drained = world.container_instances()[0]
    (moving,) = drained.tasks.values()
    drain(world, drained)
    world.run(1)
    assert moving.desired_status == "STOPPED"
    assert len(service.deployments[0].tasks) == 1, "nothing new beside it: 100 % is the most"
    for _ in range(120):
        world.run(1)
        assert len(service.deployments[0].healthy) >= 1
        assert len(service.deployments[0].tasks) + len(service.stopping) <= 2
    assert not drained.tasks
    assert (service.is_steady, service.running_count) == (True, 2)


def test_c4_pending_tasks_stop_at_once():
    """Source: API UpdateContainerInstancesState; developer guide, container-instance-draining."""
    world = World()
    world.behave("slow", start=300)
    world.instances(2)
    service = world.service(2, "slow")
    world.run(5)
    drained = world.container_instances()[0]
    (pending,) = drained.tasks.values()
    assert pending.last_status == "PENDING"
    drain(world, drained)
    world.run(5)
    assert not drained.tasks
    assert (pending.desired_status, pending.stop_code) == ("STOPPED", "ServiceSchedulerInitiated")
    assert len(service.deployments[0].tasks) == 2
    assert "(service web) stopped 1 pending tasks." in world.messages(service)


def test_c4_lone_tasks_stay_and_the_way_back_is_open():
    """Source: API UpdateContainerInstancesState; developer guide, container-instance-draining."""
    world = World()
    world.instances(1)
    task = world.plane.run_task(task_definition=world.definition()).tasks[0]
    world.run(5)
    drained = world.container_instances()[0]
    drain(world, drained)
    world.run(600)
    assert task.last_status == "RUNNING"
    drain(world, drained, "ACTIVE")
    assert drained.status == "ACTIVE"


def test_a20_unknown_instances_fail():
    """Source: API UpdateContainerInstancesState."""
    world = World()
    world.instances(1)
    _, failures = world.plane.update_container_instances_state(container_instances=["0" * 32], status="DRAINING")
    assert [one.reason for one in failures] == ["MISSING"]


def test_c5_deregistration_with_tasks_needs_force():
    """Source: API DeregisterContainerInstance."""
    world = World()
    world.instances(2)
    service = world.service(2)
    world.steady(service)
    instance = world.container_instances()[0]
    task = next(iter(instance.tasks.values()))
    with pytest.raises(EcsError):
        world.plane.deregister_container_instance(container_instance=instance.arn)
    world.plane.deregister_container_instance(container_instance=instance.arn, force=True)
    assert task.stopped_reason == "Container instance deregistration forced by user"
    world.run(120)
    assert service.running_count == 2
    assert instance.status == "INACTIVE"


def managed(**given):
    world = World()
    world.plane.create_cluster()
    world.group(desired=2, maximum=4, types=("m5.large",))
    world.provider(**given)
    world.run(120)
    return world


def test_c26_a_terminating_instance_is_released_when_its_tasks_are_gone():
    """Source: developer guide, managed-instance-draining."""
    world = managed()
    service = world.service(2)
    world.steady(service)
    instance = world.container_instances()[0]
    world.plane.instance_terminating(instance.ec2_instance_id)
    assert instance.status == "DRAINING"
    world.run(5)
    assert not any(isinstance(one, fx.CompleteInstanceDraining) for one in world.done)
    world.run(120)
    assert fx.CompleteInstanceDraining(instance_id=instance.ec2_instance_id) in world.done
    assert service.running_count == 2


def test_c26_lone_tasks_hold_it_for_48_hours():
    """Trap C5. Source: developer guide, managed-instance-draining."""
    world = managed()
    task = world.plane.run_task(task_definition=world.definition()).tasks[0]
    world.run(10)
    assert task.container_instance is not None
    identity = task.container_instance.ec2_instance_id
    world.plane.instance_terminating(identity)
    world.run(47 * 3600)
    assert fx.CompleteInstanceDraining(instance_id=identity) not in world.done
    world.run(2 * 3600)
    assert fx.CompleteInstanceDraining(instance_id=identity) in world.done


def test_c26_without_managed_draining_tasks_die_with_the_instance():
    """Source: developer guide, managed-instance-draining."""
    world = managed(managedDraining="DISABLED")
    service = world.service(2)
    world.steady(service)
    instance = world.container_instances()[0]
    task = next(iter(instance.tasks.values()))
    world.plane.instance_terminating(instance.ec2_instance_id)
    world.run(1)
    assert task.stop_code == "TerminationNotice"


def test_c26_daemon_tasks_stop_last():
    """Source: developer guide, managed-instance-draining."""
    world = managed()
    daemon = world.plane.create_service(
        service_name="agent", task_definition=world.definition(family="agent"), scheduling_strategy="DAEMON"
    )
    service = world.service(2)
    world.steady(service)
    instance = world.container_instances()[0]
    mine = next(one for one in instance.tasks.values() if one.group == "service:web")
    other = next(one for one in instance.tasks.values() if one.group == "service:agent")
    world.plane.instance_terminating(instance.ec2_instance_id)
    world.run(200)
    assert mine.stopped_at is not None
    assert other.stopping_at is not None
    assert mine.stopped_at <= other.stopping_at
    assert daemon.running_count == len(world.container_instances())


def test_c12_a_managed_provider_serves_one_cluster():
    """Source: developer guide, cluster-auto-scaling."""
    world = managed()
    world.plane.create_cluster(cluster_name="other")
    with pytest.raises(EcsError):
        world.plane.put_cluster_capacity_providers(
            cluster="other", capacity_providers=["capacity"], default_capacity_provider_strategy=[]
        )
    assert world.plane.state.capacity_providers["capacity"].auto_scaling_group_arn == GROUP


def test_c27_a_spot_interruption_drains_the_instance():
    """Source: developer guide, container-instance-draining (trap E8)."""
    world = managed()
    service = world.service(2)
    world.steady(service)
    instance = world.container_instances()[0]
    world.plane.instance_interrupted(instance.ec2_instance_id)
    world.run(2)
    assert instance.status == "DRAINING"
    world.run(110)
    assert not instance.tasks
    assert service.running_count == 2


def test_t19_fargate_spot_takes_a_task_back():
    """Source: API CapacityProviderStrategyItem."""
    world = World()
    world.plane.create_cluster(capacity_providers=["FARGATE_SPOT"])
    definition = world.definition(requiresCompatibilities=["FARGATE"], networkMode="awsvpc", cpu="256", memory="512")
    service = world.service(
        1,
        task_definition=definition,
        capacity_provider_strategy=[{"capacityProvider": "FARGATE_SPOT", "weight": 1}],
        network_configuration={"awsvpcConfiguration": {"subnets": ["subnet-a"]}},
    )
    world.steady(service)
    task = world.running(service)[0]
    world.plane.task_interrupted(task.id)
    world.run(120)
    assert (task.stop_code, task.stopped_reason) == ("SpotInterruption", "Your Spot Task was interrupted.")
    assert service.running_count == 1
