"""Fargate without capacity, in a zone or in all, and lost hosts. Source: developer guide, messages of services."""

from __future__ import annotations

import pytest

from tests.fakes.world import World

SUBNETS = {"awsvpcConfiguration": {"subnets": ["subnet-a", "subnet-b", "subnet-c"]}}
ZONES = ("us-east-1a", "us-east-1b", "us-east-1c")
UNAVAILABLE = "Capacity is unavailable at this time. Please try again later or in a different availability zone."


@pytest.fixture
def world():
    made = World()
    made.plane.create_cluster()
    return made


def fargate_definition(world):
    return world.definition(
        networkMode="awsvpc", requiresCompatibilities=["FARGATE"], cpu="256", memory="512", family="serverless"
    )


def fargate_service(world, count=3):
    service = world.plane.create_service(
        service_name="web",
        task_definition=fargate_definition(world),
        desired_count=count,
        launch_type="FARGATE",
        network_configuration=SUBNETS,
        availability_zone_rebalancing="ENABLED",
    )
    world.steady(service)
    return service


def test_p33_without_capacity_nothing_starts_and_the_event_says_so(world):
    """Source: developer guide, service-event-messages-list."""
    service = fargate_service(world)
    world.plane.fargate_capacity(full_zones=ZONES)
    world.plane.stop_task(task=world.running(service)[0].id)
    world.run(300)
    assert len(world.running(service)) == 2
    assert world.messages(service).count(f"(service web) was unable to place a task. Reason: {UNAVAILABLE}") == 1
    world.plane.fargate_capacity(full_zones=())
    world.run(120)
    assert len(world.running(service)) == 3


def test_p33_a_lone_task_without_capacity_is_a_failure(world):
    """Source: developer guide, service-event-messages-list."""
    definition = fargate_definition(world)
    world.plane.fargate_capacity(full_zones=ZONES)
    result = world.plane.run_task(task_definition=definition, launch_type="FARGATE", network_configuration=SUBNETS)
    assert [one.reason for one in result.failures] == [UNAVAILABLE]
    assert not world.plane.state.tasks


def test_z8_tasks_of_a_lost_zone_go_to_the_others_and_z10_come_back_with_it(world):
    """Source: EC2 Auto Scaling user guide, auto-scaling-benefits; developer guide, service-rebalancing."""
    service = fargate_service(world)
    assert world.zones_of(service) == dict.fromkeys(ZONES, 1)
    world.plane.fargate_capacity(full_zones=ZONES[:1])
    lost = next(one for one in world.running(service) if one.zone == ZONES[0])
    world.plane.host_lost(lost.id)
    world.run(600)
    assert (lost.stop_code, lost.last_status) == ("InfrastructureHealth", "STOPPED")
    assert sorted(world.zones_of(service).values()) == [0, 1, 2]
    assert world.zones_of(service)[ZONES[0]] == 0
    assert len(world.running(service)) == 3
    world.plane.fargate_capacity(full_zones=())
    world.run(600)
    assert world.zones_of(service) == dict.fromkeys(ZONES, 1)
