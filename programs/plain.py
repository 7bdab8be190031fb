"""Settings of a program that runs under plain `pulumi up`, where nothing but the configuration is known."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pulumi

from programs.sdk import aws
from programs.settings import ProgramSettings
from tinystacks.errors import UsageError

if TYPE_CHECKING:
    from tinystacks.spec.model import StageSpec


def plain_settings(stage: StageSpec, config: pulumi.Config) -> ProgramSettings:
    """Read the settings from the Pulumi configuration, the environment and AWS.

    Args:
        stage: the stage.
        config: configuration of the namespace `tinystacks`.

    Raises:
        UsageError: no region, or no image for a service that is built.
    """
    region = stage.region or pulumi.Config("aws").get("region") or os.environ.get("AWS_REGION")
    if not region:
        raise UsageError(f"stage {stage.stage} has no region", hint="Run `pulumi config set aws:region eu-west-1`.")
    images: dict[str, str] = config.get_object("images") or {}
    missing = sorted(name for name, service in stage.services.items() if service.build and name not in images)
    if missing:
        raise UsageError(
            f"no image is known for {', '.join(missing)}: plain `pulumi up` builds nothing",
            hint=f"Push it, then run `pulumi config set --path tinystacks:images.{missing[0]} <image>`, "
            "or use `tstack up`, which builds and pushes.",
        )
    return ProgramSettings(
        region=region,
        account_id=stage.account or aws.get_caller_identity().account_id,
        ami_id=config.get("ami"),
        provider_arguments={"profile": stage.profile} if stage.profile else {},
        images=images,
    )
