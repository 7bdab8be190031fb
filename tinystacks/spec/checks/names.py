"""Names and tags that AWS refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.spec.checks.finding import Finding, error

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tinystacks.spec.model import StageSpec

_CAPACITY_PROVIDER_PREFIXES = ("aws", "ecs", "fargate")
_LOAD_BALANCER_PREFIX = "internal-"
_TAG_PREFIXES = ("aws:", "tinystacks:")
_MOST_TAGS = 45
_LONGEST_TAG_KEY = 128
_LONGEST_TAG_VALUE = 256


def check(stage: StageSpec) -> Iterator[Finding]:
    """Check the stack's name, the services' names and the tags."""
    yield from _stack_name(stage.stack)
    for name, service in stage.services.items():
        if service.build is not None and "--" in f"{stage.stack}-{name}":
            yield error(
                ("services", name),
                "name-double-hyphen",
                "an ECR repository takes no `--` in its name; use single hyphens in the names of stack and service",
            )
        if name in service.sidecars:
            yield error(
                ("services", name, "sidecars", name),
                "container-name-taken",
                f"`{name}` is the main container's name already (the service's); give the sidecar another",
            )
    yield from _tags(stage)


def _stack_name(name: str) -> Iterator[Finding]:
    """Trap D19 (ECS API reference, `CreateCapacityProvider`) and G2 (Elastic Load Balancing, `CreateLoadBalancer`)."""
    for prefix in _CAPACITY_PROVIDER_PREFIXES:
        if name.startswith(prefix):
            yield error(
                ("name",),
                "name-reserved",
                f"must not begin with `{prefix}`: ECS refuses capacity providers of such names; `my-{name}` would do",
            )
            return
    if f"{name}-".startswith(_LOAD_BALANCER_PREFIX):
        yield error(("name",), "name-reserved", "must not begin with `internal-`: load balancers may not be named so")


def _tags(stage: StageSpec) -> Iterator[Finding]:
    """EC2 user guide, "Tag restrictions": 50 tags per resource, keys of 128 and values of 256 characters."""
    if len(stage.tags) > _MOST_TAGS:
        message = f"at most {_MOST_TAGS} tags: AWS allows 50, and tinystacks sets some itself"
        yield error(("tags",), "too-many-tags", message)
    for key, value in stage.tags.items():
        path = ("tags", key)
        if any(key.lower().startswith(prefix) for prefix in _TAG_PREFIXES):
            yield error(path, "tag-reserved", "keys that begin with `aws:` or `tinystacks:` are reserved")
        elif not 1 <= len(key) <= _LONGEST_TAG_KEY or len(value) > _LONGEST_TAG_VALUE:
            message = f"a tag's key has 1 to {_LONGEST_TAG_KEY} characters and its value at most {_LONGEST_TAG_VALUE}"
            yield error(path, "tag-too-long", message)
