"""The clock of the local AWS: real time, run faster.

Outside (log lines, metrics, file times) time is real; inside (boot delays, health-check intervals, cooldowns) it is
simulated. Both start at the same instant and drift apart by `speed`.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tinystacks.errors import LocalAwsError

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_SPEED = 1000.0
"""Above this a health-check interval of 5 s is shorter than one turn of the scheduler."""


class SpeededClock:
    """Simulated seconds since the epoch.

    Args:
        speed: simulated seconds per real second, above 0.
        wall: source of real time in seconds since the epoch; it must never go back.
    """

    def __init__(self, speed: float, wall: Callable[[], float] | None = None) -> None:
        if not 0 < speed <= MAX_SPEED:
            raise LocalAwsError(
                f"the speed of the local AWS cannot be {speed:g}", hint=f"Give a number above 0, at most {MAX_SPEED:g}."
            )
        self._wall = wall or _steady_wall_clock()
        self._start = self._wall()
        self.speed = speed

    def now(self) -> float:
        """The simulated time."""
        return self.at_wall(self._wall())

    def at_wall(self, wall_time: float) -> float:
        """The simulated time at a real time."""
        return self._start + (wall_time - self._start) * self.speed

    def to_wall(self, simulated_time: float) -> float:
        """The real time at a simulated time."""
        return self._start + (simulated_time - self._start) / self.speed

    def wall_seconds(self, simulated_seconds: float) -> float:
        """How long a simulated span takes in reality."""
        return simulated_seconds / self.speed


def _steady_wall_clock() -> Callable[[], float]:
    """Real time that does not jump when the machine's clock is set."""
    offset = time.time() - time.monotonic()
    return lambda: time.monotonic() + offset
