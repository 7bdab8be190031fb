"""Small pieces that many shapes hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Shape = dict[str, Any]
"""A structure of the API, in the API's spelling."""


def without_empty(**members: Any) -> Shape:
    """Leave out members that are None or an empty string; ECS sends neither."""
    return {name: value for name, value in members.items() if value is not None and value != ""}


def tag_list(tags: Mapping[str, str]) -> list[Shape]:
    """Write tags as ECS's list of key and value, in the order in which they were set."""
    return [{"key": key, "value": value} for key, value in tags.items()]


def tag_dict(tags: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Read ECS's list of tags; a tag may lack its value, which is then empty."""
    return {tag["key"]: tag.get("value", "") for tag in tags}


def name_values(details: Mapping[str, str]) -> list[Shape]:
    """Write details as ECS's list of name and value."""
    return [{"name": name, "value": value} for name, value in details.items()]


def failure(arn: str, reason: str, detail: str = "") -> Shape:
    """Say why one thing of a call is not among its results (API Failure)."""
    return without_empty(arn=arn, reason=reason, detail=detail)


def launch_members(launch_type: str, strategy: list[Shape]) -> Shape:
    """Give the capacity provider strategy or else the launch type: a read shows only one of them (API Service)."""
    return {"capacityProviderStrategy": strategy} if strategy else without_empty(launchType=launch_type)
