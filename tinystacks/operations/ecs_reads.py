"""ECS's own answers turned into data; few calls, whatever the number of tasks.

To be called within `aws_errors`: the list that was asked for is in every answer of ECS, so that one without it is an
error and not an empty cluster. Fields of the items may be absent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinystacks.aws_calls import read_all
from tinystacks.ecs_calls import describe_container_instances, describe_services, read_described_tasks
from tinystacks.operations.model import ContainerStatus, DeploymentStatus, InstanceStatus, ServiceStatus, TaskStatus

if TYPE_CHECKING:
    from collections.abc import Mapping


def read_services(ecs: Any, cluster: str, names: Mapping[str, str], *, events: int = 10) -> list[ServiceStatus]:
    """Describe services.

    Args:
        ecs: boto3 client.
        cluster: name or ARN.
        names: name of the ECS service by name in the file.
        events: how many of the newest messages to give; ECS tells 100 at most.
    """
    described = describe_services(ecs, cluster, list(names.values()))
    return [_service(name, service_name, described.get(service_name), events) for name, service_name in names.items()]


def read_tasks(
    ecs: Any,
    cluster: str,
    names: Mapping[str, str],
    *,
    stopped: bool = False,
    instance_ids: Mapping[str, str] | None = None,
    whole_cluster: bool = True,
) -> list[TaskStatus]:
    """Describe the tasks of a cluster.

    Args:
        ecs: boto3 client.
        cluster: name or ARN.
        names: name in the file by name of the ECS service.
        stopped: those that stopped (ECS keeps them about an hour) instead of those that should run.
        instance_ids: EC2 instance id by container instance ARN; read when not given.
        whole_cluster: whether tasks that belong to none of the services are told too.
    """
    state = "STOPPED" if stopped else "RUNNING"
    choices: list[dict[str, Any]] = [{}] if whole_cluster else [{"serviceName": name} for name in names]
    tasks = [task for choice in choices for task in read_described_tasks(ecs, cluster, desiredStatus=state, **choice)]
    if instance_ids is None:
        needed = sorted({task["containerInstanceArn"] for task in tasks if task.get("containerInstanceArn")})
        instance_ids = {
            item.get("containerInstanceArn", ""): item.get("ec2InstanceId", "")
            for item in describe_container_instances(ecs, cluster, needed)
        }
    found = [_task(task, names, instance_ids) for task in tasks]
    return sorted(found, key=lambda task: (task.service, task.zone, task.id))


def read_instances(ecs: Any, cluster: str) -> tuple[list[InstanceStatus], dict[str, str]]:
    """Describe the container instances of a cluster.

    Returns:
        The instances, and the EC2 instance id by container instance ARN.
    """
    arns = read_all(ecs, "list_container_instances", "containerInstanceArns", always=True, cluster=cluster)
    described = describe_container_instances(ecs, cluster, arns)
    instances = sorted((_instance(item) for item in described), key=lambda item: (item.zone, item.id))
    return instances, {item.get("containerInstanceArn", ""): item.get("ec2InstanceId", "") for item in described}


def _service(name: str, service_name: str, service: Any, events: int) -> ServiceStatus:
    if service is None:
        return ServiceStatus(
            name=name,
            service_name=service_name,
            status="MISSING",
            desired=0,
            running=0,
            pending=0,
            task_definition="",
            rollout_state="",
            deployments=(),
            events=(),
        )
    deployments = sorted(
        (_deployment(item) for item in service.get("deployments", [])), key=lambda item: item.status != "PRIMARY"
    )
    primary = deployments[0] if deployments else None
    return ServiceStatus(
        name=name,
        service_name=service_name,
        status=service.get("status", ""),
        desired=service.get("desiredCount", 0),
        running=service.get("runningCount", 0),
        pending=service.get("pendingCount", 0),
        task_definition=primary.task_definition if primary else last_part(service.get("taskDefinition", "")),
        rollout_state=primary.rollout_state if primary else "",
        deployments=tuple(deployments),
        events=tuple(
            (event["createdAt"], event["message"])
            for event in service.get("events", [])[:events]
            if "createdAt" in event and "message" in event
        ),
    )


def _deployment(item: Any) -> DeploymentStatus:
    return DeploymentStatus(
        id=item.get("id", ""),
        status=item.get("status", ""),
        task_definition=last_part(item.get("taskDefinition", "")),
        desired=item.get("desiredCount", 0),
        running=item.get("runningCount", 0),
        pending=item.get("pendingCount", 0),
        failed=item.get("failedTasks", 0),
        rollout_state=item.get("rolloutState", ""),
        reason=item.get("rolloutStateReason", ""),
    )


def _task(task: Any, names: Mapping[str, str], instance_ids: Mapping[str, str]) -> TaskStatus:
    group = task.get("group", "")
    service_name = group.removeprefix("service:") if group.startswith("service:") else ""
    return TaskStatus(
        id=last_part(task.get("taskArn", "")),
        arn=task.get("taskArn", ""),
        service=names.get(service_name, service_name),
        status=task.get("lastStatus", ""),
        desired_status=task.get("desiredStatus", ""),
        health=task.get("healthStatus", "UNKNOWN"),
        zone=task.get("availabilityZone", ""),
        instance_id=instance_ids.get(task.get("containerInstanceArn", ""), ""),
        task_definition=last_part(task.get("taskDefinitionArn", "")),
        created_at=task.get("createdAt"),
        started_at=task.get("startedAt"),
        stopped_at=task.get("stoppedAt"),
        stop_code=task.get("stopCode", ""),
        stopped_reason=task.get("stoppedReason", ""),
        exec_enabled=bool(task.get("enableExecuteCommand", False)),
        capacity_provider=task.get("capacityProviderName", ""),
        launch_type=task.get("launchType", ""),
        cpu=task.get("cpu", ""),
        memory=task.get("memory", ""),
        address=_address(task),
        containers=tuple(_container(container) for container in task.get("containers", [])),
    )


def _address(task: Any) -> str:
    return next(
        (
            detail.get("value", "")
            for attachment in task.get("attachments", [])
            for detail in attachment.get("details", [])
            if detail.get("name") == "privateIPv4Address"
        ),
        "",
    )


def _container(container: Any) -> ContainerStatus:
    return ContainerStatus(
        name=container.get("name", ""),
        status=container.get("lastStatus", ""),
        health=container.get("healthStatus", "UNKNOWN"),
        exit_code=container.get("exitCode"),
        reason=container.get("reason", ""),
        ports=tuple(
            f"{binding.get('hostPort', '?')}:{binding.get('containerPort', '?')}/{binding.get('protocol', 'tcp')}"
            for binding in container.get("networkBindings", [])
        ),
        image=container.get("image", ""),
        image_digest=container.get("imageDigest", ""),
    )


def _instance(instance: Any) -> InstanceStatus:
    return InstanceStatus(
        id=instance.get("ec2InstanceId", ""),
        zone=_attribute(instance, "ecs.availability-zone"),
        type=_attribute(instance, "ecs.instance-type"),
        status=instance.get("status", ""),
        agent_connected=bool(instance.get("agentConnected", False)),
        capacity_provider=instance.get("capacityProviderName", ""),
        free_cpu=_resource(instance, "remainingResources", "CPU"),
        free_memory=_resource(instance, "remainingResources", "MEMORY"),
        total_cpu=_resource(instance, "registeredResources", "CPU"),
        total_memory=_resource(instance, "registeredResources", "MEMORY"),
        running_tasks=instance.get("runningTasksCount", 0),
    )


def _attribute(instance: Any, name: str) -> str:
    return next((item.get("value", "") for item in instance.get("attributes", []) if item.get("name") == name), "")


def _resource(instance: Any, list_name: str, name: str) -> int:
    return next((item.get("integerValue", 0) for item in instance.get(list_name, []) if item.get("name") == name), 0)


def last_part(arn: str) -> str:
    """Give the part of an ARN that people use, such as `web:3` or a task's id."""
    return arn.rsplit("/", 1)[-1]
