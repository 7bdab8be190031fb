"""Where EC2 and Fargate have no capacity, worked out of what is broken and told to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tinystacks.local.emulation import Emulation
    from tinystacks.local.failures.book import FailureBook
    from tinystacks.local.group_watch import GroupWatch
    from tinystacks.local.planes import PlaneRegistry

LAUNCHERS = ("ec2", "fargate")
_NOWHERE: tuple[frozenset[str], frozenset[str]] = (frozenset(), frozenset())


class Shortages:
    """Zones without capacity, by region and launcher.

    Args:
        book: what is broken.
        emulation: moto.
        planes: the control planes.
        groups: the Auto Scaling groups.
    """

    def __init__(self, *, book: FailureBook, emulation: Emulation, planes: PlaneRegistry, groups: GroupWatch) -> None:
        self._book = book
        self._emulation = emulation
        self._planes = planes
        self._groups = groups
        self._told: dict[str, tuple[frozenset[str], frozenset[str]]] = {}

    def is_told(self, region: str) -> bool:
        """Whether a region was told of any shortage."""
        return region in self._told

    def zones(self) -> list[tuple[str, str]]:
        """Region and zone of every zone of the regions in use, those without anything included."""
        found: list[tuple[str, str]] = []
        for region in self._planes.regions():
            subnets = list(self._emulation.ec2(region).subnets)
            found += [(region, zone) for zone in sorted({f"{region}a", *subnets})]
        return found

    def tell_all(self) -> None:
        """Tell every region in use."""
        for region in self._planes.regions():
            self.tell(region)

    def tell(self, region: str) -> None:
        """Tell EC2 and Fargate of a region what changed."""
        zones = {zone for place, zone in self.zones() if place == region}
        ec2, fargate = (self._full(zones, launcher) for launcher in LAUNCHERS)
        if self._told.get(region, _NOWHERE) == (ec2, fargate):
            return
        self._told[region] = (ec2, fargate)
        self._groups.set_full_zones(region, ec2)
        with self._planes.locked(region) as plane:
            plane.fargate_capacity(full_zones=fargate)
        if not ec2 and not fargate:
            del self._told[region]

    def _full(self, zones: set[str], launcher: str) -> frozenset[str]:
        full: set[str] = set()
        for one in (*self._book.of_kind("capacity"), *self._book.of_kind("zone")):
            full |= zones if one.what in {"", launcher} else zones & {one.what}
        return frozenset(full)
