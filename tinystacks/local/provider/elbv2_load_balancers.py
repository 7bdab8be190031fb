"""`aws:lb/loadBalancer:LoadBalancer`."""

from __future__ import annotations

from typing import Any, ClassVar

from botocore.exceptions import ClientError

from tinystacks.errors import LocalAwsError
from tinystacks.local.provider.api_errors import after_creation, error_message, ignoring, is_error
from tinystacks.local.provider.api_shapes import entries, known_form, refuse_unknown, renamed, shape
from tinystacks.local.provider.ec2_lookups import one_or_none
from tinystacks.local.provider.elbv2_attributes import Attribute, attribute_list, encoded, found, wanted
from tinystacks.local.provider.elbv2_tags import found_tags, tags_member, update_tags
from tinystacks.local.provider.handler import Call, Inputs, polling

APPLICATION = frozenset({"application"})
NETWORK = frozenset({"network"})
ATTRIBUTES = (
    Attribute(name="enableDeletionProtection", key="deletion_protection.enabled", default=False),
    Attribute(name="enableZonalShift", key="zonal_shift.config.enabled", default=False, kinds=APPLICATION | NETWORK),
    Attribute(name="idleTimeout", key="idle_timeout.timeout_seconds", default=60, kinds=APPLICATION),
    Attribute(name="clientKeepAlive", key="client_keep_alive.seconds", default=3600, kinds=APPLICATION),
    Attribute(name="enableHttp2", key="routing.http2.enabled", default=True, kinds=APPLICATION),
    Attribute(
        name="dropInvalidHeaderFields",
        key="routing.http.drop_invalid_header_fields.enabled",
        default=False,
        kinds=APPLICATION,
    ),
    Attribute(
        name="desyncMitigationMode",
        key="routing.http.desync_mitigation_mode",
        default="defensive",
        kinds=APPLICATION,
    ),
    Attribute(
        name="preserveHostHeader",
        key="routing.http.preserve_host_header.enabled",
        default=False,
        kinds=APPLICATION,
    ),
    Attribute(
        name="enableTlsVersionAndCipherSuiteHeaders",
        key="routing.http.x_amzn_tls_version_and_cipher_suite.enabled",
        default=False,
        kinds=APPLICATION,
    ),
    Attribute(name="enableXffClientPort", key="routing.http.xff_client_port.enabled", default=False, kinds=APPLICATION),
    Attribute(
        name="xffHeaderProcessingMode",
        key="routing.http.xff_header_processing.mode",
        default="append",
        kinds=APPLICATION,
    ),
    Attribute(name="enableWafFailOpen", key="waf.fail_open.enabled", default=False, kinds=APPLICATION),
    Attribute(
        name="enableCrossZoneLoadBalancing",
        key="load_balancing.cross_zone.enabled",
        default=False,
        kinds=frozenset({"network", "gateway"}),
    ),
    Attribute(
        name="dnsRecordClientRoutingPolicy",
        key="dns_record.client_routing_policy",
        default="any_availability_zone",
        kinds=NETWORK,
    ),
)
"""Elastic Load Balancing API reference, LoadBalancerAttribute."""

ATTRIBUTE_NAMES = tuple(attribute.name for attribute in ATTRIBUTES)

LOGS = {
    "accessLogs": "access_logs.s3",
    "connectionLogs": "connection_logs.s3",
    "healthCheckLogs": "health_check_logs.s3",
}
"""Blocks that are three attributes each: enabled, bucket, prefix."""

SUBNET_MAPPING = shape(
    "aws:lb/loadBalancer:LoadBalancer.subnetMappings",
    "subnetId",
    "allocationId",
    renamed("privateIpv4Address", "PrivateIPv4Address"),
    renamed("ipv6Address", "IPv6Address"),
)
BALANCER_INPUTS = frozenset(
    {
        *ATTRIBUTE_NAMES,
        *LOGS,
        "name", "namePrefix", "loadBalancerType", "internal", "subnets", "subnetMappings", "securityGroups",
        "ipAddressType",
    }
)  # fmt: skip
SECONDARY_ADDRESSES = "secondaryIpsAutoAssignedPerSubnet"
GONE_CODE = "LoadBalancerNotFound"
ACTIVE_TIMEOUT_SECONDS = 600.0


