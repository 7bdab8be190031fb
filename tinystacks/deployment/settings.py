"""Settings of the machine and the person who deploys."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tinystacks.deployment.engine_model import EngineSettings

if TYPE_CHECKING:
    from tinystacks.deployment.pace import Pace


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentSettings:
    """Settings of the machine and the person, not of the stage.

    Attributes:
        engine: where engines may come from.
        pace: time; polls every 5 seconds on AWS and five times a second on the local AWS by default.
        refresh_limit: resources that a refresh may drop from the state before it stops (trap A2).
        waits: whether `up` follows the services' deployments to their ends; without, its result is `in_progress`, and
            the next `up` that waits tells how they ended.
    """

    engine: EngineSettings = field(default_factory=EngineSettings)
    pace: Pace | None = None
    refresh_limit: int = 5
    waits: bool = True
