"""Where tasks run and how they are reached: compute, network, endpoint, alarms."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from tinystacks.spec.base import SpecModel
from tinystacks.spec.service import Percent


class InstancesSpec(SpecModel):
    """How many EC2 instances the Auto Scaling group holds."""

    min: Annotated[int, Field(ge=0, le=5000)] = 2
    """Smallest number of instances."""
    max: Annotated[int, Field(ge=1, le=5000)] = 6
    """Largest number of instances."""


class CpuScalingSpec(SpecModel):
    """Instances follow their own CPU use instead of ECS managed scaling."""

    cpu: Percent = 75
    """Average CPU use of the instances, in percent, over which one is added."""
    minutes: Annotated[int, Field(ge=5, le=60)] = 15
    """Minutes that the CPU use must be over the limit; a multiple of 5, the period of EC2's basic monitoring."""


class SpotSpec(SpecModel):
    """Spot capacity with an On-Demand base."""

    on_demand_base: Annotated[int, Field(ge=0)] = 1
    """Instances (tasks on Fargate) that are always On-Demand."""
    on_demand_percentage: Annotated[int, Field(ge=0, le=100)] = 0
    """Percent of those beyond the base that are On-Demand too."""


class ComputeSpec(SpecModel):
    """What the tasks run on."""

    kind: Literal["ec2", "fargate"] = "ec2"
    """EC2 instances in the user's account, or Fargate."""
    instance_types: Annotated[list[str], Field(min_length=1, max_length=40)] = Field(
        default_factory=lambda: ["t3.micro"]
    )
    """EC2 instance types; the first is preferred, all of one CPU architecture."""
    instances: InstancesSpec = InstancesSpec()
    """How many instances."""
    scaling: Literal["managed"] | CpuScalingSpec = "managed"
    """`managed`: ECS adds instances when tasks find no room; or by the instances' CPU use. Never both."""
    target_capacity: Percent = 100
    """Percent of the instances' room that managed scaling aims to use; 90 keeps a tenth free."""
    instance_warmup: Annotated[int, Field(ge=0, le=10000)] = 300
    """Seconds until a new instance counts in managed scaling."""
    termination_protection: bool = False
    """Whether ECS protects instances with tasks from scale-in (managed termination protection)."""
    spot: SpotSpec | None = None
    """Spot capacity; none by default."""
    architecture: Literal["x86_64", "arm64"] | None = None
    """CPU architecture on Fargate (x86_64 by default); on EC2 it follows from the instance types."""
    ami: Annotated[str, Field(pattern=r"^ami-[0-9a-f]{8,17}$")] | None = None
    """Machine image of the instances; by default the ECS-optimized Amazon Linux 2023 image of the stage's first day,
    until `tstack instances update` moves it."""
    root_volume_gib: Annotated[int, Field(ge=30, le=16384)] = 30
    """GiB of the encrypted gp3 root volume."""
    imds_hop_limit: Literal[1, 2] = 1
    """Hop limit of the instance metadata service; 2 lets bridge containers reach the instance role."""
    detailed_monitoring: bool = False
    """EC2 metrics every minute instead of every five (charged)."""
    container_insights: Literal["enabled", "enhanced", "disabled"] = "enabled"
    """CloudWatch Container Insights of the cluster."""


class NetworkSpec(SpecModel):
    """The VPC: made for the stage, or an existing one."""

    cidr: str = "10.0.0.0/16"
    """Address range of the VPC that is made."""
    availability_zones: Annotated[int, Field(ge=1, le=6)] = 3
    """Number of Availability Zones; a load balancer needs two."""
    nat: Literal["none", "single", "per_az"] = "none"
    """NAT gateways (charged per hour and GB)."""
    private: bool = False
    """Whether instances (tasks on Fargate) live in subnets without public addresses; needs NAT or `vpc_endpoints`."""
    vpc_endpoints: bool = False
    """Interface endpoints for ECS, ECR, Logs and Session Manager, so that private subnets need no NAT (charged)."""
    flow_logs: bool = False
    """Whether the VPC's traffic is logged (EC2.6; charged)."""
    vpc_id: str | None = None
    """An existing VPC to use instead; then `public_subnets` are needed."""
    public_subnets: list[str] = Field(default_factory=list)
    """Subnets of the existing VPC for the load balancer, two or more zones."""
    private_subnets: list[str] = Field(default_factory=list)
    """Subnets of the existing VPC for instances and tasks with `private`."""


class EndpointSpec(SpecModel):
    """The stage's load balancer."""

    certificate: str | None = None
    """ARN of an ACM certificate: HTTPS on 443, and 80 redirects there."""
    domain: str | None = None
    """Host name that users call; shown as the endpoint. Its DNS record is yours: `tstack up` says where to."""
    internal: bool = False
    """Whether the load balancer is reachable only from inside the VPC."""
    allow: list[str] = Field(default_factory=lambda: ["0.0.0.0/0"])
    """Address ranges that may reach the load balancer."""
    idle_timeout: Annotated[int, Field(ge=1, le=4000)] = 60
    """Seconds after which an idle connection is closed."""
    access_logs: str | None = None
    """Name of an S3 bucket for access logs (ELB.5)."""
    deletion_protection: bool | None = None
    """Whether the load balancer refuses to be deleted (ELB.6); on for stages with approval when not set."""


class AlarmsSpec(SpecModel):
    """CloudWatch alarms of the stage."""

    enabled: bool = True
    """Whether alarms are made: unhealthy targets, 5xx answers, no running task."""
    topic: str | None = None
    """ARN of an SNS topic that is told."""
