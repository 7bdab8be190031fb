"""The gate before a service gets a new revision: its `release_command` has to go well on it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pulumi

from programs.hosting import on_fargate
from programs.settings import ReleaseOrder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from programs.sdk import aws
    from programs.service import ServicePlace
    from programs.settings import ProgramSettings
    from tinystacks.spec.model import StageSpec


def released_revision(
    stage: StageSpec,
    name: str,
    *,
    place: ServicePlace,
    definition: aws.ecs.TaskDefinition,
    security_group_id: pulumi.Output[str] | None,
    log_group: pulumi.Output[str],
    depends_on: Sequence[pulumi.Resource],
    settings: ProgramSettings,
) -> pulumi.Output[str]:
    """Give the ARN of the revision, once its `release_command` went well.

    Nothing is a resource here, so that a second update with nothing changed has nothing to do; whether a revision
    passed before is the gate's to know. A preview runs nothing.

    Args:
        stage: the stage.
        name: name of the service.
        place: what the service is put into.
        definition: the revision.
        security_group_id: group of the tasks' own interfaces (awsvpc).
        log_group: name of the log group.
        depends_on: policies without which its tasks cannot start.
        settings: the gate.
    """
    gate = settings.release_gate
    if stage.services[name].release_command is None or gate is None or pulumi.runtime.is_dry_run():
        return definition.arn

    async def run(known: dict[str, Any]) -> str:
        order = ReleaseOrder(
            service=name,
            cluster=known["cluster"],
            task_definition=known["arn"],
            log_group=known["log_group"],
            strategy=known["strategy"],
            network=known["network"],
        )
        # In a thread of its own: the loop goes on with the other resources.
        await asyncio.get_running_loop().run_in_executor(None, gate, order)
        return order.task_definition

    network = (
        None
        if security_group_id is None
        else {
            "awsvpcConfiguration": {
                "subnets": place.network.task_subnet_ids,
                "securityGroups": [security_group_id],
                "assignPublicIp": "ENABLED" if on_fargate(stage) and not stage.network.private else "DISABLED",
            }
        }
    )
    strategy = [
        {"capacityProvider": item.capacity_provider, "base": item.base, "weight": item.weight}
        for item in place.capacity.strategy
    ]
    ready = [place.capacity.association.id, *(one.id for one in depends_on if isinstance(one, pulumi.CustomResource))]
    return pulumi.Output.all(
        arn=definition.arn,
        cluster=place.cluster.name,
        log_group=log_group,
        network=network,
        strategy=strategy,
        ready=ready,
    ).apply(run)
