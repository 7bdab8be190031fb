"""Operations on tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.local.ecs_api.shapes.common import Shape, tag_list

if TYPE_CHECKING:
    from tinystacks.local.ecs_api.call import Call, Operation


def _tag(call: Call) -> Shape:
    call.plane.tag_resource(**call.arguments())
    return {}


def _untag(call: Call) -> Shape:
    call.plane.untag_resource(**call.arguments())
    return {}


def _list(call: Call) -> Shape:
    return {"tags": tag_list(call.plane.tags_of(call.body["resourceArn"]))}


OPERATIONS: dict[str, Operation] = {"ListTagsForResource": _list, "TagResource": _tag, "UntagResource": _untag}
