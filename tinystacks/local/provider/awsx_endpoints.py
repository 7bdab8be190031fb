"""The VPC endpoints of an `awsx:ec2:Vpc`.

With the strategy `Auto` an interface endpoint gets a subnet per zone, private DNS and a security group, and a gateway
endpoint gets every route table; otherwise exactly what the spec says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tinystacks.local.provider.awsx_parts import merged_tags
from tinystacks.local.provider.awsx_subnets import VpcArgumentError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tinystacks.local.provider.awsx_parts import SubnetParts
    from tinystacks.local.provider.monitor import Monitor, Registered

ENDPOINT_ARGUMENTS: Final = (
    *("autoAccept", "dnsOptions", "ipAddressType", "policy", "privateDnsEnabled", "resourceConfigurationArn"),
    *("routeTableIds", "securityGroupIds", "serviceName", "serviceNetworkArn", "serviceRegion"),
    *("subnetConfigurations", "subnetIds", "vpcEndpointType"),
)
ENDPOINT_SUBNETS: Final = ("private", "isolated", "public")
"""Kinds of subnets in which `Auto` puts an interface endpoint, the first that a zone has."""

HTTPS: Final = 443


class EndpointBuilder:
    """Registers the endpoints of one VPC.

    Args:
        monitor: the engine's monitor.
        vpc: the VPC.
        parts: its subnets.
        zones: its availability zones.
        tags: the component's tags.
        region: the component's own region, if any.
        automatic: whether the strategy is `Auto`.
    """

    def __init__(
        self,
        monitor: Monitor,
        vpc: Registered,
        *,
        parts: Sequence[SubnetParts],
        zones: Sequence[str],
        tags: Any,
        region: Any,
        automatic: bool,
    ) -> None:
        self._monitor = monitor
        self._vpc = vpc
        self._parts = parts
        self._zones = zones
        self._tags = tags
        self._region = region
        self._automatic = automatic

    def build(self, spec: dict[str, Any]) -> Registered:
        """Register one endpoint, with its security group when it needs one."""
        vpc = self._vpc
        inputs = {name: spec.get(name) for name in ENDPOINT_ARGUMENTS}
        uses = [("vpcId", vpc)]
        region = spec.get("region") or self._region
        kind = endpoint_type(spec) if self._automatic else ""
        if kind == "interface":
            if inputs["subnetIds"] is None and inputs["subnetConfigurations"] is None:
                chosen = _endpoint_subnets(self._parts, self._zones)
                inputs["subnetIds"] = [part.subnet.id for part in chosen]
                uses += [("subnetIds", part.subnet) for part in chosen]
            if inputs["privateDnsEnabled"] is None:
                inputs["privateDnsEnabled"] = True
            if inputs["securityGroupIds"] is None:
                group = self._group(spec, region)
                inputs["securityGroupIds"] = [group.id]
                uses.append(("securityGroupIds", group))
        elif kind == "gateway" and inputs["routeTableIds"] is None:
            inputs["routeTableIds"] = [part.table.id for part in self._parts]
            uses += [("routeTableIds", part.table) for part in self._parts]
        inputs |= {"region": region, "tags": merged_tags(self._tags, spec.get("tags")), "vpcId": vpc.id}
        return self._monitor.register(
            "aws:ec2/vpcEndpoint:VpcEndpoint",
            spec["serviceName"],
            inputs,
            parent=vpc,
            uses=uses,
            after=[vpc],
        )

    def _group(self, spec: dict[str, Any], region: Any) -> Registered:
        """A security group that lets the VPC in by HTTPS."""
        vpc, service = self._vpc, spec["serviceName"]
        group = self._monitor.register(
            "aws:ec2/securityGroup:SecurityGroup",
            f"{service}-sg",
            {
                "region": region,
                "description": "Managed by Pulumi",
                "vpcId": vpc.id,
                "tags": merged_tags(self._tags, spec.get("tags")),
            },
            parent=vpc,
            uses=[("vpcId", vpc)],
            after=[vpc],
        )
        self._monitor.register(
            "aws:ec2/securityGroupRule:SecurityGroupRule",
            f"{service}-ingress",
            {
                "region": region,
                "type": "ingress",
                "protocol": "tcp",
                "fromPort": HTTPS,
                "toPort": HTTPS,
                "cidrBlocks": [vpc.output("cidrBlock")],
                "securityGroupId": group.id,
            },
            parent=vpc,
            uses=[("cidrBlocks", vpc), ("securityGroupId", group)],
            after=[group],
        )
        return group


def endpoint_type(spec: Mapping[str, Any]) -> str:
    """`gateway`, `interface` or another kind of endpoint, in lower case."""
    kind = spec.get("vpcEndpointType")
    if kind is not None and not isinstance(kind, str):
        raise VpcArgumentError(f"vpcEndpointType of the endpoint '{spec.get('serviceName')}' must be a plain string")
    return (kind or "Gateway").lower()


def _endpoint_subnets(parts: Sequence[SubnetParts], zones: Sequence[str]) -> list[SubnetParts]:
    chosen: list[SubnetParts] = []
    for zone in zones:
        here = {part.plan.kind: part for part in reversed(parts) if part.plan.zone == zone}
        chosen += [here[kind] for kind in ENDPOINT_SUBNETS if kind in here][:1]
    return chosen
