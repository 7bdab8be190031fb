"""The component `awsx:ec2:Vpc`: which children the real one makes, with which inputs and parents.

Package awsx 3.11 (https://www.pulumi.com/registry/packages/awsx/api-docs/ec2/vpc/). A subnet belongs to the VPC, its
route table to the subnet, the association and the route to the route table, a NAT gateway and its address to the public
subnet. Everything that depends on nothing else is registered at once.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

from tinystacks.local.provider.awsx_endpoints import EndpointBuilder, endpoint_type
from tinystacks.local.provider.awsx_parts import ComponentOutputs, Network, SubnetParts, merged_tags, outputs_of
from tinystacks.local.provider.awsx_subnets import (
    VpcArgumentError,
    default_requests,
    layout,
    planned_subnets,
    refuse_gaps,
    requests_from,
)
from tinystacks.local.provider.monitor import Monitor, Registered, unwrapped
from tinystacks.local.provider.values import has_unknown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tinystacks.local.provider.awsx_subnets import PlannedSubnet, SubnetRequest

VPC_TYPE: Final = "awsx:ec2:Vpc"
DEFAULT_BLOCK: Final = "10.0.0.0/16"
DEFAULT_ZONES: Final = 3
EVERYWHERE: Final = "0.0.0.0/0"
PARALLEL: Final = 12
"""Registrations at once: a VPC has six subnets or so, each with a chain of children."""

PASSED_TO_VPC: Final = (
    *("enableDnsHostnames", "enableDnsSupport", "enableNetworkAddressUsageMetrics", "instanceTenancy", "region"),
)
KNOWN_ARGUMENTS: Final = frozenset(
    {
        *PASSED_TO_VPC,
        *("availabilityZoneCidrMask", "availabilityZoneNames", "cidrBlock", "natGateways", "numberOfAvailabilityZones"),
        *("subnetSpecs", "subnetStrategy", "tags", "vpcEndpointSpecs", "vpcEndpointStrategy"),
    },
)


class VpcComponent:
    """Registers the children of one `awsx:ec2:Vpc`.

    Args:
        monitor: the engine's monitor.
        component: the component itself, already registered.
        name: its logical name.
        arguments: its arguments; secrets stay marked.

    Raises:
        VpcArgumentError: an argument is unknown, or asks for what the local AWS does not have.
    """

    def __init__(self, monitor: Monitor, component: Registered, name: str, arguments: Mapping[str, Any]) -> None:
        strange = sorted(set(arguments) - KNOWN_ARGUMENTS)
        if strange:
            raise VpcArgumentError(f"the local AWS does not know the argument '{strange[0]}' of {VPC_TYPE}")
        self._monitor = monitor
        self._component = component
        self._name = name
        self._arguments = arguments
        self._region = arguments.get("region")
        self._shared_tags = merged_tags({"Name": name}, arguments.get("tags"))

    def build(self) -> ComponentOutputs:
        """Register all children and say what the component gives."""
        zones = self._zones()
        block: str = self._plain("cidrBlock") or DEFAULT_BLOCK
        requests = self._requests(block, len(zones))
        plans = planned_subnets(self._name, block, zones, requests, self._plain("availabilityZoneCidrMask"))
        strategy = self._nat_strategy(plans, zones)
        vpc = self._vpc(block)
        with ThreadPoolExecutor(max_workers=PARALLEL, thread_name_prefix="awsx") as pool:
            gateway_later = pool.submit(self._gateway, vpc)
            parts_later = [pool.submit(self._subnet, plan, vpc, strategy) for plan in plans]
            parts = [later.result() for later in parts_later]
            gateway = gateway_later.result()
            endpoints = EndpointBuilder(
                self._monitor,
                vpc,
                parts=parts,
                zones=zones,
                tags=self._shared_tags,
                region=self._region,
                automatic=self._plain("vpcEndpointStrategy") == "Auto",
            )
            routes_later = [pool.submit(self._route, part, gateway, parts, strategy) for part in parts]
            endpoints_later = [pool.submit(endpoints.build, spec) for spec in self._endpoint_specs()]
            routes = [route for later in routes_later if (route := later.result()) is not None]
            made = [later.result() for later in endpoints_later]
        network = Network(vpc=vpc, gateway=gateway, parts=parts, routes=routes, endpoints=made)
        return outputs_of(network, layout(requests))

    def _endpoint_specs(self) -> list[dict[str, Any]]:
        return list(unwrapped(self._arguments.get("vpcEndpointSpecs")) or [])

    def _plain(self, name: str) -> Any:
        value = unwrapped(self._arguments.get(name))
        if has_unknown(value):
            raise VpcArgumentError(f"the argument '{name}' of {VPC_TYPE} must be known in a preview")
        return value

    def _zones(self) -> list[str]:
        names, count = self._plain("availabilityZoneNames"), self._plain("numberOfAvailabilityZones")
        if names and count:
            raise VpcArgumentError(
                "Only one of [availabilityZoneNames] and [numberOfAvailabilityZones] can be specified",
            )
        if names:
            return list(names)
        wanted = count or DEFAULT_ZONES
        region = {"region": unwrapped(self._region)} if isinstance(unwrapped(self._region), str) else {}
        found = self._monitor.invoke("aws:index/getAvailabilityZones:getAvailabilityZones", region)["names"]
        if len(found) < wanted:
            raise VpcArgumentError(
                f"The configured region for this provider does not have at least {wanted} Availability Zones. Either "
                "specify an explicit list of zones in availabilityZoneNames or choose a region with at least "
                f"{wanted} AZs.",
            )
        return found[:wanted]

    def _requests(self, block: str, zones: int) -> list[SubnetRequest]:
        strategy = self._plain("subnetStrategy") or "Legacy"
        if strategy not in {"Auto", "Exact"}:
            raise VpcArgumentError(
                f"the local AWS does not know the subnetStrategy '{strategy}' of {VPC_TYPE}",
                hint='Give subnet_strategy="Auto".',
            )
        mask = self._plain("availabilityZoneCidrMask")
        requests = requests_from(self._arguments.get("subnetSpecs"), zones) or default_requests(block, zones, mask)
        if strategy == "Exact":
            refuse_gaps(block, zones, requests, mask)
        return requests

    def _nat_strategy(self, plans: Sequence[PlannedSubnet], zones: Sequence[str]) -> str:
        configuration: dict[str, Any] = self._plain("natGateways") or {}
        strategy = str(configuration.get("strategy") or "OnePerAz").lower()
        if strategy not in {"none", "single", "oneperaz"}:
            raise VpcArgumentError(f"Unknown NatGatewayStrategy '{configuration.get('strategy')}'")
        allocations: list[Any] = configuration.get("elasticIpAllocationIds") or []
        allowed = {"none": {0}, "single": {0, 1}, "oneperaz": {0, len(zones)}}[strategy]
        if len(allocations) not in allowed:
            raise VpcArgumentError(
                f"{len(allocations)} Elastic IPs do not fit the NAT Gateway strategy '{configuration.get('strategy')}'",
            )
        kinds = {plan.kind for plan in plans}
        if strategy != "none" and not {"public", "private"} <= kinds:
            raise VpcArgumentError(
                "If NAT Gateway strategy is 'OnePerAz' or 'Single', both private and public subnets must be declared. "
                "The private subnet creates the need for a NAT Gateway, and the public subnet is required to host the "
                "NAT Gateway resource.",
            )
        return strategy

    def _has_nat(self, plan: PlannedSubnet, strategy: str) -> bool:
        if plan.kind != "public":
            return False
        return strategy == "oneperaz" or (strategy == "single" and plan.zone_number == 1)

    def _vpc(self, block: str) -> Registered:
        passed = {name: self._arguments.get(name) for name in PASSED_TO_VPC}
        wants_dns = self._plain("vpcEndpointStrategy") == "Auto" and any(
            endpoint_type(spec) == "interface" and spec.get("privateDnsEnabled") is not False
            for spec in self._endpoint_specs()
        )
        if wants_dns:
            for name in ("enableDnsHostnames", "enableDnsSupport"):
                if passed[name] is False:
                    raise VpcArgumentError(f"private DNS of an interface endpoint needs {name} to be true")
                passed[name] = True if passed[name] is None else passed[name]
        inputs = {**passed, "cidrBlock": block, "tags": self._shared_tags}
        return self._monitor.register("aws:ec2/vpc:Vpc", self._name, inputs, parent=self._component)

    def _gateway(self, vpc: Registered) -> Registered:
        return self._monitor.register(
            "aws:ec2/internetGateway:InternetGateway",
            self._name,
            {"region": self._region, "vpcId": vpc.id, "tags": self._shared_tags},
            parent=vpc,
            uses=[("vpcId", vpc)],
            after=[vpc],
        )

    def _subnet(self, plan: PlannedSubnet, vpc: Registered, strategy: str) -> SubnetParts:
        own_tags = {"Name": plan.name, "SubnetType": plan.request.type}
        subnet = self._monitor.register(
            "aws:ec2/subnet:Subnet",
            plan.name,
            {
                "region": self._region,
                "vpcId": vpc.id,
                "availabilityZone": plan.zone,
                "mapPublicIpOnLaunch": plan.kind == "public",
                "cidrBlock": plan.block,
                "assignIpv6AddressOnCreation": plan.request.assign_ipv6,
                "tags": merged_tags(self._shared_tags, plan.request.tags, own_tags),
            },
            parent=vpc,
            uses=[("vpcId", vpc)],
            after=[vpc],
        )
        table = self._monitor.register(
            "aws:ec2/routeTable:RouteTable",
            plan.name,
            {"region": self._region, "vpcId": vpc.id, "tags": merged_tags(self._shared_tags, own_tags)},
            parent=subnet,
            uses=[("vpcId", vpc)],
            after=[subnet],
        )
        association = self._monitor.register(
            "aws:ec2/routeTableAssociation:RouteTableAssociation",
            plan.name,
            {"region": self._region, "routeTableId": table.id, "subnetId": subnet.id},
            parent=table,
            uses=[("routeTableId", table), ("subnetId", subnet)],
            after=[table],
        )
        address, nat = self._nat(plan, subnet) if self._has_nat(plan, strategy) else (None, None)
        return SubnetParts(
            plan=plan,
            subnet=subnet,
            table=table,
            association=association,
            address=address,
            nat=nat,
        )

    def _nat(self, plan: PlannedSubnet, subnet: Registered) -> tuple[Registered | None, Registered]:
        name = f"{self._name}-{plan.zone_number}"
        tags = merged_tags(self._arguments.get("tags"), {"Name": name})
        configuration: dict[str, Any] = self._plain("natGateways") or {}
        given: list[Any] = configuration.get("elasticIpAllocationIds") or []
        address = None
        allocation: Any = given[plan.zone_number - 1] if given else None
        uses = [("subnetId", subnet)]
        if not given:
            address = self._monitor.register(
                "aws:ec2/eip:Eip",
                name,
                {"region": self._region, "tags": tags},
                parent=subnet,
                after=[subnet],
            )
            allocation = address.output("allocationId")
            uses.append(("allocationId", address))
        nat = self._monitor.register(
            "aws:ec2/natGateway:NatGateway",
            name,
            {"region": self._region, "subnetId": subnet.id, "allocationId": allocation, "tags": tags},
            parent=subnet,
            uses=uses,
            after=[subnet],
        )
        return address, nat

    def _route(
        self,
        part: SubnetParts,
        gateway: Registered,
        parts: Sequence[SubnetParts],
        strategy: str,
    ) -> Registered | None:
        if part.plan.kind == "public":
            way, name = gateway, "gatewayId"
        elif part.plan.kind == "private" and strategy != "none":
            nats = [other.nat for other in parts if other.nat is not None]
            way, name = nats[0 if strategy == "single" else part.plan.zone_number - 1], "natGatewayId"
        else:
            return None
        return self._monitor.register(
            "aws:ec2/route:Route",
            part.plan.name,
            {
                "region": self._region,
                "routeTableId": part.table.id,
                name: way.id,
                "destinationCidrBlock": EVERYWHERE,
            },
            parent=part.table,
            uses=[("routeTableId", part.table), (name, way)],
            after=[part.table],
        )
