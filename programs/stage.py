"""The whole stage, from the network up: the order of components and the exports, nothing else.

```
provider ─┬─ network ─┬─ cluster ─ capacity ─ strategy ─┬─ application (one per service) ─ exports
          │           └─ load balancer ─────────────────┤
          └─ registry (one per built service) ──────────┘
```
On the way down the engine goes the other way round: services, strategy, capacity, cluster, network (traps C1 to C7).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi

from programs.application import Application
from programs.capacity import InstanceCapacity
from programs.cluster import Cluster
from programs.exposure import open_instances
from programs.hosting import on_fargate
from programs.load_balancer import LoadBalancer
from programs.logs import releases_log_group
from programs.network import Network
from programs.provider import stage_provider
from programs.registry import Registry, built_services
from programs.service import ServicePlace
from programs.strategy import FARGATE_PROVIDERS, ClusterCapacity, StrategyItem, fargate_strategy

if TYPE_CHECKING:
    from collections.abc import Callable

    from programs.settings import ProgramSettings
    from tinystacks.spec.model import StageSpec


def program_for(stage: StageSpec, settings: ProgramSettings) -> Callable[[], None]:
    """Give the Pulumi program of one stage, for the Automation API or plain `pulumi up`.

    Args:
        stage: the stage, checked and complete.
        settings: facts of this run.

    Returns:
        A function that declares every resource and exports the keys of `StageOutputs`.
    """

    def program() -> None:
        for key, value in declare_stage(stage, settings).items():
            pulumi.export(key, value)

    return program


def declare_stage(stage: StageSpec, settings: ProgramSettings) -> dict[str, Any]:
    """Declare every resource of a stage and give the exports."""
    provider = stage_provider(stage, settings)
    root = pulumi.ResourceOptions(providers={"aws": provider})
    registries = {
        name: Registry(stage.stack, name, settings=settings, opts=root)
        for name in {**built_services(stage), **dict.fromkeys(settings.extra_repositories)}
    }
    if stage.state:
        releases_log_group(stage, opts=root)
    network = Network(stage, settings=settings, provider=provider, opts=root)
    cluster = Cluster(stage, opts=root)
    on_instances = settings.leaving if on_fargate(stage) else stage
    instances = (
        None
        if on_instances is None
        else InstanceCapacity(on_instances, cluster=cluster.cluster, network=network, settings=settings, opts=root)
    )
    strategy = (
        fargate_strategy(stage.compute.spot)
        if instances is None or on_fargate(stage)
        else [StrategyItem(capacity_provider=instances.provider.name, base=0, weight=1)]
    )
    capacity = ClusterCapacity(
        stage,
        cluster=cluster.cluster,
        strategy=strategy,
        associated=[*([] if instances is None else [instances.provider.name]), *FARGATE_PROVIDERS],
        opts=root,
    )
    balancer = LoadBalancer(stage, network=network, opts=root) if stage.exposed_services else None
    reachable = (
        []
        if balancer is None or instances is None or on_instances is None
        else open_instances(
            on_instances,
            balancer=balancer,
            group_id=instances.security_group_id,
            opts=pulumi.ResourceOptions(parent=balancer),
        )
    )
    place = ServicePlace(
        cluster=cluster.cluster,
        capacity=capacity,
        network=network,
        load_balancer=balancer,
        reachable=reachable,
    )
    applications = {
        name: Application(
            stage,
            name,
            place=place,
            registry=registries.get(name) if stage.services[name].build else None,
            exec_log_group_arn=cluster.exec_log_group_arn,
            settings=settings,
            opts=root,
        )
        for name in stage.services
        if name not in settings.repositories_only
    }
    return {
        "stack": stage.stack,
        "stage": stage.stage,
        "region": settings.region,
        "account_id": settings.account_id,
        "cluster_name": cluster.cluster.name,
        "cluster_arn": cluster.cluster.arn,
        "endpoint": "" if balancer is None else balancer.url,
        "dns_name": "" if balancer is None else balancer.balancer.dns_name,
        "vpc_id": network.vpc_id,
        "subnet_ids": network.task_subnet_ids,
        "capacity_providers": list(capacity.provider_names),
        "auto_scaling_group": "" if instances is None else instances.group.name,
        "load_balancer_arn": "" if balancer is None else balancer.balancer.arn,
        "ami_id": "" if instances is None else instances.ami_id,
        "services": {name: application.outputs for name, application in applications.items()},
    }
