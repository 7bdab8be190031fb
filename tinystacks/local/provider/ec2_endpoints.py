"""`aws:ec2/vpcEndpoint:VpcEndpoint` and `aws:ec2/flowLog:FlowLog`."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from tinystacks.errors import LocalAwsError
from tinystacks.local.provider.api_errors import after_creation, ignoring, passing
from tinystacks.local.provider.api_shapes import block, known_form, refuse_unknown, renamed, shape
from tinystacks.local.provider.ec2_lookups import one_or_none
from tinystacks.local.provider.ec2_tags import arn, specification, tag_map, update_tags
from tinystacks.local.provider.handler import Call, Inputs, polling, tried_until

ENDPOINT_SETS = {"routeTableIds": "RouteTableIds", "subnetIds": "SubnetIds", "securityGroupIds": "SecurityGroupIds"}
ENDPOINT_INPUTS = frozenset(
    {*ENDPOINT_SETS, "vpcId", "serviceName", "vpcEndpointType", "privateDnsEnabled", "policy", "ipAddressType",
     "dnsOptions", "autoAccept"},
)  # fmt: skip
DNS_OPTIONS = shape("aws:ec2/vpcEndpoint:VpcEndpoint.dnsOptions", "dnsRecordIpType",
                    "privateDnsOnlyForInboundResolverEndpoint")  # fmt: skip

FLOW_LOG = shape(
    "aws:ec2/flowLog:FlowLog",
    "trafficType",
    "logDestinationType",
    "logDestination",
    "deliverCrossAccountRole",
    "logFormat",
    "maxAggregationInterval",
    renamed("iamRoleArn", "DeliverLogsPermissionArn"),
    block("destinationOptions", shape("aws:ec2/flowLog:FlowLog.destinationOptions", "fileFormat",
                                      "hiveCompatiblePartitions", "perHourPartition")),
)  # fmt: skip
FLOW_LOG_SUBJECTS = {
    "vpcId": ("VPC", "vpc-"),
    "subnetId": ("Subnet", "subnet-"),
    "eniId": ("NetworkInterface", "eni-"),
    "transitGatewayId": ("TransitGateway", "tgw-"),
}
"""What is logged: property, the API's ResourceType, start of its ids."""


