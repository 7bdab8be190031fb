"""`aws:ec2/routeTable:RouteTable` and `aws:ec2/route:Route`."""

from __future__ import annotations

import zlib
from typing import Any, ClassVar

from tinystacks.local.provider.api_errors import after_creation, ignoring, passing
from tinystacks.local.provider.api_shapes import entries, known_form, refuse_unknown
from tinystacks.local.provider.ec2_lookups import found_table
from tinystacks.local.provider.ec2_tags import arn, specification, tag_map, update_tags
from tinystacks.local.provider.handler import Call, Inputs, tried_until

ROUTE_TARGETS = {
    "gatewayId": "GatewayId",
    "natGatewayId": "NatGatewayId",
    "vpcEndpointId": "VpcEndpointId",
    "transitGatewayId": "TransitGatewayId",
    "vpcPeeringConnectionId": "VpcPeeringConnectionId",
    "egressOnlyGatewayId": "EgressOnlyInternetGatewayId",
    "carrierGatewayId": "CarrierGatewayId",
    "coreNetworkArn": "CoreNetworkArn",
    "localGatewayId": "LocalGatewayId",
    "networkInterfaceId": "NetworkInterfaceId",
}
ROUTE_DESTINATIONS = {
    "destinationCidrBlock": "DestinationCidrBlock",
    "destinationIpv6CidrBlock": "DestinationIpv6CidrBlock",
    "destinationPrefixListId": "DestinationPrefixListId",
}
INLINE_DESTINATIONS = {
    "cidrBlock": "DestinationCidrBlock",
    "ipv6CidrBlock": "DestinationIpv6CidrBlock",
    "destinationPrefixListId": "DestinationPrefixListId",
}


class RouteTableHandler:
    """A route table, with its routes when the program lists them here."""

    token: ClassVar[str] = "aws:ec2/routeTable:RouteTable"  # noqa: S105 - a type token, no secret

    def create(self, call: Call, inputs: Inputs) -> str:
        """CreateRouteTable, then CreateRoute per entry."""
        refuse_unknown(self.token, inputs, {"vpcId", "routes"})
        ec2 = call.clients("ec2")
        table_id: str = ec2.create_route_table(
            VpcId=inputs["vpcId"],
            TagSpecifications=specification("route-table", inputs),
        )["RouteTable"]["RouteTableId"]
        with after_creation(table_id):
            for route in entries(inputs, "routes"):
                ec2.create_route(RouteTableId=table_id, **_inline_members(route))
        return table_id

    def read(self, call: Call, resource_id: str, state: Inputs) -> Inputs | None:
        """The table without its local, propagated and endpoint routes, which nobody can list."""
        table = found_table(call, resource_id)
        if table is None:
            return None
        answer: Inputs = {
            "arn": arn(call, "route-table", resource_id),
            "ownerId": table.get("OwnerId", call.account_id),
            "vpcId": table["VpcId"],
            "routes": [_inline_route(route) for route in table.get("Routes", []) if _is_listed(route)],
            "propagatingVgws": [entry["GatewayId"] for entry in table.get("PropagatingVgws", [])],
            "tagsAll": tag_map(table.get("Tags")),
        }
        return known_form(answer, state, unordered={"routes", "propagatingVgws"})

    def update(self, call: Call, resource_id: str, old: Inputs, new: Inputs, changed: frozenset[str]) -> None:
        """Tags; routes by destination: replaced, created, then deleted."""
        refuse_unknown(self.token, new, {"vpcId", "routes", "propagatingVgws"})
        ec2 = call.clients("ec2")
        update_tags(call, resource_id, old, new)
        if "routes" not in changed:
            return
        before = {_inline_destination(route): route for route in entries(old, "routes")}
        after = {_inline_destination(route): route for route in entries(new, "routes")}
        for destination, route in after.items():
            if destination not in before:
                ec2.create_route(RouteTableId=resource_id, **_inline_members(route))
            elif _inline_members(before[destination]) != _inline_members(route):
                ec2.replace_route(RouteTableId=resource_id, **_inline_members(route))
        for destination in before:
            if destination not in after:
                with ignoring("InvalidRoute.NotFound"):
                    ec2.delete_route(RouteTableId=resource_id, **{destination[0]: destination[1]})

    def delete(self, call: Call, resource_id: str, state: Inputs) -> None:  # noqa: ARG002 - the protocol's signature
        """Disassociate what is associated, then DeleteRouteTable."""
        ec2 = call.clients("ec2")
        table = found_table(call, resource_id)
        if table is None:
            return
        for association in table.get("Associations", []):
            with ignoring("InvalidAssociationID.NotFound"):
                ec2.disassociate_route_table(AssociationId=association["RouteTableAssociationId"])
        with ignoring("InvalidRouteTableID.NotFound"):
            ec2.delete_route_table(RouteTableId=resource_id)


