"""Capacity providers (C7, C12, C17, C24, A16, A24, A26)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.controlplane.capacity_model import CapacityProvider
from tinystacks.controlplane.errors import EcsError, client_error, invalid_parameter
from tinystacks.controlplane.tag_forms import as_dict
from tinystacks.controlplane.types import part

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tinystacks.controlplane.state import State
    from tinystacks.controlplane.types import Document

RESERVED_PREFIXES = ("aws", "ecs", "fargate")
LONGEST_NAME = 255
PROTECTION_NEEDS_GROUP = (
    "The managed termination protection setting for the capacity provider is invalid. To enable managed termination "
    "protection for a capacity provider, the Auto Scaling group must have instance protection from scale in enabled."
)


def add_fargate(state: State) -> None:
    """Add the two providers that every account has."""
    for name in ("FARGATE", "FARGATE_SPOT"):
        state.capacity_providers[name] = CapacityProvider(
            name=name, arn=state.identities.arn(f"capacity-provider/{name}"), kind=name, update_status=""
        )


def create(
    state: State,
    name: str,
    group_provider: Document | None,
    *,
    managed_instances: Document | None,
    cluster: str | None,
    tags: Sequence[Document],
) -> CapacityProvider:
    """Create a provider of an Auto Scaling group."""
    if managed_instances is not None:
        raise EcsError("UnsupportedFeatureException", "Managed Instances capacity providers are not supported.")
    if cluster is not None:
        raise client_error("A cluster can be specified for Managed Instances capacity providers only.")
    if name.lower().startswith(RESERVED_PREFIXES) or len(name) > LONGEST_NAME:
        raise client_error(
            "The specified capacity provider name is invalid. Up to 255 characters are allowed, and the name can't be "
            'prefixed with "aws", "ecs", or "fargate".'
        )
    found = state.capacity_providers.get(name)
    if found is not None and found.status == "ACTIVE":
        raise client_error(
            f"The specified capacity provider already exists. To change the configuration of an existing capacity "
            f"provider, update the capacity provider. ({name})"
        )
    if group_provider is None:
        raise client_error("An Auto Scaling group provider must be specified.")
    provider = CapacityProvider(
        name=name,
        arn=state.identities.arn(f"capacity-provider/{name}"),
        auto_scaling_group_arn=group_provider["autoScalingGroupArn"],
        tags=as_dict(tags),
        created_at=state.now,
        scaling_policy_name=f"ECSManagedAutoScalingPolicy-{state.identities.uuid()}",
    )
    _apply(state, provider, group_provider)
    if any(
        one.auto_scaling_group_arn == provider.auto_scaling_group_arn and one.status == "ACTIVE"
        for one in state.capacity_providers.values()
    ):
        raise client_error("The specified Auto Scaling group ARN is already being used by another capacity provider.")
    state.capacity_providers[name] = provider
    return provider


def update(
    state: State,
    name: str,
    group_provider: Document | None,
    managed_instances: Document | None,
    cluster: str | None,
) -> CapacityProvider:
    """Change what is given of a provider's settings."""
    if managed_instances is not None or cluster is not None:
        raise EcsError("UnsupportedFeatureException", "Managed Instances capacity providers are not supported.")
    provider = _find(state, name)
    _apply(state, provider, group_provider or {})
    provider.update_status = "UPDATE_COMPLETE"
    return provider


def delete(state: State, reference: str, cluster: str | None) -> CapacityProvider:
    """Delete a provider that no cluster and no service names (A16); the group stays."""
    del cluster  # names the home of Managed Instances providers, which do not exist here
    provider = _find(state, reference)
    if provider.is_fargate:
        raise invalid_parameter(f"The specified capacity provider '{provider.name}' is reserved and cannot be deleted.")
    in_cluster = any(provider.name in one.capacity_providers for one in state.clusters.values())
    in_service = any(
        provider.name in {item["capacityProvider"].rpartition("/")[2] for item in one.capacity_provider_strategy}
        for one in state.services.values()
        if one.status != "INACTIVE"
    )
    if in_cluster or in_service:
        raise client_error("The specified capacity provider is in use and cannot be removed.")
    provider.status = "INACTIVE"
    provider.update_status = "DELETE_COMPLETE"
    return provider


def _find(state: State, reference: str) -> CapacityProvider:
    provider = state.capacity_providers.get(reference.rpartition("/")[2])
    if provider is None or provider.status != "ACTIVE":
        raise client_error("The specified capacity provider does not exist. Specify a valid name or ARN and try again.")
    return provider


def _apply(state: State, provider: CapacityProvider, given: Document) -> None:
    scaling = part(given, "managedScaling")
    status = scaling.get("status") or provider.managed_scaling_status
    protection = given.get("managedTerminationProtection") or provider.managed_termination_protection
    group = state.groups.get(provider.auto_scaling_group_arn)
    if protection == "ENABLED":
        if status != "ENABLED":
            raise client_error(
                "The managed termination protection setting for the capacity provider is invalid. To enable managed "
                "termination protection for a capacity provider, managed scaling must be enabled."
            )
        if group is not None and not group.new_instances_protected:
            raise client_error(PROTECTION_NEEDS_GROUP)
    provider.managed_scaling_status = status
    provider.managed_termination_protection = protection
    provider.managed_draining = given.get("managedDraining") or provider.managed_draining
    provider.target_capacity = int(scaling.get("targetCapacity") or provider.target_capacity)
    provider.minimum_scaling_step_size = int(
        scaling.get("minimumScalingStepSize") or provider.minimum_scaling_step_size
    )
    provider.maximum_scaling_step_size = int(
        scaling.get("maximumScalingStepSize") or provider.maximum_scaling_step_size
    )
    warmup = scaling.get("instanceWarmupPeriod")
    provider.instance_warmup_period = provider.instance_warmup_period if warmup is None else int(warmup)
