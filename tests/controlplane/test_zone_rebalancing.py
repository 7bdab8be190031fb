"""Availability Zone rebalancing and the loss of a zone. Source: developer guide, service-rebalancing."""

from __future__ import annotations

import pytest

from tests.fakes.world import World
from tinystacks.controlplane.errors import EcsError
from tinystacks.controlplane.zones import is_balanced

ON = {"availability_zone_rebalancing": "ENABLED"}
BINPACK = [{"type": "binpack", "field": "memory"}]
ZONE_RULE = [{"type": "memberOf", "expression": "attribute:ecs.availability-zone exists"}]


def lopsided(count=4, **given):
    """All tasks in one zone, then another zone gets room."""
    world = World()
    world.instances(1, zones=("us-east-1a",))
    service = world.service(count, **{**ON, **given})
    world.steady(service)
    world.instances(1, zones=("us-east-1b",))
    return world, service


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "ENABLED"),
        ({"placement_strategy": BINPACK}, "DISABLED"),
        ({"placement_constraints": ZONE_RULE}, "DISABLED"),
        ({"deployment_configuration": {"maximumPercent": 100, "minimumHealthyPercent": 0}}, "DISABLED"),
        ({"availability_zone_rebalancing": "DISABLED"}, "DISABLED"),
    ],
)
def test_z1_z2_on_by_default_where_the_service_is_eligible(given, expected):
    """Trap D11. Source: developer guide, service-rebalancing; API UpdateService."""
    world = World()
    world.instances(1)
    service = world.plane.create_service(
        service_name="web", task_definition=world.definition(), desired_count=1, **given
    )
    assert service.availability_zone_rebalancing == expected


@pytest.mark.parametrize("given", [{"placement_strategy": BINPACK}, {"placement_constraints": ZONE_RULE}])
def test_z2_asked_for_and_not_eligible_is_refused(given):
    """Source: developer guide, service-rebalancing."""
    world = World()
    world.instances(1)
    with pytest.raises(EcsError) as caught:
        world.service(1, **ON, **given)
    assert caught.value.code == "InvalidParameterException"


def test_z1_an_update_without_the_field_keeps_the_value():
    """Source: developer guide, service-rebalancing; API UpdateService."""
    world = World()
    world.instances(1)
    service = world.service(1, **ON)
    world.plane.update_service(service="web", desired_count=2)
    assert service.availability_zone_rebalancing == "ENABLED"


@pytest.mark.parametrize(
    ("counts", "desired", "balanced"),
    [
        ({"a": 2, "b": 2}, 4, True),
        ({"a": 2, "b": 1}, 3, True),
        ({"a": 3, "b": 1}, 4, False),
        ({"a": 1, "b": 0, "c": 0}, 1, True),
        ({"a": 1, "b": 1, "c": 0}, 3, False),
        ({}, 2, True),
    ],
)
def test_z3_when_a_service_is_balanced(counts, desired, balanced):
    """Source: developer guide, service-rebalancing."""
    assert is_balanced(counts, desired) is balanced


def test_z4_tasks_start_in_the_poorest_zone_and_stop_in_the_richest():
    """Source: developer guide, service-rebalancing."""
    world, service = lopsided()
    lowest = []
    for _ in range(600):
        world.run(1)
        lowest.append(len(service.deployments[0].healthy))
        assert len(service.deployments[0].tasks) <= 8
    assert min(lowest) >= 4
    assert world.zones_of(service) == {"us-east-1a": 2, "us-east-1b": 2, "us-east-1c": 0}
    assert service.is_steady


def test_z5_the_events():
    """Source: developer guide, service-rebalancing-event-messages-list."""
    world, service = lopsided()
    world.run(600)
    text = world.messages(service)
    begun = (
        "(service web) is not AZ balanced with 4 tasks in us-east-1a, 0 tasks in us-east-1b. "
        "AZ Rebalancing in progress."
    )
    done = "(service web) is AZ balanced with 2 tasks in us-east-1a, 2 tasks in us-east-1b."
    assert text.index(begun) < text.index(done)
    assert any("tasks in us-east-1b to AZ Rebalance: (task " in one for one in text)
    assert any("has stopped 1 running tasks in us-east-1a due to AZ rebalancing: (task " in one for one in text)


def test_z4_without_the_flag_tasks_stay_where_they_are():
    """Z10. Source: developer guide, service-rebalancing."""
    world, service = lopsided(availability_zone_rebalancing="DISABLED")
    world.run(3600)
    assert world.zones_of(service)["us-east-1a"] == 4


def test_z6_no_room_is_said_once_and_no_instance_is_launched():
    """Source: developer guide, service-rebalancing-event-messages-list."""
    world = World()
    world.instances(1, zones=("us-east-1a",))
    service = world.service(4, task_definition=world.definition(container={"memory": 1000}), **ON)
    world.steady(service)
    world.instances(1, "t3.micro", zones=("us-east-1b",))
    world.run(1200)
    text = (
        "(service web) is unable to place a task in us-east-1b because no container instance met all of its "
        "requirements."
    )
    assert world.messages(service).count(text) == 1
    assert world.zones_of(service)["us-east-1a"] == 4


def test_d44_a_deployment_interrupts_rebalancing():
    """Source: developer guide, service-rebalancing; developer guide, container-instance-draining."""
    world, service = lopsided()
    world.behave("good", start=300)
    world.run_until(lambda: service.rebalancing)
    world.behave("good", start=2)
    world.plane.update_service(service="web", task_definition=world.definition("v2"))
    world.run(1)
    world.steady(service)
    assert len(service.deployments[0].tasks) == 4
    world.run(600)
    assert world.zones_of(service) == {"us-east-1a": 2, "us-east-1b": 2, "us-east-1c": 0}


def test_z8_z9_the_loss_of_a_zone_moves_the_tasks_to_where_room_is():
    """Source: EC2 Auto Scaling user guide, auto-scaling-benefits; developer guide, task-placement-strategies."""
    world = World()
    world.instances(6)
    service = world.service(6, **ON)
    world.steady(service)
    for instance in [one for one in world.container_instances() if one.zone == "us-east-1a"]:
        world.terminate(instance.ec2_instance_id)
    world.run(120)
    assert world.zones_of(service) == {"us-east-1a": 0, "us-east-1b": 3, "us-east-1c": 3}
    assert service.is_steady


def test_z10_when_the_zone_returns_the_service_spreads_again():
    """Source: developer guide, service-rebalancing; EC2 Auto Scaling user guide, auto-scaling-benefits."""
    world = World()
    world.instances(4, zones=("us-east-1b", "us-east-1c"))
    service = world.service(6, **ON)
    world.steady(service)
    world.instances(2, zones=("us-east-1a",))
    world.run(1800)
    assert world.zones_of(service) == {"us-east-1a": 2, "us-east-1b": 2, "us-east-1c": 2}
