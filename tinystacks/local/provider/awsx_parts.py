"""The pieces of an `awsx:ec2:Vpc` once registered, and the component's outputs made of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tinystacks.local.provider.monitor import Registered, unwrapped
from tinystacks.local.provider.values import UNKNOWN, Secret

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tinystacks.local.provider.awsx_subnets import PlannedSubnet


@dataclass(frozen=True, slots=True, kw_only=True)
class SubnetParts:
    """A subnet with what belongs to it."""

    plan: PlannedSubnet
    subnet: Registered
    table: Registered
    association: Registered
    address: Registered | None = None
    nat: Registered | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentOutputs:
    """What the component gives, and on which resources each output depends."""

    values: Mapping[str, Any]
    dependencies: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Everything that the component has registered."""

    vpc: Registered
    gateway: Registered
    parts: Sequence[SubnetParts]
    routes: Sequence[Registered]
    endpoints: Sequence[Registered]


def merged_tags(*layers: Any) -> Any:
    """Tags laid over each other: unknown or secret as a whole as soon as one layer is."""
    merged: dict[str, Any] = {}
    secret = False
    for layer in layers:
        secret = secret or isinstance(layer, Secret)
        tags = unwrapped(layer)
        if tags is UNKNOWN:
            return UNKNOWN
        merged |= tags or {}
    return Secret(merged) if secret else merged


def outputs_of(network: Network, subnet_layout: list[dict[str, Any]]) -> ComponentOutputs:
    """The component's outputs from its children."""
    vpc, parts = network.vpc, network.parts
    by_kind = {
        kind: [part.subnet for part in parts if part.plan.kind == kind] for kind in ("public", "private", "isolated")
    }
    resources: dict[str, list[Registered]] = {
        "subnets": [part.subnet for part in parts],
        **{f"{kind}Subnets": subnets for kind, subnets in by_kind.items()},
        "routeTables": [part.table for part in parts],
        "routeTableAssociations": [part.association for part in parts],
        "routes": list(network.routes),
        "natGateways": [part.nat for part in parts if part.nat is not None],
        "eips": [part.address for part in parts if part.address is not None],
        "vpcEndpoints": list(network.endpoints),
    }
    identities = {f"{kind}SubnetIds": subnets for kind, subnets in by_kind.items()}
    values: dict[str, Any] = {
        "vpc": vpc.reference,
        "vpcId": vpc.id,
        "internetGateway": network.gateway.reference,
        "subnetLayout": subnet_layout,
        **{name: [resource.reference for resource in listed] for name, listed in resources.items()},
        **{name: [resource.id for resource in listed] for name, listed in identities.items()},
    }
    dependencies: dict[str, list[str]] = {
        "vpc": [vpc.urn],
        "vpcId": [vpc.urn],
        "internetGateway": [network.gateway.urn],
        "subnetLayout": [],
        **{name: [resource.urn for resource in listed] for name, listed in (resources | identities).items()},
    }
    return ComponentOutputs(values=values, dependencies=dependencies)
