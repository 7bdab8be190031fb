"""`aws:ec2/vpc:Vpc` and `aws:ec2/subnet:Subnet`."""

from __future__ import annotations

from typing import Any, ClassVar

from tinystacks.local.provider.api_errors import after_creation, ignoring, is_error, passing
from tinystacks.local.provider.api_shapes import known_form, refuse_unknown
from tinystacks.local.provider.ec2_lookups import one_or_none
from tinystacks.local.provider.ec2_tags import arn, specification, tag_map, update_tags
from tinystacks.local.provider.handler import Call, Inputs, polling, tried_until

VPC_ATTRIBUTES = {
    "enableDnsHostnames": "EnableDnsHostnames",
    "enableDnsSupport": "EnableDnsSupport",
    "enableNetworkAddressUsageMetrics": "EnableNetworkAddressUsageMetrics",
}
VPC_ATTRIBUTE_DEFAULTS = {
    "enableDnsHostnames": False,
    "enableDnsSupport": True,
    "enableNetworkAddressUsageMetrics": False,
}
VPC_INPUTS = frozenset({*VPC_ATTRIBUTES, "cidrBlock", "instanceTenancy", "assignGeneratedIpv6CidrBlock"})

SUBNET_ATTRIBUTES = {
    "enableDns64": "EnableDns64",
    "enableLniAtDeviceIndex": "EnableLniAtDeviceIndex",
    "enableResourceNameDnsAaaaRecordOnLaunch": "EnableResourceNameDnsAAAARecordOnLaunch",
    "enableResourceNameDnsARecordOnLaunch": "EnableResourceNameDnsARecordOnLaunch",
    "mapPublicIpOnLaunch": "MapPublicIpOnLaunch",
    "privateDnsHostnameTypeOnLaunch": "PrivateDnsHostnameTypeOnLaunch",
    "assignIpv6AddressOnCreation": "AssignIpv6AddressOnCreation",
}
"""In the order of the calls: AWS takes one attribute per ModifySubnetAttribute."""

SUBNET_INPUTS = frozenset(
    {*SUBNET_ATTRIBUTES, "vpcId", "availabilityZone", "availabilityZoneId", "cidrBlock", "ipv6CidrBlock", "ipv6Native"},
)


