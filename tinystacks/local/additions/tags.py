"""Tags go with what they are on: moto keeps those of deleted resources, so DescribeTags would tell of what is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tinystacks.local.call import AwsCall
    from tinystacks.local.emulation import Emulation


def forget_tags_of_deleted(call: AwsCall, emulation: Emulation) -> None:
    """Drop tags of EC2 resources that are not there any more; ids of kinds that are not known here keep theirs."""
    ec2: Any = emulation.ec2(call.region)
    there = dict(_ids_by_prefix(ec2))
    for resource_id in list(ec2.tags):
        prefix = resource_id.partition("-")[0]
        if prefix in there and resource_id not in there[prefix]:
            del ec2.tags[resource_id]


def _ids_by_prefix(ec2: Any) -> Iterator[tuple[str, set[str]]]:
    yield "vpc", set(ec2.vpcs)
    yield "subnet", {one for subnets in ec2.subnets.values() for one in subnets}
    yield "igw", set(ec2.internet_gateways)
    yield "rtb", set(ec2.route_tables)
    yield "lt", {str(one.id) for one in ec2.launch_templates.values()}
    # What is deleted stays visible for about an hour, too (EC2 API, DescribeNatGateways and DescribeVpcEndpoints).
    yield "nat", {key for key, one in ec2.nat_gateways.items() if one.state != "deleted"}
    yield "eni", set(ec2.enis)
    yield "vol", set(ec2.volumes)
    yield "vpce", {key for key, one in ec2.vpc_end_points.items() if one.state != "deleted"}
    yield "fl", set(ec2.flow_logs)
    yield "eipalloc", {str(one.allocation_id) for one in ec2.addresses}
    groups: list[Any] = [group for groups in ec2.groups.values() for group in groups.values()]
    yield "sg", {str(one.id) for one in groups}
    yield "sgr", {str(rule.id) for one in groups for rule in [*one.ingress_rules, *one.egress_rules]}
    # A terminated instance is seen for a while, without tags (EC2 user guide, "Terminate Amazon EC2 instances").
    instances: list[Any] = [one for reservation in ec2.reservations.values() for one in reservation.instances]
    yield "i", {str(one.id) for one in instances if one.state != "terminated"}
