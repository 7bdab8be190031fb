"""`aws:lb/targetGroup:TargetGroup`."""

from __future__ import annotations

from typing import Any, ClassVar

from tinystacks.errors import LocalAwsError
from tinystacks.local.provider.api_errors import after_creation, ignoring, passing
from tinystacks.local.provider.api_shapes import known_form, refuse_unknown
from tinystacks.local.provider.ec2_lookups import one_or_none
from tinystacks.local.provider.elbv2_attributes import Attribute, attribute_list, encoded, found, wanted
from tinystacks.local.provider.elbv2_tags import found_tags, tags_member, update_tags
from tinystacks.local.provider.handler import Call, Inputs, PlanError, polling, tried_until

HTTP_PROTOCOLS = frozenset({"HTTP", "HTTPS"})
PLACED = frozenset({"instance", "ip", "alb"})
"""Target types that need a port, a protocol and a VPC."""

ATTRIBUTES = (
    Attribute(name="deregistrationDelay", key="deregistration_delay.timeout_seconds", default=300, kinds=PLACED),
    Attribute(name="slowStart", key="slow_start.duration_seconds", default=0, kinds=PLACED),
    Attribute(name="loadBalancingAlgorithmType", key="load_balancing.algorithm.type", kinds=PLACED),
    Attribute(name="loadBalancingAnomalyMitigation", key="load_balancing.algorithm.anomaly_mitigation", kinds=PLACED),
    Attribute(name="loadBalancingCrossZoneEnabled", key="load_balancing.cross_zone.enabled", kinds=PLACED),
    Attribute(name="preserveClientIp", key="preserve_client_ip.enabled", kinds=PLACED),
    Attribute(name="proxyProtocolV2", key="proxy_protocol_v2.enabled", default=False, kinds=PLACED),
    Attribute(
        name="lambdaMultiValueHeadersEnabled",
        key="lambda.multi_value_headers.enabled",
        default=False,
        kinds=frozenset({"lambda"}),
    ),
)
"""Elastic Load Balancing API reference, TargetGroupAttribute."""

ATTRIBUTE_NAMES = tuple(attribute.name for attribute in ATTRIBUTES)
ONLY_NETWORK = frozenset({"proxyProtocolV2", "preserveClientIp"})
ONLY_APPLICATION = frozenset({"slowStart", "loadBalancingAlgorithmType", "loadBalancingAnomalyMitigation"})

HEALTH_CHECK = {
    "enabled": "HealthCheckEnabled",
    "healthyThreshold": "HealthyThresholdCount",
    "unhealthyThreshold": "UnhealthyThresholdCount",
    "interval": "HealthCheckIntervalSeconds",
    "timeout": "HealthCheckTimeoutSeconds",
    "path": "HealthCheckPath",
    "port": "HealthCheckPort",
    "protocol": "HealthCheckProtocol",
}
HEALTH_CHECK_PROPERTIES = frozenset({*HEALTH_CHECK, "matcher"})
GROUP_INPUTS = frozenset(
    {
        *ATTRIBUTE_NAMES,
        "name", "namePrefix", "port", "protocol", "protocolVersion", "vpcId", "targetType", "ipAddressType",
        "healthCheck", "stickiness",
    }
)  # fmt: skip
GONE_CODE = "TargetGroupNotFound"
IN_USE_TIMEOUT_SECONDS = 120.0
"""How long the real provider bears a listener or rule that still uses the group."""