class VpcEndpointHandler:
    """An endpoint in a VPC: gateway (S3, DynamoDB) or interface."""

    token: ClassVar[str] = "aws:ec2/vpcEndpoint:VpcEndpoint"  # noqa: S105 - a type token, no secret

    def create(self, call: Call, inputs: Inputs) -> str:
        """CreateVpcEndpoint, then wait until it is available."""
        refuse_unknown(self.token, inputs, ENDPOINT_INPUTS)
        members: Inputs = {api: inputs[name] for name, api in ENDPOINT_SETS.items() if inputs.get(name)}
        if inputs.get("policy"):
            members["PolicyDocument"] = inputs["policy"]
        if inputs.get("ipAddressType"):
            members["IpAddressType"] = inputs["ipAddressType"]
        if inputs.get("dnsOptions"):
            members["DnsOptions"] = DNS_OPTIONS.to_api(inputs["dnsOptions"])
        endpoint_id: str = call.clients("ec2").create_vpc_endpoint(
            VpcId=inputs["vpcId"],
            ServiceName=inputs["serviceName"],
            VpcEndpointType=inputs.get("vpcEndpointType") or "Gateway",
            PrivateDnsEnabled=bool(inputs.get("privateDnsEnabled")),
            TagSpecifications=specification("vpc-endpoint", inputs),
            **members,
        )["VpcEndpoint"]["VpcEndpointId"]
        with after_creation(endpoint_id):
            self._wait(call, endpoint_id)
        return endpoint_id

    def read(self, call: Call, resource_id: str, state: Inputs) -> Inputs | None:
        """The endpoint; gateway types also have the prefix list of their service."""
        endpoint = self._found(call, resource_id)
        if endpoint is None or str(endpoint.get("State", "")).lower() == "deleted":
            return None
        answer: Inputs = {
            "arn": arn(call, "vpc-endpoint", resource_id),
            "vpcId": endpoint["VpcId"],
            "serviceName": endpoint["ServiceName"],
            "vpcEndpointType": endpoint.get("VpcEndpointType", "Gateway"),
            "state": endpoint.get("State"),
            "policy": _policy_form(endpoint.get("PolicyDocument"), state.get("policy")),
            "privateDnsEnabled": bool(endpoint.get("PrivateDnsEnabled", False)),
            "ipAddressType": endpoint.get("IpAddressType"),
            "dnsOptions": DNS_OPTIONS.from_api(endpoint.get("DnsOptions") or {}),
            "dnsEntries": [
                {"dnsName": entry.get("DnsName", ""), "hostedZoneId": entry.get("HostedZoneId", "")}
                for entry in endpoint.get("DnsEntries", [])
            ],
            "networkInterfaceIds": endpoint.get("NetworkInterfaceIds", []),
            "ownerId": endpoint.get("OwnerId", call.account_id),
            "requesterManaged": bool(endpoint.get("RequesterManaged", False)),
            "routeTableIds": endpoint.get("RouteTableIds", []),
            "subnetIds": endpoint.get("SubnetIds", []),
            "securityGroupIds": [entry["GroupId"] for entry in endpoint.get("Groups", []) if entry.get("GroupId")],
            "autoAccept": state.get("autoAccept"),
            "tagsAll": tag_map(endpoint.get("Tags")),
            **self._prefix_list(call, endpoint["ServiceName"]),
        }
        return known_form(answer, state, unordered={*ENDPOINT_SETS, "networkInterfaceIds"})

    def update(self, call: Call, resource_id: str, old: Inputs, new: Inputs, changed: frozenset[str]) -> None:
        """Tags, then everything else in one ModifyVpcEndpoint."""
        refuse_unknown(self.token, new, ENDPOINT_INPUTS)
        update_tags(call, resource_id, old, new)
        members: Inputs = {}
        for name, api in ENDPOINT_SETS.items():
            if name not in changed:
                continue
            before, after = set(old.get(name) or []), set(new.get(name) or [])
            if after - before:
                members[f"Add{api}"] = sorted(after - before)
            if before - after:
                members[f"Remove{api}"] = sorted(before - after)
        if "policy" in changed:
            members |= {"PolicyDocument": new["policy"]} if new.get("policy") else {"ResetPolicy": True}
        if "privateDnsEnabled" in changed:
            members["PrivateDnsEnabled"] = bool(new.get("privateDnsEnabled"))
        if "ipAddressType" in changed and new.get("ipAddressType"):
            members["IpAddressType"] = new["ipAddressType"]
        if "dnsOptions" in changed and new.get("dnsOptions"):
            members["DnsOptions"] = DNS_OPTIONS.to_api(new["dnsOptions"])
        if members:
            call.clients("ec2").modify_vpc_endpoint(VpcEndpointId=resource_id, **members)
            self._wait(call, resource_id)

    def delete(self, call: Call, resource_id: str, state: Inputs) -> None:  # noqa: ARG002 - the protocol's signature
        """DeleteVpcEndpoints, then wait until it is gone."""
        with ignoring("InvalidVpcEndpointId.NotFound"):
            answer = call.clients("ec2").delete_vpc_endpoints(VpcEndpointIds=[resource_id])
            _refuse_unsuccessful("deleting EC2 VPC Endpoint", answer, but="InvalidVpcEndpointId.NotFound")
        polling(
            call,
            lambda: True if self._gone(call, resource_id) else None,
            until=f"EC2 VPC Endpoint ({resource_id}) to be deleted",
            timeout_seconds=600,
        )

    def _found(self, call: Call, endpoint_id: str) -> dict[str, Any] | None:
        ec2 = call.clients("ec2")
        return one_or_none(
            lambda: ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint_id])["VpcEndpoints"],
            "InvalidVpcEndpointId.NotFound",
        )

    def _gone(self, call: Call, endpoint_id: str) -> bool:
        endpoint = self._found(call, endpoint_id)
        return endpoint is None or str(endpoint.get("State", "")).lower() == "deleted"

    def _wait(self, call: Call, endpoint_id: str) -> None:
        polling(
            call,
            lambda: True if str((self._found(call, endpoint_id) or {}).get("State")).lower() == "available" else None,
            until=f"EC2 VPC Endpoint ({endpoint_id}) to become available",
            timeout_seconds=600,
        )

    def _prefix_list(self, call: Call, service_name: str) -> Inputs:
        found = call.clients("ec2").describe_managed_prefix_lists(
            Filters=[{"Name": "prefix-list-name", "Values": [service_name]}],
        )["PrefixLists"]
        if not found:
            return {}
        list_id = found[0]["PrefixListId"]
        entries = call.clients("ec2").get_managed_prefix_list_entries(PrefixListId=list_id)["Entries"]
        return {"prefixListId": list_id, "cidrBlocks": [entry["Cidr"] for entry in entries]}


