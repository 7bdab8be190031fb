"""How `awsx.ec2.Vpc` divides its address range: strategy `Auto` (and `Exact`, which allows no gaps).

Each zone gets an equal power-of-two share; in it the subnets follow one another, each aligned to its own size
(https://www.pulumi.com/docs/iac/clouds/aws/guides/vpc/, package awsx 3).
"""

from __future__ import annotations

import ipaddress
import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from tinystacks.errors import LocalAwsError
from tinystacks.local.provider.values import has_unknown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TYPE_ORDER: Final = {"public": 0, "private": 1, "isolated": 2}
"""Order in which the subnets of one zone are made."""

SMALLEST_SHARE: Final = 26
"""Prefix length of the smallest share of a zone in which default subnets fit."""

ADDRESS_BITS: Final = 32


class VpcArgumentError(LocalAwsError):
    """The arguments of `awsx.ec2.Vpc` do not fit together, or ask for what the local AWS does not have."""

    kind = "local-aws-vpc"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubnetRequest:
    """One subnet that every zone gets.

    Attributes:
        type: `Public`, `Private`, `Isolated` or `Unused`.
        name: its part of the resource name; the type in lower case when not given.
        mask: prefix length; None for an equal share.
        blocks: the ranges given by hand, one per zone; empty for computed ones.
        tags: further tags.
        assign_ipv6: whether addresses of version 6 are given out.
    """

    type: str
    name: str = ""
    mask: int | None = None
    blocks: tuple[str, ...] = ()
    tags: Mapping[str, Any] = field(default_factory=dict[str, Any])
    assign_ipv6: bool = False

    @property
    def part(self) -> str:
        """Its part of the resource name."""
        return self.name or self.type.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedSubnet:
    """One subnet in one zone.

    Attributes:
        name: logical name of the resource.
        zone: availability zone.
        zone_number: 1-based position of the zone.
        block: address range.
        request: what it was asked to be.
    """

    name: str
    zone: str
    zone_number: int
    block: str
    request: SubnetRequest

    @property
    def kind(self) -> str:
        """`public`, `private` or `isolated`."""
        return self.request.type.lower()


def requests_from(specs: Any, zones: int) -> list[SubnetRequest] | None:
    """Subnet requests out of the component's argument; None when it is absent.

    Args:
        specs: `subnetSpecs` as it came over the wire.
        zones: number of zones.

    Raises:
        VpcArgumentError: a spec makes no sense.
    """
    if specs is None:
        return None
    if has_unknown(specs):
        raise VpcArgumentError("subnetSpecs of awsx:ec2:Vpc must be known in a preview")
    requests = [_request_from(spec, index, zones) for index, spec in enumerate(specs)]
    if not requests:
        raise VpcArgumentError("No subnets specified")
    if any(request.blocks for request in requests) and not all(request.blocks for request in requests):
        raise VpcArgumentError("If any subnet spec has explicit cidrBlocks, all subnets must have explicit cidrBlocks.")
    return requests


def _request_from(spec: Mapping[str, Any], index: int, zones: int) -> SubnetRequest:
    mask, size = spec.get("cidrMask"), spec.get("size")
    if size is not None:
        by_size = ADDRESS_BITS - (int(size).bit_length() - 1)
        if size != 1 << (ADDRESS_BITS - by_size) or (mask is not None and mask != by_size):
            raise VpcArgumentError(f"subnetSpecs[{index}]: the size {size} is no power of two or contradicts cidrMask")
        mask = by_size
    blocks = tuple(spec.get("cidrBlocks") or ())
    if blocks and len(blocks) != zones:
        raise VpcArgumentError(
            f"The number of CIDR blocks in subnetSpecs[{index}] must match the number of availability zones ({zones}).",
        )
    return SubnetRequest(
        type=spec["type"],
        name=spec.get("name") or "",
        mask=mask,
        blocks=blocks,
        tags=spec.get("tags") or {},
        assign_ipv6=bool(spec.get("assignIpv6AddressOnCreation")),
    )


def default_requests(vpc_block: str, zones: int, zone_mask: int | None = None) -> list[SubnetRequest]:
    """What a VPC gets when no subnets were asked for: a larger private and a smaller public one per zone.

    Raises:
        VpcArgumentError: the range is too small for it.
    """
    share = _share_mask(vpc_block, zones, zone_mask)
    if share > SMALLEST_SHARE:
        raise VpcArgumentError(
            f"Automatic subnet creation requires a VPC with at least /{SMALLEST_SHARE} available per AZ, "
            f"but only /{share} is available.",
        )
    base = max(share, 16)
    return [SubnetRequest(type="Private", mask=base + 1), SubnetRequest(type="Public", mask=base + 2)]


