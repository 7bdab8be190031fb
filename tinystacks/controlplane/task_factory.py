"""Making of tasks, and what they demand of their place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.controlplane.fitting import Demand
from tinystacks.controlplane.task_model import Container, Needs, Task
from tinystacks.controlplane.types import items, part, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tinystacks.controlplane.model import Cluster, TaskDefinition
    from tinystacks.controlplane.state import State
    from tinystacks.controlplane.types import Document

DEFAULT_SERVICE_STRATEGY = (("spread", "attribute:ecs.availability-zone"), ("spread", "instanceId"))
DAY = 24 * 3600


def make(
    state: State, cluster: Cluster, definition: TaskDefinition, group: str, overrides: Document | None = None
) -> Task:
    """Make a task in PROVISIONING that has no place yet and keep it in the cluster."""
    identity = state.identities.hexadecimal()
    overrides = overrides or {}
    needs = definition.needs
    if overrides.get("cpu") or overrides.get("memory"):
        needs = Needs(
            cpu=int(overrides.get("cpu") or needs.cpu),
            memory=int(overrides.get("memory") or needs.memory),
            ports=needs.ports,
            enis=needs.enis,
        )
    task = Task(
        id=identity,
        arn=state.identities.arn(f"task/{cluster.name}/{identity}"),
        cluster=cluster.name,
        task_definition=definition,
        group=group,
        needs=needs,
        overrides=overrides,
        created_at=state.now,
        containers={
            one["name"]: Container(
                name=one["name"],
                arn=state.identities.arn(f"container/{cluster.name}/{identity}/{state.identities.uuid()}"),
                definition=one,
            )
            for one in definition.containers
        },
    )
    state.tasks[identity] = task
    cluster.tasks[identity] = task
    return task


def demand(
    state: State,
    task: Task,
    *,
    strategies: Sequence[Document],
    constraints: Sequence[Document],
    network: Document | None,
) -> Demand:
    """Say what a task asks of container instances (P4, P14, P21)."""
    rules = [*items(task.task_definition.document, "placementConstraints"), *constraints]
    given = tuple(
        (one["type"], str(one.get("field") or "")) if one["type"] != "random" else ("random", "") for one in strategies
    )
    if not given and task.service is not None:
        given = DEFAULT_SERVICE_STRATEGY
    # RunTask without a strategy keeps no order.
    return Demand(
        cluster=task.cluster,
        group=task.group,
        provider=task.capacity_provider_name,
        needs=task.needs,
        strategies=given or (("random", ""),),
        members=tuple(one["expression"] for one in rules if one["type"] == "memberOf"),
        distinct=any(one["type"] == "distinctInstance" for one in rules),
        zones=subnet_zones(state, network) if task.task_definition.network_mode == "awsvpc" else frozenset(),
        attributes=tuple(
            one["name"] for one in items(task.task_definition.document, "requiresAttributes") if "value" not in one
        ),
        revision=""
        if state.settings.old_revisions_count_for_spread and state.settings.old_revisions_count_for_distinct_instance
        else task.started_by,
    )


def subnet_zones(state: State, network: Document | None) -> frozenset[str]:
    """Give the zones of the subnets of a network configuration; empty when unknown."""
    subnets = words(part(network, "awsvpcConfiguration"), "subnets")
    facts = [state.surroundings.subnet(one) for one in subnets]
    return frozenset(one.zone for one in facts if one is not None)
