"""The capacity provider strategy: which of the cluster's capacity providers get how many tasks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi

from programs.sdk import aws
from tinystacks.naming import logical_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tinystacks.spec.compute import SpotSpec
    from tinystacks.spec.model import StageSpec

DELETE_TIMEOUT = "45m"
"""Draining, deregistration delays and stop times add up to more than the provider's own 10 and 20 minutes (C1, C7)."""
_WEIGHT_SCALE = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyItem:
    """One capacity provider of a strategy, as in the ECS API.

    Attributes:
        capacity_provider: its name.
        base: tasks that go there first.
        weight: share of the rest; at least 1, since 0 would never be used (trap D8).
    """

    capacity_provider: pulumi.Input[str]
    base: int
    weight: int


class ClusterCapacity(pulumi.ComponentResource):
    """The capacity providers of the cluster and the strategy that services follow.

    Services depend on this, so that on the way down they go first (trap C2).

    Args:
        stage: the stage.
        cluster: the cluster.
        strategy: where tasks go.
        associated: names of every capacity provider that the cluster may use.
    """

    def __init__(
        self,
        stage: StageSpec,
        *,
        cluster: aws.ecs.Cluster,
        associated: Sequence[pulumi.Input[str]],
        strategy: Sequence[StrategyItem],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("tinystacks:aws:ClusterCapacity", logical_name(stage.stack, "strategy"), None, opts)
        self.strategy = tuple(strategy)
        self.provider_names: Sequence[pulumi.Input[str]] = [item.capacity_provider for item in strategy]
        self.association = aws.ecs.ClusterCapacityProviders(
            logical_name(stage.stack, "strategy"),
            cluster_name=cluster.name,
            capacity_providers=list(associated),
            default_capacity_provider_strategies=[
                aws.ecs.ClusterCapacityProvidersDefaultCapacityProviderStrategyArgs(
                    capacity_provider=item.capacity_provider, base=item.base, weight=item.weight
                )
                for item in strategy
            ],
            opts=pulumi.ResourceOptions(parent=self, custom_timeouts=pulumi.CustomTimeouts(delete=DELETE_TIMEOUT)),
        )
        self.register_outputs({})


FARGATE_PROVIDERS = ("FARGATE", "FARGATE_SPOT")
"""Both always belong to a cluster: one that is in use cannot be taken away before the services change (trap K1)."""


def fargate_strategy(spot: SpotSpec | None) -> list[StrategyItem]:
    """Give the strategy on Fargate; with Spot a base of On-Demand tasks, since Spot may have no capacity.

    Weights stand in the ratio of the percentages; the smaller is never 0, since ECS does not use such a provider.
    """
    on_demand_provider, spot_provider = FARGATE_PROVIDERS
    if spot is None:
        return [StrategyItem(capacity_provider=on_demand_provider, base=0, weight=1)]
    on_demand = max(1, spot.on_demand_percentage * _WEIGHT_SCALE)
    interruptible = max(1, (100 - spot.on_demand_percentage) * _WEIGHT_SCALE)
    return [
        StrategyItem(capacity_provider=on_demand_provider, base=spot.on_demand_base, weight=on_demand),
        StrategyItem(capacity_provider=spot_provider, base=0, weight=interruptible),
    ]
