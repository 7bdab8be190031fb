"""Making a stage ready to be deleted: nothing scales, tasks leave, nothing is protected (traps C1, C4, C5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinystacks.aws_calls import aws_errors, batches, read_all
from tinystacks.deployment.events import Notice, Warned
from tinystacks.errors import AwsError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tinystacks.deployment.events import OnEvent
    from tinystacks.outputs import ServiceOutputs, StageOutputs

_INSTANCES_PER_CALL = 50
"""Auto Scaling API, SetInstanceProtection."""
_IMAGES_PER_CALL = 100
"""ECR API, BatchDeleteImage."""


def ask_first(outputs: StageOutputs, client: Callable[[str], Any]) -> None:
    """Make sure that AWS answers, before anything is noted or changed; what is gone already is no refusal.

    Source: Amazon ECS API reference, DescribeClusters (a cluster that is not there is a member of `failures`).

    Args:
        outputs: of the stage.
        client: gives a boto3 client by service name.

    Raises:
        AwsError: it does not.
    """
    with aws_errors("ecs", f"stage {outputs.stage}"):
        client("ecs").describe_clusters(clusters=[outputs.cluster_name])


def clear(outputs: StageOutputs, client: Callable[[str], Any], emit: OnEvent) -> None:
    """Prepare a stage for its deletion; everything here may be done again, and what is gone already is passed over.

    Args:
        outputs: of the stage as far as it is known.
        client: gives a boto3 client by service name.
        emit: receives events.
    """
    for service in outputs.services.values():
        _attempt(emit, "application-autoscaling", lambda service=service: _stop_scaling(outputs, service, client))
        _attempt(emit, "ecs", lambda service=service: _send_tasks_away(outputs, service, client, emit))
    if outputs.auto_scaling_group:
        _attempt(emit, "autoscaling", lambda: _lift_instance_protection(outputs.auto_scaling_group, client, emit))
    if outputs.load_balancer_arn:
        _attempt(emit, "elbv2", lambda: _lift_deletion_protection(outputs.load_balancer_arn, client, emit))


def empty_repositories(names: Sequence[str], client: Callable[[str], Any], emit: OnEvent) -> None:
    """Delete every image of some repositories, which are refused to be deleted before (trap C8).

    Args:
        names: of the repositories.
        client: gives a boto3 client by service name.
        emit: receives events.
    """
    for name in names:
        _attempt(emit, "ecr", lambda name=name: _delete_images(name, client("ecr")))


def _delete_images(repository: str, ecr: Any) -> None:
    images = read_all(ecr, "list_images", "imageIds", repositoryName=repository)
    # By digest, which takes every tag of an image along.
    for batch in batches(sorted({image["imageDigest"] for image in images}), _IMAGES_PER_CALL):
        ecr.batch_delete_image(repositoryName=repository, imageIds=[{"imageDigest": digest} for digest in batch])


def _attempt(emit: OnEvent, service: str, step: Callable[[], None]) -> None:
    """Do one step; a refusal is only said, since the engine's own deletion says what truly stands in the way."""
    try:
        with aws_errors(service, "getting ready to delete"):
            step()
    except AwsError as error:
        if error.code not in _GONE:
            emit(Warned(message=error.message))


_GONE = frozenset(
    {
        "ClusterNotFoundException",
        "ServiceNotFoundException",
        "ServiceNotActiveException",
        "ObjectNotFoundException",
        "LoadBalancerNotFound",
        "LoadBalancerNotFoundException",
    }
)


def _stop_scaling(outputs: StageOutputs, service: ServiceOutputs, client: Callable[[str], Any]) -> None:
    scaling = client("application-autoscaling")
    resource = f"service/{outputs.cluster_name}/{service.service_name}"
    target = {"ServiceNamespace": "ecs", "ScalableDimension": "ecs:service:DesiredCount"}
    known = scaling.describe_scalable_targets(**target, ResourceIds=[resource])["ScalableTargets"]
    if not known:
        return
    # Suspended and with a minimum of 0 it cannot fight; the engine deletes it in its turn.
    scaling.register_scalable_target(
        **target,
        ResourceId=resource,
        MinCapacity=0,
        SuspendedState={
            "DynamicScalingInSuspended": True,
            "DynamicScalingOutSuspended": True,
            "ScheduledScalingSuspended": True,
        },
    )


def _send_tasks_away(
    outputs: StageOutputs, service: ServiceOutputs, client: Callable[[str], Any], emit: OnEvent
) -> None:
    client("ecs").update_service(cluster=outputs.cluster_name, service=service.service_name, desiredCount=0)
    emit(Notice(message=f"service `{service.name}`: its tasks are leaving"))


def _lift_instance_protection(group: str, client: Callable[[str], Any], emit: OnEvent) -> None:
    autoscaling = client("autoscaling")
    for found in autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[group])["AutoScalingGroups"]:
        if found.get("NewInstancesProtectedFromScaleIn"):
            autoscaling.update_auto_scaling_group(AutoScalingGroupName=group, NewInstancesProtectedFromScaleIn=False)
        protected = [item["InstanceId"] for item in found.get("Instances", []) if item.get("ProtectedFromScaleIn")]
        for start in range(0, len(protected), _INSTANCES_PER_CALL):
            autoscaling.set_instance_protection(
                AutoScalingGroupName=group,
                InstanceIds=protected[start : start + _INSTANCES_PER_CALL],
                ProtectedFromScaleIn=False,
            )
        if protected:
            emit(Notice(message=f"{len(protected)} instances are no longer protected from scale-in"))


def _lift_deletion_protection(arn: str, client: Callable[[str], Any], emit: OnEvent) -> None:
    elb = client("elbv2")
    attributes = elb.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
    key = "deletion_protection.enabled"
    if any(item["Key"] == key and item["Value"] == "true" for item in attributes):
        elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=[{"Key": key, "Value": "false"}])
        emit(Notice(message="the load balancer is no longer protected from deletion"))
