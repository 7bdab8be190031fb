"""The file as objects: a stack with its services and stages, and one stage with every default filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field, PrivateAttr

from tinystacks.spec.base import SpecModel
from tinystacks.spec.compute import AlarmsSpec, ComputeSpec, EndpointSpec, NetworkSpec
from tinystacks.spec.positions import Origin
from tinystacks.spec.service import ScalarText, ServiceSpec

if TYPE_CHECKING:
    from collections.abc import Mapping

Name = Annotated[str, Field(pattern=r"^[a-z]([a-z0-9-]*[a-z0-9])?$", max_length=32)]
"""Lower-case letters, digits and hyphens; begins with a letter, ends with a letter or digit."""


MAX_STAGES = 100
"""More stages than that are a mistake of some generator."""


class ApplicationSpec(SpecModel):
    """What a stack and a stage both say."""

    services: Annotated[dict[Name, ServiceSpec], Field(min_length=1, max_length=100)]
    """The services by name."""
    compute: ComputeSpec = ComputeSpec()
    """What the tasks run on."""
    network: NetworkSpec = NetworkSpec()
    """The VPC."""
    endpoint: EndpointSpec = EndpointSpec()
    """The load balancer."""
    alarms: AlarmsSpec = AlarmsSpec()
    """CloudWatch alarms."""
    region: Annotated[str, Field(pattern=r"^[a-z]{2,5}(-[a-z]+)+-\d{1,2}$")] | None = None
    """AWS region; by default the one that the AWS profile or the environment names."""
    profile: str | None = None
    """Name of the AWS profile to use."""
    account: Annotated[ScalarText, Field(pattern=r"^\d{12}$")] | None = None
    """AWS account that the stage may be deployed to; refused elsewhere."""
    tags: dict[str, ScalarText] = Field(default_factory=dict)
    """Tags for every resource, besides those that tinystacks sets."""
    state: str | None = None
    """Where the engine keeps its state: a URL such as `s3://bucket` or a Pulumi service; a local folder by default."""
    secrets_provider: str | None = None
    """Key that encrypts secrets in the state, such as `awskms://alias/tinystacks?region=eu-west-1`."""

    _origin: Origin = PrivateAttr(default_factory=Origin)

    @property
    def origin(self) -> Origin:
        """Where the values were written, for problems that name a line."""
        return self._origin

    def with_origin(self, origin: Origin) -> Self:
        """Give the same spec, known to come from this origin."""
        copy = self.model_copy()
        copy._origin = origin  # noqa: SLF001 - a copy of this very object
        return copy


class StackSpec(ApplicationSpec):
    """One application: the whole of `tstack.yaml`."""

    name: Name
    """Name of the stack; part of the names of its resources, not to be changed later."""
    stages: Annotated[dict[Name, dict[str, Any]], Field(min_length=1, max_length=MAX_STAGES)] = Field(
        default_factory=lambda: {"dev": {}}
    )
    """The stages in order, each with what it overrides; `extends` names a stage whose overrides apply first."""

    @property
    def stage_names(self) -> tuple[str, ...]:
        """The names of the stages in the order of the file."""
        return tuple(self.stages)

    def stage(self, name: str | None = None) -> StageSpec:
        """Give one stage with its overrides applied, every default filled in, and checked.

        Args:
            name: name of the stage; the first of the file by default.

        Raises:
            SpecError: no such stage, overrides in a cycle, or the result is not valid.
        """
        from tinystacks.spec.stages import resolve_stage  # noqa: PLC0415 - stages.py builds on this module

        return resolve_stage(self, name)

    @classmethod
    def from_mapping(cls, document: Mapping[str, Any]) -> StackSpec:
        """Make a stack from plain data, reporting every problem at once.

        Args:
            document: the same keys as the file.

        Raises:
            SpecError: with every problem found.
        """
        from tinystacks.spec.validation import stack_from_mapping  # noqa: PLC0415 - validation.py builds on this module

        return stack_from_mapping(document)


class StageSpec(ApplicationSpec):
    """One stage of a stack, complete: what a program is given."""

    stack: Name
    """Name of the stack."""
    stage: Name
    """Name of the stage."""
    order: Annotated[int, Field(ge=0)] = 0
    """Position of the stage in the file, from 0."""
    approval: Literal["none", "manual"] = "none"
    """Whether a person approves before this stage is changed."""

    @property
    def full_name(self) -> str:
        """Stack and stage in one word, such as `shop-prod`."""
        return f"{self.stack}-{self.stage}"

    @property
    def exposed_services(self) -> dict[str, ServiceSpec]:
        """The services that have a port and so stand behind the load balancer."""
        return {name: service for name, service in self.services.items() if service.port is not None}
