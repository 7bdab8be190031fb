"""Placement of tasks on container instances. Sources are pages of the Amazon ECS developer guide and API shapes."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.fakes.world import TYPES, ZONES, World
from tinystacks.controlplane.container_instances import registered_memory
from tinystacks.controlplane.errors import EcsError
from tinystacks.controlplane.settings import Settings


def spread(field):
    return {"type": "spread", "field": field}


BY_ZONE = spread("attribute:ecs.availability-zone")


def host(task):
    assert task.container_instance is not None
    return task.container_instance


def per_instance(world, service):
    return Counter(
        host(task).ec2_instance_id for deployment in service.deployments for task in deployment.tasks.values()
    )


def test_p3_registered_cpu_is_1024_units_per_vcpu():
    """Source: ECS agent, getResources."""
    world = World()
    world.instances(1, "m5.xlarge")
    assert world.container_instances()[0].cpu == 4096


def test_p3_registered_memory_is_less_what_the_agent_keeps():
    """Source: ECS agent, getResources and ECS_RESERVED_MEMORY."""
    world = World()
    world.plane.create_cluster()
    kept: dict[str, Any] = {
        "zone": "us-east-1a",
        "instance_type": "m5.large",
        "cluster": "default",
        "reserved_memory": 32,
    }
    world.plane.instance_launched("", "i-1", **kept)
    world.run(world.plane.state.settings.boot_seconds + 1)
    assert world.container_instances()[0].memory == registered_memory("m5.large", TYPES["m5.large"].memory_mib) - 32


def test_p4_task_level_sizes_win_over_container_sizes():
    """Source: ECS agent, ToHostResources; API ContainerDefinition."""
    world = World()
    definition = world.plane.state.active_task_definition(world.definition(cpu="512", memory="400"))
    assert (definition.needs.cpu, definition.needs.memory) == (512, 400)


def test_p4_the_reservation_is_counted_where_there_is_one():
    """Source: API ContainerDefinition, memoryReservation."""
    world = World()
    definition = world.plane.state.active_task_definition(
        world.definition(container={"memory": 512, "memoryReservation": 200})
    )
    assert definition.needs.memory == 200


@pytest.mark.parametrize(("kind", "memory"), [("t3.small", 1901), ("m5.large", 7680), ("m5.xlarge", 15576)])
def test_p5_registered_memory_is_what_agents_were_seen_to_register(kind, memory):
    """Source: developer guide, memory-management."""
    assert registered_memory(kind, TYPES[kind].memory_mib) == memory


def test_p5_a_1024_mib_task_never_fits_a_t3_micro():
    """Source: developer guide, memory-management (trap E2)."""
    world = World()
    world.instances(1, "t3.micro")
    service = world.service(1, task_definition=world.definition(container={"memory": 1024}))
    world.run(60)
    assert service.running_count == 0
    assert "has insufficient memory available." in world.messages(service)[0]


def test_p7_a_fixed_host_port_takes_one_task_per_instance():
    """Source: API PortMapping."""
    world = World()
    world.instances(2)
    service = world.service(
        3, task_definition=world.definition(container={"portMappings": [{"containerPort": 8080, "hostPort": 80}]})
    )
    world.run(60)
    assert set(per_instance(world, service).values()) == {1}
    assert "is already using a port required by your task." in " ".join(world.messages(service))


def test_p7_tcp_and_udp_are_apart():
    """Source: ECS agent README."""
    world = World()
    world.instances(1)
    tcp = {"portMappings": [{"containerPort": 53, "hostPort": 53, "protocol": "tcp"}]}
    udp = {"portMappings": [{"containerPort": 53, "hostPort": 53, "protocol": "udp"}]}
    one = world.service(1, name="one", task_definition=world.definition(family="one", container=tcp))
    two = world.service(1, name="two", task_definition=world.definition(family="two", container=udp))
    world.run(60)
    assert (one.running_count, two.running_count) == (1, 1)


def test_p7_the_agents_own_ports_are_taken():
    """Source: ECS agent, config_unix."""
    world = World()
    world.instances(1)
    service = world.service(
        1, task_definition=world.definition(container={"portMappings": [{"containerPort": 22, "hostPort": 22}]})
    )
    world.run(30)
    assert service.running_count == 0


def test_p8_awsvpc_tasks_take_one_interface_each_and_the_first_is_the_instances():
    """Source: developer guide, eni-trunking-supported-instance-types (trap E1)."""
    world = World()
    world.instances(1, "m5.large")
    service = world.service(
        3,
        task_definition=world.definition(networkMode="awsvpc"),
        network_configuration={"awsvpcConfiguration": {"subnets": ["subnet-a"]}},
    )
    world.run(120)
    assert service.running_count == 2
    assert 'encountered error "RESOURCE:ENI".' in " ".join(world.messages(service))


def test_p2_awsvpc_tasks_go_only_to_zones_of_their_subnets():
    """Source: developer guide, api_failures_messages (LOCATION)."""
    world = World()
    world.instances(6)
    service = world.service(
        2,
        task_definition=world.definition(networkMode="awsvpc"),
        network_configuration={"awsvpcConfiguration": {"subnets": ["subnet-b"]}},
    )
    world.run(120)
    assert world.zones_of(service) == {"us-east-1a": 0, "us-east-1b": 2, "us-east-1c": 0}


def test_p2_a_disconnected_agent_gets_nothing():
    """Source: API ContainerInstance, agentConnected."""
    world = World()
    world.instances(1)
    world.plane.agent_connection(world.container_instances()[0].ec2_instance_id, connected=False)
    service = world.service(1)
    world.run(30)
    assert service.running_count == 0
    assert 'encountered error "AGENT".' in " ".join(world.messages(service))


def test_p9_room_is_given_back_when_the_stop_begins_and_the_new_task_waits_for_the_old_one():
    """Source: ECS agent pull request 3757; containers-roadmap issue 575."""
    world = World()
    world.behave("slow", stop=20)
    world.instances(1, "t3.micro")
    first = world.service(1, "slow", task_definition=world.definition("slow", container={"memory": 600}))
    world.steady(first)
    world.plane.update_service(service="web", desired_count=0)
    world.run(2)
    instance = world.container_instances()[0]
    assert instance.remaining_memory == instance.memory
    second = world.service(1, name="second", task_definition=world.definition(family="s", container={"memory": 600}))
    world.run(10)
    assert second.pending_count == 1
    assert len(instance.start_queue) == 1
    world.run(30)
    assert second.running_count == 1


def test_p14_a_service_without_strategy_spreads_over_zones_then_instances():
    """Source: developer guide, update-service-parameters."""
    world = World()
    world.instances(6)
    service = world.service(6)
    world.run(30)
    assert world.zones_of(service) == dict.fromkeys(ZONES, 2)
    assert set(per_instance(world, service).values()) == {1}


def test_p15_spread_by_instance_fills_the_emptiest_instances_first():
    """Source: developer guide, task-placement-strategies."""
    world = World()
    world.instances(4)
    service = world.service(6, placement_strategy=[spread("instanceId")])
    world.run(30)
    assert sorted(per_instance(world, service).values()) == [1, 1, 2, 2]


def test_p15_spread_by_a_custom_attribute():
    """Source: developer guide, task-placement-strategies."""
    world = World()
    world.instances(4)
    for number, instance in enumerate(world.container_instances()):
        rack = "one" if number == 0 else "two"
        world.plane.put_attributes(attributes=[{"name": "rack", "value": rack, "targetId": instance.arn}])
    service = world.service(4, placement_strategy=[spread("attribute:rack")])
    world.run(30)
    racks = Counter(
        host(task).attributes["rack"] for deployment in service.deployments for task in deployment.tasks.values()
    )
    assert racks == {"one": 2, "two": 2}


def test_p16_binpack_fills_one_instance_before_the_next():
    """Source: API PlacementStrategy."""
    world = World()
    world.instances(3, "t3.small")
    service = world.service(
        4,
        placement_strategy=[{"type": "binpack", "field": "memory"}],
        task_definition=world.definition(container={"memory": 900}),
    )
    world.run(30)
    assert sorted(per_instance(world, service).values()) == [2, 2]


def test_p16_random_uses_several_instances_and_the_seed_decides():
    """Source: API PlacementStrategy."""

    def placed(seed):
        world = World(seed=seed)
        world.instances(5)
        service = world.service(10, placement_strategy=[{"type": "random"}])
        world.run(30)
        return per_instance(world, service)

    assert placed(3) == placed(3)
    assert len(placed(3)) > 1


def test_p17_strategies_narrow_one_after_the_other():
    """Zone first, then packing inside the zone. Source: developer guide, task-placement-strategies."""
    world = World()
    world.instances(6)
    service = world.service(6, placement_strategy=[BY_ZONE, {"type": "binpack", "field": "memory"}])
    world.run(30)
    assert world.zones_of(service) == dict.fromkeys(ZONES, 2)
    assert len(per_instance(world, service)) == 3


def test_p17_a_spread_after_packing_still_narrows():
    """Source: developer guide, task-placement-strategies."""
    world = World()
    world.instances(3)
    service = world.service(4, placement_strategy=[{"type": "binpack", "field": "cpu"}, BY_ZONE])
    world.run(30)
    assert len(per_instance(world, service)) == 1


def test_p1_strategies_never_block():
    """A full zone is passed over. Source: developer guide, task-placement-strategies."""
    world = World()
    world.instances(1, "t3.small", zones=("us-east-1a",))
    world.instances(1, "m5.large", zones=("us-east-1b",))
    service = world.service(
        5, placement_strategy=[BY_ZONE], task_definition=world.definition(container={"memory": 900})
    )
    world.run(30)
    assert world.zones_of(service) == {"us-east-1a": 2, "us-east-1b": 3, "us-east-1c": 0}


def test_p19_same_inputs_give_the_same_instances():
    """Ties are broken by a fixed order. Source: developer guide, task-placement-strategies."""

    def run():
        world = World()
        world.instances(7)
        service = world.service(9)
        world.run(60)
        return [(task.id, host(task).id) for deployment in service.deployments for task in deployment.tasks.values()]

    assert run() == run()


def test_p20_at_most_500_tasks_of_a_service_start_in_a_minute():
    """Source: Amazon ECS service quotas."""
    world = World()
    world.instances(60)
    service = world.service(700)
    world.run(10)
    first = service.running_count + service.pending_count
    assert 500 <= first < 600
    world.run(30)
    assert service.running_count + service.pending_count == 700


def test_p22_distinct_instance_takes_one_task_per_instance():
    """Source: developer guide, task-placement-constraints."""
    world = World()
    world.instances(2)
    service = world.service(3, placement_constraints=[{"type": "distinctInstance"}])
    world.run(60)
    assert per_instance(world, service).most_common(1)[0][1] == 1
    assert service.running_count == 2


def test_p22_old_revisions_block_new_ones_unless_the_setting_says_otherwise():
    """An open point of AWS's documents, hence a setting. Source: developer guide, task-placement-constraints."""
    for counts in (True, False):
        world = World(settings=Settings(old_revisions_count_for_distinct_instance=counts))
        world.instances(2)
        service = world.service(2, placement_constraints=[{"type": "distinctInstance"}])
        world.steady(service)
        world.plane.update_service(service="web", task_definition=world.definition("v2"))
        world.run(20)
        assert (len(service.deployments[0].tasks) == 0) is counts


