"""Elastic Load Balancing: names, zones, protection and shared target groups.

Sources: Elastic Load Balancing API reference, CreateLoadBalancer, DeleteLoadBalancer, CreateListener,
CreateTargetGroup, TargetGroupAttribute and their errors.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tinystacks.local.additions.deregistration_delays import LONGEST
from tinystacks.local.balancing_view import load_balancers
from tinystacks.local.call import RefusalError
from tinystacks.local.listener_rules import forward_weights

if TYPE_CHECKING:
    from tinystacks.local.call import AwsCall
    from tinystacks.local.emulation import Emulation

NAME_LIMIT = 32
_ZONES_OF_AN_ALB = 2
_CHECK_BOUNDS = {
    "HealthCheckIntervalSeconds": (5, 300),
    "HealthCheckTimeoutSeconds": (2, 120),
    "HealthyThresholdCount": (2, 10),
    "UnhealthyThresholdCount": (2, 10),
}
_DEFAULT_INTERVAL, _DEFAULT_TIMEOUT = 30, 5
_SLOW_START = (30, 900)


def create_load_balancer(call: AwsCall, emulation: Emulation) -> None:
    """The name fits and is free, its subnets and groups exist, and an Application Load Balancer reaches two zones."""
    name = str(call.parameters.get("Name") or "")
    _refuse_name(name)
    backend: Any = emulation.elbv2(call.region)
    if any(one.name == name for one in backend.load_balancers.values()):
        raise RefusalError(
            "DuplicateLoadBalancerName",
            f"A load balancer with the same name '{name}' exists, but with different settings",
        )
    _refuse_missing(call, emulation)
    if (call.parameters.get("Type") or "application") == "application":
        _refuse_one_zone(call, emulation)


def delete_load_balancer(call: AwsCall, emulation: Emulation) -> None:
    """A protected load balancer stays."""
    arn = str(call.parameters.get("LoadBalancerArn"))
    load_balancer: Any = emulation.elbv2(call.region).load_balancers.get(arn)
    if load_balancer is not None and str(load_balancer.attrs.get("deletion_protection.enabled")).lower() == "true":
        raise RefusalError(
            "OperationNotPermitted", f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled"
        )


def create_listener(call: AwsCall, emulation: Emulation) -> None:
    """A target group serves one load balancer only."""
    _refuse_shared(call, emulation, str(call.parameters.get("LoadBalancerArn")), "DefaultActions")


def create_rule(call: AwsCall, emulation: Emulation) -> None:
    """As for a listener."""
    _refuse_shared(call, emulation, _balancer_of(str(call.parameters.get("ListenerArn"))), "Actions")


def create_target_group(call: AwsCall, _emulation: Emulation) -> None:
    """Health checks have AWS's bounds (rule L1)."""
    _refuse_bounds(call)
    if call.parameters.get("Protocol") in {"HTTP", "HTTPS"}:
        _refuse_slow_check(call, _DEFAULT_INTERVAL, _DEFAULT_TIMEOUT)


def modify_target_group(call: AwsCall, emulation: Emulation) -> None:
    """As at its creation (rule L1)."""
    _refuse_bounds(call)
    group: Any = emulation.elbv2(call.region).target_groups.get(str(call.parameters.get("TargetGroupArn")))
    if group is not None and group.protocol in {"HTTP", "HTTPS"}:
        _refuse_slow_check(call, int(group.health_check_interval_seconds), int(group.health_check_timeout_seconds))


def modify_target_group_attributes(call: AwsCall, emulation: Emulation) -> None:
    """Slow start is off or takes 30 to 900 seconds, and goes with the algorithms that know it (rule L8).

    A deregistration delay takes an hour at most.
    """
    group: Any = emulation.elbv2(call.region).target_groups.get(str(call.parameters.get("TargetGroupArn")))
    given = {str(one.get("Key")): str(one.get("Value")) for one in call.given("Attributes")}
    attributes: dict[str, str] = {**(group.attributes if group is not None else {}), **given}
    delay = given.get("deregistration_delay.timeout_seconds", "0")
    if not delay.isdecimal() or int(delay) > LONGEST:
        raise RefusalError(
            "ValidationError",
            f"'deregistration_delay.timeout_seconds' value '{delay}' must be between '0-{LONGEST}' inclusive",
        )
    slow = attributes.get("slow_start.duration_seconds") or "0"
    low, high = _SLOW_START
    if not slow.isdecimal() or (int(slow) and not low <= int(slow) <= high):
        raise RefusalError(
            "ValidationError",
            f"'slow_start.duration_seconds' value '{slow}' must be '0' or between '{low}-{high}' inclusive",
        )
    if int(slow) and attributes.get("load_balancing.algorithm.type") == "least_outstanding_requests":
        raise RefusalError(
            "InvalidConfigurationRequest",
            "You cannot enable slow start with the least_outstanding_requests load balancing algorithm",
        )


