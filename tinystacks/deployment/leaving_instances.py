"""A stage that moves from EC2 to Fargate: its instances stay until its tasks have left them (trap K1).

ECS takes no capacity provider from a cluster while a service uses it, so that one run of the engine cannot do both.

Source: Amazon ECS API reference, PutClusterCapacityProviders (`ResourceInUseException`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.deployment.history import read_history
from tinystacks.deployment.releases import releases_of

if TYPE_CHECKING:
    from tinystacks.deployment.context import Opened, StageContext
    from tinystacks.deployment.work_folder import StageRecord
    from tinystacks.spec.model import StageSpec

_CAPACITY_PROVIDER = "aws:ecs/capacityProvider:CapacityProvider"


def stage_on_instances(context: StageContext, opened: Opened) -> StageSpec | None:
    """Give the stage as it ran on the instances that it still has; none where it is not about to leave any.

    Args:
        context: the stage as it is to be.
        opened: the stage before the change.

    Raises:
        NoReleaseError: this version cannot read what another version stored.
    """
    resources = opened.state.resources if opened.state else ()
    if context.stage.compute.kind != "fargate" or not any(one["type"] == _CAPACITY_PROVIDER for one in resources):
        return None
    for release in releases_of(read_history(opened.session, {}), {}):
        if release.spec.get("compute", {}).get("kind") == "ec2":
            return release.stage()
    return None


def image_of_instances(record: StageRecord | None) -> str | None:
    """Give the machine image that the instances were made from, though the stage has none any more."""
    if record is None:
        return None
    return record.ami_id or next(iter(record.former_ami_ids), None)
