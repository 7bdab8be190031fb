"""What the outside tells of Auto Scaling groups and their EC2 instances (C2, C3, C5, T18)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.controlplane import container_instances, managed_draining
from tinystacks.controlplane.capacity_model import AutoScalingGroup, Ec2Instance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tinystacks.controlplane.state import State


def group_observed(
    state: State,
    arn: str,
    *,
    name: str,
    minimum: int,
    maximum: int,
    desired: int,
    protected: bool,
    instance_types: Sequence[str],
) -> None:
    """Take over the bounds of a group."""
    group = state.groups.setdefault(arn, AutoScalingGroup(arn=arn))
    group.name = name
    group.minimum, group.maximum, group.desired = minimum, maximum, desired
    group.new_instances_protected = protected
    group.instance_types = tuple(instance_types)


def group_deleted(state: State, arn: str) -> None:
    """Forget a group; its instances end by their own reports."""
    state.groups.pop(arn, None)


def launched(
    state: State,
    group_arn: str,
    instance_id: str,
    *,
    zone: str,
    instance_type: str,
    subnet_id: str,
    vpc_id: str,
    ami_id: str,
    cluster: str | None,
    reserved_memory: int = 0,
) -> None:
    """An instance boots; its agent registers after the boot delay when it knows a cluster."""
    if instance_id in state.ec2_instances:
        return
    group = state.groups.get(group_arn)
    ec2 = Ec2Instance(
        id=instance_id,
        group_arn=group_arn,
        zone=zone,
        instance_type=instance_type,
        subnet_id=subnet_id,
        vpc_id=vpc_id,
        ami_id=ami_id,
        cluster=cluster,
        reserved_memory=reserved_memory,
        launched_at=state.now,
        protected=group is not None and group.new_instances_protected,
    )
    state.ec2_instances[instance_id] = ec2
    if group is not None:
        group.instances[instance_id] = ec2
    if cluster is not None:
        state.after(state.settings.boot_seconds, lambda: _register(state, ec2))


def terminating(state: State, instance_id: str) -> None:
    """The group begins to end an instance."""
    ec2 = state.ec2_instances.get(instance_id)
    if ec2 is not None:
        managed_draining.begin(state, ec2)


def terminated(state: State, instance_id: str, reason: str) -> None:
    """An instance is gone, and its tasks with it."""
    ec2 = state.ec2_instances.pop(instance_id, None)
    if ec2 is None:
        return
    group = state.groups.get(ec2.group_arn)
    if group is not None:
        group.instances.pop(instance_id, None)
    if ec2.container_instance is not None:
        container_instances.remove(state, ec2.container_instance, f"Host EC2 (instance {instance_id}) {reason}.")


def _register(state: State, ec2: Ec2Instance) -> None:
    if ec2.id not in state.ec2_instances or ec2.terminating or ec2.container_instance is not None:
        return
    cluster = state.clusters.get(ec2.cluster or "")
    if cluster is None or cluster.status != "ACTIVE":
        state.after(state.settings.registration_retry_seconds, lambda: _register(state, ec2))
        return
    container_instances.register(state, cluster, ec2)
