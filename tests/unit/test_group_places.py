"""Where an Auto Scaling group launches, and what it says where it cannot."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from tinystacks.local.group_places import next_place, refusal

ZONES = {"subnet-a": "us-east-1a", "subnet-b": "us-east-1b", "subnet-c": "us-east-1c"}


class Group:
    """A group of three subnets in three zones."""

    full_zones: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, *subnets: str) -> None:
        self.availability_zones = list(ZONES.values())
        self.vpc_zone_identifier: str | None = ",".join(ZONES)
        self.ec2_backend: Any = self
        self._subnets = subnets

    def get_subnet(self, subnet: str) -> Any:
        return SimpleNamespace(id=subnet, availability_zone=ZONES[subnet])

    def staying(self) -> list[Any]:
        return [
            SimpleNamespace(availability_zone=ZONES[subnet], instance=SimpleNamespace(subnet_id=subnet))
            for subnet in self._subnets
        ]


class FullGroup(Group):
    """The same, where EC2 has no capacity at all."""

    full_zones: ClassVar[frozenset[str]] = frozenset(ZONES.values())


@pytest.mark.parametrize(
    ("subnets", "zone"),
    [
        ((), "us-east-1a"),
        (("subnet-a", "subnet-b"), "us-east-1c"),
        (("subnet-a", "subnet-c"), "us-east-1b"),
        (("subnet-a", "subnet-b", "subnet-c"), "us-east-1a"),
    ],
)
def test_a_launch_that_fails_names_the_zone_in_which_it_would_have_been(subnets: tuple[str, ...], zone: str) -> None:
    """EC2 Auto Scaling user guide: new instances go to the Availability Zone with the fewest."""
    assert next_place(Group(*subnets)) == (f"subnet-{zone[-1]}", zone)
    assert next_place(FullGroup(*subnets)) is None
    assert f"t3.micro capacity in the Availability Zone you requested ({zone})" in refusal(
        FullGroup(*subnets), "t3.micro"
    )