def test_p26_member_of_sees_the_built_in_attributes():
    """Source: developer guide, task-placement-constraints."""
    world = World()
    world.instances(3)
    service = world.service(
        2,
        placement_constraints=[{"type": "memberOf", "expression": "attribute:ecs.availability-zone == us-east-1c"}],
    )
    world.run(30)
    assert world.zones_of(service)["us-east-1c"] == 2


def test_p25_task_group_keeps_services_apart():
    """Source: developer guide, cluster-query-language."""
    world = World()
    world.instances(2)
    one = world.service(1, name="databases")
    world.run(30)
    two = world.service(
        2, placement_constraints=[{"type": "memberOf", "expression": "not(task:group == service:databases)"}]
    )
    world.run(30)
    assert not set(per_instance(world, one)) & set(per_instance(world, two))


def test_p27_a_running_task_stays_when_its_instance_no_longer_fits():
    """Source: API CreateService, placementConstraints."""
    world = World()
    world.instances(1)
    instance = world.container_instances()[0]
    world.plane.put_attributes(attributes=[{"name": "kind", "value": "web", "targetId": instance.arn}])
    service = world.service(1, placement_constraints=[{"type": "memberOf", "expression": "attribute:kind == web"}])
    world.steady(service)
    world.plane.delete_attributes(attributes=[{"name": "kind", "targetId": instance.arn}])
    world.run(120)
    assert service.running_count == 1


