"""The network of a stage: a VPC of its own (through awsx) or an existing one."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

import pulumi

from programs.iam import document, trust
from programs.sdk import aws, awsx
from tinystacks.errors import Problem, SpecError
from tinystacks.naming import logical_name, resource_tags

if TYPE_CHECKING:
    from collections.abc import Sequence

    from programs.settings import ProgramSettings
    from tinystacks.spec.compute import NetworkSpec
    from tinystacks.spec.model import StageSpec

FLOW_LOG_RETENTION_DAYS = 30
_NAT = {
    "none": awsx.ec2.NatGatewayStrategy.NONE,
    "single": awsx.ec2.NatGatewayStrategy.SINGLE,
    "per_az": awsx.ec2.NatGatewayStrategy.ONE_PER_AZ,
}
_AGENT_ENDPOINTS = ("ecs", "ecs-agent", "ecs-telemetry", "ecr.api", "ecr.dkr", "logs", "ssmmessages")
"""Interface endpoints that tasks without another way out need (ECS developer guide, "Interface VPC endpoints")."""


class Network(pulumi.ComponentResource):
    """VPC and subnets.

    Args:
        stage: the stage.
        settings: region and account.
        provider: the AWS provider; awsx hands it to all it makes, so that one plugin version serves all.
    """

    def __init__(
        self,
        stage: StageSpec,
        *,
        settings: ProgramSettings,
        provider: aws.Provider,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("tinystacks:aws:Network", logical_name(stage.stack, "network"), None, opts)
        spec = stage.network
        self.vpc_id: pulumi.Output[str]
        self.public_subnet_ids: pulumi.Output[Sequence[str]]
        self.task_subnet_ids: pulumi.Output[Sequence[str]]
        if spec.vpc_id is None:
            self._own(stage, settings, provider)
        else:
            self._existing(spec, spec.vpc_id)
        if spec.flow_logs:
            self._flow_logs(stage.stack)
        self.register_outputs({"vpc_id": self.vpc_id})

    def _own(self, stage: StageSpec, settings: ProgramSettings, provider: aws.Provider) -> None:
        spec = stage.network
        endpoints = _endpoints(stage, settings) if spec.vpc_endpoints else None
        vpc = awsx.ec2.Vpc(
            logical_name(stage.stack, "network"),
            cidr_block=spec.cidr,
            number_of_availability_zones=spec.availability_zones,
            enable_dns_hostnames=True,
            enable_dns_support=True,
            subnet_strategy=awsx.ec2.SubnetAllocationStrategy.AUTO,
            subnet_specs=[
                awsx.ec2.SubnetSpecArgs(type=kind, cidr_mask=subnet_mask(spec)) for kind in subnet_kinds(spec)
            ],
            nat_gateways=awsx.ec2.NatGatewayConfigurationArgs(strategy=_NAT[spec.nat]),
            vpc_endpoint_specs=endpoints,
            vpc_endpoint_strategy=awsx.ec2.VpcEndpointStrategy.AUTO if endpoints else None,
            tags=resource_tags(stage.stack, stage.stage),
            opts=pulumi.ResourceOptions(parent=self, providers={"aws": provider}),
        )
        self.vpc_id = vpc.vpc_id
        self.public_subnet_ids = vpc.public_subnet_ids
        private = vpc.private_subnet_ids if spec.nat != "none" else vpc.isolated_subnet_ids
        self.task_subnet_ids = private if spec.private else vpc.public_subnet_ids
        # Adopted, not made: whoever forgets to name a security group gets one that lets nothing through (EC2.2).
        aws.ec2.DefaultSecurityGroup(
            logical_name(stage.stack, "default-group"),
            vpc_id=vpc.vpc_id,
            ingress=[],
            egress=[],
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _existing(self, spec: NetworkSpec, vpc_id: str) -> None:
        found = aws.ec2.get_vpc_output(id=vpc_id, opts=pulumi.InvokeOutputOptions(parent=self))
        self.vpc_id = found.id
        self.public_subnet_ids = self._subnets(vpc_id, spec.public_subnets, "network.public_subnets")
        self.task_subnet_ids = (
            self._subnets(vpc_id, spec.private_subnets, "network.private_subnets")
            if spec.private
            else self.public_subnet_ids
        )

    def _subnets(self, vpc_id: str, asked: Sequence[str], field: str) -> pulumi.Output[Sequence[str]]:
        """Look the subnets up, so that one of another VPC is named before anything is made in it."""
        found = aws.ec2.get_subnets_output(
            filters=[
                aws.ec2.GetSubnetsFilterArgs(name="vpc-id", values=[vpc_id]),
                aws.ec2.GetSubnetsFilterArgs(name="subnet-id", values=list(asked)),
            ],
            opts=pulumi.InvokeOutputOptions(parent=self),
        )
        return found.ids.apply(lambda ids: existing_subnets(vpc_id, asked, ids, field))

    def _flow_logs(self, stack: str) -> None:
        child = pulumi.ResourceOptions(parent=self)
        group = aws.cloudwatch.LogGroup(
            logical_name(stack, "flow-logs"), retention_in_days=FLOW_LOG_RETENTION_DAYS, opts=child
        )
        role = aws.iam.Role(
            logical_name(stack, "flow-logs-role"),
            assume_role_policy=trust("vpc-flow-logs.amazonaws.com"),
            force_detach_policies=True,
            opts=child,
        )
        policy = aws.iam.RolePolicy(
            logical_name(stack, "flow-logs-policy"),
            role=role.name,
            policy=group.arn.apply(
                lambda arn: document(
                    [
                        {
                            "Effect": "Allow",
                            "Action": ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
                            "Resource": [f"{arn}:*"],
                        }
                    ]
                )
            ),
            opts=child,
        )
        aws.ec2.FlowLog(
            logical_name(stack, "flow-log"),
            vpc_id=self.vpc_id,
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_destination=group.arn,
            iam_role_arn=role.arn,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )


def subnet_kinds(spec: NetworkSpec) -> list[awsx.ec2.SubnetType]:
    """Give the kinds of subnets of each zone in the order of their addresses.

    Subnets behind NAT come last, so that switching NAT on or off moves no other subnet.
    """
    kinds = [awsx.ec2.SubnetType.PUBLIC, awsx.ec2.SubnetType.ISOLATED]
    return [*kinds, awsx.ec2.SubnetType.PRIVATE] if spec.nat != "none" else kinds


def subnet_mask(spec: NetworkSpec) -> int:
    """Give the prefix length of a subnet: a quarter of a zone's share, whether three kinds are used or two.

    awsx gives each zone an equal power-of-two share of the VPC (awsx documentation, `availabilityZoneCidrMask`).
    """
    zone_bits = (spec.availability_zones - 1).bit_length()
    return ipaddress.ip_network(spec.cidr).prefixlen + zone_bits + 2


def existing_subnets(vpc_id: str, asked: Sequence[str], found: Sequence[str], field: str) -> Sequence[str]:
    """Give the subnets that were asked for, in the order of the file.

    Raises:
        SpecError: one of them is not in the VPC.
    """
    if missing := sorted(set(asked) - set(found)):
        message = f"{', '.join(missing)} is not in {vpc_id}; give subnets of that VPC"
        raise SpecError([Problem(field=field, message=message, code="subnet-not-in-vpc")])
    return list(asked)


def _endpoints(stage: StageSpec, settings: ProgramSettings) -> list[awsx.ec2.VpcEndpointSpecArgs]:
    references = [
        reference
        for service in stage.services.values()
        for container in (service, *service.sidecars.values())
        for reference in container.secrets.values()
    ]
    names = [
        *_AGENT_ENDPOINTS,
        *(name for name in ("secretsmanager", "ssm") if any(f":{name}:" in reference for reference in references)),
    ]
    prefix = "cn.com.amazonaws" if settings.partition == "aws-cn" else "com.amazonaws"
    # Image layers lie in S3; the gateway endpoint costs nothing.
    gateway = awsx.ec2.VpcEndpointSpecArgs(
        service_name=f"com.amazonaws.{settings.region}.s3", vpc_endpoint_type="Gateway"
    )
    return [
        gateway,
        *(
            awsx.ec2.VpcEndpointSpecArgs(
                service_name=f"{prefix}.{settings.region}.{name}",
                vpc_endpoint_type="Interface",
                private_dns_enabled=True,
            )
            for name in names
        ),
    ]