class RouteHandler:
    """One route of a route table."""

    token: ClassVar[str] = "aws:ec2/route:Route"  # noqa: S105 - a type token, no secret

    def create(self, call: Call, inputs: Inputs) -> str:
        """CreateRoute; the id is made of the table and a checksum of the destination."""
        self._refuse(inputs)
        ec2 = call.clients("ec2")
        tried_until(
            call,
            lambda: ec2.create_route(
                RouteTableId=inputs["routeTableId"],
                **_members(inputs, ROUTE_DESTINATIONS),
                **_members(inputs, ROUTE_TARGETS),
            ),
            passing=passing("InvalidParameterException", "InvalidTransitGatewayID.NotFound"),
            timeout_seconds=120,
        )
        return route_id(inputs["routeTableId"], _destination(inputs))

    def read(self, call: Call, resource_id: str, state: Inputs) -> Inputs | None:
        """The route of that destination."""
        table_id, destination = self._place(call, resource_id, state)
        if not table_id:
            return None
        table = found_table(call, table_id)
        route = next(
            (entry for entry in (table or {}).get("Routes", []) if destination in _destinations(entry)),
            None,
        )
        if route is None:
            return None
        answer: Inputs = {
            "routeTableId": table_id,
            "origin": route.get("Origin"),
            "state": route.get("State"),
            "instanceId": route.get("InstanceId"),
            "instanceOwnerId": route.get("InstanceOwnerId"),
            **{name: route.get(api) for name, api in ROUTE_DESTINATIONS.items()},
            **_targets(route),
        }
        return known_form(answer, state)

    def update(self, call: Call, resource_id: str, old: Inputs, new: Inputs, changed: frozenset[str]) -> None:  # noqa: ARG002 - the protocol's signature
        """ReplaceRoute, whatever the kind of the target."""
        self._refuse(new)
        targets = {name: new.get(name) for name in ROUTE_TARGETS}
        if changed & ROUTE_TARGETS.keys():
            # A target of another kind leaves the old kind's value behind in what the framework carries over.
            fresh = {name: value for name, value in targets.items() if value and value != old.get(name)}
            targets = fresh or targets
        call.clients("ec2").replace_route(
            RouteTableId=new["routeTableId"],
            **_members(new, ROUTE_DESTINATIONS),
            **_members(targets, ROUTE_TARGETS),
        )

    def delete(self, call: Call, resource_id: str, state: Inputs) -> None:
        """DeleteRoute; a route that is gone is done."""
        table_id, destination = self._place(call, resource_id, state)
        member = next(
            (api for name, api in ROUTE_DESTINATIONS.items() if state.get(name) == destination),
            "DestinationCidrBlock",
        )
        ec2 = call.clients("ec2")
        with ignoring("InvalidRoute.NotFound", "InvalidRouteTableID.NotFound"):
            tried_until(
                call,
                lambda: ec2.delete_route(RouteTableId=table_id, **{member: destination}),
                passing=passing("InvalidParameterException"),
                timeout_seconds=300,
            )

    def import_id(self, call: Call, given: str) -> str:
        """`rtb-1_0.0.0.0/0` as the state's id."""
        del call
        table_id, separator, destination = given.partition("_")
        return route_id(table_id, destination) if separator else given

    def _place(self, call: Call, resource_id: str, state: Inputs) -> tuple[str, str]:
        """Table and destination; with nothing known, the route is the one that has this id."""
        if state.get("routeTableId"):
            return state["routeTableId"], _destination(state)
        ec2 = call.clients("ec2")
        for table in ec2.get_paginator("describe_route_tables").paginate().build_full_result()["RouteTables"]:
            for destination in (name for route in table.get("Routes", []) for name in _destinations(route)):
                if route_id(table["RouteTableId"], destination) == resource_id:
                    return table["RouteTableId"], destination
        return "", ""

    def _refuse(self, inputs: Inputs) -> None:
        refuse_unknown(
            self.token,
            inputs,
            {"routeTableId", "instanceId", "instanceOwnerId", "origin", "state"}
            | ROUTE_TARGETS.keys()
            | ROUTE_DESTINATIONS.keys(),
        )


def route_id(table_id: str, destination: str) -> str:
    """The id that the AWS provider gives a route: `r-`, the table's id, CRC-32 of the destination in decimal."""
    return f"r-{table_id}{zlib.crc32(destination.encode())}"


def _members(inputs: Inputs, names: dict[str, str]) -> dict[str, Any]:
    return {api: inputs[name] for name, api in names.items() if inputs.get(name)}


def _destination(inputs: Inputs) -> str:
    return next((str(inputs[name]) for name in ROUTE_DESTINATIONS if inputs.get(name)), "")


def _destinations(route: dict[str, Any]) -> set[str]:
    return {route[api] for api in ROUTE_DESTINATIONS.values() if route.get(api)}


def _targets(route: dict[str, Any]) -> Inputs:
    targets = {name: route.get(api) for name, api in ROUTE_TARGETS.items()}
    if str(targets.get("gatewayId") or "").startswith("vpce-"):
        targets["vpcEndpointId"] = targets.pop("gatewayId")
    return targets


def _is_listed(route: dict[str, Any]) -> bool:
    gateway = str(route.get("GatewayId") or "")
    endpoint_route = gateway.startswith("vpce-") and bool(route.get("DestinationPrefixListId"))
    return gateway != "local" and route.get("Origin") != "EnableVgwRoutePropagation" and not endpoint_route


def _inline_route(route: dict[str, Any]) -> Inputs:
    return {
        name: value
        for name, value in {
            **{name: route.get(api) for name, api in INLINE_DESTINATIONS.items()},
            **_targets(route),
        }.items()
        if value
    }


def _inline_destination(route: Inputs) -> tuple[str, str]:
    return next((api, str(route[name])) for name, api in INLINE_DESTINATIONS.items() if route.get(name))


def _inline_members(route: Inputs) -> dict[str, Any]:
    return _members(route, INLINE_DESTINATIONS) | _members(route, ROUTE_TARGETS)
