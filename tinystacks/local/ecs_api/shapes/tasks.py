"""Tasks and their containers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.local.ecs_api.shapes.common import Shape, name_values, tag_list, without_empty

if TYPE_CHECKING:
    from tinystacks.controlplane.model import Container, Task

_DETACHED = frozenset({"DEPROVISIONING", "STOPPED", "DELETED"})


def task_shape(task: Task, *, cluster_arn: str, tags: bool) -> Shape:
    """Show a task; its tags only if asked for."""
    definition = task.task_definition
    shape = without_empty(
        attachments=_attachments(task),
        attributes=_attributes(task),
        availabilityZone=task.zone,
        capacityProviderName=task.capacity_provider_name,
        clusterArn=cluster_arn,
        connectivity=task.connectivity if task.started_at is not None else None,
        connectivityAt=task.started_at,
        containerInstanceArn=task.container_instance.arn if task.container_instance else None,
        containers=[_container_shape(task, container) for container in task.containers.values()],
        cpu=str(task.overrides.get("cpu") or definition.document.get("cpu") or task.needs.cpu),
        createdAt=task.created_at,
        desiredStatus=task.desired_status,
        enableExecuteCommand=task.enable_execute_command,
        executionStoppedAt=task.execution_stopped_at,
        group=task.group,
        healthStatus=task.health_status,
        lastStatus=task.last_status,
        launchType=task.launch_type,
        memory=str(task.overrides.get("memory") or definition.document.get("memory") or task.needs.memory),
        overrides=_overrides(task),
        pullStartedAt=task.pull_started_at,
        pullStoppedAt=task.pull_stopped_at,
        startedAt=task.started_at,
        startedBy=task.started_by,
        stopCode=task.stop_code,
        stoppedAt=task.stopped_at,
        stoppedReason=task.stopped_reason,
        stoppingAt=task.stopping_at,
        tags=tag_list(task.tags) if tags else [],
        taskArn=task.arn,
        taskDefinitionArn=definition.arn,
        version=task.version,
    )
    if task.launch_type == "FARGATE":
        storage = definition.document.get("ephemeralStorage") or {"sizeInGiB": 20}
        shape |= {
            "platformVersion": task.platform_version or "1.4.0",
            "platformFamily": "Linux",
            "ephemeralStorage": storage,
        }
    return shape


def _overrides(task: Task) -> Shape:
    """Show the overrides; a task without any lists its containers by name."""
    listed = {"containerOverrides": [{"name": name} for name in task.containers], "inferenceAcceleratorOverrides": []}
    return listed | task.overrides


def _attributes(task: Task) -> list[Shape]:
    platform: Shape = task.task_definition.document.get("runtimePlatform") or {}
    architecture = "arm64" if platform.get("cpuArchitecture") == "ARM64" else "x86_64"
    if task.container_instance:
        architecture = task.container_instance.attributes.get("ecs.cpu-architecture") or architecture
    return [{"name": "ecs.cpu-architecture", "value": architecture}]


def _attachments(task: Task) -> list[Shape]:
    """Show the elastic network interface of an awsvpc task."""
    if not task.eni_id:
        return []
    details = {"subnetId": task.subnet_id, "networkInterfaceId": task.eni_id, "privateIPv4Address": task.private_ip}
    return [
        {
            "id": _attachment_id(task),
            "type": "ElasticNetworkInterface",
            "status": "DELETED" if task.last_status in _DETACHED else "ATTACHED",
            "details": name_values({name: value for name, value in details.items() if value}),
        }
    ]


def _attachment_id(task: Task) -> str:
    """Make an id in the form of a UUID out of the task's own, so that every read gives the same."""
    digits = f"{task.id:0<32}"[:32][::-1]
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _container_shape(task: Task, container: Container) -> Shape:
    definition = container.definition
    memory, reservation = definition.get("memory"), definition.get("memoryReservation")
    return without_empty(
        containerArn=container.arn,
        taskArn=task.arn,
        name=container.name,
        image=definition.get("image"),
        imageDigest=container.image_digest,
        runtimeId=container.runtime_id,
        lastStatus=container.last_status,
        exitCode=container.exit_code,
        reason=container.reason,
        networkBindings=_bindings(container),
        networkInterfaces=_interfaces(task),
        healthStatus=container.health_status,
        managedAgents=_managed_agents(container) or None,
        cpu=str(definition.get("cpu", 0)),
        memory=None if memory is None else str(memory),
        memoryReservation=None if reservation is None else str(reservation),
    )


def _managed_agents(container: Container) -> list[Shape]:
    """Show the command agent; it has ended with its container (ECS agent, task_manager.go)."""
    if container.last_status != "STOPPED":
        return list(container.managed_agents)
    ended = {"lastStatus": "STOPPED", "reason": "Received Container Stopped event"}
    return [agent | ended for agent in container.managed_agents]


def _bindings(container: Container) -> list[Shape]:
    protocols = {
        mapping.get("containerPort"): mapping.get("protocol", "tcp")
        for mapping in container.definition.get("portMappings", [])
    }
    return [
        {
            "bindIP": "0.0.0.0",  # noqa: S104 - what Docker reports on an instance; nothing is bound here
            "containerPort": container_port,
            "hostPort": host_port,
            "protocol": protocols.get(container_port, "tcp"),
        }
        for container_port, host_port in container.host_ports.items()
    ]


def _interfaces(task: Task) -> list[Shape]:
    if not task.eni_id:
        return []
    return [without_empty(attachmentId=_attachment_id(task), privateIpv4Address=task.private_ip)]
