"""Task definition revisions of a stage that is going: kept while it lives, for rollbacks, and of no use after it.

Source: Amazon ECS API reference, DeregisterTaskDefinition and DeleteTaskDefinitions (10 revisions a call, only those
that are INACTIVE; one that a task still uses goes when the task has ended).
"""

from __future__ import annotations

from typing import Any

from tinystacks.aws_calls import batches, read_all
from tinystacks.naming import cluster_name, is_of_stage, tag_values

_REVISIONS_PER_CALL = 10


def remove_revisions(ecs: Any, *, stack: str, stage: str) -> tuple[str, ...]:
    """Deregister and delete every revision that bears a stage's tags.

    Args:
        ecs: boto3 client.
        stack: name of the stack.
        stage: name of the stage.

    Returns:
        The families that are gone, each with the number of its revisions, in words.
    """
    removed: list[str] = []
    prefix = f"{cluster_name(stack, stage)}-"
    for family in read_all(ecs, "list_task_definition_families", "families", familyPrefix=prefix, status="ALL"):
        active = read_all(ecs, "list_task_definitions", "taskDefinitionArns", familyPrefix=family, status="ACTIVE")
        inactive = read_all(ecs, "list_task_definitions", "taskDefinitionArns", familyPrefix=family, status="INACTIVE")
        revisions = [*active, *inactive]
        if not revisions or not _ours(ecs, revisions[0], stack, stage):
            continue
        for revision in active:
            ecs.deregister_task_definition(taskDefinition=revision)
        for batch in batches(revisions, _REVISIONS_PER_CALL):
            ecs.delete_task_definitions(taskDefinitions=batch)
        removed.append(f"task definition {family} ({len(revisions)} revision{'s' if len(revisions) > 1 else ''})")
    return tuple(removed)


def _ours(ecs: Any, revision: str, stack: str, stage: str) -> bool:
    """Whether a family is the stage's: another stack's name may begin with this one's."""
    tags = ecs.describe_task_definition(taskDefinition=revision, include=["TAGS"]).get("tags", [])
    return is_of_stage(tag_values(tags), stack, stage)
