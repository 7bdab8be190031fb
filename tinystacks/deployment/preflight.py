"""What is made ready in the account before the engine runs: roles of AWS's own services, and the machine image."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tinystacks.aws_calls import aws_errors

if TYPE_CHECKING:
    from collections.abc import Callable

    from tinystacks.deployment.target import Target
    from tinystacks.spec.model import StageSpec

AMI_PARAMETERS = {
    "x86_64": "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id",
    "arm64": "/aws/service/ecs/optimized-ami/amazon-linux-2023/arm64/recommended/image_id",
}
"""Public SSM parameters (ECS Developer Guide, "Retrieving Amazon ECS-optimized Linux AMI metadata")."""
_FAMILY = re.compile(r"[a-z]+(?:-[a-z0-9]*?)?\d+(?P<options>[a-z]*)")
"""Series, generation, options."""
_ROLE_WAIT = 5.0
"""Seconds for a new service-linked role to be visible to its service; IAM is eventually consistent."""


def ensure_service_roles(stage: StageSpec, target: Target, *, wait: Callable[[float], object]) -> list[str]:
    """Make the service-linked roles that a new account lacks, outside any stage's state (trap H1).

    Args:
        stage: tells which services are used.
        target: the account.
        wait: sleeps for seconds.

    Returns:
        The service names whose roles were made.

    Raises:
        AwsError: IAM refuses.
    """
    if target.name == "local":
        return []  # the local AWS acts without such roles
    iam = target.client("iam")
    with aws_errors("iam", "roles of AWS's services"):
        missing = [name for name, role in _service_roles(stage).items() if not _role_exists(iam, role)]
        for name in missing:
            _create_role(iam, name)
    if missing:
        wait(_ROLE_WAIT)
    return missing


def recommended_ami(stage: StageSpec, target: Target) -> str:
    """Look up the ECS-optimized image of today for the stage's instance types (trap F1).

    Raises:
        AwsError: SSM or EC2 refuses.
    """
    with aws_errors("ssm", "machine image"):
        answer = target.client("ssm").get_parameter(Name=AMI_PARAMETERS[architecture(stage)])
        return str(answer["Parameter"]["Value"])


def architecture(stage: StageSpec) -> str:
    """Give the CPU architecture of the stage's instances, `x86_64` or `arm64`.

    Graviton families have a `g` after the generation, such as `t4g`, `m7gd`, `c6gn`, and `a1` (EC2 instance types
    guide, "Naming conventions").
    """
    family = stage.compute.instance_types[0].partition(".")[0]
    match = _FAMILY.match(family)
    return "arm64" if family == "a1" or (match and "g" in match["options"]) else "x86_64"


def _service_roles(stage: StageSpec) -> dict[str, str]:
    roles = {
        "ecs.amazonaws.com": "AWSServiceRoleForECS",
        "elasticloadbalancing.amazonaws.com": "AWSServiceRoleForElasticLoadBalancing",
        "ecs.application-autoscaling.amazonaws.com": "AWSServiceRoleForApplicationAutoScaling_ECSService",
        "autoscaling.amazonaws.com": "AWSServiceRoleForAutoScaling",
        "spot.amazonaws.com": "AWSServiceRoleForEC2Spot",
    }
    if not stage.exposed_services:
        del roles["elasticloadbalancing.amazonaws.com"]
    if not any(service.tasks.autoscaling for service in stage.services.values()):
        del roles["ecs.application-autoscaling.amazonaws.com"]
    if stage.compute.kind == "fargate":
        del roles["autoscaling.amazonaws.com"]
    if stage.compute.kind == "fargate" or stage.compute.spot is None:
        del roles["spot.amazonaws.com"]
    return roles


def _role_exists(iam: Any, name: str) -> bool:
    try:
        iam.get_role(RoleName=name)
    except iam.exceptions.NoSuchEntityException:
        return False
    return True


def _create_role(iam: Any, service: str) -> None:
    """Make the role; that another command made it just now is as good (IAM answers InvalidInput then)."""
    try:
        iam.create_service_linked_role(AWSServiceName=service)
    except iam.exceptions.InvalidInputException as error:
        if "has been taken" not in str(error):
            raise
