"""Operations on task definitions and their families."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinystacks.controlplane.errors import client_error
from tinystacks.local.ecs_api.call import failure_shapes
from tinystacks.local.ecs_api.shapes.common import Shape, tag_list
from tinystacks.local.ecs_api.shapes.task_definitions import task_definition_shape
from tinystacks.local.ecs_api.sizes import sized

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tinystacks.controlplane.model import TaskDefinition
    from tinystacks.local.ecs_api.call import Call, Operation

_MOST_DELETED = 10


def _register(call: Call) -> Shape:
    document: dict[str, Any] = {**call.body, **sized(call.body)}
    definition = call.plane.register_task_definition(**document)
    shape = {"taskDefinition": task_definition_shape(definition)}
    return shape | ({"tags": tag_list(definition.tags)} if definition.tags else {})


def _deregister(call: Call) -> Shape:
    return {"taskDefinition": task_definition_shape(call.plane.deregister_task_definition(**call.arguments()))}


def _delete(call: Call) -> Shape:
    call.named("taskDefinitions", most=_MOST_DELETED)
    definitions, failures = call.plane.delete_task_definitions(**call.arguments())
    shapes = [task_definition_shape(definition) for definition in definitions]
    return {"taskDefinitions": shapes, "failures": failure_shapes(failures)}


def _describe(call: Call) -> Shape:
    definition = call.state.find_task_definition(call.body["taskDefinition"])
    if definition is None:
        raise client_error("Unable to describe task definition.")
    tags = tag_list(definition.tags) if call.includes("TAGS") else []
    return {"taskDefinition": task_definition_shape(definition), "tags": tags}


def _list(call: Call) -> Shape:
    family, status = call.body.get("familyPrefix"), call.body.get("status", "ACTIVE")
    found = (one for one in _all(call) if family in {None, one.family} and one.status == status)
    page, token = call.page(
        found, key=lambda one: (one.family, one.revision), descending=call.body.get("sort") == "DESC"
    )
    return {"taskDefinitionArns": [one.arn for one in page]} | token


def _list_families(call: Call) -> Shape:
    prefix, status = call.body.get("familyPrefix", ""), call.body.get("status", "ALL")
    active = {one.family for one in _all(call) if one.status == "ACTIVE"}
    inactive = {one.family for one in _all(call) if one.status == "INACTIVE"} - active
    wanted = {"ACTIVE": active, "INACTIVE": inactive, "ALL": active | inactive}[status]
    page, token = call.page((family for family in wanted if family.startswith(prefix)), key=lambda family: (family,))
    return {"families": page} | token


def _all(call: Call) -> Iterator[TaskDefinition]:
    for revisions in call.state.task_definitions.values():
        yield from (one for one in revisions if one is not None)


OPERATIONS: dict[str, Operation] = {
    "DeleteTaskDefinitions": _delete,
    "DeregisterTaskDefinition": _deregister,
    "DescribeTaskDefinition": _describe,
    "ListTaskDefinitionFamilies": _list_families,
    "ListTaskDefinitions": _list,
    "RegisterTaskDefinition": _register,
}