class TargetGroupHandler:
    """A target group."""

    token: ClassVar[str] = "aws:lb/targetGroup:TargetGroup"  # noqa: S105 - a type token, no secret

    def create(self, call: Call, inputs: Inputs) -> str:
        """Refuse a taken name, CreateTargetGroup, then its attributes."""
        refuse_unknown(self.token, inputs, GROUP_INPUTS)
        elbv2 = call.clients("elbv2")
        name = inputs["name"]
        if one_or_none(lambda: elbv2.describe_target_groups(Names=[name])["TargetGroups"], GONE_CODE):
            raise LocalAwsError(f"ELBv2 Target Group ({name}) already exists")
        members: Inputs = {"Name": name, "TargetType": inputs.get("targetType") or "instance", **tags_member(inputs)}
        for property_name, member in (("protocol", "Protocol"), ("vpcId", "VpcId"), ("ipAddressType", "IpAddressType")):
            if inputs.get(property_name):
                members[member] = inputs[property_name]
        if inputs.get("port"):
            members["Port"] = int(inputs["port"])
        if inputs.get("protocolVersion") and inputs.get("protocol") in HTTP_PROTOCOLS:
            members["ProtocolVersion"] = str(inputs["protocolVersion"]).upper()
        members |= _health_check_members(inputs.get("healthCheck") or {}, inputs.get("protocolVersion"))
        arn: str = elbv2.create_target_group(**members)["TargetGroups"][0]["TargetGroupArn"]
        with after_creation(arn):
            polling(call, lambda: self._found(call, arn), until=f"ELBv2 Target Group ({arn}) to be visible")
            self._set_attributes(call, arn, _attributes(inputs, inputs))
        return arn

    def read(self, call: Call, resource_id: str, state: Inputs) -> Inputs | None:
        """The group with its health check and attributes."""
        group = self._found(call, resource_id)
        if group is None:
            return None
        elbv2 = call.clients("elbv2")
        told = elbv2.describe_target_group_attributes(TargetGroupArn=resource_id)["Attributes"]
        answer: Inputs = {
            # What this kind does not have is as the program says: the real provider sees no difference there.
            **{name: state[name] for name in ATTRIBUTE_NAMES if state.get(name) is not None},
            **_fitting(found(ATTRIBUTES, group.get("TargetType", "instance"), told), group.get("Protocol", "")),
            "arn": resource_id,
            "arnSuffix": resource_id.rsplit(":", 1)[-1],
            "name": group["TargetGroupName"],
            "port": group.get("Port"),
            "protocol": group.get("Protocol"),
            "vpcId": group.get("VpcId"),
            "targetType": group.get("TargetType"),
            "ipAddressType": group.get("IpAddressType"),
            "loadBalancerArns": group.get("LoadBalancerArns", []),
            "healthCheck": _found_health_check(group),
            "stickiness": _found_stickiness(told),
            "tagsAll": found_tags(call, resource_id),
        }
        if group.get("Protocol") in HTTP_PROTOCOLS:
            answer["protocolVersion"] = group.get("ProtocolVersion") or state.get("protocolVersion") or "HTTP1"
        return known_form(answer, state, unordered={"loadBalancerArns"})

    def update(self, call: Call, resource_id: str, old: Inputs, new: Inputs, changed: frozenset[str]) -> None:
        """Tags; the health check by ModifyTargetGroup; changed attributes."""
        refuse_unknown(self.token, new, GROUP_INPUTS)
        update_tags(call, resource_id, old, new)
        if "healthCheck" in changed and new.get("healthCheck"):
            call.clients("elbv2").modify_target_group(
                TargetGroupArn=resource_id,
                **_health_check_members(new["healthCheck"], new.get("protocolVersion")),
            )
        attributes = _attributes({name: new.get(name) for name in changed}, new)
        if "stickiness" in changed and not new.get("stickiness"):
            attributes["stickiness.enabled"] = "false"
        self._set_attributes(call, resource_id, attributes)

    def delete(self, call: Call, resource_id: str, state: Inputs) -> None:
        """DeleteTargetGroup, again while a listener or rule uses it."""
        del state
        elbv2 = call.clients("elbv2")
        with ignoring(GONE_CODE):
            tried_until(
                call,
                lambda: elbv2.delete_target_group(TargetGroupArn=resource_id),
                passing=passing("ResourceInUse", "ResourceInUseException"),
                timeout_seconds=IN_USE_TIMEOUT_SECONDS,
            )

    def plan(self, call: Call, old: Inputs | None, new: Inputs) -> list[PlanError]:
        """Port, protocol and VPC unless for Lambda; TCP health checks have no path and no matcher."""
        del call, old
        errors: list[PlanError] = []
        if new.get("targetType") != "lambda":
            errors += [
                PlanError(property=name, reason=f'"{name}": required field is not set')
                for name in ("port", "protocol", "vpcId")
                if not new.get(name)
            ]
        check: Inputs = new.get("healthCheck") or {}
        if check.get("protocol") == "TCP":
            errors += [
                PlanError(
                    property=f"healthCheck.{name}",
                    reason=f"Attribute healthCheck.{name} cannot be specified when healthCheck.protocol is TCP.",
                )
                for name in ("matcher", "path")
                if check.get(name)
            ]
            if new.get("protocol") in HTTP_PROTOCOLS:
                reason = f"health checks for target group protocol {new['protocol']} cannot be of protocol TCP"
                errors.append(PlanError(property="healthCheck.protocol", reason=reason))
        return errors

    def _found(self, call: Call, arn: str) -> dict[str, Any] | None:
        elbv2 = call.clients("elbv2")
        return one_or_none(lambda: elbv2.describe_target_groups(TargetGroupArns=[arn])["TargetGroups"], GONE_CODE)

    def _set_attributes(self, call: Call, arn: str, attributes: dict[str, str]) -> None:
        if attributes:
            call.clients("elbv2").modify_target_group_attributes(
                TargetGroupArn=arn,
                Attributes=attribute_list(attributes),
            )


