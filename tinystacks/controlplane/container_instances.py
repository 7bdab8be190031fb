"""Container instances: registration by their agent, state, attributes, deregistration (C1-C6, P3, P5, P26)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.controlplane import ledgers, managed_draining, starting, stopping
from tinystacks.controlplane.capacity_model import ContainerInstance
from tinystacks.controlplane.errors import EcsError, invalid_parameter
from tinystacks.controlplane.requests import Failure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tinystacks.controlplane.model import Cluster, Ec2Instance
    from tinystacks.controlplane.state import State
    from tinystacks.controlplane.types import Document

CPU_PER_VCPU = 1024
RESERVED_PORTS = (22, 2375, 2376, 51678, 51679)
MOST_ATTRIBUTES = 10
# What agents were seen to register, in MiB; other sizes follow the share below.
SEEN_MEMORY = {
    "t3.micro": 933,
    "t3.small": 1901,
    "t3.medium": 3828,
    "m5.large": 7680,
    "m5.xlarge": 15576,
    "m5.2xlarge": 31368,
    "c5.large": 3704,
    "c5.xlarge": 7624,
    "c5.2xlarge": 15463,
    "t2.micro": 993,
    "t2.small": 2001,
    "t2.medium": 3952,
    "t2.large": 7984,
}
CAPABILITIES = (
    "com.amazonaws.ecs.capability.docker-remote-api.1.25",
    "com.amazonaws.ecs.capability.logging-driver.awslogs",
    "com.amazonaws.ecs.capability.task-iam-role",
    "com.amazonaws.ecs.capability.ecr-auth",
    "ecs.capability.execution-role-awslogs",
    "ecs.capability.execution-role-ecr-pull",
    "ecs.capability.secrets.ssm.environment-variables",
    "ecs.capability.container-health-check",
    "ecs.capability.task-eni",
    "ecs.capability.execute-command",
)


def registered_memory(instance_type: str, advertised: int) -> int:
    """Give the MiB that an agent registers of the advertised ones (P5)."""
    seen = SEEN_MEMORY.get(instance_type)
    if seen is not None:
        return seen
    share = 0.955 if advertised >= 16 * 1024 else 0.93
    return int(advertised * share)


def register(state: State, cluster: Cluster, ec2: Ec2Instance) -> ContainerInstance:
    """Register a booted EC2 instance; it belongs to the provider of its group, if the cluster has it by now (C3)."""
    facts = state.surroundings.instance_type(ec2.instance_type)
    identity = state.identities.hexadecimal()
    provider = next(
        (
            name
            for name in cluster.capacity_providers
            if state.capacity_providers[name].auto_scaling_group_arn == ec2.group_arn and ec2.group_arn
        ),
        "",
    )
    attributes: dict[str, str | None] = {
        "ecs.ami-id": ec2.ami_id or None,
        "ecs.availability-zone": ec2.zone,
        "ecs.instance-type": ec2.instance_type,
        "ecs.os-type": "linux",
        "ecs.os-family": "LINUX",
        "ecs.cpu-architecture": facts.arch,
        "ecs.vpc-id": ec2.vpc_id or None,
        "ecs.subnet-id": ec2.subnet_id or None,
    }
    attributes |= dict.fromkeys(CAPABILITIES)
    instance = ContainerInstance(
        arn=state.identities.arn(f"container-instance/{cluster.name}/{identity}"),
        id=identity,
        cluster=cluster.name,
        ec2_instance_id=ec2.id,
        zone=ec2.zone,
        instance_type=ec2.instance_type,
        cpu=facts.vcpu * CPU_PER_VCPU,
        memory=max(0, registered_memory(ec2.instance_type, facts.memory_mib) - ec2.reserved_memory),
        max_task_enis=max(0, facts.max_enis - 1),
        capacity_provider_name=provider,
        registered_at=state.now,
        attributes=attributes,
        subnet_id=ec2.subnet_id,
        vpc_id=ec2.vpc_id,
    )
    for ledger in (instance.scheduled, instance.held):
        ledger.ports.update(("tcp", port) for port in RESERVED_PORTS)
    ec2.container_instance = instance
    cluster.container_instances[instance.arn] = instance
    ledgers.changed(state, instance)
    capacity_came(state, cluster)
    return instance


def capacity_came(state: State, cluster: Cluster) -> None:
    """Have the services of a cluster try again what found no room."""
    for service in state.services.values():
        if service.cluster == cluster.name and (
            service.placement_blocked_until > state.now or service.scheduling_strategy == "DAEMON"
        ):
            service.placement_blocked_until = 0
            state.touch(service)


def update_state(
    state: State, cluster: str | None, references: Sequence[str], status: str
) -> tuple[list[ContainerInstance], list[Failure]]:
    """Set instances DRAINING or ACTIVE; those in another state fail (A20)."""
    if status not in {"ACTIVE", "DRAINING"}:
        raise invalid_parameter("Container instance status should be one of [ACTIVE, DRAINING].")
    home = state.cluster(cluster)
    changed: list[ContainerInstance] = []
    failures: list[Failure] = []
    for reference in references:
        identity = reference.rpartition("/")[2]
        arn = state.identities.arn(f"container-instance/{home.name}/{identity}")
        instance = home.container_instances.get(arn)
        if instance is None:
            failures.append(Failure(arn=arn, reason="MISSING"))
        elif instance.status not in {"ACTIVE", "DRAINING"}:
            failures.append(Failure(arn=arn, reason="INACTIVE"))
        else:
            if instance.status != status:
                (managed_draining.set_draining if status == "DRAINING" else managed_draining.set_active)(
                    state, instance
                )
            if status == "ACTIVE":
                capacity_came(state, home)
            changed.append(instance)
    return changed, failures


def deregister(state: State, cluster: str | None, reference: str, *, force: bool) -> ContainerInstance:
    """Deregister an instance; with tasks on it only by force (C5)."""
    instance = state.container_instance(state.cluster(cluster), reference)
    if instance.tasks and not force:
        raise invalid_parameter("Found running tasks on the instance.")
    remove(state, instance, "Container instance deregistration forced by user", "UserInitiated")
    return instance


def remove(state: State, instance: ContainerInstance, reason: str, code: str = "TerminationNotice") -> None:
    """Take an instance out of its cluster: its tasks have ended, whatever their containers do."""
    cluster = state.clusters[instance.cluster]
    instance.status = "INACTIVE"
    instance.agent_connected = False
    del cluster.container_instances[instance.arn]
    ledgers.changed(state, instance)
    for task in [*instance.tasks.values(), *instance.stopping.values()]:
        for container in task.containers.values():
            container.last_status = "STOPPED"
        if task.desired_status == "STOPPED":
            stopping.stop_containers(state, task)
        else:
            stopping.begin(state, task, code, reason, died=True)
    ec2 = state.ec2_instances.get(instance.ec2_instance_id)
    if ec2 is not None:
        ec2.container_instance = None


def agent_connection(state: State, instance_id: str, *, connected: bool) -> None:
    """Take over whether the agent of an EC2 instance is connected (T27)."""
    ec2 = state.ec2_instances.get(instance_id)
    instance = ec2.container_instance if ec2 is not None else None
    if instance is None:
        return
    instance.agent_connected = connected
    instance.version += 1
    ledgers.changed(state, instance)
    for task in instance.tasks.values():
        task.connectivity = "CONNECTED" if connected else "DISCONNECTED"
    if connected:
        starting.start_queued(state, instance)


def put_attributes(state: State, cluster: str | None, attributes: Sequence[Document]) -> list[Document]:
    """Set custom attributes (P26)."""
    home = state.cluster(cluster)
    for one in attributes:
        instance = _of_attribute(state, home, one)
        custom = sum(1 for name in instance.attributes if not name.startswith(("ecs.", "com.amazonaws.")))
        if one["name"] not in instance.attributes and custom >= MOST_ATTRIBUTES:
            raise EcsError("AttributeLimitExceededException", "You have exceeded the limit of attributes.")
        instance.attributes[one["name"]] = one.get("value")
        ledgers.changed(state, instance)
    return list(attributes)


def delete_attributes(state: State, cluster: str | None, attributes: Sequence[Document]) -> list[Document]:
    """Remove custom attributes."""
    home = state.cluster(cluster)
    for one in attributes:
        instance = _of_attribute(state, home, one)
        instance.attributes.pop(one["name"], None)
        ledgers.changed(state, instance)
    return list(attributes)


def _of_attribute(state: State, cluster: Cluster, attribute: Document) -> ContainerInstance:
    try:
        return state.container_instance(cluster, str(attribute.get("targetId") or ""))
    except EcsError as error:
        raise EcsError("TargetNotFoundException", "The specified target wasn't found.") from error