@pytest.mark.parametrize(
    ("container", "text"),
    [
        ({"cpu": 4096}, "has insufficient CPU units available."),
        ({"memory": 99999}, "has insufficient memory available."),
    ],
)
def test_p30_the_event_names_the_closest_instance_and_why(container, text):
    """Source: developer guide, service-event-messages-list."""
    world = World()
    world.instances(1)
    service = world.service(1, task_definition=world.definition(container=container))
    world.run(5)
    identity = world.container_instances()[0].id
    assert world.messages(service) == [
        (
            "(service web) was unable to place a task because no container instance met all of its requirements. "
            f"The closest matching (container-instance {identity}) {text} For more information, see the "
            "Troubleshooting section of the Amazon ECS Developer Guide."
        )
    ]


def test_p30_no_instance_at_all():
    """Source: developer guide, service-event-messages-list (trap E7)."""
    world = World()
    world.plane.create_cluster()
    service = world.service(1)
    world.run(5)
    assert world.messages(service) == [
        (
            "(service web) was unable to place a task because no container instance met all of its requirements. "
            "Reason: No Container Instances were found in your cluster."
        )
    ]


def test_p29_the_order_of_the_tests_is_a_setting():
    """Which failure AWS names is not documented. Source: no AWS document; a choice of the model."""
    for order, text in ((("CPU", "MEMORY"), "CPU units"), (("MEMORY", "CPU"), "memory")):
        world = World(settings=Settings(failure_tests=order))
        world.instances(1)
        service = world.service(1, task_definition=world.definition(container={"cpu": 9999, "memory": 99999}))
        world.run(5)
        assert f"has insufficient {text} available" in world.messages(service)[0]


