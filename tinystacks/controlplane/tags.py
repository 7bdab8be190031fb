"""Tags of clusters, providers, instances, services, tasks and task definitions (A34, A35)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.controlplane.errors import EcsError, client_error, invalid_parameter
from tinystacks.controlplane.tag_forms import as_dict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tinystacks.controlplane.state import State
    from tinystacks.controlplane.types import Document

MOST_TAGS = 50


def put(state: State, arn: str, tags: Sequence[Document]) -> None:
    """Add tags, or change their values."""
    given = as_dict(tags)
    if any(key.lower().startswith("aws:") for key in given):
        raise invalid_parameter("Tag keys cannot begin with 'aws:'.")
    held = of(state, arn)
    if len(held | given) > MOST_TAGS:
        raise invalid_parameter(f"A resource can have at most {MOST_TAGS} tags.")
    held |= given


def remove(state: State, arn: str, keys: Sequence[str]) -> None:
    """Take tags off."""
    held = of(state, arn)
    for key in keys:
        held.pop(key, None)


def of(state: State, arn: str) -> dict[str, str]:
    """Give the tags that a resource holds.

    Raises:
        EcsError: the ARN names nothing, or nothing that carries tags.
    """
    kind, _, rest = arn.rpartition(":ecs:")[2].partition(":")[2].partition(":")[2].partition("/")
    if kind == "cluster":
        return state.cluster(arn).tags
    if kind == "service":
        cluster, _, name = rest.partition("/")
        return state.service(state.cluster(cluster), name).tags
    if kind == "task-definition":
        definition = state.find_task_definition(arn)
        if definition is None:
            raise client_error("The specified task definition does not exist.")
        return definition.tags
    if kind == "capacity-provider":
        provider = state.capacity_providers.get(rest)
        if provider is not None:
            return provider.tags
    if kind == "task":
        return state.task(state.cluster(rest.partition("/")[0]), arn).tags
    if kind == "container-instance":
        return state.container_instance(state.cluster(rest.partition("/")[0]), arn).tags
    raise EcsError("ResourceNotFoundException", f"The resource {arn} was not found.")
