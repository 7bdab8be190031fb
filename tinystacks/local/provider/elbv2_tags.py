"""Tags of load balancers, target groups, listeners and rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinystacks.local.provider.ec2_tags import changed_tags, tag_list, tag_map

if TYPE_CHECKING:
    from tinystacks.local.provider.handler import Call, Inputs


def tags_member(inputs: Inputs) -> dict[str, Any]:
    """`Tags` of a create call; left out without tags, as the API refuses an empty list."""
    tags = tag_list(inputs.get("tagsAll"))
    return {"Tags": tags} if tags else {}


def found_tags(call: Call, arn: str) -> dict[str, str]:
    """All tags of a resource."""
    descriptions = call.clients("elbv2").describe_tags(ResourceArns=[arn])["TagDescriptions"]
    return tag_map(descriptions[0]["Tags"]) if descriptions else {}


def update_tags(call: Call, arn: str, old: Inputs, new: Inputs) -> None:
    """RemoveTags for removed keys, AddTags for new and changed ones."""
    removed, added = changed_tags(old, new)
    elbv2 = call.clients("elbv2")
    if removed:
        elbv2.remove_tags(ResourceArns=[arn], TagKeys=removed)
    if added:
        elbv2.add_tags(ResourceArns=[arn], Tags=tag_list(added))
