"""Tags of EC2's resources, which are made with the resource and changed by calls of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tinystacks.local.provider.handler import Call, Inputs


def tag_list(tags: dict[str, str] | None) -> list[dict[str, str]]:
    """`{"a": "b"}` as `[{"Key": "a", "Value": "b"}]`."""
    return [{"Key": key, "Value": value} for key, value in sorted((tags or {}).items())]


def tag_map(tags: Iterable[dict[str, Any]] | None) -> dict[str, str]:
    """`[{"Key": "a", "Value": "b"}]` as `{"a": "b"}`."""
    return {str(tag["Key"]): str(tag.get("Value", "")) for tag in tags or ()}


def changed_tags(old: Inputs, new: Inputs) -> tuple[list[str], dict[str, str]]:
    """Keys to remove and tags to set to come from `old["tagsAll"]` to `new["tagsAll"]`."""
    before: dict[str, str] = old.get("tagsAll") or {}
    after: dict[str, str] = new.get("tagsAll") or {}
    removed = sorted(key for key in before if key not in after)
    return removed, {key: value for key, value in after.items() if before.get(key) != value}


def specification(resource_type: str, inputs: Inputs) -> list[dict[str, Any]]:
    """`TagSpecifications` of a create call; empty without tags, as EC2 refuses an empty one."""
    tags = tag_list(inputs.get("tagsAll"))
    return [{"ResourceType": resource_type, "Tags": tags}] if tags else []


def update_tags(call: Call, resource_id: str, old: Inputs, new: Inputs) -> None:
    """DeleteTags for removed keys, then CreateTags for new and changed ones."""
    removed, added = changed_tags(old, new)
    ec2 = call.clients("ec2")
    if removed:
        ec2.delete_tags(Resources=[resource_id], Tags=[{"Key": key} for key in removed])
    if added:
        ec2.create_tags(Resources=[resource_id], Tags=tag_list(added))


def arn(call: Call, kind: str, resource_id: str, service: str = "ec2") -> str:
    """ARN of a resource of this account and region, such as `…:vpc/vpc-1`."""
    return f"arn:{call.partition}:{service}:{call.region}:{call.account_id}:{kind}/{resource_id}"
