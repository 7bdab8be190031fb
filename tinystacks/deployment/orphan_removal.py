"""Deleting one resource that no state knows, through its own API."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tinystacks.aws_calls import aws_errors
from tinystacks.errors import AwsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tinystacks.deployment.leftovers import Leftover


_GONE = re.compile(r"NotFound|NoSuchEntity|DoesNotExist|ResourceNotFoundException")


def _service(client: Any, item: Leftover) -> None:
    # arn:aws:ecs:REGION:ACCOUNT:service/CLUSTER/NAME
    client.delete_service(cluster=item.arn.split("/")[1], service=item.id, force=True)


def _internet_gateway(client: Any, item: Leftover) -> None:
    for gateway in client.describe_internet_gateways(InternetGatewayIds=[item.id])["InternetGateways"]:
        for attachment in gateway.get("Attachments", []):
            client.detach_internet_gateway(InternetGatewayId=item.id, VpcId=attachment["VpcId"])
    client.delete_internet_gateway(InternetGatewayId=item.id)


def _role(client: Any, item: Leftover) -> None:
    for policy in client.list_attached_role_policies(RoleName=item.id)["AttachedPolicies"]:
        client.detach_role_policy(RoleName=item.id, PolicyArn=policy["PolicyArn"])
    for name in client.list_role_policies(RoleName=item.id)["PolicyNames"]:
        client.delete_role_policy(RoleName=item.id, PolicyName=name)
    for profile in client.list_instance_profiles_for_role(RoleName=item.id)["InstanceProfiles"]:
        client.remove_role_from_instance_profile(InstanceProfileName=profile["InstanceProfileName"], RoleName=item.id)
    client.delete_role(RoleName=item.id)


def _instance_profile(client: Any, item: Leftover) -> None:
    for role in client.get_instance_profile(InstanceProfileName=item.id)["InstanceProfile"]["Roles"]:
        client.remove_role_from_instance_profile(InstanceProfileName=item.id, RoleName=role["RoleName"])
    client.delete_instance_profile(InstanceProfileName=item.id)


def _route(client: Any, item: Leftover) -> None:
    table, _, destination = item.id.partition(" ")
    client.delete_route(RouteTableId=table, DestinationCidrBlock=destination)


def _rule(client: Any, item: Leftover) -> None:
    for rule in client.describe_security_group_rules(SecurityGroupRuleIds=[item.id])["SecurityGroupRules"]:
        revoke = client.revoke_security_group_egress if rule["IsEgress"] else client.revoke_security_group_ingress
        revoke(GroupId=rule["GroupId"], SecurityGroupRuleIds=[item.id])


_DELETERS: dict[str, tuple[str, Callable[[Any, Leftover], object]]] = {
    "aws:autoscaling/group:Group": (
        "autoscaling",
        lambda client, item: client.delete_auto_scaling_group(AutoScalingGroupName=item.id, ForceDelete=True),
    ),
    "aws:cloudwatch/logGroup:LogGroup": ("logs", lambda client, item: client.delete_log_group(logGroupName=item.id)),
    "aws:cloudwatch/metricAlarm:MetricAlarm": (
        "cloudwatch",
        lambda client, item: client.delete_alarms(AlarmNames=[item.id]),
    ),
    "aws:ec2/eip:Eip": ("ec2", lambda client, item: client.release_address(AllocationId=item.id)),
    "aws:ec2/flowLog:FlowLog": ("ec2", lambda client, item: client.delete_flow_logs(FlowLogIds=[item.id])),
    "aws:ec2/internetGateway:InternetGateway": ("ec2", _internet_gateway),
    "aws:ec2/launchTemplate:LaunchTemplate": (
        "ec2",
        lambda client, item: client.delete_launch_template(LaunchTemplateId=item.id),
    ),
    "aws:ec2/natGateway:NatGateway": ("ec2", lambda client, item: client.delete_nat_gateway(NatGatewayId=item.id)),
    "aws:ec2/route:Route": ("ec2", _route),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": (
        "ec2",
        lambda client, item: client.disassociate_route_table(AssociationId=item.id),
    ),
    "aws:ec2/routeTable:RouteTable": ("ec2", lambda client, item: client.delete_route_table(RouteTableId=item.id)),
    "aws:ec2/securityGroup:SecurityGroup": ("ec2", lambda client, item: client.delete_security_group(GroupId=item.id)),
    "aws:ec2/subnet:Subnet": ("ec2", lambda client, item: client.delete_subnet(SubnetId=item.id)),
    "aws:ec2/vpc:Vpc": ("ec2", lambda client, item: client.delete_vpc(VpcId=item.id)),
    "aws:ec2/vpcEndpoint:VpcEndpoint": (
        "ec2",
        lambda client, item: client.delete_vpc_endpoints(VpcEndpointIds=[item.id]),
    ),
    "aws:ecr/repository:Repository": ("ecr", lambda client, item: client.delete_repository(repositoryName=item.id)),
    "aws:ecs/capacityProvider:CapacityProvider": (
        "ecs",
        lambda client, item: client.delete_capacity_provider(capacityProvider=item.id),
    ),
    "aws:ecs/cluster:Cluster": ("ecs", lambda client, item: client.delete_cluster(cluster=item.id)),
    "aws:ecs/service:Service": ("ecs", _service),
    "aws:iam/instanceProfile:InstanceProfile": ("iam", _instance_profile),
    "aws:iam/role:Role": ("iam", _role),
    "aws:lb/listener:Listener": ("elbv2", lambda client, item: client.delete_listener(ListenerArn=item.id)),
    "aws:lb/listenerRule:ListenerRule": ("elbv2", lambda client, item: client.delete_rule(RuleArn=item.id)),
    "aws:lb/loadBalancer:LoadBalancer": (
        "elbv2",
        lambda client, item: client.delete_load_balancer(LoadBalancerArn=item.arn),
    ),
    "aws:lb/targetGroup:TargetGroup": (
        "elbv2",
        lambda client, item: client.delete_target_group(TargetGroupArn=item.arn),
    ),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": ("ec2", _rule),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": ("ec2", _rule),
}

ORDER = (
    "aws:ecs/service:Service",
    "aws:lb/listenerRule:ListenerRule",
    "aws:lb/listener:Listener",
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    "aws:ec2/routeTableAssociation:RouteTableAssociation",
    "aws:ec2/route:Route",
    "aws:lb/loadBalancer:LoadBalancer",
    "aws:lb/targetGroup:TargetGroup",
    "aws:ecs/capacityProvider:CapacityProvider",
    "aws:autoscaling/group:Group",
    "aws:ecs/cluster:Cluster",
    "aws:ec2/launchTemplate:LaunchTemplate",
    "aws:iam/instanceProfile:InstanceProfile",
    "aws:ec2/vpcEndpoint:VpcEndpoint",
    "aws:ec2/natGateway:NatGateway",
    "aws:ec2/eip:Eip",
    "aws:ec2/internetGateway:InternetGateway",
    "aws:ec2/routeTable:RouteTable",
    "aws:ec2/securityGroup:SecurityGroup",
    "aws:ec2/subnet:Subnet",
    "aws:ec2/vpc:Vpc",
)
"""Users before what they use; types that are not named come last."""


def removal_order(item: Leftover) -> int:
    """Give the position in which a resource can be deleted."""
    return ORDER.index(item.resource_type) if item.resource_type in ORDER else len(ORDER)


def remove_orphan(client: Callable[[str], Any], item: Leftover) -> None:
    """Delete one resource; that it is gone already is as good.

    Raises:
        AwsError: AWS refuses, or the type cannot be deleted here.
    """
    known = _DELETERS.get(item.resource_type)
    if known is None:
        raise AwsError(f"{item.type} {item.id} cannot be removed by this command", hint="Remove it in the AWS console.")
    service, delete = known
    try:
        with aws_errors(service, f"{item.type} {item.id}"):
            delete(client(service), item)
    except AwsError as error:
        # Tags and lists are told a while longer than what they belong to lives.
        if not _GONE.search(error.code):
            raise