class LoadBalancerHandler:
    """A load balancer: application, network or gateway."""

    token: ClassVar[str] = "aws:lb/loadBalancer:LoadBalancer"  # noqa: S105 - a type token, no secret

    def create(self, call: Call, inputs: Inputs) -> str:
        """Refuse a taken name, CreateLoadBalancer, wait, set every attribute, wait again."""
        refuse_unknown(self.token, _used(inputs), BALANCER_INPUTS)
        elbv2 = call.clients("elbv2")
        name, kind = inputs["name"], _kind(inputs)
        taken = one_or_none(lambda: elbv2.describe_load_balancers(Names=[name])["LoadBalancers"], GONE_CODE)
        if taken and taken.get("Type") == kind:
            raise LocalAwsError(f"ELBv2 Load Balancer ({name}) already exists")
        members: Inputs = {"Name": name, "Type": kind, **tags_member(inputs)}
        if inputs.get("internal"):
            members["Scheme"] = "internal"
        if inputs.get("subnetMappings"):
            members["SubnetMappings"] = [SUBNET_MAPPING.to_api(entry) for entry in inputs["subnetMappings"]]
        elif inputs.get("subnets"):
            members["Subnets"] = inputs["subnets"]
        if inputs.get("securityGroups"):
            members["SecurityGroups"] = inputs["securityGroups"]
        if inputs.get("ipAddressType"):
            members["IpAddressType"] = inputs["ipAddressType"]
        arn: str = elbv2.create_load_balancer(**members)["LoadBalancers"][0]["LoadBalancerArn"]
        with after_creation(arn):
            self._wait(call, arn)
            self._set_attributes(call, arn, wanted(ATTRIBUTES, kind, inputs) | _log_attributes(inputs))
            self._wait(call, arn)
        return arn

    def read(self, call: Call, resource_id: str, state: Inputs) -> Inputs | None:
        """The load balancer with its attributes; subnets and mappings are both filled."""
        balancer = self._found(call, resource_id)
        if balancer is None:
            return None
        kind: str = balancer["Type"]
        told = call.clients("elbv2").describe_load_balancer_attributes(LoadBalancerArn=resource_id)["Attributes"]
        zones: list[dict[str, Any]] = balancer.get("AvailabilityZones", [])
        answer: Inputs = {
            # What this kind does not have is as the program says: the real provider sees no difference there.
            **{name: state[name] for name in (*ATTRIBUTE_NAMES, SECONDARY_ADDRESSES) if state.get(name) is not None},
            **found(ATTRIBUTES, kind, told),
            **_found_logs(told, state),
            "arn": resource_id,
            "arnSuffix": resource_id.partition(":loadbalancer/")[2],
            "dnsName": balancer["DNSName"],
            "zoneId": balancer.get("CanonicalHostedZoneId"),
            "vpcId": balancer.get("VpcId"),
            "name": balancer["LoadBalancerName"],
            "internal": balancer.get("Scheme") == "internal",
            "ipAddressType": balancer.get("IpAddressType"),
            "loadBalancerType": kind,
            "securityGroups": balancer.get("SecurityGroups", []),
            "subnets": [zone["SubnetId"] for zone in zones],
            "subnetMappings": [_found_mapping(zone) for zone in zones],
            "tagsAll": found_tags(call, resource_id),
        }
        return known_form(answer, state, unordered={"securityGroups", "subnets", "subnetMappings"})

    def update(self, call: Call, resource_id: str, old: Inputs, new: Inputs, changed: frozenset[str]) -> None:
        """Attributes that changed; security groups, subnets, address type, tags by calls of their own; then wait."""
        refuse_unknown(self.token, _used(new), BALANCER_INPUTS)
        elbv2 = call.clients("elbv2")
        update_tags(call, resource_id, old, new)
        attributes = wanted(ATTRIBUTES, _kind(new), {name: new.get(name) for name in changed})
        if changed & LOGS.keys():
            attributes |= _log_attributes({name: new[name] for name in changed & LOGS.keys() if new.get(name)})
        self._set_attributes(call, resource_id, attributes)
        if "securityGroups" in changed:
            elbv2.set_security_groups(LoadBalancerArn=resource_id, SecurityGroups=entries(new, "securityGroups"))
        if "subnetMappings" in changed and new.get("subnetMappings"):
            mappings = [SUBNET_MAPPING.to_api(entry) for entry in new["subnetMappings"]]
            elbv2.set_subnets(LoadBalancerArn=resource_id, SubnetMappings=mappings)
        elif "subnets" in changed:
            elbv2.set_subnets(LoadBalancerArn=resource_id, Subnets=entries(new, "subnets"))
        if "ipAddressType" in changed and new.get("ipAddressType"):
            elbv2.set_ip_address_type(LoadBalancerArn=resource_id, IpAddressType=new["ipAddressType"])
        self._wait(call, resource_id)

    def delete(self, call: Call, resource_id: str, state: Inputs) -> None:
        """DeleteLoadBalancer, then the interfaces that it left behind."""
        del state
        with ignoring(GONE_CODE):
            call.clients("elbv2").delete_load_balancer(LoadBalancerArn=resource_id)
        ec2 = call.clients("ec2")
        description = f"ELB {resource_id.partition(':loadbalancer/')[2]}"
        left = ec2.describe_network_interfaces(Filters=[{"Name": "description", "Values": [description]}])
        for interface in left["NetworkInterfaces"]:
            # Cleaning up is a courtesy of the real provider: what it cannot delete does not fail the deletion.
            with ignoring(
                "InvalidNetworkInterfaceID.NotFound", "InvalidNetworkInterface.InUse", "OperationNotPermitted"
            ):
                ec2.delete_network_interface(NetworkInterfaceId=interface["NetworkInterfaceId"])

    def replace_keys(self, old: Inputs, new: Inputs) -> frozenset[str]:
        """A network load balancer keeps its subnets and whether it has security groups."""
        if _kind(new) != "network":
            return frozenset()
        before, after = set(entries(old, "subnets")), set(entries(new, "subnets"))
        keys = {"subnets"} if after and before - after else set[str]()
        if bool(old.get("securityGroups")) is not bool(new.get("securityGroups")) and "securityGroups" in new:
            keys.add("securityGroups")
        return frozenset(keys)

    def _found(self, call: Call, arn: str) -> dict[str, Any] | None:
        elbv2 = call.clients("elbv2")
        return one_or_none(lambda: elbv2.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"], GONE_CODE)

    def _wait(self, call: Call, arn: str) -> None:
        polling(
            call,
            lambda: True if (self._found(call, arn) or {}).get("State", {}).get("Code") == "active" else None,
            until=f"ELBv2 Load Balancer ({arn}) to become active",
            timeout_seconds=ACTIVE_TIMEOUT_SECONDS,
        )

    def _set_attributes(self, call: Call, arn: str, attributes: dict[str, str]) -> None:
        """Set them; a key that the service refuses is left out and the call repeated, as the real provider does."""
        left = dict(attributes)
        while left:
            try:
                call.clients("elbv2").modify_load_balancer_attributes(
                    LoadBalancerArn=arn,
                    Attributes=attribute_list(left),
                )
            except ClientError as error:
                refused = [key for key in left if f"'{key}'" in error_message(error) or key in error_message(error)]
                if not is_error(error, "InvalidConfigurationRequest", "ValidationError") or not refused:
                    raise
                del left[refused[0]]
            else:
                return


def _kind(inputs: Inputs) -> str:
    return inputs.get("loadBalancerType") or "application"


def _used(inputs: Inputs) -> Inputs:
    """Inputs without what is only a default and means nothing for this kind."""
    return {
        name: value for name, value in inputs.items() if not (name == "secondaryIpsAutoAssignedPerSubnet" and not value)
    }


def _log_attributes(inputs: Inputs) -> dict[str, str]:
    attributes: dict[str, str] = {}
    for name, prefix in LOGS.items():
        logs: Inputs | None = inputs.get(name)
        if logs is None:
            continue
        attributes[f"{prefix}.enabled"] = encoded(bool(logs.get("enabled")))
        if logs.get("enabled"):
            attributes[f"{prefix}.bucket"] = logs["bucket"]
            attributes[f"{prefix}.prefix"] = logs.get("prefix") or ""
    return attributes


def _found_logs(told: list[dict[str, Any]], state: Inputs) -> Inputs:
    """The log blocks; while switched off, bucket and prefix are as known, since their differences count for nothing."""
    values = {entry["Key"]: str(entry.get("Value", "")) for entry in told}
    found_blocks: Inputs = {}
    for name, prefix in LOGS.items():
        known: Inputs = state.get(name) or {}
        if values.get(f"{prefix}.enabled") == "true":
            found_blocks[name] = {
                "enabled": True,
                "bucket": values.get(f"{prefix}.bucket", ""),
                "prefix": values.get(f"{prefix}.prefix", ""),
            }
        elif known:
            found_blocks[name] = {**known, "enabled": False}
    return found_blocks


def _found_mapping(zone: dict[str, Any]) -> Inputs:
    addresses: list[dict[str, Any]] = zone.get("LoadBalancerAddresses") or [{}]
    first = {key: value for key, value in addresses[0].items() if key in {"AllocationId", "PrivateIPv4Address"}}
    mapping: Inputs = {"subnetId": zone["SubnetId"]}
    if first.get("AllocationId"):
        mapping["allocationId"] = first["AllocationId"]
    if first.get("PrivateIPv4Address"):
        mapping["privateIpv4Address"] = first["PrivateIPv4Address"]
    return mapping
