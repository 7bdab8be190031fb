"""Container instances and attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.local.ecs_api.shapes.common import Shape, tag_list, without_empty

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from tinystacks.controlplane.model import ContainerInstance

RESERVED_PORTS = ("22", "2375", "2376", "51678", "51679")
"""TCP ports that the agent reserves for SSH, the container engine and itself (Amazon ECS agent, README)."""


def container_instance_shape(instance: ContainerInstance, include: Collection[str] = ()) -> Shape:
    """Show a container instance; `include` names parts as `DescribeContainerInstances` does."""
    tcp = sorted({*RESERVED_PORTS, *_ports(instance, "tcp")}, key=int)
    shape = without_empty(
        containerInstanceArn=instance.arn,
        ec2InstanceId=instance.ec2_instance_id,
        capacityProviderName=instance.capacity_provider_name,
        version=instance.version,
        versionInfo={"agentVersion": instance.agent_version},
        remainingResources=[
            _number("CPU", instance.remaining_cpu),
            _number("MEMORY", instance.remaining_memory),
            _port_set("PORTS", tcp),
            _port_set("PORTS_UDP", sorted(_ports(instance, "udp"), key=int)),
        ],
        registeredResources=[
            _number("CPU", instance.cpu),
            _number("MEMORY", instance.memory),
            _port_set("PORTS", list(RESERVED_PORTS)),
            _port_set("PORTS_UDP", []),
        ],
        status=instance.status,
        statusReason=instance.status_reason,
        agentConnected=instance.agent_connected,
        runningTasksCount=instance.running_tasks_count,
        pendingTasksCount=instance.pending_tasks_count,
        attributes=attribute_shapes(instance.attributes),
        registeredAt=instance.registered_at,
        attachments=[],
        tags=tag_list(instance.tags) if "TAGS" in include else [],
    )
    if "CONTAINER_INSTANCE_HEALTH" in include:
        shape["healthStatus"] = {"overallStatus": "OK" if instance.agent_connected else "IMPAIRED"}
    return shape


def attribute_shapes(attributes: Mapping[str, str | None], target_arn: str = "") -> list[Shape]:
    """Show attributes; with the instance's ARN when they are listed apart from it."""
    target = {"targetType": "container-instance", "targetId": target_arn} if target_arn else {}
    return [without_empty(name=name, value=value) | target for name, value in attributes.items()]


def _ports(instance: ContainerInstance, protocol: str) -> list[str]:
    return [str(port) for used, port in instance.scheduled.ports if used == protocol]


def _number(name: str, value: int) -> Shape:
    return {"name": name, "type": "INTEGER", "doubleValue": 0.0, "longValue": 0, "integerValue": value}


def _port_set(name: str, ports: list[str]) -> Shape:
    return {
        "name": name,
        "type": "STRINGSET",
        "doubleValue": 0.0,
        "longValue": 0,
        "integerValue": 0,
        "stringSetValue": ports,
    }
