"""What the control plane asks about EC2 and Elastic Load Balancing, answered from moto.

A plane asks while its lock is held: nothing here waits or takes a lock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinystacks.controlplane.ports import InstanceTypeFacts, SubnetFacts, TargetGroupFacts

if TYPE_CHECKING:
    from tinystacks.local.emulation import Emulation

_UNKNOWN_TYPE = InstanceTypeFacts(vcpu=2, memory_mib=4096)


class MotoSurroundings:
    """Facts of one region.

    Args:
        emulation: moto.
        region: the region.
    """

    def __init__(self, emulation: Emulation, region: str) -> None:
        self._emulation = emulation
        self._region = region

    def instance_type(self, name: str) -> InstanceTypeFacts:
        """The size of an instance type, from moto's copy of DescribeInstanceTypes."""
        from moto.ec2.models.instance_types import INSTANCE_TYPES  # noqa: PLC0415 - moto takes seconds to load

        types: dict[str, Any] = INSTANCE_TYPES
        known: dict[str, Any] | None = types.get(name)
        if known is None:
            return _UNKNOWN_TYPE
        architectures: list[str] = known["ProcessorInfo"]["SupportedArchitectures"]
        return InstanceTypeFacts(
            vcpu=int(known["VCpuInfo"]["DefaultVCpus"]),
            memory_mib=int(known["MemoryInfo"]["SizeInMiB"]),
            max_enis=int(known["NetworkInfo"]["MaximumNetworkInterfaces"]),
            arch="arm64" if "arm64" in architectures else "x86_64",
        )

    def subnet(self, subnet_id: str) -> SubnetFacts | None:
        """Zone, VPC and block of a subnet."""
        for subnets in list(self._emulation.ec2(self._region).subnets.values()):
            found = subnets.get(subnet_id)
            if found is not None:
                return SubnetFacts(zone=found.availability_zone, vpc_id=found.vpc_id, cidr=str(found.cidr_block))
        return None

    def target_group(self, arn: str) -> TargetGroupFacts | None:
        """A target group's type, and whether a listener uses it."""
        found = self._emulation.elbv2(self._region).target_groups.get(arn)
        if found is None:
            return None
        from tinystacks.local.balancing_view import target_groups_in_use  # noqa: PLC0415 - it loads moto

        in_use = arn in target_groups_in_use(self._emulation.elbv2(self._region))
        return TargetGroupFacts(target_type=str(found.target_type), has_load_balancer=in_use)
