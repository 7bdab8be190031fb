"""Clusters and their capacity providers (A14, A15, A23, C29)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.controlplane import strategies
from tinystacks.controlplane.capacity_model import Attachment, Cluster
from tinystacks.controlplane.errors import EcsError, invalid_parameter
from tinystacks.controlplane.tag_forms import as_dict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tinystacks.controlplane.state import State
    from tinystacks.controlplane.types import Document


def create(
    state: State,
    name: str,
    *,
    capacity_providers: Sequence[str],
    strategy: Sequence[Document],
    settings: Sequence[Document],
    configuration: Document | None,
    service_connect_defaults: Document | None,
    tags: Sequence[Document],
) -> Cluster:
    """Create a cluster; an ACTIVE one of that name is given as it is (A23)."""
    found = state.clusters.get(name)
    if found is not None and found.status == "ACTIVE":
        return found
    cluster = Cluster(
        name=name,
        arn=state.identities.arn(f"cluster/{name}"),
        settings=list(settings) or [{"name": "containerInsights", "value": "disabled"}],
        configuration=configuration,
        service_connect_defaults=service_connect_defaults,
        tags=as_dict(tags),
    )
    _check_providers(state, cluster, capacity_providers, strategy)
    state.clusters[name] = cluster
    _attach(state, cluster, capacity_providers, strategy)
    return cluster


def update(
    state: State,
    reference: str,
    settings: Sequence[Document] | None,
    configuration: Document | None,
    service_connect_defaults: Document | None,
) -> Cluster:
    """Change the settings that are given."""
    cluster = state.cluster(reference)
    if settings is not None:
        cluster.settings = list(settings)
    if configuration is not None:
        cluster.configuration = configuration
    if service_connect_defaults is not None:
        cluster.service_connect_defaults = service_connect_defaults
    return cluster


def delete(state: State, reference: str) -> Cluster:
    """Delete an empty cluster (A14)."""
    cluster = state.cluster(reference)
    if cluster.container_instances:
        raise EcsError(
            "ClusterContainsContainerInstancesException",
            "The Cluster cannot be deleted while Container Instances are active or draining.",
        )
    services = [one for (home, _), one in state.services.items() if home == cluster.name]
    if any(one.status != "INACTIVE" for one in services):
        raise EcsError("ClusterContainsServicesException", "The Cluster cannot be deleted while Services are active.")
    if cluster.tasks:
        raise EcsError("ClusterContainsTasksException", "The Cluster cannot be deleted while Tasks are active.")
    _refuse_while_busy(state, cluster)
    cluster.status = "INACTIVE"
    cluster.capacity_providers, cluster.attachments = [], []
    cluster.default_capacity_provider_strategy = []
    return cluster


def put_capacity_providers(
    state: State, reference: str, capacity_providers: Sequence[str], strategy: Sequence[Document]
) -> Cluster:
    """Replace the list of providers; one that a service or task uses stays (A15)."""
    cluster = state.cluster(reference)
    _refuse_while_busy(state, cluster)
    names = [one.rpartition("/")[2] for one in capacity_providers]
    for name in cluster.capacity_providers:
        if name not in names and _is_used(state, cluster, name):
            raise EcsError("ResourceInUseException", "The specified capacity provider is in use and cannot be removed.")
    _check_providers(state, cluster, capacity_providers, strategy)
    _attach(state, cluster, capacity_providers, strategy)
    return cluster


def settle_attachments(state: State, cluster: Cluster) -> None:
    """End UPDATE_IN_PROGRESS once its time is over."""
    if cluster.attachments_until <= state.now:
        for one in cluster.attachments:
            one.status = "UPDATE_COMPLETE"


def _attach(state: State, cluster: Cluster, providers: Sequence[str], strategy: Sequence[Document]) -> None:
    cluster.capacity_providers = [one.rpartition("/")[2] for one in providers]
    cluster.default_capacity_provider_strategy = [dict(one) for one in strategy]
    cluster.attachments = []
    for name in cluster.capacity_providers:
        provider = state.capacity_providers[name]
        details = {"capacityProviderName": name}
        if provider.is_managed:
            details_of_policy = details | {"scalingPolicyName": provider.scaling_policy_name}
            cluster.attachments.append(_attachment(state, "as_policy", details_of_policy))
        if not provider.is_fargate and provider.managed_draining == "ENABLED":
            cluster.attachments.append(_attachment(state, "managed_draining", details))
    cluster.attachments_until = state.now + state.settings.attachment_seconds
    if cluster.attachments:
        state.at(cluster.attachments_until, lambda: settle_attachments(state, cluster))
    settle_attachments(state, cluster)


def _attachment(state: State, kind: str, details: dict[str, str]) -> Attachment:
    return Attachment(id=state.identities.uuid(), type=kind, status="UPDATE_IN_PROGRESS", details=dict(details))


def _check_providers(state: State, cluster: Cluster, providers: Sequence[str], strategy: Sequence[Document]) -> None:
    names = [one.rpartition("/")[2] for one in providers]
    for name in names:
        provider = state.capacity_providers.get(name)
        if provider is None or provider.status != "ACTIVE":
            raise invalid_parameter(f"The specified capacity provider '{name}' was not found.")
        others = [one for one in state.clusters.values() if one is not cluster and name in one.capacity_providers]
        # Managed scaling has one cluster to follow (C12).
        if provider.is_managed and others:
            raise invalid_parameter(
                f"The capacity provider '{name}' with managed scaling is already associated with another cluster."
            )
    before = cluster.capacity_providers
    cluster.capacity_providers = names
    try:
        strategies.check(state, cluster, strategy)
    finally:
        cluster.capacity_providers = before


def _is_used(state: State, cluster: Cluster, name: str) -> bool:
    in_strategy = any(
        name in {item["capacityProvider"].rpartition("/")[2] for item in service.capacity_provider_strategy}
        for (home, _), service in state.services.items()
        if home == cluster.name and service.status != "INACTIVE"
    )
    return in_strategy or any(task.capacity_provider_name == name for task in cluster.tasks.values())


def _refuse_while_busy(state: State, cluster: Cluster) -> None:
    settle_attachments(state, cluster)
    if any(one.status == "UPDATE_IN_PROGRESS" for one in cluster.attachments):
        raise EcsError(
            "UpdateInProgressException",
            "The specified cluster is in a busy state. Cluster attachments must be in UPDATE_COMPLETE or "
            "UPDATE_FAILED state before they can be updated.",
        )
