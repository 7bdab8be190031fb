"""The one explicit AWS provider of a stage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from programs.sdk import aws
from tinystacks.naming import resource_tags

if TYPE_CHECKING:
    from programs.settings import ProgramSettings
    from tinystacks.spec.model import StageSpec

PROVIDER = "aws"
"""Its logical name."""


def stage_provider(stage: StageSpec, settings: ProgramSettings) -> aws.Provider:
    """Make the provider: one region, one account (trap A2), tags on everything.

    Args:
        stage: the stage.
        settings: region, account, and what else the target needs.
    """
    return aws.Provider(
        PROVIDER,
        region=settings.region,
        allowed_account_ids=[settings.account_id],
        default_tags=aws.ProviderDefaultTagsArgs(tags={**stage.tags, **resource_tags(stage.stack, stage.stage)}),
        **settings.provider_arguments,
    )