def test_p34_the_same_event_is_not_repeated_within_six_hours():
    """Source: developer guide, service-event-messages."""
    world = World()
    world.instances(1)
    service = world.service(1, task_definition=world.definition(container={"memory": 99999}))
    world.run(3600)
    assert len(service.events) == 1
    world.run(6 * 3600)
    assert len(service.events) == 2


def test_p34_at_most_100_events_are_kept_newest_first():
    """Source: API Service, events."""
    world = World()
    world.instances(1)
    service = world.service(1)
    world.steady(service)
    for _ in range(60):
        world.plane.stop_task(task=world.running(service)[0].arn)
        world.run(60)
    assert len(service.events) == 100
    assert service.events[0].created_at >= service.events[-1].created_at


def test_p35_scale_in_takes_from_the_fullest_zone_then_the_fullest_instance():
    """Source: developer guide, update-service-parameters."""
    world = World()
    world.instances(1, zones=("us-east-1a",))
    service = world.service(4)
    world.steady(service)
    world.instances(1, zones=("us-east-1b",))
    world.plane.update_service(service="web", desired_count=6)
    world.steady(service)
    assert world.zones_of(service) == {"us-east-1a": 4, "us-east-1b": 2, "us-east-1c": 0}
    world.plane.update_service(service="web", desired_count=4)
    world.run(5)
    assert world.zones_of(service) == {"us-east-1a": 2, "us-east-1b": 2, "us-east-1c": 0}


def test_p35_scale_in_takes_from_the_instance_with_most_tasks_not_the_newest():
    """Source: developer guide, update-service-parameters."""
    world = World()
    world.instances(1, zones=("us-east-1a",))
    service = world.service(3)
    world.steady(service)
    world.instances(1, zones=("us-east-1a",))
    world.plane.update_service(service="web", desired_count=4)
    world.steady(service)
    older, newer = (one.ec2_instance_id for one in world.container_instances())
    assert per_instance(world, service) == {older: 3, newer: 1}
    for desired, left in ((3, {older: 2, newer: 1}), (2, {older: 1, newer: 1})):
        world.plane.update_service(service="web", desired_count=desired)
        world.run(5)
        assert per_instance(world, service) == left


def test_p35_binpack_stops_where_most_is_left():
    """Source: developer guide, task-placement-strategies."""
    world = World()
    world.instances(3, "t3.small")
    service = world.service(
        5,
        placement_strategy=[{"type": "binpack", "field": "memory"}],
        task_definition=world.definition(container={"memory": 600}),
    )
    world.steady(service)
    assert sorted(per_instance(world, service).values()) == [2, 3]
    world.plane.update_service(service="web", desired_count=3)
    world.run(5)
    assert list(per_instance(world, service).values()) == [3]


def test_p36_tasks_that_do_not_run_yet_stop_first():
    """Source: inferred; API CreateService."""
    world = World()
    world.behave("good", start=30)
    world.instances(3)
    service = world.service(2)
    world.steady(service)
    kept = {one.id for one in world.running(service)}
    world.plane.update_service(service="web", desired_count=4)
    world.run(5)
    world.plane.update_service(service="web", desired_count=2)
    world.run(5)
    assert set(service.deployments[0].tasks) == kept


def test_p12_fargate_takes_no_strategy_and_no_constraint():
    """Source: API PlacementConstraint."""
    world = World()
    world.plane.create_cluster()
    definition = world.definition(requiresCompatibilities=["FARGATE"], networkMode="awsvpc", cpu="256", memory="512")
    with pytest.raises(EcsError) as caught:
        world.service(
            1,
            task_definition=definition,
            launch_type="FARGATE",
            placement_strategy=[BY_ZONE],
            network_configuration={"awsvpcConfiguration": {"subnets": ["subnet-a"]}},
        )
    assert caught.value.code == "InvalidParameterException"


def test_p12_fargate_spreads_over_the_zones_of_the_subnets_without_instances():
    """Source: developer guide, service-rebalancing."""
    world = World()
    world.plane.create_cluster()
    definition = world.definition(requiresCompatibilities=["FARGATE"], networkMode="awsvpc", cpu="256", memory="512")
    service = world.service(
        4,
        task_definition=definition,
        launch_type="FARGATE",
        network_configuration={"awsvpcConfiguration": {"subnets": ["subnet-a", "subnet-b"]}},
    )
    world.steady(service)
    assert world.zones_of(service) == {"us-east-1a": 2, "us-east-1b": 2, "us-east-1c": 0}
