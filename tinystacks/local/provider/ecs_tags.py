"""Tags of ECS's resources, whose lists are written in lower case."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinystacks.local.provider.ec2_tags import changed_tags

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tinystacks.local.provider.handler import Call, Inputs


def tags_member(inputs: Inputs) -> dict[str, Any]:
    """`tags` of a create call; left out without tags."""
    tags = _tag_list(inputs.get("tagsAll") or {})
    return {"tags": tags} if tags else {}


def tag_map(tags: Iterable[dict[str, str]] | None) -> dict[str, str]:
    """`[{"key": "a", "value": "b"}]` as `{"a": "b"}`."""
    return {tag["key"]: tag.get("value", "") for tag in tags or ()}


def update_tags(call: Call, arn: str, old: Inputs, new: Inputs) -> None:
    """UntagResource for removed keys, TagResource for new and changed ones."""
    removed, added = changed_tags(old, new)
    ecs = call.clients("ecs")
    if removed:
        ecs.untag_resource(resourceArn=arn, tagKeys=removed)
    if added:
        ecs.tag_resource(resourceArn=arn, tags=_tag_list(added))


def _tag_list(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in sorted(tags.items())]