def planned_subnets(
    vpc_name: str,
    vpc_block: str,
    zones: Sequence[str],
    requests: Sequence[SubnetRequest],
    zone_mask: int | None = None,
) -> list[PlannedSubnet]:
    """The subnets of all zones, in the order in which the component makes and lists them.

    Args:
        vpc_name: logical name of the component.
        vpc_block: address range of the VPC.
        zones: availability zones.
        requests: what every zone gets.
        zone_mask: prefix length of a zone's share; None for an equal one.

    Raises:
        VpcArgumentError: the subnets do not fit.
    """
    share = _share_mask(vpc_block, len(zones), zone_mask)
    equal_mask = share + _bits(len(requests))
    needed = sum(1 << (ADDRESS_BITS - (request.mask or equal_mask)) for request in requests if not request.blocks)
    if needed > 1 << (ADDRESS_BITS - share):
        raise VpcArgumentError(
            f"Subnets are too large for VPC. A zone has {1 << (ADDRESS_BITS - share)} addresses, "
            f"but its subnets require {needed} addresses.",
        )
    first = int(ipaddress.ip_network(vpc_block, strict=False).network_address)
    planned: list[PlannedSubnet] = []
    for number, zone in enumerate(zones, start=1):
        start = first + (number - 1) * (1 << (ADDRESS_BITS - share))
        blocks = _zone_blocks(start, requests, equal_mask, number - 1)
        in_zone = [
            PlannedSubnet(
                name=f"{vpc_name}-{request.part}-{number}",
                zone=zone,
                zone_number=number,
                block=block,
                request=request,
            )
            for request, block in zip(requests, blocks, strict=True)
            if request.type != "Unused"
        ]
        planned += sorted(in_zone, key=lambda subnet: TYPE_ORDER.get(subnet.kind, len(TYPE_ORDER)))
    _refuse_overlaps(planned)
    return planned


def refuse_gaps(vpc_block: str, zones: int, requests: Sequence[SubnetRequest], zone_mask: int | None = None) -> None:
    """Strategy `Exact`: the subnets have to fill the range of the VPC.

    Raises:
        VpcArgumentError: something is left over.
    """
    share = _share_mask(vpc_block, zones, zone_mask)
    equal_mask = share + _bits(len(requests))
    used = zones * sum(1 << (ADDRESS_BITS - (request.mask or equal_mask)) for request in requests)
    if any(request.blocks for request in requests):
        used = sum(ipaddress.ip_network(block).num_addresses for request in requests for block in request.blocks)
    if used != ipaddress.ip_network(vpc_block, strict=False).num_addresses:
        raise VpcArgumentError(
            "There are gaps in the subnet ranges; use subnetStrategy Auto, or fill them with Unused."
        )


def layout(requests: Sequence[SubnetRequest]) -> list[dict[str, Any]]:
    """The component's output `subnetLayout`: what was asked for."""
    return [
        {
            key: value
            for key, value in {
                "type": request.type,
                "name": request.name or None,
                "cidrMask": request.mask,
                "size": 1 << (ADDRESS_BITS - request.mask) if request.mask is not None else None,
                "cidrBlocks": list(request.blocks) or None,
            }.items()
            if value is not None
        }
        for request in requests
    ]


def _zone_blocks(start: int, requests: Sequence[SubnetRequest], equal_mask: int, zone_index: int) -> list[str]:
    blocks: list[str] = []
    following = start
    for request in requests:
        if request.blocks:
            blocks.append(request.blocks[zone_index])
            continue
        mask = request.mask or equal_mask
        size = 1 << (ADDRESS_BITS - mask)
        aligned = -(-following // size) * size
        blocks.append(f"{ipaddress.IPv4Address(aligned)}/{mask}")
        following = aligned + size
    return blocks


def _refuse_overlaps(planned: Sequence[PlannedSubnet]) -> None:
    networks = sorted((ipaddress.ip_network(subnet.block), subnet.name) for subnet in planned)
    for (before, name), (after, other) in itertools.pairwise(networks):
        if before.overlaps(after):
            raise VpcArgumentError(
                f"The subnets {name} ({before}) and {other} ({after}) overlap.",
                hint="Make the CIDR for the VPC larger, reduce the size of the subnets per AZ, or use fewer zones.",
            )


def _share_mask(vpc_block: str, zones: int, zone_mask: int | None) -> int:
    return zone_mask or ipaddress.ip_network(vpc_block, strict=False).prefixlen + _bits(zones)


def _bits(count: int) -> int:
    """Bits that number `count` things."""
    return (count - 1).bit_length()
