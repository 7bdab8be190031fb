"""What follows from where a stage's tasks run: network mode, CPU architecture, capacity provider strategy."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from tinystacks.spec.compute import ComputeSpec
    from tinystacks.spec.model import StageSpec
    from tinystacks.spec.service import ServiceSpec

Architecture = Literal["x86_64", "arm64"]
NetworkMode = Literal["bridge", "awsvpc", "host"]

_GRAVITON = re.compile(r"^(?:a1|[a-z]+\d+[a-z]*g[a-z]*)\.")
"""AWS Graviton families: a `g` after the generation, such as t4g, c7gn, is4gen (EC2 user guide, naming)."""


def on_fargate(stage: StageSpec) -> bool:
    """Say whether the tasks run on Fargate."""
    return stage.compute.kind == "fargate"


def network_mode(stage: StageSpec, service: ServiceSpec) -> NetworkMode:
    """Give the network mode of a service's tasks; bridge on EC2, since awsvpc takes an interface per task (E1)."""
    if on_fargate(stage):
        return "awsvpc"
    return service.network_mode or "bridge"


def architecture(compute: ComputeSpec) -> Architecture:
    """Give the CPU architecture that the tasks find (trap E11)."""
    if compute.kind == "fargate":
        return compute.architecture or "x86_64"
    return "arm64" if _GRAVITON.match(compute.instance_types[0]) else "x86_64"


def ami_parameter(compute: ComputeSpec) -> str:
    """Give the SSM parameter of the recommended image (ECS developer guide, "Retrieving Amazon ECS-optimized AMI")."""
    family = "amazon-linux-2023/arm64" if architecture(compute) == "arm64" else "amazon-linux-2023"
    return f"/aws/service/ecs/optimized-ami/{family}/recommended/image_id"