class FlowLogHandler:
    """Flow logs of a VPC, a subnet or an interface."""

    token: ClassVar[str] = "aws:ec2/flowLog:FlowLog"  # noqa: S105 - a type token, no secret

    def create(self, call: Call, inputs: Inputs) -> str:
        """CreateFlowLogs, again while its role cannot be assumed yet."""
        subject = next((name for name in FLOW_LOG_SUBJECTS if inputs.get(name)), None)
        if subject is None:
            raise LocalAwsError(f"{self.token} needs one of {', '.join(FLOW_LOG_SUBJECTS)}")
        members = FLOW_LOG.to_api(inputs, others=FLOW_LOG_SUBJECTS)
        if "LogDestination" in members:
            members["LogDestination"] = members["LogDestination"].removesuffix(":*")
        if subject == "transitGatewayId":
            members.pop("TrafficType", None)
        ec2 = call.clients("ec2")
        answer: dict[str, Any] = tried_until(
            call,
            lambda: ec2.create_flow_logs(
                ResourceIds=[inputs[subject]],
                ResourceType=FLOW_LOG_SUBJECTS[subject][0],
                TagSpecifications=specification("vpc-flow-log", inputs),
                **members,
            ),
            passing=passing("InvalidParameter", text="Unable to assume given IAM role"),
            timeout_seconds=120,
        )
        _refuse_unsuccessful("creating EC2 Flow Log", answer)
        return answer["FlowLogIds"][0]

    def read(self, call: Call, resource_id: str, state: Inputs) -> Inputs | None:
        """The flow log; what it logs is told from the id's first letters."""
        ec2 = call.clients("ec2")
        log = one_or_none(
            lambda: ec2.describe_flow_logs(FlowLogIds=[resource_id])["FlowLogs"],
            "InvalidFlowLogId.NotFound",
        )
        if log is None:
            return None
        subject_id: str = log["ResourceId"]
        answer: Inputs = {
            "arn": arn(call, "vpc-flow-log", resource_id),
            "tagsAll": tag_map(log.get("Tags")),
            **FLOW_LOG.from_api(log),
            **{name: subject_id for name, (_, start) in FLOW_LOG_SUBJECTS.items() if subject_id.startswith(start)},
        }
        if not answer.get("logDestination") and log.get("LogGroupName"):
            answer["logDestination"] = (
                f"arn:{call.partition}:logs:{call.region}:{call.account_id}:log-group:{log['LogGroupName']}"
            )
        known_destination = str(state.get("logDestination") or "")
        if known_destination.removesuffix(":*") == answer.get("logDestination"):
            answer["logDestination"] = known_destination
        if "destinationOptions" not in state:
            # A missing block and one with defaults are the same to the real provider.
            answer.pop("destinationOptions", None)
        return known_form(answer, state)

    def update(self, call: Call, resource_id: str, old: Inputs, new: Inputs, changed: frozenset[str]) -> None:
        """Tags only; everything else replaces."""
        del changed
        update_tags(call, resource_id, old, new)

    def delete(self, call: Call, resource_id: str, state: Inputs) -> None:  # noqa: ARG002 - the protocol's signature
        """DeleteFlowLogs; a log that is gone is done."""
        with ignoring("InvalidFlowLogId.NotFound"):
            answer = call.clients("ec2").delete_flow_logs(FlowLogIds=[resource_id])
            _refuse_unsuccessful("deleting EC2 Flow Log", answer, but="InvalidFlowLogId.NotFound")


def _policy_form(policy: str | None, known: str | None) -> str | None:
    """The known text when both say the same; AWS writes policies in its own layout."""
    if not policy or not known:
        return policy
    try:
        same = json.loads(policy) == json.loads(known)
    except ValueError:
        same = False
    return known if same else policy


def _refuse_unsuccessful(doing: str, answer: dict[str, Any], *, but: str = "") -> None:
    for entry in answer.get("Unsuccessful", []):
        error: dict[str, str] = entry.get("Error", {})
        if error.get("Code") != but:
            raise LocalAwsError(f"{doing}: {error.get('Code')}: {error.get('Message')}")
