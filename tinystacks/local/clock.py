"""The clock of the local AWS: real time, run faster.

Outside (log lines, metrics, file times) time is real; inside (boot delays, health-check intervals, cooldowns) it is
simulated. Both start at the same instant and drift apart by `speed`, which may change while the clock runs.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from tinystacks.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

MIN_SPEED, MAX_SPEED = 0.1, 1000.0
"""Above this a health-check interval of 5 s is shorter than one turn of the scheduler."""


class _Stretch(NamedTuple):
    """A time of one speed; the last one has no end."""

    wall: float
    simulated: float
    speed: float


class SpeededClock:
    """Simulated seconds since the epoch.

    Args:
        speed: simulated seconds per real second, from 0.1 to 1000.
        wall: source of real time in seconds since the epoch; it must never go back.
    """

    def __init__(self, speed: float, wall: Callable[[], float] | None = None) -> None:
        _refuse_bad(speed)
        self._wall = wall or _steady_wall_clock()
        start = self._wall()
        # Replaced as a whole when the speed changes, so that readers in other threads need no lock.
        self._stretches: tuple[_Stretch, ...] = (_Stretch(start, start, speed),)

    @property
    def speed(self) -> float:
        """Simulated seconds per real second, now."""
        return self._stretches[-1].speed

    def set_speed(self, speed: float) -> None:
        """Run faster or slower from now on; the simulated time neither jumps nor goes back.

        Args:
            speed: simulated seconds per real second, from 0.1 to 1000.

        Raises:
            UsageError: no clock can run so.
        """
        _refuse_bad(speed)
        if speed == self.speed:
            return
        wall = self._wall()
        self._stretches = (*self._stretches, _Stretch(wall, self.at_wall(wall), speed))

    def now(self) -> float:
        """The simulated time."""
        return self.at_wall(self._wall())

    def at_wall(self, wall_time: float) -> float:
        """The simulated time at a real time."""
        stretches = self._stretches
        if wall_time >= stretches[-1].wall or len(stretches) == 1:
            start = stretches[-1]
        else:
            start = stretches[max(0, bisect_right(stretches, wall_time, key=lambda one: one.wall) - 1)]
        return start.simulated + (wall_time - start.wall) * start.speed

    def to_wall(self, simulated_time: float) -> float:
        """The real time at a simulated time."""
        stretches = self._stretches
        if simulated_time >= stretches[-1].simulated or len(stretches) == 1:
            start = stretches[-1]
        else:
            start = stretches[max(0, bisect_right(stretches, simulated_time, key=lambda one: one.simulated) - 1)]
        return start.wall + (simulated_time - start.simulated) / start.speed

    def wall_seconds(self, simulated_seconds: float) -> float:
        """How long a simulated span takes in reality at the present speed."""
        return simulated_seconds / self.speed


def _refuse_bad(speed: float) -> None:
    if not MIN_SPEED <= speed <= MAX_SPEED:
        raise UsageError(
            f"the speed of the local AWS cannot be {speed:g}",
            hint=f"Give a number from {MIN_SPEED:g} to {MAX_SPEED:g}.",
        )


def _steady_wall_clock() -> Callable[[], float]:
    """Real time that does not jump when the machine's clock is set."""
    offset = time.time() - time.monotonic()
    return lambda: time.monotonic() + offset
