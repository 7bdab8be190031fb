"""Resources that an engine which died had asked for, found by what they were to be made from (trap A3).

These bear no tags, or are not listed by them: parts of a load balancer, a route table, a security group or a role. AWS
refuses to make them a second time. What they belong to is named in their inputs, which the engine notes before it asks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinystacks.aws_calls import aws_errors, read_all
from tinystacks.deployment.leftovers import Leftover
from tinystacks.errors import AwsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tinystacks.deployment.engine_state import State


def begun_resources(client: Callable[[str], Any], state: State) -> list[Leftover]:
    """Look for the resources whose creation nobody saw the end of.

    Args:
        client: gives a boto3 client by service name.
        state: of the engine, with its unfinished operations.

    Returns:
        What is there, whether or not the state knows it too.
    """
    found: dict[tuple[str, str], Leftover] = {}
    for item in state.pending:
        resource: Mapping[str, Any] = item["resource"]
        token = str(resource["type"])
        if item.get("type") != "creating" or token not in _FINDERS:
            continue
        service, find = _FINDERS[token]
        try:
            with aws_errors(service, f"looking for an unfinished {token.rpartition(':')[2]}"):
                for identity, arn in find(client(service), resource.get("inputs") or {}):
                    found[token, identity] = Leftover(resource_type=token, id=identity, arn=arn)
        except AwsError:
            continue  # what it belongs to is gone, or the engine's own refusal says more
    return list(found.values())


def _routes(ec2: Any, inputs: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    table = str(inputs["routeTableId"])
    destination = inputs.get("destinationCidrBlock")
    for found in ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"]:
        if destination and any(route.get("DestinationCidrBlock") == destination for route in found["Routes"]):
            yield f"{table} {destination}", ""


def _associations(ec2: Any, inputs: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for found in ec2.describe_route_tables(RouteTableIds=[str(inputs["routeTableId"])])["RouteTables"]:
        for association in found["Associations"]:
            if association.get("SubnetId") and association["SubnetId"] == inputs.get("subnetId"):
                yield association["RouteTableAssociationId"], ""


def _rules(ec2: Any, inputs: Mapping[str, Any], *, egress: bool) -> Iterator[tuple[str, str]]:
    filters = [{"Name": "group-id", "Values": [str(inputs["securityGroupId"])]}]
    for rule in read_all(ec2, "describe_security_group_rules", "SecurityGroupRules", Filters=filters):
        if rule["IsEgress"] is egress:
            yield rule["SecurityGroupRuleId"], ""


def _listeners(elb: Any, inputs: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    arn = str(inputs["loadBalancerArn"])
    for listener in read_all(elb, "describe_listeners", "Listeners", LoadBalancerArn=arn):
        if listener.get("Port") == inputs.get("port"):
            yield listener["ListenerArn"], listener["ListenerArn"]


def _listener_rules(elb: Any, inputs: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for rule in read_all(elb, "describe_rules", "Rules", ListenerArn=str(inputs["listenerArn"])):
        if str(rule["Priority"]) == f"{inputs.get('priority', 0):.0f}":
            yield rule["RuleArn"], rule["RuleArn"]


def _instance_profiles(iam: Any, inputs: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    profile = iam.get_instance_profile(InstanceProfileName=str(inputs["name"]))["InstanceProfile"]
    yield profile["InstanceProfileName"], profile["Arn"]


_FINDERS: Mapping[str, tuple[str, Callable[[Any, Mapping[str, Any]], Iterator[tuple[str, str]]]]] = {
    "aws:ec2/route:Route": ("ec2", _routes),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": ("ec2", _associations),
    "aws:iam/instanceProfile:InstanceProfile": ("iam", _instance_profiles),
    "aws:lb/listener:Listener": ("elbv2", _listeners),
    "aws:lb/listenerRule:ListenerRule": ("elbv2", _listener_rules),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": (
        "ec2",
        lambda ec2, inputs: _rules(ec2, inputs, egress=True),
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": (
        "ec2",
        lambda ec2, inputs: _rules(ec2, inputs, egress=False),
    ),
}
