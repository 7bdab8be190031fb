"""The control planes of the local AWS: one per region, each behind its own lock."""

from __future__ import annotations

import threading
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from tinystacks.controlplane.plane import ControlPlane

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from tinystacks.controlplane.ports import Surroundings
    from tinystacks.controlplane.settings import Settings

ACCOUNT_ID = "123456789012"
"""The account of everything in the local AWS (moto's own)."""


class PlaneRegistry:
    """Control planes by region, made when a region is first asked for.

    A plane is not safe for several threads: whoever uses one holds its lock, and holds on to nothing of it afterwards.

    Args:
        surroundings: gives a region's facts about instance types, subnets and target groups. A plane asks them while
            its lock is held: they must not wait for something that needs the same plane.
        clock: the simulated time in seconds since the epoch; a new plane begins at it.
        settings: delays and open points of the model, the same for every region.
        seed: source of ids and random choices; each region draws its own numbers from it.
        account_id: account of every ARN.
    """

    def __init__(
        self,
        *,
        surroundings: Callable[[str], Surroundings],
        clock: Callable[[], float],
        settings: Settings | None = None,
        seed: int = 0,
        account_id: str = ACCOUNT_ID,
    ) -> None:
        self.account_id = account_id
        self._surroundings = surroundings
        self._clock = clock
        self._settings = settings
        self._seed = seed
        self._guard = threading.Lock()
        self._planes: dict[str, tuple[ControlPlane, threading.RLock]] = {}

    @contextmanager
    def locked(self, region: str) -> Generator[ControlPlane]:
        """Give the plane of a region, with its lock held until the block ends; the same thread may nest this."""
        plane, lock = self._entry(region)
        with lock:
            yield plane

    @contextmanager
    def all_locked(self) -> Generator[list[ControlPlane]]:
        """Give every plane, all locks held; for short looks across regions."""
        with ExitStack() as stack:
            yield [stack.enter_context(self.locked(region)) for region in sorted(self.regions())]

    def regions(self) -> list[str]:
        """Name the regions that have a plane, in the order in which they were first used."""
        with self._guard:
            return list(self._planes)

    def _entry(self, region: str) -> tuple[ControlPlane, threading.RLock]:
        with self._guard:
            if region not in self._planes:
                plane = ControlPlane(
                    self.account_id,
                    region,
                    self._surroundings(region),
                    self._settings,
                    seed=_region_seed(self._seed, region),
                    now=self._clock(),
                )
                self._planes[region] = (plane, threading.RLock())
            return self._planes[region]


def _region_seed(seed: int, region: str) -> int:
    """Mix the region into the seed, so that two regions do not give out the same ids."""
    return seed ^ int.from_bytes(region.encode(), "big")
