"""What `up` does not do unasked: replace what serves requests (traps B9, D3, G1, K1), or remove it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.errors import EngineError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tinystacks.deployment.changes import PlannedChange

_INTERRUPTING = {
    "aws:ecs/service:Service": "its tasks are stopped and started anew",
    "aws:lb/targetGroup:TargetGroup": "its tasks leave the load balancer until they are registered again",
    "aws:autoscaling/group:Group": "all its instances are replaced at once",
    "aws:ecs/capacityProvider:CapacityProvider": "services that use it must be moved first",
    "aws:ecs/cluster:Cluster": "everything that runs in it is replaced",
    "aws:lb/loadBalancer:LoadBalancer": "the endpoint gets another address",
    "aws:ec2/vpc:Vpc": "everything in it is replaced",
}

_REMOVING = {
    "aws:ecs/service:Service": "its tasks are stopped",
    "aws:lb/loadBalancer:LoadBalancer": "its address does not answer any more",
    "aws:autoscaling/group:Group": "its instances are terminated",
    "aws:cloudwatch/logGroup:LogGroup": "what was logged is gone",
    "aws:ecs/cluster:Cluster": "everything that runs in it ends",
    "aws:ec2/vpc:Vpc": "everything in it is removed",
}


class RemovalError(UsageError):
    """The change would remove what serves requests or holds data, and nobody has agreed to that."""

    kind = "removal"


class DowntimeError(EngineError):
    """The change would interrupt the stage, and that was not allowed."""

    kind = "downtime"


def interrupts(token: str) -> bool:
    """Whether replacing a resource of this type interrupts what the stage serves."""
    return token in _INTERRUPTING


def check_replacements(planned: Iterable[PlannedChange]) -> None:
    """Stop before a change that would interrupt the stage.

    Raises:
        DowntimeError: names each such resource, why it is replaced, and what that means.
    """
    harmful = [change for change in planned if change.interrupts]
    if not harmful:
        return
    lines = [
        f"  {change.words} is replaced"
        + (f" because of {', '.join(change.replaced_for)}" if change.replaced_for else "")
        + f": {_INTERRUPTING[change.type]}"
        for change in harmful
    ]
    raise DowntimeError(
        "This change would interrupt the stage:\n" + "\n".join(lines),
        hint="Nothing that runs was changed. Take the cause back, or accept the interruption with --allow-downtime.",
    )


def check_removals(planned: Iterable[PlannedChange]) -> None:
    """Stop before a change that would remove what serves requests or holds data.

    New revisions of a task definition are replacements, and what a replacement leaves is no removal.

    Raises:
        RemovalError: names each such resource, and what that means.
    """
    removed = [change for change in planned if change.action == "delete" and change.type in _REMOVING]
    if not removed:
        return
    lines = [f"  {change.words} is removed: {_REMOVING[change.type]}" for change in removed]
    raise RemovalError(
        "This change would remove what serves requests or holds data:\n" + "\n".join(lines),
        hint="Nothing that runs was changed. Take the cause back, or agree to it with --yes.",
    )
