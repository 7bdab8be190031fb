"""Data sources of EC2: zones, VPCs, subnets, machine images."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from tinystacks.local.provider.invocation import InvokeError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tinystacks.local.provider.invocation import Invocation

SUBNET_CRITERIA: Final = {
    "availabilityZone": "availability-zone",
    "availabilityZoneId": "availability-zone-id",
    "cidrBlock": "cidr-block",
    "defaultForAz": "default-for-az",
    "ipv6CidrBlock": "ipv6-cidr-block-association.ipv6-cidr-block",
    "state": "state",
    "vpcId": "vpc-id",
}
VPC_CRITERIA: Final = {
    "cidrBlock": "cidr",
    "default": "isDefault",
    "dhcpOptionsId": "dhcp-options-id",
    "state": "state",
}
AMI_ARGUMENTS: Final = (
    *("owners", "filters", "mostRecent", "nameRegex", "executableUsers", "includeDeprecated", "allowUnsafeFilter"),
    *("tags", "uefiData"),
)


def availability_zones(invocation: Invocation) -> dict[str, Any]:
    """`aws:index/getAvailabilityZones:getAvailabilityZones`, sorted by name."""
    args = invocation.args
    filters = _filters(args, {"state": "state"})
    found = invocation.client("ec2").describe_availability_zones(
        AllAvailabilityZones=bool(args.get("allAvailabilityZones")),
        **({"Filters": filters} if filters else {}),
    )["AvailabilityZones"]
    names, identities = set(args.get("excludeNames") or ()), set(args.get("excludeZoneIds") or ())
    zones = sorted(
        (zone for zone in found if zone["ZoneName"] not in names and zone.get("ZoneId") not in identities),
        key=lambda zone: zone["ZoneName"],
    )
    return {
        **args,
        "id": invocation.region,
        "region": invocation.region,
        "names": [zone["ZoneName"] for zone in zones],
        "zoneIds": [zone.get("ZoneId", "") for zone in zones],
        "groupNames": sorted({zone["GroupName"] for zone in zones if zone.get("GroupName")}),
    }


def vpc(invocation: Invocation) -> dict[str, Any]:
    """`aws:ec2/getVpc:getVpc`."""
    ec2, args = invocation.client("ec2"), invocation.args
    found = invocation.only(
        ec2.describe_vpcs(
            Filters=_filters(args, VPC_CRITERIA),
            **({"VpcIds": [args["id"]]} if args.get("id") else {}),
        )["Vpcs"],
        "EC2 VPC",
    )
    vpc_id = found["VpcId"]
    attributes = {
        name: ec2.describe_vpc_attribute(VpcId=vpc_id, Attribute=name)[name[0].upper() + name[1:]]["Value"]
        for name in ("enableDnsHostnames", "enableDnsSupport", "enableNetworkAddressUsageMetrics")
    }
    main = ec2.describe_route_tables(
        Filters=[{"Name": "vpc-id", "Values": [vpc_id]}, {"Name": "association.main", "Values": ["true"]}],
    )["RouteTables"]
    ipv6: list[dict[str, Any]] = found.get("Ipv6CidrBlockAssociationSet") or []
    return {
        "arn": f"arn:aws:ec2:{invocation.region}:{found['OwnerId']}:vpc/{vpc_id}",
        "id": vpc_id,
        "cidrBlock": found["CidrBlock"],
        "cidrBlockAssociations": [
            {
                "associationId": entry["AssociationId"],
                "cidrBlock": entry["CidrBlock"],
                "state": entry["CidrBlockState"]["State"],
            }
            for entry in found.get("CidrBlockAssociationSet", [])
        ],
        "ipv6CidrBlockAssociations": [],
        "ipv6AssociationId": ipv6[0]["AssociationId"] if ipv6 else "",
        "ipv6CidrBlock": ipv6[0]["Ipv6CidrBlock"] if ipv6 else "",
        "default": found["IsDefault"],
        "dhcpOptionsId": found["DhcpOptionsId"],
        "instanceTenancy": found["InstanceTenancy"],
        "mainRouteTableId": main[0]["RouteTableId"] if main else "",
        "ownerId": found["OwnerId"],
        "region": invocation.region,
        "state": args.get("state") or "",
        "tags": _tags(found),
        **attributes,
    }


def subnets(invocation: Invocation) -> dict[str, Any]:
    """`aws:ec2/getSubnets:getSubnets`; finding none is no error."""
    pages = invocation.client("ec2").get_paginator("describe_subnets").paginate(Filters=_filters(invocation.args, {}))
    found = [subnet["SubnetId"] for page in pages for subnet in page["Subnets"]]
    tags: dict[str, str] = invocation.args.get("tags") or {}
    return {**invocation.args, "id": invocation.region, "region": invocation.region, "ids": found, "tags": tags}


def subnet(invocation: Invocation) -> dict[str, Any]:
    """`aws:ec2/getSubnet:getSubnet`."""
    args = invocation.args
    found = invocation.only(
        invocation.client("ec2").describe_subnets(
            Filters=_filters(args, SUBNET_CRITERIA),
            **({"SubnetIds": [args["id"]]} if args.get("id") else {}),
        )["Subnets"],
        "EC2 Subnet",
    )
    ipv6 = [
        entry
        for entry in found.get("Ipv6CidrBlockAssociationSet", [])
        if entry["Ipv6CidrBlockState"]["State"] == "associated"
    ]
    names: dict[str, Any] = found.get("PrivateDnsNameOptionsOnLaunch") or {}
    return {
        "arn": found.get("SubnetArn", ""),
        "assignIpv6AddressOnCreation": found.get("AssignIpv6AddressOnCreation", False),
        "availabilityZone": found["AvailabilityZone"],
        "availabilityZoneId": found.get("AvailabilityZoneId", ""),
        "availableIpAddressCount": found["AvailableIpAddressCount"],
        "cidrBlock": found["CidrBlock"],
        "customerOwnedIpv4Pool": "",
        "defaultForAz": found["DefaultForAz"],
        "enableDns64": found.get("EnableDns64", False),
        "enableLniAtDeviceIndex": 0,
        "enableResourceNameDnsARecordOnLaunch": names.get("EnableResourceNameDnsARecord", False),
        "enableResourceNameDnsAaaaRecordOnLaunch": names.get("EnableResourceNameDnsAAAARecord", False),
        "id": found["SubnetId"],
        "ipv6CidrBlock": ipv6[0]["Ipv6CidrBlock"] if ipv6 else "",
        "ipv6CidrBlockAssociationId": ipv6[0]["AssociationId"] if ipv6 else "",
        "ipv6Native": found.get("Ipv6Native", False),
        "mapCustomerOwnedIpOnLaunch": False,
        "mapPublicIpOnLaunch": found["MapPublicIpOnLaunch"],
        "outpostArn": "",
        "ownerId": found["OwnerId"],
        "privateDnsHostnameTypeOnLaunch": names.get("HostnameType", "ip-name"),
        "region": invocation.region,
        "state": found["State"],
        "tags": _tags(found),
        "vpcId": found["VpcId"],
    }


def ami(invocation: Invocation) -> dict[str, Any]:
    """`aws:ec2/getAmi:getAmi`."""
    args = invocation.args
    owners: list[str] = args.get("owners") or []
    filters = _filters({"filters": args.get("filters")}, {})
    pinned = any(entry["Name"] in {"image-id", "owner-id"} for entry in filters)
    if args.get("mostRecent") and not (owners or pinned or args.get("allowUnsafeFilter")):
        raise InvokeError(
            f'invoking {invocation.token}: Most Recent Image Not Filtered: "most_recent" is set to "true" and results '
            "are not filtered by owner or image ID. With this configuration, a third party may introduce a new image "
            "which will be returned by this data source. Filter by owner or image ID to avoid this possibility.",
        )
    found = invocation.client("ec2").describe_images(
        **({"Owners": owners} if owners else {}),
        **({"Filters": filters} if filters else {}),
        **({"ExecutableUsers": args["executableUsers"]} if args.get("executableUsers") else {}),
    )["Images"]
    if args.get("nameRegex"):
        found = [image for image in found if re.search(args["nameRegex"], image.get("Name", ""))]
    if len(found) > 1 and args.get("mostRecent"):
        found = sorted(found, key=lambda image: image["CreationDate"])[-1:]
    if not found:
        raise InvokeError(f"invoking {invocation.token}: Your query returned no results.")
    if len(found) > 1:
        raise InvokeError(
            f"invoking {invocation.token}: Your query returned more than one result. Please try a more specific search "
            "criteria, or set `most_recent` attribute to true.",
        )
    return {**{name: value for name, value in args.items() if name != "tags"}, **_image(found[0], invocation.region)}


def _image(image: Mapping[str, Any], region: str) -> dict[str, Any]:
    mappings: list[dict[str, Any]] = image.get("BlockDeviceMappings") or []
    root = image.get("RootDeviceName", "")
    reason: dict[str, str] = image.get("StateReason") or {}
    snapshot = next((entry["Ebs"]["SnapshotId"] for entry in mappings if _is_root(entry, root)), "")
    return {
        "id": image["ImageId"],
        "imageId": image["ImageId"],
        "arn": f"arn:aws:ec2:{region}::image/{image['ImageId']}",
        "region": region,
        "rootSnapshotId": snapshot,
        "blockDeviceMappings": [
            {
                "deviceName": entry.get("DeviceName", ""),
                "noDevice": entry.get("NoDevice", ""),
                "virtualName": entry.get("VirtualName", ""),
                "ebs": {key[0].lower() + key[1:]: _text(value) for key, value in entry.get("Ebs", {}).items()},
            }
            for entry in mappings
        ],
        "productCodes": [],
        "stateReason": {"code": reason.get("Code", "UNSET"), "message": reason.get("Message", "UNSET")},
        "tags": _tags(image),
        "enaSupport": image.get("EnaSupport", False),
        "public": image.get("Public", False),
        **{
            name: str(image.get(member, ""))
            for name, member in {
                "architecture": "Architecture",
                "bootMode": "BootMode",
                "creationDate": "CreationDate",
                "deprecationTime": "DeprecationTime",
                "description": "Description",
                "hypervisor": "Hypervisor",
                "imageLocation": "ImageLocation",
                "imageOwnerAlias": "ImageOwnerAlias",
                "imageType": "ImageType",
                "imdsSupport": "ImdsSupport",
                "kernelId": "KernelId",
                "lastLaunchedTime": "LastLaunchedTime",
                "name": "Name",
                "ownerId": "OwnerId",
                "platform": "Platform",
                "platformDetails": "PlatformDetails",
                "ramdiskId": "RamdiskId",
                "rootDeviceName": "RootDeviceName",
                "rootDeviceType": "RootDeviceType",
                "sriovNetSupport": "SriovNetSupport",
                "state": "State",
                "tpmSupport": "TpmSupport",
                "usageOperation": "UsageOperation",
                "virtualizationType": "VirtualizationType",
            }.items()
        },
    }


def _is_root(entry: Mapping[str, Any], root: str) -> bool:
    return entry.get("DeviceName") == root and "SnapshotId" in entry.get("Ebs", {})


def _filters(args: Mapping[str, Any], criteria: Mapping[str, str]) -> list[dict[str, Any]]:
    """EC2 filters from a function's arguments; false means the same as not asked."""
    filters = [
        {"Name": filter_name, "Values": [_text(args[name])]}
        for name, filter_name in criteria.items()
        if args.get(name) not in (None, "", False)
    ]
    tags: dict[str, str] = args.get("tags") or {}
    given: list[dict[str, Any]] = args.get("filters") or []
    filters += [{"Name": f"tag:{key}", "Values": [value]} for key, value in tags.items()]
    return filters + [{"Name": entry["name"], "Values": entry["values"]} for entry in given]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _tags(found: Mapping[str, Any]) -> dict[str, str]:
    tags: list[dict[str, str]] = found.get("Tags") or []
    return {tag["Key"]: tag["Value"] for tag in tags if not tag["Key"].startswith("aws:")}
