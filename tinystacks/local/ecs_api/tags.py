"""Operations on tags."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from tinystacks.controlplane.errors import EcsError
from tinystacks.local.ecs_api.shapes.common import Shape, tag_list

if TYPE_CHECKING:
    from collections.abc import Generator

    from tinystacks.local.ecs_api.call import Call, Operation

_NOT_FOUND = frozenset({"ResourceNotFoundException", "ServiceNotFoundException"})


def _tag(call: Call) -> Shape:
    with _not_found_as("ResourceNotFoundException"):
        call.plane.tag_resource(**call.arguments())
    return {}


def _untag(call: Call) -> Shape:
    with _not_found_as("ResourceNotFoundException"):
        call.plane.untag_resource(**call.arguments())
    return {}


def _list(call: Call) -> Shape:
    # The model lists no ResourceNotFoundException for this operation, unlike for the other two.
    with _not_found_as("InvalidParameterException"):
        return {"tags": tag_list(call.plane.tags_of(call.body["resourceArn"]))}


@contextmanager
def _not_found_as(code: str) -> Generator[None]:
    """Say that a resource does not exist with the code that the operation's model lists."""
    try:
        yield
    except EcsError as error:
        if error.code in _NOT_FOUND:
            raise EcsError(code, error.message) from None
        raise


OPERATIONS: dict[str, Operation] = {"ListTagsForResource": _list, "TagResource": _tag, "UntagResource": _untag}
