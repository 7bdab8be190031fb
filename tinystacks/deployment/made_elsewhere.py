"""A stage that AWS has and whose state is in another folder or on another machine (trap A1).

The engine would build all of it a second time, and a destroy would take away what it knows nothing of.

Source: Amazon ECS API reference, DescribeClusters. A name is a cluster's once per account and region, and CreateCluster
gives the same cluster again, so that two states would own it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.aws_calls import aws_errors
from tinystacks.errors import EngineError
from tinystacks.naming import TAG_STACK, TAG_STAGE, cluster_name, is_of_stage, tag_values

if TYPE_CHECKING:
    from pathlib import Path

    from tinystacks.deployment.engine_state import State
    from tinystacks.deployment.target import Target
    from tinystacks.spec.model import StageSpec


def check_made_here(stage: StageSpec, state: State | None, target: Target, *, backup: Path | None) -> None:
    """Refuse to go on without a state where AWS has the stage's cluster.

    Args:
        stage: the stage.
        state: what the engine knows; none before the first `up`.
        target: where the stage goes.
        backup: the newest copy of a state in this folder.

    Raises:
        EngineError: the stage is there, and its state is not here.
        AwsError: ECS refuses to be read.
    """
    if state is not None and (state.count or state.pending):
        return
    name = cluster_name(stage.stack, stage.stage)
    with aws_errors("ecs", f"cluster `{name}`"):
        clusters = target.client("ecs").describe_clusters(clusters=[name], include=["TAGS"])["clusters"]
    for cluster in clusters:
        own = is_of_stage(tag_values(cluster.get("tags", [])), stage.stack, stage.stage)
        if cluster["status"] == "ACTIVE" and own:
            local = " --local" if target.name == "local" else ""
            kept = f" The newest copy of a state here is {backup}." if backup else ""
            raise EngineError(
                f"Stage `{stage.stage}` of `{stage.stack}` is there (cluster {name}), but its state is not in this "
                "folder: it was made from another folder or machine, or the state was lost. Nothing was changed.",
                hint="Work where its `.tstack` is, or share the state between machines (`state:`, docs/sharing.md)."
                f"{kept} "
                f"`tstack status --cluster {name}{local}` reads it from anywhere. Where the state is lost for good, "
                f"`aws resourcegroupstaggingapi get-resources --tag-filters Key={TAG_STACK},Values={stage.stack} "
                f"Key={TAG_STAGE},Values={stage.stage}` lists what to delete by hand.",
            )
