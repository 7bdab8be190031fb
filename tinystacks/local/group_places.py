"""Where an Auto Scaling group launches its next instance, and whether its zones can be evened out.

Source: EC2 Auto Scaling user guide, pages auto-scaling-benefits (zones, rebalancing) and CHAP_Troubleshooting (text of
a launch without capacity).
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

Place = tuple[str | None, str]
"""Subnet and zone; no subnet where the group names zones only."""


class ZonedGroup(Protocol):
    """What has to be known of a group."""

    availability_zones: list[str]
    vpc_zone_identifier: str | None
    ec2_backend: Any
    full_zones: ClassVar[frozenset[str]]

    def staying(self) -> Sequence[Any]:
        """Instances that count for the capacity."""
        ...


def places(group: ZonedGroup) -> list[Place]:
    """Subnets and zones in which EC2 can launch now."""
    return [(subnet, zone) for subnet, zone in _all_places(group) if zone not in group.full_zones]


def next_place(group: ZonedGroup) -> Place | None:
    """The place of the next instance; None when all zones are full."""
    return _poorest(group, places(group))


def refusal(group: ZonedGroup, instance_type: str) -> str:
    """What EC2 says when it has no capacity where the next instance would be (InsufficientInstanceCapacity)."""
    _, zone = _poorest(group, _all_places(group)) or (None, "")
    return (
        f"We currently do not have sufficient {instance_type} capacity in the Availability Zone you requested "
        f"({zone}). Our system will be working on provisioning additional capacity. Launching EC2 instance failed."
    )


def can_be_balanced(group: ZonedGroup) -> bool:
    """Whether one more in the poorest zone and one less in the richest would make the zones more even."""
    zones = {zone for _, zone in places(group)}
    if not zones:
        return False
    per_zone = Counter(str(one.availability_zone) for one in group.staying())
    richest = max(per_zone.values(), default=0)
    free = {str(one.availability_zone) for one in group.staying() if not one.protected_from_scale_in}
    return richest - min(per_zone[zone] for zone in zones) > 1 and any(per_zone[zone] == richest for zone in free)


def _all_places(group: ZonedGroup) -> list[Place]:
    if not group.vpc_zone_identifier:
        return [(None, zone) for zone in group.availability_zones]
    subnets = [group.ec2_backend.get_subnet(one) for one in group.vpc_zone_identifier.split(",")]
    return [(one.id, one.availability_zone) for one in subnets]


def _poorest(group: ZonedGroup, among: Sequence[Place]) -> Place | None:
    """The zone with the fewest instances, in it the subnet with the fewest, in listed order."""
    per_zone = Counter(one.availability_zone for one in group.staying())
    per_subnet = Counter(one.instance.subnet_id for one in group.staying())
    return min(among, key=lambda one: (per_zone[one[1]], per_subnet[one[0]]), default=None)
