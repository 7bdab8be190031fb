"""The VPC: address ranges, zones, and a way out of private subnets."""

from __future__ import annotations

import ipaddress
import math
import re
from typing import TYPE_CHECKING

from tinystacks.spec.checks.finding import Finding, error, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tinystacks.spec.compute import NetworkSpec
    from tinystacks.spec.model import StageSpec

_VPC_ID = re.compile(r"vpc-[0-9a-f]{8,17}")
_SUBNET_ID = re.compile(r"subnet-[0-9a-f]{8,17}")
_LARGEST_PREFIX, _SMALLEST_PREFIX = 16, 28
_BITS_FOR_TWO_LAYERS = 2
_ADDRESSES_PER_REGION = 5
"""Elastic IP addresses of an account per region by default (EC2 user guide, "Elastic IP address limit"; trap E12)."""
_PRIVATE_REGISTRY = re.compile(r"\d{12}\.dkr[.-]ecr\.[^/]+/.+")
_NEEDED_ZONES = 2
"""An Application Load Balancer takes subnets of at least two zones (Elastic Load Balancing, `CreateLoadBalancer`)."""


def check(stage: StageSpec) -> Iterator[Finding]:
    """Check the network section."""
    if stage.network.vpc_id is None:
        yield from _own(stage)
    else:
        yield from _existing(stage)


def _own(stage: StageSpec) -> Iterator[Finding]:
    network = stage.network
    for key in ("public_subnets", "private_subnets"):
        if getattr(network, key):
            message = "needs `vpc_id` too; without it tinystacks makes a VPC with subnets of its own"
            yield error(("network", key), "subnets-without-vpc", message)
    if stage.exposed_services and network.availability_zones < _NEEDED_ZONES:
        message = "a load balancer needs two Availability Zones at least; 1 was given"
        yield error(("network", "availability_zones"), "zones-for-load-balancer", message)
    if network.private and network.nat == "none" and not network.vpc_endpoints:
        message = "private subnets have no way out: add `nat: single` (or `per_az`), or `vpc_endpoints: true`"
        yield error(("network", "private"), "private-without-way-out", message)
    if network.nat == "per_az" and network.availability_zones > 1:
        message = (
            f"takes {network.availability_zones} of the {_ADDRESSES_PER_REGION} Elastic IP addresses that an account "
            "has per region; the next stage in this region may find none (`nat: single` takes 1)"
        )
        yield warning(("network", "nat"), "nat-addresses", message)
    if network.private and network.nat == "none" and network.vpc_endpoints:
        yield from _images(stage)
    yield from _cidr(network)


def _images(stage: StageSpec) -> Iterator[Finding]:
    """Endpoints lead to ECR's private registries and to no public one (ECR user guide, vpc-endpoints; trap E3)."""
    for name, service in stage.services.items():
        images = [(("services", name, "image"), service.image)]
        images += [(("services", name, "sidecars", key, "image"), one.image) for key, one in service.sidecars.items()]
        for path, image in images:
            if image is not None and not _PRIVATE_REGISTRY.fullmatch(image):
                message = (
                    "cannot be pulled: private subnets with `vpc_endpoints` reach the private registries of "
                    "Amazon ECR only; copy the image there, build it with `build`, or set `nat: single`"
                )
                yield error(path, "image-out-of-reach", message)


def _cidr(network: NetworkSpec) -> Iterator[Finding]:
    """VPC user guide, "VPC CIDR blocks": /16 to /28; each zone gets two subnets of /28 at least."""
    path = ("network", "cidr")
    try:
        block = ipaddress.IPv4Network(network.cidr)
    except ValueError:
        yield error(path, "cidr", "must be an IPv4 range such as `10.0.0.0/16`, its host bits all zero")
        return
    if not block.is_private:
        yield warning(path, "cidr-public", "is a public range: the real addresses in it cannot be reached from the VPC")
    smallest = _SMALLEST_PREFIX - _BITS_FOR_TWO_LAYERS - math.ceil(math.log2(network.availability_zones))
    if not _LARGEST_PREFIX <= block.prefixlen <= smallest:
        message = f"with {network.availability_zones} zones the range must be /{_LARGEST_PREFIX} to /{smallest}"
        yield error(path, "cidr-size", f"{message}; /{block.prefixlen} was given")


def _existing(stage: StageSpec) -> Iterator[Finding]:
    network = stage.network
    if not _VPC_ID.fullmatch(network.vpc_id or ""):
        yield error(("network", "vpc_id"), "vpc-id", "must be the id of a VPC, such as `vpc-0abc123def4567890`")
    for key in ("public_subnets", "private_subnets"):
        subnets: list[str] = getattr(network, key)
        for at, subnet in enumerate(subnets):
            if not _SUBNET_ID.fullmatch(subnet):
                message = "must be the id of a subnet, such as `subnet-0abc123def4567890`"
                yield error(("network", key, at), "subnet-id", message)
            elif subnet in subnets[:at]:
                yield error(("network", key, at), "subnet-twice", f"`{subnet}` is named twice")
    for key in ("cidr", "availability_zones", "nat", "vpc_endpoints"):
        if key in network.model_fields_set:
            message = "has no effect on an existing VPC; it is for the VPC that tinystacks makes"
            yield warning(("network", key), "only-for-own-vpc", message)
    if network.private and not network.private_subnets:
        yield error(("network", "private_subnets"), "private-subnets-missing", "needed with `private: true`")
    if not network.private and not network.public_subnets:
        message = "needed with `vpc_id`, unless `private: true` puts everything into `private_subnets`"
        yield error(("network", "public_subnets"), "public-subnets-missing", message)
    yield from _balancer_subnets(stage)


def _balancer_subnets(stage: StageSpec) -> Iterator[Finding]:
    if not stage.exposed_services:
        return
    network = stage.network
    most = max(len(network.public_subnets), len(network.private_subnets) if stage.endpoint.internal else 0)
    if most < _NEEDED_ZONES:
        message = "a load balancer needs two subnets at least, in different Availability Zones"
        yield error(("network", "public_subnets"), "subnets-for-load-balancer", message)
