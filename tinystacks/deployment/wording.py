"""A resource of the engine in words of the user's file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tinystacks.naming import LOGICAL_NAME_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterable

_TYPE_WORDS = {
    "aws:appautoscaling/policy:Policy": "scaling policy",
    "aws:appautoscaling/scheduledAction:ScheduledAction": "scheduled scaling",
    "aws:appautoscaling/target:Target": "scaling target",
    "aws:autoscaling/group:Group": "Auto Scaling group",
    "aws:autoscaling/policy:Policy": "instance scaling policy",
    "aws:cloudwatch/logGroup:LogGroup": "log group",
    "aws:cloudwatch/metricAlarm:MetricAlarm": "alarm",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": "default security group",
    "aws:ec2/eip:Eip": "Elastic IP address",
    "aws:ec2/flowLog:FlowLog": "flow log",
    "aws:ec2/internetGateway:InternetGateway": "internet gateway",
    "aws:ec2/launchTemplate:LaunchTemplate": "launch template",
    "aws:ec2/natGateway:NatGateway": "NAT gateway",
    "aws:ec2/securityGroup:SecurityGroup": "security group",
    "aws:ec2/vpc:Vpc": "VPC",
    "aws:ec2/vpcEndpoint:VpcEndpoint": "VPC endpoint",
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": "image lifecycle policy",
    "aws:ecr/repository:Repository": "image repository",
    "aws:ecs/capacityProvider:CapacityProvider": "capacity provider",
    "aws:ecs/cluster:Cluster": "cluster",
    "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders": "capacity providers of the cluster",
    "aws:ecs/service:Service": "ECS service",
    "aws:ecs/taskDefinition:TaskDefinition": "task definition",
    "aws:iam/instanceProfile:InstanceProfile": "instance profile",
    "aws:iam/role:Role": "role",
    "aws:iam/rolePolicy:RolePolicy": "role policy",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": "role policy attachment",
    "aws:lb/listener:Listener": "listener",
    "aws:lb/listenerRule:ListenerRule": "listener rule",
    "aws:lb/loadBalancer:LoadBalancer": "load balancer",
    "aws:lb/targetGroup:TargetGroup": "target group",
    "awsx:ec2:Vpc": "network",
    "pulumi:providers:aws": "AWS provider",
    "pulumi:providers:awsx": "AWS network provider",
    "pulumi:providers:pulumi": "built-in provider",
    "pulumi:pulumi:Stack": "stage",
}
STAGE_WORDS = "the stage"
"""What is said for the engine's root, which stands for the whole program."""
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_URN_PARTS = 4


def urn_type(urn: str) -> str:
    """Give the type token in an engine identity `urn:pulumi:STAGE::STACK::PARENT$TYPE::NAME`."""
    parts = urn.split("::", _URN_PARTS - 1)
    return parts[2].rpartition("$")[2] if len(parts) == _URN_PARTS else ""


def urn_name(urn: str) -> str:
    """Give the logical name in an engine identity."""
    parts = urn.split("::", _URN_PARTS - 1)
    return parts[3] if len(parts) == _URN_PARTS else urn


def type_words(token: str) -> str:
    """Give a type token as people say it; a type without words of its own is spelled out."""
    if token in _TYPE_WORDS:
        return _TYPE_WORDS[token]
    return _CAMEL.sub(" ", token.rpartition(":")[2]).lower()


def typed_stage(stage: str, target: str) -> str:
    """Give a stage as it is typed behind a command, such as `prod`, or `prod --local`.

    Args:
        stage: name of the stage.
        target: `aws` or `local`.
    """
    return f"{stage} --local" if target == "local" else stage


class Wording:
    """Turns engine identities into words of one file.

    Args:
        stack: name of the stack.
        services: names of its services.
    """

    def __init__(self, stack: str, services: Iterable[str]) -> None:
        self._stack = stack
        # The longest name first: of `web` and `web-admin`, `shop-web-admin-service` belongs to the second.
        self._services = sorted(services, key=len, reverse=True)

    def service_of(self, name: str) -> str:
        """Give the service that a logical name belongs to; empty when it belongs to the whole stage."""
        for service in self._services:
            prefix = f"{self._stack}-{service}"
            if name == prefix or name.startswith(f"{prefix}-"):
                return service
            # naming.shorten cuts long names and ends them in a hash.
            if (
                len(name) == LOGICAL_NAME_LIMIT
                and len(prefix) + 1 >= LOGICAL_NAME_LIMIT - 6
                and prefix.startswith(name[:-6])
            ):
                return service
        return ""

    def words(self, urn: str) -> str:
        """Say a resource, such as ``service `web`: target group (shop-web-targets)``."""
        if not urn:
            return ""
        token, name = urn_type(urn), urn_name(urn)
        what = type_words(token)
        if token == "pulumi:pulumi:Stack":  # noqa: S105 - a type token, no secret
            return STAGE_WORDS
        service = self.service_of(name)
        return f"service `{service}`: {what} ({name})" if service else f"{what} ({name})"
