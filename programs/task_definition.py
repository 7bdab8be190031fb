"""Task definition of a service."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi

from programs.container_definitions import ContainerFacts, container_definitions
from programs.hosting import architecture, network_mode, on_fargate
from programs.sdk import aws
from tinystacks.naming import TAG_SERVICE, cluster_name, logical_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from programs.iam import ServiceRoles
    from tinystacks.spec.model import StageSpec

_ECS_ARCHITECTURE = {"x86_64": "X86_64", "arm64": "ARM64"}


def family(stage: StageSpec, service: str) -> str:
    """Name the family, such as `shop-prod-web`; all revisions of a service share it."""
    return f"{cluster_name(stage.stack, stage.stage)}-{service}"


def task_definition(
    stage: StageSpec,
    service: str,
    *,
    image: pulumi.Input[str],
    sidecar_images: Mapping[str, str],
    log_group: pulumi.Output[str],
    region: str,
    roles: ServiceRoles,
    opts: pulumi.ResourceOptions,
) -> aws.ecs.TaskDefinition:
    """Register the task definition of a service.

    Old revisions stay ACTIVE, since an INACTIVE one cannot be gone back to (trap B3).

    Args:
        stage: the stage.
        service: name of the service.
        image: image reference of the main container.
        sidecar_images: image references by sidecar.
        log_group: name of the log group; the task definition waits for it.
        region: region of the log group.
        roles: execution role and task role.
        opts: parent.
    """
    spec = stage.services[service]
    fargate = on_fargate(stage)
    mode = network_mode(stage, spec)

    def containers(known: list[str]) -> str:
        facts = ContainerFacts(
            service=service,
            image=known[0],
            sidecar_images=sidecar_images,
            network_mode=mode,
            fargate=fargate,
            log_group=known[1],
            region=region,
        )
        return container_definitions(spec, facts)

    storage = spec.ephemeral_storage_gib if fargate else None
    return aws.ecs.TaskDefinition(
        logical_name(stage.stack, service, "task"),
        family=family(stage, service),
        container_definitions=pulumi.Output.all(image, log_group).apply(containers),
        network_mode=mode,
        requires_compatibilities=["FARGATE" if fargate else "EC2"],
        cpu=str(spec.cpu) if fargate else None,
        memory=str(spec.memory) if fargate and spec.memory is not None else None,
        execution_role_arn=roles.execution_role_arn,
        task_role_arn=roles.task_role_arn,
        # The wrong architecture ends in "exec format error" and a restart loop (trap E11).
        runtime_platform=aws.ecs.TaskDefinitionRuntimePlatformArgs(
            cpu_architecture=_ECS_ARCHITECTURE[architecture(stage.compute)], operating_system_family="LINUX"
        ),
        ephemeral_storage=None if storage is None else aws.ecs.TaskDefinitionEphemeralStorageArgs(size_in_gib=storage),
        skip_destroy=True,
        tags={TAG_SERVICE: service},
        opts=opts,
    )
