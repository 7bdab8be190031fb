"""EC2: things that others hold cannot be deleted, and quotas.

Sources: EC2 API reference, error codes (DependencyViolation, AddressLimitExceeded, VpcLimitExceeded, CannotDelete); VPC
user guide, amazon-vpc-limits (5 Elastic IP addresses and 5 VPCs per region).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinystacks.local.call import RefusalError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tinystacks.local.call import AwsCall
    from tinystacks.local.emulation import Emulation

ADDRESS_QUOTA = 5
VPC_QUOTA = 5
_GONE = frozenset({"deleted", "deleting", "terminated", "failed"})


def delete_security_group(call: AwsCall, emulation: Emulation) -> None:
    """A group that another group's rule names, or that an interface or a load balancer has, stays."""
    ec2: Any = emulation.ec2(call.region)
    group_id = call.parameters.get("GroupId")
    group: Any = ec2.get_security_group_from_id(group_id) if group_id else None
    if group is None:
        return
    if group.name == "default":
        raise RefusalError(
            "CannotDelete", f'the specified group: "{group_id}" name: "default" cannot be deleted by a user'
        )
    others = [one for groups in ec2.groups.values() for one in groups.values() if one.id != group_id]
    held = (
        any(group_id in _named_by(other) for other in others)
        or any(group_id in _groups_of(one) for one in _interfaces(ec2))
        or any(group_id in (one.security_groups or []) for one in _load_balancers(call.region, emulation))
    )
    if held:
        raise RefusalError("DependencyViolation", f"resource {group_id} has a dependent object")


def delete_subnet(call: AwsCall, emulation: Emulation) -> None:
    """A subnet in which something still has an interface stays."""
    ec2: Any = emulation.ec2(call.region)
    subnet_id = call.parameters.get("SubnetId")
    held = (
        any(one.subnet.id == subnet_id for one in _interfaces(ec2) if one.subnet is not None)
        or any(one.subnet_id == subnet_id for one in _instances(ec2))
        or any(one.subnet_id == subnet_id and one.state not in _GONE for one in ec2.nat_gateways.values())
        or any(subnet_id in [own.id for own in one.subnets] for one in _load_balancers(call.region, emulation))
        or any(subnet_id in (one.subnet_ids or []) and one.state not in _GONE for one in ec2.vpc_end_points.values())
    )
    if held:
        raise RefusalError("DependencyViolation", f"The subnet '{subnet_id}' has dependencies and cannot be deleted.")


def delete_vpc(call: AwsCall, emulation: Emulation) -> None:
    """A VPC with a gateway or a security group of its own stays; moto looks after subnets and route tables."""
    ec2: Any = emulation.ec2(call.region)
    vpc_id = call.parameters.get("VpcId")
    own_groups = [one for one in ec2.groups.get(vpc_id, {}).values() if one.name != "default"]
    gateways = [one for one in ec2.internet_gateways.values() if one.vpc is not None and one.vpc.id == vpc_id]
    endpoints = [one for one in ec2.vpc_end_points.values() if one.vpc_id == vpc_id and one.state not in _GONE]
    if own_groups or gateways or endpoints:
        raise RefusalError("DependencyViolation", f"The vpc '{vpc_id}' has dependencies and cannot be deleted.")


def detach_internet_gateway(call: AwsCall, emulation: Emulation) -> None:
    """A gateway stays while something in the VPC has a public address."""
    ec2: Any = emulation.ec2(call.region)
    vpc_id = call.parameters.get("VpcId")
    mapped = (
        any(one.vpc_id == vpc_id and one.public_ip for one in _instances(ec2))
        or any(one.vpc_id == vpc_id and one.state not in _GONE for one in ec2.nat_gateways.values())
        or any(one.vpc_id == vpc_id and one.scheme != "internal" for one in _load_balancers(call.region, emulation))
    )
    if mapped:
        raise RefusalError(
            "DependencyViolation",
            f"Network {vpc_id} has some mapped public address(es). "
            "Please unmap those public address(es) before detaching the gateway.",
        )


def allocate_address(call: AwsCall, emulation: Emulation) -> None:
    """Five Elastic IP addresses per region."""
    ec2: Any = emulation.ec2(call.region)
    if len(ec2.addresses) >= ADDRESS_QUOTA:
        raise RefusalError("AddressLimitExceeded", "The maximum number of addresses has been reached.")


def release_address(call: AwsCall, emulation: Emulation) -> None:
    """An address that a NAT gateway uses stays."""
    ec2: Any = emulation.ec2(call.region)
    allocation = call.parameters.get("AllocationId")
    for gateway in ec2.nat_gateways.values():
        used = [one.get("allocationId") for one in gateway.address_set]
        if allocation in used and gateway.state not in _GONE:
            raise RefusalError("InvalidIPAddress.InUse", f"Address {allocation} is in use.")


def create_security_group(call: AwsCall, emulation: Emulation) -> None:
    """The VPC exists."""
    ec2: Any = emulation.ec2(call.region)
    vpc_id = call.parameters.get("VpcId")
    if vpc_id and vpc_id not in ec2.vpcs:
        raise RefusalError("InvalidVpcID.NotFound", f"The vpc ID '{vpc_id}' does not exist")


def create_vpc(call: AwsCall, emulation: Emulation) -> None:
    """Five VPCs per region, the default one included."""
    ec2: Any = emulation.ec2(call.region)
    if len(ec2.vpcs) >= VPC_QUOTA:
        raise RefusalError("VpcLimitExceeded", "The maximum number of VPCs has been reached.")


RULES = {
    "AllocateAddress": allocate_address,
    "CreateSecurityGroup": create_security_group,
    "CreateVpc": create_vpc,
    "DeleteSecurityGroup": delete_security_group,
    "DeleteSubnet": delete_subnet,
    "DeleteVpc": delete_vpc,
    "DetachInternetGateway": detach_internet_gateway,
    "ReleaseAddress": release_address,
}


def _named_by(group: Any) -> set[str]:
    """Ids of groups that a group's rules name."""
    rules: list[Any] = [*group.ingress_rules, *group.egress_rules]
    return {str(rule.source_group.get("GroupId", "")) for rule in rules}


def _groups_of(interface: Any) -> set[str]:
    groups: list[Any] = list(interface.group_set or [])
    return {str(one.id) for one in groups}


def _interfaces(ec2: Any) -> Iterator[Any]:
    """Interfaces that still exist on AWS; moto keeps those of ended instances and NAT gateways."""
    gateways = [one for one in ec2.nat_gateways.values() if one.state in _GONE]
    ended = {place.get("networkInterfaceId") for one in gateways for place in one.address_set}
    for interface in list(ec2.enis.values()):
        instance: Any = interface.instance
        if interface.id not in ended and (instance is None or instance.state not in _GONE):
            yield interface


def _instances(ec2: Any) -> Iterator[Any]:
    for reservation in list(ec2.reservations.values()):
        yield from [one for one in reservation.instances if one.state not in _GONE]


def _load_balancers(region: str, emulation: Emulation) -> list[Any]:
    return list(emulation.elbv2(region).load_balancers.values())
