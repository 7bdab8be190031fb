"""What CreateService, UpdateService and RunTask refuse (A7, A10, A22, A27, A34, A37, Z2, P2, P12, P15, P21)."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from tinystacks.controlplane.errors import EcsError, invalid_parameter
from tinystacks.controlplane.expressions import compiled
from tinystacks.controlplane.types import items, part, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tinystacks.controlplane.model import Service, TaskDefinition
    from tinystacks.controlplane.state import State
    from tinystacks.controlplane.types import Document

NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
TOKEN = re.compile(r"[!-~]*")
MOST_SUBNETS = 16
MOST_SECURITY_GROUPS = 5
LONGEST_OVERRIDES = 8192
MOST_CONSTRAINTS = 10
MOST_STRATEGIES = 5
HUNDRED = 100
SPREAD_FIELD = re.compile(r"instanceId|host|attribute:.+")
ZONE_FIELD = "attribute:ecs.availability-zone"
SWITCH_NEEDS_FORCE = (
    "When switching from launch type to capacity provider strategy on an existing service, or making a change to a "
    "capacity provider strategy on a service that is already using one, you must force a new deployment."
)


def name(given: str) -> None:
    """Refuse a name that a service cannot have (A34)."""
    if not NAME.fullmatch(given):
        raise invalid_parameter(
            "The service name is invalid. Up to 255 letters, numbers, hyphens, and underscores are allowed."
        )


def controller(document: Document | None, configuration: Document | None) -> None:
    """Refuse deployment types that are not modelled: CodeDeploy, external, blue/green, linear, canary (A24)."""
    kind = (document or {}).get("type") or "ECS"
    strategy = (configuration or {}).get("strategy") or "ROLLING"
    if kind != "ECS" or strategy != "ROLLING":
        raise EcsError(
            "UnsupportedFeatureException", f"The deployment type {kind}/{strategy} is not supported; use ECS/ROLLING."
        )


def early_success(service: Service) -> None:
    """Refuse early success criteria outside the bounds (D39)."""
    criteria = part(service.deployment_configuration, "earlySuccessCriteria")
    if not criteria.get("enable"):
        return
    lowest = int(service.deployment_configuration["minimumHealthyPercent"])
    if not lowest <= int(criteria.get("healthyPercent") or 0) <= HUNDRED:
        raise invalid_parameter("healthyPercent must be between minimumHealthyPercent and 100.")
    if criteria.get("sourceServiceRevisionCleanup") not in {"BLOCKING", "DEFERRED"}:
        raise invalid_parameter("sourceServiceRevisionCleanup must be BLOCKING or DEFERRED.")


def token(given: str | None, longest: int) -> None:
    """Refuse a client token that is too long or has characters outside 33 to 126 (A27)."""
    if given and (len(given) > longest or not TOKEN.fullmatch(given)):
        raise invalid_parameter(
            f"The client token is invalid. Up to {longest} ASCII characters in the range of 33-126 are allowed."
        )


def overrides(definition: TaskDefinition, document: Document | None) -> None:
    """Refuse overrides that are too long (A37) or name a container that the task definition lacks."""
    if len(json.dumps(document or {}, separators=(",", ":"), ensure_ascii=False)) > LONGEST_OVERRIDES:
        raise invalid_parameter(f"Container Overrides length must be at most {LONGEST_OVERRIDES}.")
    for one in items(document, "containerOverrides"):
        if definition.container(one["name"]) is None:
            raise invalid_parameter(
                f"Override for container named {one['name']} is not a container in the TaskDefinition."
            )


def network(state: State, definition: TaskDefinition, configuration: Document | None, launch_type: str) -> None:
    """Refuse a network configuration that does not fit the network mode, or names unknown subnets (A7, A37, P2)."""
    if definition.network_mode == "awsvpc":
        awsvpc = part(configuration, "awsvpcConfiguration")
        if not awsvpc.get("subnets"):
            raise invalid_parameter("Network Configuration must be provided when networkMode 'awsvpc' is specified.")
        if launch_type != "FARGATE" and awsvpc.get("assignPublicIp") == "ENABLED":
            raise invalid_parameter("Assign public IP is not supported for this launch type.")
        _awsvpc(state, words(awsvpc, "subnets"), words(awsvpc, "securityGroups"))
    elif configuration:
        raise invalid_parameter("Network Configuration is not valid for the given networkMode of this task definition.")


def _awsvpc(state: State, subnets: Sequence[str], groups: Sequence[str]) -> None:
    if len(subnets) > MOST_SUBNETS:
        raise invalid_parameter(f"subnets can have at most {MOST_SUBNETS} items.")
    if len(groups) > MOST_SECURITY_GROUPS:
        raise invalid_parameter(f"securityGroups can have at most {MOST_SECURITY_GROUPS} items.")
    vpcs: set[str] = set()
    for one in subnets:
        facts = state.surroundings.subnet(one)
        if facts is None:
            raise invalid_parameter(
                f"Error retrieving subnet information for [{', '.join(subnets)}]: The subnet ID '{one}' does not exist "
                "(ErrorCode: InvalidSubnetID.NotFound)"
            )
        vpcs.add(facts.vpc_id)
    if len(vpcs) > 1:
        raise invalid_parameter("All specified subnets must be from the same VPC.")


def launch(definition: TaskDefinition, launch_type: str) -> None:
    """Refuse a launch type that the task definition was not registered for."""
    needs = words(definition.document, "requiresCompatibilities")
    if launch_type == "FARGATE" and "FARGATE" not in needs:
        raise invalid_parameter("Task definition does not support launch_type FARGATE.")


def placement(
    definition: TaskDefinition, constraints: Sequence[Document], strategies: Sequence[Document], launch_type: str
) -> None:
    """Refuse constraints and strategies that cannot be read or do not apply (P12, P17, P21)."""
    if launch_type == "FARGATE" and (constraints or strategies):
        raise invalid_parameter("Placement constraints and strategies are not supported with FARGATE launch type.")
    own = items(definition.document, "placementConstraints")
    if len(own) + len(constraints) > MOST_CONSTRAINTS or len(strategies) > MOST_STRATEGIES:
        raise invalid_parameter(
            f"At most {MOST_CONSTRAINTS} placement constraints and {MOST_STRATEGIES} placement strategies are allowed."
        )
    for one in constraints:
        if one["type"] == "memberOf":
            if not one.get("expression"):
                raise invalid_parameter("The memberOf placement constraint needs an expression.")
            compiled(one["expression"])
        elif one.get("expression"):
            raise invalid_parameter("The distinctInstance placement constraint takes no expression.")
    for one in strategies:
        field = str(one.get("field") or "")
        if one["type"] == "binpack" and field.lower() not in {"cpu", "memory"}:
            raise invalid_parameter(f"The field '{field}' is not valid for the binpack placement strategy.")
        if one["type"] == "spread" and not SPREAD_FIELD.fullmatch(field):
            raise invalid_parameter(f"The field '{field}' is not valid for the spread placement strategy.")


def load_balancers(state: State, definition: TaskDefinition, balancers: Sequence[Document]) -> None:
    """Refuse target groups without a balancer, of the wrong type, or for an unknown container port (A22)."""
    for one in balancers:
        container = definition.container(one.get("containerName") or "")
        if container is None:
            raise invalid_parameter(f"The container {one.get('containerName')} does not exist in the task definition.")
        ports = [int(mapping["containerPort"]) for mapping in items(container, "portMappings")]
        if int(one.get("containerPort") or 0) not in ports:
            raise invalid_parameter(
                f"The container {container['name']} did not have a container port {one.get('containerPort')} defined."
            )
        arn = one.get("targetGroupArn") or ""
        facts = state.surroundings.target_group(arn)
        if facts is None:
            continue
        if not facts.has_load_balancer:
            raise invalid_parameter(
                f"The target group with targetGroupArn {arn} does not have an associated load balancer."
            )
        wanted = "ip" if definition.network_mode == "awsvpc" else "instance"
        if facts.target_type != wanted:
            raise invalid_parameter(
                f"The provided target group {arn} has target type {facts.target_type}, which is incompatible with the "
                f"{definition.network_mode} network mode specified in the task definition."
            )


def may_rebalance(service: Service) -> bool:
    """Whether a service is eligible for zone rebalancing (Z2)."""
    first = service.placement_strategy[0] if service.placement_strategy else {"type": "spread", "field": ZONE_FIELD}
    return (
        service.scheduling_strategy == "REPLICA"
        and first["type"] == "spread"
        and first.get("field") == ZONE_FIELD
        and int(service.deployment_configuration["maximumPercent"]) > HUNDRED
        and not any("loadBalancerName" in one for one in service.load_balancers)
        and not any(ZONE_FIELD in str(one.get("expression")) for one in service.placement_constraints)
    )
