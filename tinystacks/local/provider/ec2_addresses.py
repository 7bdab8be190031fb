"""`aws:ec2/eip:Eip` and `aws:ec2/natGateway:NatGateway`."""

from __future__ import annotations

from typing import Any, ClassVar

from tinystacks.errors import LocalAwsError
from tinystacks.local.provider.api_errors import after_creation, ignoring, passing
from tinystacks.local.provider.api_shapes import known_form, refuse_unknown
from tinystacks.local.provider.ec2_lookups import one_or_none
from tinystacks.local.provider.ec2_tags import arn, specification, tag_map, update_tags
from tinystacks.local.provider.handler import Call, Inputs, PlanError, polling, tried_until

EIP_INPUTS = frozenset({"domain", "instance", "networkInterface", "associateWithPrivateIp", "networkBorderGroup"})
EIP_TARGETS = {
    "instance": "InstanceId",
    "networkInterface": "NetworkInterfaceId",
    "associateWithPrivateIp": "PrivateIpAddress",
}
NAT_INPUTS = frozenset({"subnetId", "allocationId", "connectivityType", "privateIp", "availabilityMode"})
NAT_GONE_CODE = "NatGatewayNotFound"


class EipHandler:
    """An Elastic IP address and, when asked, its association."""

    token: ClassVar[str] = "aws:ec2/eip:Eip"  # noqa: S105 - a type token, no secret

    def create(self, call: Call, inputs: Inputs) -> str:
        """AllocateAddress, then AssociateAddress when an instance or an interface is given."""
        refuse_unknown(self.token, inputs, EIP_INPUTS)
        ec2 = call.clients("ec2")
        border = inputs.get("networkBorderGroup")
        allocation_id: str = ec2.allocate_address(
            Domain=inputs.get("domain") or "vpc",
            TagSpecifications=specification("elastic-ip", inputs),
            **({"NetworkBorderGroup": border} if border else {}),
        )["AllocationId"]
        with after_creation(allocation_id):
            self._associate(call, allocation_id, inputs)
        return allocation_id

    def read(self, call: Call, resource_id: str, state: Inputs) -> Inputs | None:
        """The address; what it is associated with moves when a NAT gateway takes it."""
        address = self._found(call, resource_id)
        if address is None:
            return None
        ec2 = call.clients("ec2")
        attributes = ec2.describe_addresses_attribute(AllocationIds=[resource_id], Attribute="domain-name")["Addresses"]
        public, private = address.get("PublicIp"), address.get("PrivateIpAddress")
        answer: Inputs = {
            "allocationId": resource_id,
            "arn": arn(call, "elastic-ip", resource_id),
            "associationId": address.get("AssociationId") or "",
            "domain": address.get("Domain", "vpc"),
            "instance": address.get("InstanceId") or "",
            "networkInterface": address.get("NetworkInterfaceId") or "",
            "networkBorderGroup": address.get("NetworkBorderGroup"),
            "publicIpv4Pool": address.get("PublicIpv4Pool"),
            "privateIp": private,
            "privateDns": private and _dns_name("ip", private, call.region, public=False),
            "publicIp": public,
            "publicDns": public and _dns_name("ec2", public, call.region, public=True),
            "ptrRecord": attributes[0].get("PtrRecord") if attributes else None,
            "associateWithPrivateIp": state.get("associateWithPrivateIp"),
            "tagsAll": tag_map(address.get("Tags")),
        }
        return known_form(answer, state)

    def update(self, call: Call, resource_id: str, old: Inputs, new: Inputs, changed: frozenset[str]) -> None:
        """Tags; another holder is a disassociation and an association."""
        refuse_unknown(self.token, new, EIP_INPUTS)
        update_tags(call, resource_id, old, new)
        if changed & EIP_TARGETS.keys():
            self._disassociate(call, resource_id)
            self._associate(call, resource_id, new)

    def delete(self, call: Call, resource_id: str, state: Inputs) -> None:  # noqa: ARG002 - the protocol's signature
        """DisassociateAddress when associated, then ReleaseAddress."""
        self._disassociate(call, resource_id)
        ec2 = call.clients("ec2")
        with ignoring("InvalidAllocationID.NotFound"):
            # A NAT gateway that is being deleted holds its address until it is gone.
            tried_until(
                call,
                lambda: ec2.release_address(AllocationId=resource_id),
                passing=passing("InvalidIPAddress.InUse", "AuthFailure"),
                timeout_seconds=180,
            )

    def _found(self, call: Call, allocation_id: str) -> dict[str, Any] | None:
        ec2 = call.clients("ec2")
        return one_or_none(
            lambda: ec2.describe_addresses(AllocationIds=[allocation_id])["Addresses"],
            "InvalidAllocationID.NotFound",
        )

    def _associate(self, call: Call, allocation_id: str, inputs: Inputs) -> None:
        members = {api: inputs[name] for name, api in EIP_TARGETS.items() if inputs.get(name)}
        if not members:
            return
        ec2 = call.clients("ec2")
        tried_until(
            call,
            lambda: ec2.associate_address(AllocationId=allocation_id, AllowReassociation=True, **members),
            passing=passing("InvalidAllocationID.NotFound", "IncorrectInstanceState"),
            timeout_seconds=300,
        )

    def _disassociate(self, call: Call, allocation_id: str) -> None:
        association_id = (self._found(call, allocation_id) or {}).get("AssociationId")
        if association_id:
            with ignoring("InvalidAssociationID.NotFound"):
                call.clients("ec2").disassociate_address(AssociationId=association_id)


