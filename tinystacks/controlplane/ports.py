"""What the control plane asks of its surroundings while it answers a call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceTypeFacts:
    """Size of an EC2 instance type.

    Attributes:
        vcpu: virtual CPUs.
        memory_mib: advertised memory.
        max_enis: network interfaces that the type allows, the primary one included.
        arch: `x86_64` or `arm64`.
    """

    vcpu: int
    memory_mib: int
    max_enis: int = 3
    arch: str = "x86_64"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubnetFacts:
    """Where a subnet lies; `cidr` is its block, empty when unknown."""

    zone: str
    vpc_id: str = ""
    cidr: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetGroupFacts:
    """What CreateService checks of a target group; `target_type` is `instance` or `ip`."""

    target_type: str
    has_load_balancer: bool


class Surroundings(Protocol):
    """Facts about other services; what is None is not there, but a target group that is not is not checked."""

    def instance_type(self, name: str) -> InstanceTypeFacts:
        """Give the size of an instance type."""
        ...

    def subnet(self, subnet_id: str) -> SubnetFacts | None:
        """Give the place of a subnet."""
        ...

    def target_group(self, arn: str) -> TargetGroupFacts | None:
        """Give a target group's type and whether a listener uses it."""
        ...
