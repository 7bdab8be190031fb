"""Capacity provider strategies: their checks, and which provider takes the next task (C8-C11)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.controlplane.errors import invalid_parameter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tinystacks.controlplane.model import Cluster
    from tinystacks.controlplane.state import State
    from tinystacks.controlplane.types import Document

LARGEST_BASE = 100_000
LARGEST_WEIGHT = 1000
MOST_ITEMS = 20


def check(state: State, cluster: Cluster, strategy: Sequence[Document]) -> None:
    """Refuse a strategy that ECS refuses (C8, A9)."""
    if not strategy:
        return
    if len(strategy) > MOST_ITEMS:
        raise invalid_parameter(f"A capacity provider strategy can have at most {MOST_ITEMS} items.")
    _check_names(state, cluster, [one["capacityProvider"] for one in strategy])
    if sum(1 for one in strategy if int(one.get("base") or 0)) > 1:
        raise invalid_parameter("Only one capacity provider in a strategy can have a base defined.")
    for one in strategy:
        if not 0 <= int(one.get("base") or 0) <= LARGEST_BASE:
            raise invalid_parameter(f"The base must be between 0 and {LARGEST_BASE}.")
        if not 0 <= int(one.get("weight") or 0) <= LARGEST_WEIGHT:
            raise invalid_parameter(f"The weight must be between 0 and {LARGEST_WEIGHT}.")
    if not any(int(one.get("weight") or 0) for one in strategy):
        raise invalid_parameter("At least one capacity provider in a strategy must have a weight greater than zero.")


def _check_names(state: State, cluster: Cluster, references: Sequence[str]) -> None:
    if len(set(references)) < len(references):
        raise invalid_parameter("A capacity provider can be specified only once in a capacity provider strategy.")
    kinds: set[bool] = set()
    for reference in references:
        provider = state.capacity_providers.get(reference.rpartition("/")[2])
        if provider is None or provider.status != "ACTIVE" or provider.name not in cluster.capacity_providers:
            raise invalid_parameter(
                "The specified capacity provider strategy contains a capacity provider that is not associated with "
                f"the cluster. Associate the capacity provider {reference} with the cluster and try again."
            )
        kinds.add(provider.is_fargate)
    if len(kinds) > 1:
        raise invalid_parameter(
            "A capacity provider strategy cannot contain both Auto Scaling group and Fargate capacity providers."
        )


def next_provider(strategy: Sequence[Document], placed: Mapping[str, int]) -> str:
    """Choose the provider of the next task: base first, then the largest deficit of its share (C9).

    Args:
        strategy: items of the strategy; at least one has a weight.
        placed: tasks with desiredStatus RUNNING per provider.
    """
    names = [one["capacityProvider"].rpartition("/")[2] for one in strategy]
    for name, one in zip(names, strategy, strict=True):
        if placed.get(name, 0) < int(one.get("base") or 0):
            return name
    weights = [int(one.get("weight") or 0) for one in strategy]
    # The base is apart from the shares of the weights.
    counted = [
        max(0, placed.get(name, 0) - int(one.get("base") or 0)) for name, one in zip(names, strategy, strict=True)
    ]
    total = sum(counted) + 1
    deficits = [
        (weight / sum(weights) * total - count if weight else float("-inf"))
        for weight, count in zip(weights, counted, strict=True)
    ]
    return names[deficits.index(max(deficits))]