class VpcHandler:
    """A VPC; AWS makes its default network ACL, main route table and default security group with it."""

    token: ClassVar[str] = "aws:ec2/vpc:Vpc"  # noqa: S105 - a type token, no secret

    def create(self, call: Call, inputs: Inputs) -> str:
        """CreateVpc, then one ModifyVpcAttribute for each attribute that is not AWS's default."""
        refuse_unknown(self.token, inputs, VPC_INPUTS)
        vpc_id: str = call.clients("ec2").create_vpc(
            CidrBlock=inputs.get("cidrBlock"),
            AmazonProvidedIpv6CidrBlock=bool(inputs.get("assignGeneratedIpv6CidrBlock")),
            InstanceTenancy=inputs.get("instanceTenancy") or "default",
            TagSpecifications=specification("vpc", inputs),
        )["Vpc"]["VpcId"]
        with after_creation(vpc_id):
            polling(call, lambda: self._available(call, vpc_id), until=f"EC2 VPC ({vpc_id}) to become available")
            for name, default in VPC_ATTRIBUTE_DEFAULTS.items():
                wanted = inputs.get(name)
                if wanted is not None and bool(wanted) is not default:
                    self._set_attribute(call, vpc_id, name, wanted=bool(wanted))
        return vpc_id

    def read(self, call: Call, resource_id: str, state: Inputs) -> Inputs | None:
        """The VPC with its attributes and the three things that AWS made with it."""
        ec2 = call.clients("ec2")
        vpc = one_or_none(lambda: ec2.describe_vpcs(VpcIds=[resource_id])["Vpcs"], "InvalidVpcID.NotFound")
        if vpc is None:
            return None
        own: list[dict[str, Any]] = [{"Name": "vpc-id", "Values": [resource_id]}]
        acls = ec2.describe_network_acls(Filters=[*own, {"Name": "default", "Values": ["true"]}])["NetworkAcls"]
        tables = ec2.describe_route_tables(
            Filters=[*own, {"Name": "association.main", "Values": ["true"]}],
        )["RouteTables"]
        groups = ec2.describe_security_groups(
            Filters=[*own, {"Name": "group-name", "Values": ["default"]}],
        )["SecurityGroups"]
        main_table = tables[0]["RouteTableId"] if tables else None
        ipv6 = [
            entry
            for entry in vpc.get("Ipv6CidrBlockAssociationSet", [])
            if entry["Ipv6CidrBlockState"]["State"] in {"associating", "associated"}
        ]
        answer: Inputs = {
            "arn": arn(call, "vpc", resource_id),
            "cidrBlock": vpc["CidrBlock"],
            "instanceTenancy": vpc["InstanceTenancy"],
            "dhcpOptionsId": vpc.get("DhcpOptionsId"),
            "ownerId": vpc.get("OwnerId", call.account_id),
            "defaultNetworkAclId": acls[0]["NetworkAclId"] if acls else None,
            "defaultRouteTableId": main_table,
            "mainRouteTableId": main_table,
            "defaultSecurityGroupId": groups[0]["GroupId"] if groups else None,
            "tagsAll": tag_map(vpc.get("Tags")),
            **{name: self._attribute(call, resource_id, name) for name in VPC_ATTRIBUTES},
        }
        if ipv6:
            answer |= {
                "assignGeneratedIpv6CidrBlock": True,
                "ipv6CidrBlock": ipv6[-1]["Ipv6CidrBlock"],
                "ipv6AssociationId": ipv6[-1]["AssociationId"],
                "ipv6CidrBlockNetworkBorderGroup": ipv6[-1].get("NetworkBorderGroup"),
            }
        return known_form(answer, state)

    def update(self, call: Call, resource_id: str, old: Inputs, new: Inputs, changed: frozenset[str]) -> None:
        """Tags, attributes, tenancy and the IPv6 block, each by its own call."""
        refuse_unknown(self.token, new, VPC_INPUTS)
        ec2 = call.clients("ec2")
        update_tags(call, resource_id, old, new)
        for name in VPC_ATTRIBUTES:
            if name in changed and new.get(name) is not None:
                self._set_attribute(call, resource_id, name, wanted=bool(new[name]))
        if "instanceTenancy" in changed:
            ec2.modify_vpc_tenancy(VpcId=resource_id, InstanceTenancy=new.get("instanceTenancy") or "default")
        if "assignGeneratedIpv6CidrBlock" in changed:
            if new.get("assignGeneratedIpv6CidrBlock"):
                ec2.associate_vpc_cidr_block(VpcId=resource_id, AmazonProvidedIpv6CidrBlock=True)
            elif old.get("ipv6AssociationId"):
                ec2.disassociate_vpc_cidr_block(AssociationId=old["ipv6AssociationId"])

    def delete(self, call: Call, resource_id: str, state: Inputs) -> None:  # noqa: ARG002 - the protocol's signature
        """DeleteVpc, again while something still depends on it."""
        ec2 = call.clients("ec2")
        with ignoring("InvalidVpcID.NotFound"):
            tried_until(
                call,
                lambda: ec2.delete_vpc(VpcId=resource_id),
                passing=passing("DependencyViolation"),
                timeout_seconds=300,
            )

    def _available(self, call: Call, vpc_id: str) -> bool | None:
        vpcs = call.clients("ec2").describe_vpcs(VpcIds=[vpc_id])["Vpcs"]
        return True if vpcs and vpcs[0]["State"] == "available" else None

    def _attribute(self, call: Call, vpc_id: str, name: str) -> bool:
        member = VPC_ATTRIBUTES[name]
        answer = call.clients("ec2").describe_vpc_attribute(
            VpcId=vpc_id,
            Attribute=name,
        )
        return bool(answer[member]["Value"])

    def _set_attribute(self, call: Call, vpc_id: str, name: str, *, wanted: bool) -> None:
        call.clients("ec2").modify_vpc_attribute(VpcId=vpc_id, **{VPC_ATTRIBUTES[name]: {"Value": wanted}})
        polling(
            call,
            lambda: True if self._attribute(call, vpc_id, name) is wanted else None,
            until=f"EC2 VPC ({vpc_id}) attribute {name} to become {wanted}",
            timeout_seconds=300,
        )


