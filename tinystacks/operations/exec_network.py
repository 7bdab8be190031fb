"""Whether the agent in a task reaches Session Manager: a public address, a NAT gateway, or an endpoint (I6).

Source: ECS developer guide, "Using Amazon ECS Exec" (a task without a way out needs the interface endpoint
`com.amazonaws.REGION.ssmmessages`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinystacks.aws_calls import aws_errors
from tinystacks.errors import AwsError
from tinystacks.operations.exec_answers import members, text
from tinystacks.operations.exec_model import AccessCheck

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tinystacks.operations.exec_instances import TaskInstance
    from tinystacks.operations.exec_model import ExecTask

NAME = "Way to Session Manager"
_DEFAULT_ROUTE = "0.0.0.0/0"
_WAYS_OUT = ("NatGatewayId", "TransitGatewayId", "NetworkInterfaceId", "InstanceId", "VpcPeeringConnectionId")
_MEND = (
    "Give the network a way: `nat: single`, `nat: per_az` or `vpc_endpoints: true` under `network:`; or an interface "
    "endpoint for com.amazonaws.{region}.ssmmessages."
)


def check_network(client: Callable[[str], Any], instance: TaskInstance, task: ExecTask, region: str) -> AccessCheck:
    """Look for the way of a task to Session Manager.

    Args:
        client: gives a boto3 client by service name.
        instance: the one under the task.
        task: the task.
        region: the stage's.
    """
    try:
        with aws_errors("ec2", "network of the task"):
            return _check(client("ec2"), instance, task, region)
    except AwsError as error:
        return AccessCheck(
            name=NAME, verdict="warning", found=f"could not be looked at: {error.message}", mend="Read rights for EC2."
        )


def _check(ec2: Any, instance: TaskInstance, task: ExecTask, region: str) -> AccessCheck:
    subnet, public = task.subnet_id, False
    if not subnet:
        found = instance.read()
        subnet, public = text(found, "SubnetId"), bool(found.get("PublicIpAddress"))
    if not subnet:
        return AccessCheck(name=NAME, verdict="unknown", found="the task's subnet is not known")
    if task.interface_id:
        public = _has_public_address(ec2, task)
    vpc, route = _route_out(ec2, subnet)
    if text(route, "GatewayId").startswith("igw-") and public:
        return AccessCheck(name=NAME, verdict="ok", found="a public address")
    for way in _WAYS_OUT:
        if route.get(way):
            return AccessCheck(name=NAME, verdict="ok", found=f"the default route of {subnet} goes to {route[way]}")
    endpoint = _endpoint(ec2, vpc, region)
    if endpoint:
        return AccessCheck(name=NAME, verdict="ok", found=f"the endpoint {endpoint} of {vpc}")
    return AccessCheck(
        name=NAME,
        verdict="failed",
        found=f"{subnet} has no public address, no NAT gateway, and {vpc} no endpoint for ssmmessages",
        mend=_MEND.replace("{region}", region),
    )


def _has_public_address(ec2: Any, task: ExecTask) -> bool:
    """Whether the task's own network interface has a public address: only Fargate gives it one."""
    if task.container_instance_arn:
        return False
    wanted = [{"Name": "network-interface-id", "Values": [task.interface_id]}]
    found = members(ec2.describe_network_interfaces(Filters=wanted), "NetworkInterfaces")
    return any(one.get("Association") for one in found)


def _route_out(ec2: Any, subnet: str) -> tuple[str, Mapping[str, Any]]:
    """Give the VPC of a subnet and its default route; the main table is that of a subnet without its own."""
    own = [{"Name": "association.subnet-id", "Values": [subnet]}]
    tables = members(ec2.describe_route_tables(Filters=own), "RouteTables")
    if not tables:
        vpc = next((text(one, "VpcId") for one in members(ec2.describe_subnets(SubnetIds=[subnet]), "Subnets")), "")
        main = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "association.main", "Values": ["true"]}]
        tables = members(ec2.describe_route_tables(Filters=main), "RouteTables")
    for table in tables:
        for route in members(table, "Routes"):
            if route.get("DestinationCidrBlock") == _DEFAULT_ROUTE and route.get("State") != "blackhole":
                return text(table, "VpcId"), route
        return text(table, "VpcId"), {}
    return "", {}


def _endpoint(ec2: Any, vpc: str, region: str) -> str:
    wanted = [
        {"Name": "vpc-id", "Values": [vpc]},
        {"Name": "service-name", "Values": [f"com.amazonaws.{region}.ssmmessages"]},
    ]
    found = members(ec2.describe_vpc_endpoints(Filters=wanted), "VpcEndpoints")
    return next((text(one, "VpcEndpointId") for one in found if text(one, "State").lower() == "available"), "")
