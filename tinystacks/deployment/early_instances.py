"""Instances that joined the cluster before its capacity provider did (trap D5).

ECS counts an instance to a capacity provider only when it registers after the provider was tied to the cluster (ECS
Developer Guide, "Capacity providers for EC2 workloads"). An `up` that fails after it made the Auto Scaling group leaves
such instances behind: they run and are paid for, and no task is ever placed on them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinystacks.aws_calls import aws_errors, batches, read_all
from tinystacks.deployment.events import Notice
from tinystacks.ecs_calls import describe_container_instances

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tinystacks.deployment.events import OnEvent
    from tinystacks.outputs import StageOutputs

_MEMBERS_PER_CALL = 50
"""Amazon EC2 Auto Scaling API, DescribeAutoScalingInstances."""


def replace_early_instances(outputs: StageOutputs, client: Callable[[str], Any], emit: OnEvent) -> None:
    """Have the Auto Scaling group replace instances on which no task can be placed.

    Replaced are only instances of the stage's group that belong to no capacity provider and run no task.

    Args:
        outputs: names the cluster and the Auto Scaling group; without a group there is nothing to do.
        client: gives a boto3 client by service name.
        emit: receives events.

    Raises:
        AwsError: AWS refuses.
    """
    if not outputs.auto_scaling_group:
        return
    with aws_errors("ecs", "instances of the cluster"):
        early = _without_provider(client("ecs"), outputs.cluster_name)
    if not early:
        return
    scaling = client("autoscaling")
    with aws_errors("autoscaling", f"Auto Scaling group {outputs.auto_scaling_group}"):
        own = _members(scaling, early, outputs.auto_scaling_group)
        for instance_id in own:
            scaling.terminate_instance_in_auto_scaling_group(
                InstanceId=instance_id, ShouldDecrementDesiredCapacity=False
            )
    if own:
        emit(
            Notice(
                message="Instances that had joined the cluster before its capacity provider did take no tasks; "
                f"they are being replaced: {', '.join(own)}."
            )
        )


def _without_provider(ecs: Any, cluster: str) -> list[str]:
    """Give the ids of the EC2 instances that belong to no capacity provider and have nothing to do."""
    arns = read_all(ecs, "list_container_instances", "containerInstanceArns", cluster=cluster, status="ACTIVE")
    return [
        str(one["ec2InstanceId"])
        for one in describe_container_instances(ecs, cluster, arns)
        if one.get("ec2InstanceId")
        and not one.get("capacityProviderName")
        and not one.get("runningTasksCount")
        and not one.get("pendingTasksCount")
    ]


def _members(scaling: Any, instance_ids: Sequence[str], group: str) -> list[str]:
    """Give those of the instances that the group runs and is not terminating already."""
    members: list[Mapping[str, Any]] = []
    for batch in batches(instance_ids, _MEMBERS_PER_CALL):
        members += scaling.describe_auto_scaling_instances(InstanceIds=batch)["AutoScalingInstances"]
    return sorted(
        str(one["InstanceId"])
        for one in members
        if one["AutoScalingGroupName"] == group and not one["LifecycleState"].startswith("Terminat")
    )
