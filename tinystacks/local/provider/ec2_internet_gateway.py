"""`aws:ec2/internetGateway:InternetGateway`."""

from __future__ import annotations

from typing import Any, ClassVar

from tinystacks.local.provider.api_errors import after_creation, ignoring, passing
from tinystacks.local.provider.api_shapes import known_form, refuse_unknown
from tinystacks.local.provider.ec2_lookups import one_or_none
from tinystacks.local.provider.ec2_tags import arn, specification, tag_map, update_tags
from tinystacks.local.provider.handler import Call, Inputs, polling, tried_until


class InternetGatewayHandler:
    """An internet gateway and its attachment to one VPC."""

    token: ClassVar[str] = "aws:ec2/internetGateway:InternetGateway"  # noqa: S105 - a type token, no secret

    def create(self, call: Call, inputs: Inputs) -> str:
        """CreateInternetGateway, then AttachInternetGateway when a VPC is given."""
        refuse_unknown(self.token, inputs, {"vpcId"})
        ec2 = call.clients("ec2")
        gateway_id: str = ec2.create_internet_gateway(
            TagSpecifications=specification("internet-gateway", inputs),
        )["InternetGateway"]["InternetGatewayId"]
        if inputs.get("vpcId"):
            with after_creation(gateway_id):
                self._attach(call, gateway_id, inputs["vpcId"])
        return gateway_id

    def read(self, call: Call, resource_id: str, state: Inputs) -> Inputs | None:
        """The gateway; detached elsewhere, it has no `vpcId`."""
        gateway = self._found(call, resource_id)
        if gateway is None:
            return None
        attachments: list[dict[str, Any]] = gateway.get("Attachments", [])
        answer: Inputs = {
            "arn": arn(call, "internet-gateway", resource_id),
            "ownerId": gateway.get("OwnerId", call.account_id),
            "vpcId": attachments[0]["VpcId"] if attachments else "",
            "tagsAll": tag_map(gateway.get("Tags")),
        }
        return known_form(answer, state)

    def update(self, call: Call, resource_id: str, old: Inputs, new: Inputs, changed: frozenset[str]) -> None:
        """Tags; another VPC is a detachment and an attachment."""
        refuse_unknown(self.token, new, {"vpcId"})
        update_tags(call, resource_id, old, new)
        if "vpcId" in changed:
            if old.get("vpcId"):
                self._detach(call, resource_id, old["vpcId"])
            if new.get("vpcId"):
                self._attach(call, resource_id, new["vpcId"])

    def delete(self, call: Call, resource_id: str, state: Inputs) -> None:
        """Detach and delete, each again while public addresses of the VPC are in use."""
        ec2 = call.clients("ec2")
        if state.get("vpcId"):
            self._detach(call, resource_id, state["vpcId"])
        with ignoring("InvalidInternetGatewayID.NotFound"):
            tried_until(
                call,
                lambda: ec2.delete_internet_gateway(InternetGatewayId=resource_id),
                passing=passing("DependencyViolation"),
                timeout_seconds=1200,
            )

    def _found(self, call: Call, gateway_id: str) -> dict[str, Any] | None:
        ec2 = call.clients("ec2")
        return one_or_none(
            lambda: ec2.describe_internet_gateways(InternetGatewayIds=[gateway_id])["InternetGateways"],
            "InvalidInternetGatewayID.NotFound",
        )

    def _attach(self, call: Call, gateway_id: str, vpc_id: str) -> None:
        ec2 = call.clients("ec2")
        tried_until(
            call,
            lambda: ec2.attach_internet_gateway(InternetGatewayId=gateway_id, VpcId=vpc_id),
            passing=passing("InvalidInternetGatewayID.NotFound"),
            timeout_seconds=120,
        )
        polling(
            call,
            lambda: True if (self._found(call, gateway_id) or {}).get("Attachments") else None,
            until=f"EC2 Internet Gateway ({gateway_id}) to attach",
        )

    def _detach(self, call: Call, gateway_id: str, vpc_id: str) -> None:
        ec2 = call.clients("ec2")
        with ignoring("Gateway.NotAttached", "InvalidInternetGatewayID.NotFound"):
            tried_until(
                call,
                lambda: ec2.detach_internet_gateway(InternetGatewayId=gateway_id, VpcId=vpc_id),
                passing=passing("DependencyViolation"),
                timeout_seconds=1200,
            )
