"""A small stage, and a program of plain resources for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi

from tinystacks.spec.model import StackSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from programs.settings import ProgramSettings
    from tinystacks.spec.model import StageSpec

SERVICE = "aws:ecs/service:Service"
GROUP = "aws:lb/targetGroup:TargetGroup"
LOGS = "aws:cloudwatch/logGroup:LogGroup"


def small_stage(name: str = "dev", **overrides: Any) -> StageSpec:
    document = {"name": "shop", "services": {"web": {"image": "nginx:1.27", "port": 80}}, "stages": {name: overrides}}
    return StackSpec.model_validate(document).stage(name)


class PlainResource(pulumi.CustomResource):
    """A resource of any type with any inputs."""

    def __init__(self, token: str, name: str, inputs: Mapping[str, Any], *, retained: bool = False) -> None:
        options = pulumi.ResourceOptions(retain_on_delete=retained)
        super().__init__(token, name, {**inputs, "physical": None}, options)


class PlainProgram:
    """A program that declares what a test says; may be changed between operations."""

    def __init__(self, resources: dict[tuple[str, str], dict[str, Any]]) -> None:
        self.resources = resources
        self.retained: set[tuple[str, str]] = set()
        self.exports: dict[str, Any] = {}
        self.settings: list[ProgramSettings] = []

    def __call__(self, stage: StageSpec, settings: ProgramSettings) -> Callable[[], None]:
        self.settings.append(settings)

        def program() -> None:
            for (token, name), inputs in self.resources.items():
                PlainResource(token, name, inputs, retained=(token, name) in self.retained)
            for key, value in self.exports.items():
                pulumi.export(key, value)

        return program


def plain_program() -> PlainProgram:
    return PlainProgram(
        {
            (LOGS, "shop-web-logs"): {"a": "1"},
            (GROUP, "shop-web-targets"): {"a": "1"},
            (SERVICE, "shop-web-service"): {"a": "1"},
        }
    )