def _fitting(values: Inputs, protocol: str) -> Inputs:
    """Without the attributes that groups of this protocol do not have."""
    without = ONLY_NETWORK if protocol in HTTP_PROTOCOLS else ONLY_APPLICATION
    return {name: value for name, value in values.items() if name not in without}


def _attributes(chosen: Inputs, inputs: Inputs) -> dict[str, str]:
    """Attributes of `chosen`, as far as a group of these inputs has them."""
    kind = inputs.get("targetType") or "instance"
    attributes = wanted(ATTRIBUTES, kind, _fitting(chosen, inputs.get("protocol") or ""))
    stickiness: Inputs | None = chosen.get("stickiness")
    if stickiness:
        attributes |= {
            "stickiness.enabled": encoded(stickiness.get("enabled", True)),
            "stickiness.type": stickiness["type"],
        }
        if stickiness["type"] in {"lb_cookie", "app_cookie"}:
            key = f"stickiness.{stickiness['type']}.duration_seconds"
            attributes[key] = encoded(int(stickiness.get("cookieDuration") or 86400))
        if stickiness["type"] == "app_cookie":
            attributes["stickiness.app_cookie.cookie_name"] = stickiness["cookieName"]
    return attributes


def _found_stickiness(told: list[dict[str, Any]]) -> Inputs | None:
    values = {entry["Key"]: str(entry.get("Value", "")) for entry in told}
    kind = values.get("stickiness.type")
    if not kind:
        return None
    block: Inputs = {"type": kind, "enabled": values.get("stickiness.enabled") == "true"}
    if kind in {"lb_cookie", "app_cookie"}:
        block["cookieDuration"] = int(values.get(f"stickiness.{kind}.duration_seconds") or 86400)
    if kind == "app_cookie":
        block["cookieName"] = values.get("stickiness.app_cookie.cookie_name", "")
    return block


def _health_check_members(check: Inputs, protocol_version: str | None) -> Inputs:
    refuse_unknown("aws:lb/targetGroup:TargetGroup.healthCheck", check, HEALTH_CHECK_PROPERTIES)
    members: Inputs = {}
    for name, member in HEALTH_CHECK.items():
        value = check.get(name)
        if value not in (None, ""):
            members[member] = int(value) if isinstance(value, float) else value
    if check.get("matcher"):
        members["Matcher"] = {"GrpcCode" if protocol_version == "GRPC" else "HttpCode": check["matcher"]}
    return members


def _found_health_check(group: dict[str, Any]) -> Inputs:
    block = {name: group[member] for name, member in HEALTH_CHECK.items() if group.get(member) is not None}
    matcher: dict[str, str] = group.get("Matcher") or {}
    if matcher:
        block["matcher"] = matcher.get("HttpCode") or matcher.get("GrpcCode")
    return block