RULES = {
    "CreateListener": create_listener,
    "CreateLoadBalancer": create_load_balancer,
    "CreateRule": create_rule,
    "CreateTargetGroup": create_target_group,
    "DeleteLoadBalancer": delete_load_balancer,
    "ModifyTargetGroup": modify_target_group,
    "ModifyTargetGroupAttributes": modify_target_group_attributes,
}


def _refuse_bounds(call: AwsCall) -> None:
    for name, (low, high) in _CHECK_BOUNDS.items():
        value = call.parameters.get(name)
        if value is not None and not low <= int(value) <= high:
            bound = f"greater than or equal to {low}" if int(value) < low else f"less than or equal to {high}"
            raise RefusalError(
                "ValidationError",
                f"1 validation error detected: Value '{value}' at '{name[0].lower()}{name[1:]}' failed to satisfy "
                f"constraint: Member must have value {bound}",
            )


def _refuse_slow_check(call: AwsCall, interval: int, timeout: int) -> None:
    interval = int(call.parameters.get("HealthCheckIntervalSeconds") or interval)
    timeout = int(call.parameters.get("HealthCheckTimeoutSeconds") or timeout)
    if timeout >= interval:
        raise RefusalError("ValidationError", "Health check interval must be greater than the timeout.")


def _refuse_name(name: str) -> None:
    said = f"The load balancer name '{name}'"
    if len(name) > NAME_LIMIT:
        raise RefusalError("ValidationError", f"{said} cannot be longer than '{NAME_LIMIT}' characters")
    if not re.fullmatch(r"[A-Za-z0-9-]+", name):
        raise RefusalError(
            "ValidationError", f"{said} can only contain characters that are alphanumeric characters and hyphens(-)"
        )
    if name.startswith("-") or name.endswith("-"):
        raise RefusalError("ValidationError", f"{said} cannot begin or end with a hyphen(-)")
    if name.startswith("internal-"):
        raise RefusalError("ValidationError", f"{said} cannot begin with 'internal-'")


def _refuse_missing(call: AwsCall, emulation: Emulation) -> None:
    ec2: Any = emulation.ec2(call.region)
    subnets = {one for subnets in ec2.subnets.values() for one in subnets}
    groups = {one for groups in ec2.groups.values() for one in groups}
    for one in _subnets_of(call):
        if one not in subnets:
            raise RefusalError("SubnetNotFound", f"The subnet ID '{one}' does not exist")
    for one in call.given("SecurityGroups"):
        if one not in groups:
            raise RefusalError("InvalidSecurityGroup", f"The security group '{one}' does not exist")


def _subnets_of(call: AwsCall) -> list[str]:
    mapped = [str(one["SubnetId"]) for one in call.given("SubnetMappings")]
    return [str(one) for one in call.given("Subnets")] + mapped


def _refuse_one_zone(call: AwsCall, emulation: Emulation) -> None:
    wanted = _subnets_of(call)
    zones: list[str] = []
    for subnets in emulation.ec2(call.region).subnets.values():
        zones += [str(subnets[one].availability_zone) for one in wanted if one in subnets]
    if wanted and len(zones) == len(wanted):
        if len(set(zones)) < len(zones):
            raise RefusalError(
                "InvalidConfigurationRequest",
                "A load balancer cannot be attached to multiple subnets in the same Availability Zone",
            )
        if len(zones) < _ZONES_OF_AN_ALB:
            raise RefusalError(
                "ValidationError", "At least two subnets in two different Availability Zones must be specified"
            )


def _refuse_shared(call: AwsCall, emulation: Emulation, own_arn: str, member: str) -> None:
    wanted = {arn for action in call.given(member) for arn, _ in forward_weights(action)}
    for arn, other in load_balancers(emulation.elbv2(call.region)).items():
        shared = sorted(wanted & other.target_group_arns()) if arn != own_arn else []
        if shared:
            raise RefusalError(
                "TargetGroupAssociationLimit",
                f"The following target groups cannot be associated with more than one load balancer: "
                f"{', '.join(shared)}",
            )


def _balancer_of(listener_arn: str) -> str:
    """`…:listener/app/NAME/LB/LISTENER` belongs to `…:loadbalancer/app/NAME/LB`."""
    return listener_arn.replace(":listener/", ":loadbalancer/", 1).rpartition("/")[0]
