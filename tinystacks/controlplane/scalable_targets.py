"""Scalable targets: the bounds of a service's desired count (S1, S23, S24)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.controlplane import desired_count, scaling_alarms
from tinystacks.controlplane.errors import EcsError
from tinystacks.controlplane.scaling_model import ScalableTarget

if TYPE_CHECKING:
    from tinystacks.controlplane.model import Service
    from tinystacks.controlplane.requests import RegisterScalableTargetRequest
    from tinystacks.controlplane.state import State

SERVICE = "application-autoscaling"
DIMENSION = "ecs:service:DesiredCount"
RESOURCE_PARTS = 3


def register(state: State, request: RegisterScalableTargetRequest) -> ScalableTarget:
    """Register a service's desired count, or change what is given of its target."""
    resource_id = request["resource_id"]
    check_kind(request.get("service_namespace") or "ecs", request.get("scalable_dimension") or DIMENSION)
    service = _service(state, resource_id)
    target = state.targets.get(resource_id)
    minimum, maximum = request.get("min_capacity"), request.get("max_capacity")
    if target is None:
        if minimum is None or maximum is None:
            raise validation_error("MinCapacity and MaxCapacity must be given for a new scalable target.")
        target = ScalableTarget(
            resource_id=resource_id,
            arn=state.identities.arn(f"scalable-target/{state.identities.hexadecimal()}", service=SERVICE),
            cluster=service.cluster,
            service=service.name,
            min_capacity=int(minimum),
            max_capacity=int(maximum),
            role_arn=request.get("role_arn") or _linked_role(state),
            created_at=state.now,
        )
    lowest = target.min_capacity if minimum is None else int(minimum)
    highest = target.max_capacity if maximum is None else int(maximum)
    if lowest < 0 or highest < lowest:
        raise validation_error("MinCapacity must be at least 0 and not greater than MaxCapacity.")
    target.min_capacity, target.max_capacity = lowest, highest
    if request.get("suspended_state") is not None:
        target.suspended_state = {key: bool(value) for key, value in (request.get("suspended_state") or {}).items()}
    target.tags |= request.get("tags") or {}
    state.targets[resource_id] = target
    desired_count.move_inside(state, target, service)
    return target


def deregister(state: State, namespace: str, resource_id: str, dimension: str) -> None:
    """Remove a target with its policies, alarms and schedules (S23)."""
    remove(state, find(state, namespace, resource_id, dimension))


def remove(state: State, target: ScalableTarget) -> None:
    """Forget a target and the alarms that its policies own."""
    for policy in target.policies.values():
        scaling_alarms.delete(state, policy)
    del state.targets[target.resource_id]


def service_deleted(state: State, service: Service) -> None:
    """A deleted service takes its target along (S23)."""
    target = state.targets.get(f"service/{service.cluster}/{service.name}")
    if target is not None:
        remove(state, target)


def find(state: State, namespace: str, resource_id: str, dimension: str) -> ScalableTarget:
    """Find a registered target (S24)."""
    target = state.targets.get(resource_id)
    if target is None or namespace != "ecs" or dimension != DIMENSION:
        raise EcsError(
            "ObjectNotFoundException",
            f"No scalable target registered for service namespace: {namespace}, resource ID: {resource_id}, "
            f"scalable dimension: {dimension}",
            service=SERVICE,
        )
    return target


def check_kind(namespace: str, dimension: str) -> None:
    """Refuse other namespaces and dimensions than those of ECS services."""
    if namespace != "ecs" or dimension != DIMENSION:
        raise validation_error(f"Unsupported service namespace, resource type or scalable dimension: {dimension}")


def validation_error(message: str) -> EcsError:
    """Make the answer to a request that Application Auto Scaling cannot accept."""
    return EcsError("ValidationException", message, service=SERVICE)


def _service(state: State, resource_id: str) -> Service:
    parts = resource_id.split("/")
    service = state.services.get((parts[1], parts[2])) if len(parts) == RESOURCE_PARTS else None
    if service is None or service.status != "ACTIVE":
        raise validation_error(f"ECS service doesn't exist: {resource_id}")
    return service


def _linked_role(state: State) -> str:
    return (
        f"arn:aws:iam::{state.account_id}:role/aws-service-role/ecs.application-autoscaling.amazonaws.com/"
        "AWSServiceRoleForApplicationAutoScaling_ECSService"
    )
