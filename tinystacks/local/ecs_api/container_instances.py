"""Operations on container instances and their attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.controlplane import expressions
from tinystacks.controlplane.errors import EcsError
from tinystacks.local.ecs_api.call import failure_shapes
from tinystacks.local.ecs_api.shapes.common import Shape, failure
from tinystacks.local.ecs_api.shapes.container_instances import attribute_shapes, container_instance_shape

if TYPE_CHECKING:
    from tinystacks.local.ecs_api.call import Call, Operation

_MOST_DESCRIBED = 100


def _describe(call: Call) -> Shape:
    cluster = call.cluster()
    include = call.body.get("include", [])
    by_id = {instance.id: instance for instance in cluster.container_instances.values()}
    shown: list[Shape] = []
    failures: list[Shape] = []
    for reference in call.named("containerInstances", most=_MOST_DESCRIBED):
        identity = reference.rpartition("/")[2]
        instance = by_id.get(identity)
        if instance is None or (reference.startswith("arn:") and reference != instance.arn):
            arn = call.state.identities.arn(f"container-instance/{cluster.name}/{identity}")
            failures.append(failure(reference if reference.startswith("arn:") else arn, "MISSING"))
        else:
            shown.append(container_instance_shape(instance, include))
    return {"containerInstances": shown, "failures": failures}


def _list(call: Call) -> Shape:
    status = call.body.get("status")
    instances = [
        instance
        for instance in call.cluster().container_instances.values()
        if (instance.status == status if status else instance.status != "INACTIVE")
    ]
    query = call.body.get("filter")
    if query:
        instances = list(filter(expressions.compiled(query), instances))
    arns, token = call.page((instance.arn for instance in instances), key=lambda arn: (arn,))
    return {"containerInstanceArns": arns} | token


def _deregister(call: Call) -> Shape:
    instance = call.plane.deregister_container_instance(**call.arguments())
    return {"containerInstance": container_instance_shape(instance, ("TAGS",))}


def _update_state(call: Call) -> Shape:
    instances, failures = call.plane.update_container_instances_state(**call.arguments())
    shapes = [container_instance_shape(instance) for instance in instances]
    return {"containerInstances": shapes, "failures": failure_shapes(failures)}


def _update_agent(call: Call) -> Shape:
    call.state.container_instance(call.cluster(), call.body["containerInstance"])
    raise EcsError("NoUpdateAvailableException", "There is no update available for your container agent.")


def _put_attributes(call: Call) -> Shape:
    return {"attributes": call.plane.put_attributes(**call.arguments())}


def _delete_attributes(call: Call) -> Shape:
    return {"attributes": call.plane.delete_attributes(**call.arguments())}


def _list_attributes(call: Call) -> Shape:
    name, value = call.body.get("attributeName"), call.body.get("attributeValue")
    found = [
        (instance.arn, attribute)
        for instance in call.cluster().container_instances.values()
        for attribute in attribute_shapes(instance.attributes, instance.arn)
        if name in {None, attribute["name"]} and value in {None, attribute.get("value")}
    ]
    page, token = call.page(found, key=lambda item: (item[0], item[1]["name"]))
    return {"attributes": [attribute for _, attribute in page]} | token


OPERATIONS: dict[str, Operation] = {
    "DeleteAttributes": _delete_attributes,
    "DeregisterContainerInstance": _deregister,
    "DescribeContainerInstances": _describe,
    "ListAttributes": _list_attributes,
    "ListContainerInstances": _list,
    "PutAttributes": _put_attributes,
    "UpdateContainerAgent": _update_agent,
    "UpdateContainerInstancesState": _update_state,
}
