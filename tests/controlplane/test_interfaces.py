"""Network interfaces of awsvpc tasks."""

from __future__ import annotations

import ipaddress

from tests.fakes.world import World
from tinystacks.controlplane.ports import SubnetFacts


def test_t2_a_task_has_an_address_of_its_own_in_its_subnet():
    """API NetworkInterface; VPC user guide, subnet-sizing: the first four addresses and the last are reserved."""
    world = World()
    world.instances(1)
    world.surroundings.subnets["subnet-own"] = SubnetFacts(zone="eu-central-1b", vpc_id="vpc-1", cidr="10.9.0.0/28")
    definition = world.definition(
        requiresCompatibilities=["FARGATE"], networkMode="awsvpc", cpu="256", memory="512", family="own"
    )
    network = {"awsvpcConfiguration": {"subnets": ["subnet-own"]}}
    tasks = [
        *world.plane.run_task(
            task_definition=definition, launch_type="FARGATE", count=10, network_configuration=network
        ).tasks,
        *world.plane.run_task(task_definition=definition, launch_type="FARGATE", network_configuration=network).tasks,
    ]
    hosts = list(ipaddress.ip_network("10.9.0.0/28"))[4:-1]
    assert {task.private_ip for task in tasks} == {str(one) for one in hosts}
    assert {task.subnet_id for task in tasks} == {"subnet-own"}


def test_t2_on_ec2_the_interface_is_in_the_subnet_that_was_asked_for():
    """API AwsVpcConfiguration: the subnets associated with the task, not the instance's own."""
    world = World()
    world.instances(1)
    zone = world.container_instances()[0].zone
    world.surroundings.subnets["subnet-own"] = SubnetFacts(zone=zone, vpc_id="vpc-1", cidr="10.9.0.0/24")
    definition = world.definition(networkMode="awsvpc", family="own")
    network = {"awsvpcConfiguration": {"subnets": ["subnet-own"]}}
    [task] = world.plane.run_task(task_definition=definition, network_configuration=network).tasks
    assert task.subnet_id == "subnet-own"
    assert ipaddress.ip_address(task.private_ip) in ipaddress.ip_network("10.9.0.0/24")
