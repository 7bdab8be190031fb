"""`aws:ec2/routeTableAssociation:RouteTableAssociation`."""

from __future__ import annotations

from typing import Any, ClassVar

from tinystacks.local.provider.api_errors import ignoring, passing
from tinystacks.local.provider.api_shapes import known_form, refuse_unknown
from tinystacks.local.provider.ec2_lookups import found_table
from tinystacks.local.provider.handler import Call, Inputs, tried_until

MEMBERS = {"subnetId": "SubnetId", "gatewayId": "GatewayId"}


class RouteTableAssociationHandler:
    """The route table that a subnet or a gateway uses."""

    token: ClassVar[str] = "aws:ec2/routeTableAssociation:RouteTableAssociation"  # noqa: S105 - a type token, no secret

    def create(self, call: Call, inputs: Inputs) -> str:
        """AssociateRouteTable, again while the table is not visible yet."""
        refuse_unknown(self.token, inputs, {"routeTableId", "subnetId", "gatewayId"})
        ec2 = call.clients("ec2")
        members = {api: inputs[name] for name, api in MEMBERS.items() if inputs.get(name)}
        answer: dict[str, Any] = tried_until(
            call,
            lambda: ec2.associate_route_table(RouteTableId=inputs["routeTableId"], **members),
            passing=passing("InvalidRouteTableID.NotFound"),
            timeout_seconds=300,
        )
        return answer["AssociationId"]

    def read(self, call: Call, resource_id: str, state: Inputs) -> Inputs | None:
        """The association; after a change AWS knows it by another id, and then its subnet finds it."""
        association = self._found(call, resource_id, state)
        if association is None:
            return None
        answer: Inputs = {
            "routeTableId": association["RouteTableId"],
            "subnetId": association.get("SubnetId"),
            "gatewayId": association.get("GatewayId"),
        }
        return known_form(answer, state)

    def update(self, call: Call, resource_id: str, old: Inputs, new: Inputs, changed: frozenset[str]) -> None:
        """ReplaceRouteTableAssociation, or a new association when the old one is gone."""
        del changed
        association = self._found(call, resource_id, old)
        if association is None:
            self.create(call, new)
            return
        call.clients("ec2").replace_route_table_association(
            AssociationId=association["RouteTableAssociationId"],
            RouteTableId=new["routeTableId"],
        )

    def delete(self, call: Call, resource_id: str, state: Inputs) -> None:
        """DisassociateRouteTable; an association that is gone is done."""
        association = self._found(call, resource_id, state)
        if association is None:
            return
        with ignoring("InvalidAssociationID.NotFound"):
            call.clients("ec2").disassociate_route_table(AssociationId=association["RouteTableAssociationId"])

    def import_id(self, call: Call, given: str) -> str:
        """`subnet-1/rtb-1` as the association's own id."""
        member, _, table_id = given.partition("/")
        for association in (found_table(call, table_id) or {}).get("Associations", []):
            if member in {association.get("SubnetId"), association.get("GatewayId")}:
                return str(association["RouteTableAssociationId"])
        return given

    def _found(self, call: Call, association_id: str, state: Inputs) -> dict[str, Any] | None:
        ec2 = call.clients("ec2")
        tables = ec2.get_paginator("describe_route_tables").paginate().build_full_result()["RouteTables"]
        associations: list[dict[str, Any]] = [
            association for table in tables for association in table.get("Associations", [])
        ]
        for association in associations:
            if association.get("RouteTableAssociationId") == association_id:
                return association
        member = state.get("subnetId") or state.get("gatewayId")
        return next(
            (entry for entry in associations if member and member in {entry.get("SubnetId"), entry.get("GatewayId")}),
            None,
        )
