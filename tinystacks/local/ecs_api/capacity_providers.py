"""Operations on capacity providers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.local.ecs_api.shapes.clusters import capacity_provider_shape
from tinystacks.local.ecs_api.shapes.common import Shape, failure

if TYPE_CHECKING:
    from tinystacks.local.ecs_api.call import Call, Operation

_PAGE = 10
"""Default and largest page of DescribeCapacityProviders (API reference)."""
_MOST_DESCRIBED = 100


def _create(call: Call) -> Shape:
    provider = call.plane.create_capacity_provider(**call.arguments())
    return {"capacityProvider": capacity_provider_shape(provider, tags=True)}


def _update(call: Call) -> Shape:
    provider = call.plane.update_capacity_provider(**call.arguments())
    return {"capacityProvider": capacity_provider_shape(provider, tags=False)}


def _delete(call: Call) -> Shape:
    provider = call.plane.delete_capacity_provider(**call.arguments())
    return {"capacityProvider": capacity_provider_shape(provider, tags=False)}


def _describe(call: Call) -> Shape:
    known = call.state.capacity_providers
    failures: list[Shape] = []
    if call.body.get("capacityProviders"):
        names: list[str] = []
        for reference in call.named("capacityProviders", most=_MOST_DESCRIBED):
            name = reference.rpartition("/")[2]
            if name not in known:
                arn = call.state.identities.arn(f"capacity-provider/{name}")
                failures.append(failure(arn, "MISSING"))
            elif name not in names:
                names.append(name)
    elif "cluster" in call.body:
        names = list(call.cluster().capacity_providers)
    else:
        names = list(known)
    page, token = call.page(
        (known[name] for name in names if name in known), key=lambda one: (one.name,), size=_PAGE, most=_PAGE
    )
    tags = call.includes("TAGS")
    shapes = [capacity_provider_shape(provider, tags=tags) for provider in page]
    return {"capacityProviders": shapes, "failures": failures} | token


OPERATIONS: dict[str, Operation] = {
    "CreateCapacityProvider": _create,
    "DeleteCapacityProvider": _delete,
    "DescribeCapacityProviders": _describe,
    "UpdateCapacityProvider": _update,
}
