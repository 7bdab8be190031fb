"""Names of resources: short, stable, free of the stage's name, and within every limit of AWS.

Logical names (the engine's identities) carry no stage name, so that the same program makes the same resources in every
stage. Physical names are the logical name plus a suffix of 8 characters that the provider adds (`-` and 7 hexadecimal
digits), so that a replacement can be made before the old one goes. Only the cluster has a fixed name, for people:
it is never replaced while its name stays.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

AUTO_NAME_SUFFIX = 8
"""Characters that the AWS provider adds to a logical name: `-` and 7 hexadecimal digits."""
LOAD_BALANCER_NAME_LIMIT = 32
"""Elastic Load Balancing API, CreateLoadBalancer and CreateTargetGroup: at most 32 characters."""
ROLE_NAME_LIMIT = 64
"""IAM API, CreateRole: at most 64 characters."""
LOGICAL_NAME_LIMIT = LOAD_BALANCER_NAME_LIMIT - AUTO_NAME_SUFFIX
"""The tightest limit rules all logical names, so that one function serves every type."""

TAG_STACK = "tinystacks:stack"
TAG_STAGE = "tinystacks:stage"
TAG_SERVICE = "tinystacks:service"

_HASH_LENGTH = 5


def shorten(name: str, limit: int) -> str:
    """Give a name of at most `limit` characters; a long one ends in a hash of the whole, so that it stays unique.

    Args:
        name: words joined by hyphens.
        limit: characters; at least 8.

    Raises:
        ValueError: the limit leaves no room for a hash.
    """
    if limit < _HASH_LENGTH + 3:
        raise ValueError(f"a limit of {limit} characters leaves no room for a unique name")
    if len(name) <= limit:
        return name.strip("-")
    digest = hashlib.sha256(name.encode()).hexdigest()[:_HASH_LENGTH]
    head = name[: limit - _HASH_LENGTH - 1].strip("-")
    return f"{head}-{digest}"


def logical_name(stack: str, *parts: str) -> str:
    """Name a resource for the engine, such as `shop-web-service`; never with the stage in it (trap A14).

    Args:
        stack: name of the stack.
        parts: service and role of the resource.
    """
    return shorten("-".join((stack, *parts)), LOGICAL_NAME_LIMIT)


def cluster_name(stack: str, stage: str) -> str:
    """Name the cluster, such as `shop-prod`: what people type into the AWS CLI."""
    return f"{stack}-{stage}"


RELEASES_LOGS = "_releases"
"""Last part of the name of the group that tells how releases ended; no service can have this name."""


def log_group_name(stack: str, stage: str, service: str) -> str:
    """Name a service's log group, such as `/tinystacks/shop/prod/web`."""
    return f"/tinystacks/{stack}/{stage}/{service}"


def resource_tags(stack: str, stage: str, service: str | None = None) -> dict[str, str]:
    """Give the tags by which everything of a stage is found again."""
    tags = {TAG_STACK: stack, TAG_STAGE: stage}
    if service is not None:
        tags[TAG_SERVICE] = service
    return tags


def tag_values(tags: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Give tags as AWS lists them, in either of its spellings (`Key` or `key`), as values by key."""
    return {tag.get("Key", tag.get("key", "")): tag.get("Value", tag.get("value", "")) for tag in tags}


def is_of_stage(tags: Mapping[str, str], stack: str, stage: str) -> bool:
    """Whether something with these tags, values by key, belongs to a stage."""
    return resource_tags(stack, stage).items() <= tags.items()