class SubnetHandler:
    """A subnet; most of its switches take a ModifySubnetAttribute each."""

    token: ClassVar[str] = "aws:ec2/subnet:Subnet"  # noqa: S105 - a type token, no secret

    def create(self, call: Call, inputs: Inputs) -> str:
        """CreateSubnet, then a call per attribute that differs from what AWS made."""
        refuse_unknown(self.token, inputs, SUBNET_INPUTS)
        members = {
            "AvailabilityZone": inputs.get("availabilityZone"),
            "AvailabilityZoneId": inputs.get("availabilityZoneId"),
            "CidrBlock": inputs.get("cidrBlock"),
            "Ipv6CidrBlock": inputs.get("ipv6CidrBlock"),
            "Ipv6Native": inputs.get("ipv6Native") or None,
        }
        subnet: dict[str, Any] = call.clients("ec2").create_subnet(
            VpcId=inputs["vpcId"],
            TagSpecifications=specification("subnet", inputs),
            **{name: value for name, value in members.items() if value},
        )["Subnet"]
        subnet_id: str = subnet["SubnetId"]
        made = _switches(subnet)
        with after_creation(subnet_id):
            polling(
                call,
                lambda: True if (self._found(call, subnet_id) or {}).get("State") == "available" else None,
                until=f"EC2 Subnet ({subnet_id}) to become available",
            )
            for name in SUBNET_ATTRIBUTES:
                wanted = inputs.get(name)
                if wanted is not None and wanted != made.get(name, False):
                    self._set_attribute(call, subnet_id, name, wanted)
        return subnet_id

    def read(self, call: Call, resource_id: str, state: Inputs) -> Inputs | None:
        """The subnet as EC2 describes it."""
        subnet = self._found(call, resource_id)
        if subnet is None:
            return None
        ipv6 = [
            entry
            for entry in subnet.get("Ipv6CidrBlockAssociationSet", [])
            if entry["Ipv6CidrBlockState"]["State"] in {"associating", "associated"}
        ]
        answer: Inputs = {
            "arn": subnet.get("SubnetArn") or arn(call, "subnet", resource_id),
            "vpcId": subnet["VpcId"],
            "availabilityZone": subnet["AvailabilityZone"],
            "availabilityZoneId": subnet.get("AvailabilityZoneId"),
            "cidrBlock": subnet.get("CidrBlock"),
            "ipv6Native": bool(subnet.get("Ipv6Native", False)),
            "ownerId": subnet.get("OwnerId", call.account_id),
            "tagsAll": tag_map(subnet.get("Tags")),
            **_switches(subnet),
        }
        if ipv6:
            answer |= {
                "ipv6CidrBlock": ipv6[-1]["Ipv6CidrBlock"],
                "ipv6CidrBlockAssociationId": ipv6[-1]["AssociationId"],
            }
        return known_form(answer, state)

    def update(self, call: Call, resource_id: str, old: Inputs, new: Inputs, changed: frozenset[str]) -> None:
        """Tags, the IPv6 block, and a call per changed attribute."""
        refuse_unknown(self.token, new, SUBNET_INPUTS)
        ec2 = call.clients("ec2")
        update_tags(call, resource_id, old, new)
        if "ipv6CidrBlock" in changed:
            if old.get("ipv6CidrBlockAssociationId"):
                ec2.disassociate_subnet_cidr_block(AssociationId=old["ipv6CidrBlockAssociationId"])
            if new.get("ipv6CidrBlock"):
                ec2.associate_subnet_cidr_block(SubnetId=resource_id, Ipv6CidrBlock=new["ipv6CidrBlock"])
        for name in SUBNET_ATTRIBUTES:
            if name in changed and new.get(name) is not None:
                self._set_attribute(call, resource_id, name, new[name])

    def delete(self, call: Call, resource_id: str, state: Inputs) -> None:  # noqa: ARG002 - the protocol's signature
        """Left-over interfaces first, then DeleteSubnet, again while something still depends on it."""
        ec2 = call.clients("ec2")
        delete_leftover_interfaces(call, "subnet-id", resource_id)
        with ignoring("InvalidSubnetID.NotFound"):
            tried_until(
                call,
                lambda: ec2.delete_subnet(SubnetId=resource_id),
                passing=passing("DependencyViolation"),
                timeout_seconds=1200,
            )

    def _found(self, call: Call, subnet_id: str) -> dict[str, Any] | None:
        ec2 = call.clients("ec2")
        return one_or_none(
            lambda: ec2.describe_subnets(SubnetIds=[subnet_id])["Subnets"],
            "InvalidSubnetID.NotFound",
        )

    def _set_attribute(self, call: Call, subnet_id: str, name: str, wanted: object) -> None:
        member = SUBNET_ATTRIBUTES[name]
        value = {"Value": wanted} if isinstance(wanted, bool) else wanted
        call.clients("ec2").modify_subnet_attribute(SubnetId=subnet_id, **{member: value})


def delete_leftover_interfaces(call: Call, filter_name: str, value: str) -> None:
    """Delete the free interfaces that services left behind; those in use stay and hold what they hold.

    Args:
        call: the operation.
        filter_name: DescribeNetworkInterfaces' filter: `subnet-id` or `group-id`.
        value: id for the filter.
    """
    ec2 = call.clients("ec2")
    found = ec2.describe_network_interfaces(Filters=[{"Name": filter_name, "Values": [value]}])["NetworkInterfaces"]
    for interface in found:
        if interface.get("Status") != "available" or not interface.get("RequesterManaged"):
            continue
        try:
            ec2.delete_network_interface(NetworkInterfaceId=interface["NetworkInterfaceId"])
        except ec2.exceptions.ClientError as error:
            # Somebody took or removed it between the two calls: the deletion that follows says so if it matters.
            if not is_error(error, "InvalidNetworkInterfaceID.NotFound", "InvalidNetworkInterface.InUse"):
                raise


def _switches(subnet: dict[str, Any]) -> Inputs:
    launch: dict[str, Any] = subnet.get("PrivateDnsNameOptionsOnLaunch") or {}
    return {
        "assignIpv6AddressOnCreation": bool(subnet.get("AssignIpv6AddressOnCreation", False)),
        "enableDns64": bool(subnet.get("EnableDns64", False)),
        "enableLniAtDeviceIndex": subnet.get("EnableLniAtDeviceIndex"),
        "enableResourceNameDnsAaaaRecordOnLaunch": bool(launch.get("EnableResourceNameDnsAAAARecord", False)),
        "enableResourceNameDnsARecordOnLaunch": bool(launch.get("EnableResourceNameDnsARecord", False)),
        "mapPublicIpOnLaunch": bool(subnet.get("MapPublicIpOnLaunch", False)),
        "privateDnsHostnameTypeOnLaunch": launch.get("HostnameType"),
    }
