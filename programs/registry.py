"""ECR repositories of the services that are built."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi

from programs.container_definitions import canonical_json
from programs.provider import stage_provider
from programs.sdk import aws
from tinystacks.naming import TAG_SERVICE, logical_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from programs.settings import ProgramSettings
    from tinystacks.spec.model import StageSpec
    from tinystacks.spec.service import ServiceSpec

UNTAGGED_DAYS = 14
"""Days after which an image that lost every tag is removed."""


class Registry(pulumi.ComponentResource):
    """One repository: tags never move, images are scanned when pushed.

    Lifecycle rules do not know what runs (trap J1): the only rule takes untagged images, and `up` sees to it that every
    image that it deploys has a tag. Images are built and pushed outside the program (trap J2). Deleting the stage keeps
    the repository unless its images are given up (trap C8).

    Args:
        stack: name of the stack.
        service: name of the service.
        settings: whether images may be deleted.
    """

    def __init__(
        self, stack: str, service: str, *, settings: ProgramSettings, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("tinystacks:aws:Registry", logical_name(stack, service, "registry"), None, opts)
        keep = not settings.purge_images
        repository = aws.ecr.Repository(
            logical_name(stack, service),
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration=aws.ecr.RepositoryImageScanningConfigurationArgs(scan_on_push=True),
            encryption_configurations=[aws.ecr.RepositoryEncryptionConfigurationArgs(encryption_type="AES256")],
            force_delete=settings.purge_images,
            tags={TAG_SERVICE: service},
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=keep),
        )
        aws.ecr.LifecyclePolicy(
            logical_name(stack, service, "lifecycle"),
            repository=repository.name,
            policy=lifecycle_policy(),
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=keep),
        )
        self.arn: pulumi.Output[str] = repository.arn
        self.url: pulumi.Output[str] = repository.repository_url
        self.register_outputs({"url": repository.repository_url})


def built_services(stage: StageSpec) -> dict[str, ServiceSpec]:
    """Give the services that are built, by name."""
    return {name: service for name, service in stage.services.items() if service.build is not None}


def repositories_program(stage: StageSpec, settings: ProgramSettings) -> Callable[[], None]:
    """Give a program that makes repositories only, as the stage's own program does, for a stage without anything else.

    Args:
        stage: the stage.
        settings: facts of this run.
    """

    def program() -> None:
        provider = stage_provider(stage, settings)
        root = pulumi.ResourceOptions(providers={"aws": provider})
        for name in built_services(stage):
            Registry(stage.stack, name, settings=settings, opts=root)

    return program


def lifecycle_policy() -> str:
    """Give the lifecycle policy: untagged images only."""
    return canonical_json(
        {
            "rules": [
                {
                    "rulePriority": 1,
                    "description": f"images that lost every tag, after {UNTAGGED_DAYS} days",
                    "selection": {
                        "tagStatus": "untagged",
                        "countType": "sinceImagePushed",
                        "countUnit": "days",
                        "countNumber": UNTAGGED_DAYS,
                    },
                    "action": {"type": "expire"},
                }
            ]
        }
    )
