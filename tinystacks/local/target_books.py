"""The target books of all regions, each with its health checker."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from tinystacks.local.targets import TargetBook

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from tinystacks.local.clock import SpeededClock
    from tinystacks.local.loop_thread import LoopThread
    from tinystacks.local.targets import Address


class TargetBooks:
    """Target books by region, made when first asked for.

    Args:
        loop: thread in which checks run.
        clock: simulated time.
        is_broken: whether every check of a task fails, by the task's id.
    """

    def __init__(self, loop: LoopThread, clock: SpeededClock, is_broken: Callable[[str], bool]) -> None:
        self._loop = loop
        self._clock = clock
        self._is_broken = is_broken
        self._guard = threading.Lock()
        self._books: dict[str, TargetBook] = {}
        self._checks: list[Future[None]] = []
        self._addresses: dict[tuple[str, int], tuple[str, Address]] = {}

    def of(self, region: str) -> TargetBook:
        """The book of a region."""
        with self._guard:
            book = self._books.get(region)
            if book is None:
                from tinystacks.local.target_health import HealthChecker  # noqa: PLC0415 - it loads aiohttp

                book = self._books[region] = TargetBook()
                self._checks.append(self._loop.spawn(HealthChecker(book, self._clock, self._is_broken).run()))
            return book

    def of_arn(self, arn: str) -> TargetBook:
        """The book of the region that an ARN names."""
        return self.of(arn.split(":")[3])

    def place(self, target_id: str, port: int, *, task_id: str, address: Address) -> None:
        """Keep where a port of a task really listens, under the name by which a target group will know it."""
        with self._guard:
            self._addresses[target_id, port] = (task_id, address)

    def address(self, target_id: str, port: int) -> Address | None:
        """Where a target really listens; a loopback address is taken as it stands, anything else must be a task's."""
        with self._guard:
            known = self._addresses.get((target_id, port))
        if known is not None:
            return known[1]
        return (target_id, port) if target_id.startswith("127.") else None

    def displace(self, task_id: str) -> None:
        """A task is gone."""
        with self._guard:
            for key in [key for key, (owner, _) in self._addresses.items() if owner == task_id]:
                del self._addresses[key]

    def close(self) -> None:
        """End the checks."""
        for check in self._checks:
            check.cancel()
