"""Elastic Load Balancing: names, zones, protection and shared target groups.

Sources: Elastic Load Balancing API reference, CreateLoadBalancer, DeleteLoadBalancer, CreateListener and their errors.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tinystacks.local.balancing_view import load_balancers
from tinystacks.local.call import RefusalError
from tinystacks.local.listener_rules import forward_weights

if TYPE_CHECKING:
    from tinystacks.local.call import AwsCall
    from tinystacks.local.emulation import Emulation

NAME_LIMIT = 32
_ZONES_OF_AN_ALB = 2


def create_load_balancer(call: AwsCall, emulation: Emulation) -> None:
    """The name fits, is free, and an Application Load Balancer reaches two zones."""
    name = str(call.parameters.get("Name") or "")
    _refuse_name(name)
    backend: Any = emulation.elbv2(call.region)
    if any(one.name == name for one in backend.load_balancers.values()):
        raise RefusalError(
            "DuplicateLoadBalancerName",
            f"A load balancer with the same name '{name}' exists, but with different settings",
        )
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


RULES = {
    "CreateListener": create_listener,
    "CreateLoadBalancer": create_load_balancer,
    "CreateRule": create_rule,
    "DeleteLoadBalancer": delete_load_balancer,
}


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


def _refuse_one_zone(call: AwsCall, emulation: Emulation) -> None:
    wanted = [str(one) for one in call.given("Subnets")]
    wanted += [str(one["SubnetId"]) for one in call.given("SubnetMappings")]
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