class NatGatewayHandler:
    """A zonal NAT gateway, public or private."""

    token: ClassVar[str] = "aws:ec2/natGateway:NatGateway"  # noqa: S105 - a type token, no secret

    def create(self, call: Call, inputs: Inputs) -> str:
        """CreateNatGateway, then wait until it is available."""
        refuse_unknown(self.token, inputs, NAT_INPUTS)
        if inputs.get("availabilityMode") == "regional":
            raise LocalAwsError(
                f"the local AWS does not know regional NAT gateways ({self.token})",
                hint="Leave availabilityMode out: a NAT gateway is zonal by default.",
            )
        members = {"AllocationId": inputs.get("allocationId"), "PrivateIpAddress": inputs.get("privateIp")}
        gateway_id: str = call.clients("ec2").create_nat_gateway(
            SubnetId=inputs["subnetId"],
            ConnectivityType=inputs.get("connectivityType") or "public",
            TagSpecifications=specification("natgateway", inputs),
            **{name: value for name, value in members.items() if value},
        )["NatGateway"]["NatGatewayId"]
        with after_creation(gateway_id):
            polling(
                call,
                lambda: self._available(call, gateway_id),
                until=f"EC2 NAT Gateway ({gateway_id}) to become available",
            )
        return gateway_id

    def read(self, call: Call, resource_id: str, state: Inputs) -> Inputs | None:
        """The gateway and its first address; AWS lists deleted ones for about an hour."""
        gateway = self._found(call, resource_id)
        if gateway is None or gateway["State"] == "deleted":
            return None
        addresses: list[dict[str, Any]] = gateway.get("NatGatewayAddresses") or [{}]
        primary = next((entry for entry in addresses if entry.get("IsPrimary")), addresses[0])
        secondary = [entry for entry in addresses if entry is not primary]
        answer: Inputs = {
            "allocationId": primary.get("AllocationId"),
            "associationId": primary.get("AssociationId"),
            "availabilityMode": gateway.get("AvailabilityMode", "zonal"),
            "connectivityType": gateway.get("ConnectivityType", "public"),
            "networkInterfaceId": primary.get("NetworkInterfaceId"),
            "privateIp": primary.get("PrivateIp"),
            "publicIp": primary.get("PublicIp"),
            "secondaryAllocationIds": [entry["AllocationId"] for entry in secondary if entry.get("AllocationId")],
            "secondaryPrivateIpAddresses": [entry["PrivateIp"] for entry in secondary if entry.get("PrivateIp")],
            "secondaryPrivateIpAddressCount": len(secondary),
            "subnetId": gateway.get("SubnetId"),
            "vpcId": gateway.get("VpcId"),
            "tagsAll": tag_map(gateway.get("Tags")),
        }
        return known_form(answer, state, unordered={"secondaryAllocationIds", "secondaryPrivateIpAddresses"})

    def update(self, call: Call, resource_id: str, old: Inputs, new: Inputs, changed: frozenset[str]) -> None:
        """Tags; everything else of a zonal gateway replaces it."""
        del changed
        refuse_unknown(self.token, new, NAT_INPUTS)
        update_tags(call, resource_id, old, new)

    def delete(self, call: Call, resource_id: str, state: Inputs) -> None:  # noqa: ARG002 - the protocol's signature
        """DeleteNatGateway, then wait until it is deleted."""
        with ignoring(NAT_GONE_CODE):
            call.clients("ec2").delete_nat_gateway(NatGatewayId=resource_id)
        polling(
            call,
            lambda: True if (self._found(call, resource_id) or {"State": "deleted"})["State"] == "deleted" else None,
            until=f"EC2 NAT Gateway ({resource_id}) to be deleted",
        )

    def plan(self, call: Call, old: Inputs | None, new: Inputs) -> list[PlanError]:
        """A private gateway has no public addresses; a public one counts no private ones."""
        del call, old
        if new.get("connectivityType") == "private":
            names = ("allocationId", "secondaryAllocationIds")
            return [
                PlanError(property=name, reason=f"{name} is not supported with connectivityType = private")
                for name in names
                if new.get(name)
            ]
        if new.get("secondaryPrivateIpAddressCount"):
            reason = "secondaryPrivateIpAddressCount is not supported with connectivityType = public"
            return [PlanError(property="secondaryPrivateIpAddressCount", reason=reason)]
        return []

    def _found(self, call: Call, gateway_id: str) -> dict[str, Any] | None:
        ec2 = call.clients("ec2")
        return one_or_none(
            lambda: ec2.describe_nat_gateways(NatGatewayIds=[gateway_id])["NatGateways"],
            NAT_GONE_CODE,
            "InvalidNatGatewayID.NotFound",
        )

    def _available(self, call: Call, gateway_id: str) -> bool | None:
        gateway = self._found(call, gateway_id) or {}
        if gateway.get("State") == "failed":
            raise LocalAwsError(
                f"waiting for EC2 NAT Gateway ({gateway_id}) create: {gateway.get('FailureCode')}: "
                f"{gateway.get('FailureMessage')}",
            )
        return True if gateway.get("State") == "available" else None


def _dns_name(prefix: str, address: str, region: str, *, public: bool) -> str:
    """The name that EC2 gives an address; us-east-1 has names of its own (EC2 user guide, instance hostnames)."""
    name = f"{prefix}-{address.replace('.', '-')}"
    if region == "us-east-1":
        return f"{name}.compute-1.amazonaws.com" if public else f"{name}.ec2.internal"
    return f"{name}.{region}.compute.amazonaws.com" if public else f"{name}.{region}.compute.internal"
