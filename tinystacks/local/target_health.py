"""Health checks: HTTP requests to targets on the beat of their group, in simulated time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiohttp

from tinystacks.local.targets import CheckResult

if TYPE_CHECKING:
    from collections.abc import Callable

    from tinystacks.local.clock import SpeededClock
    from tinystacks.local.targets import Target, TargetBook, TargetGroup

SHORTEST_TIMEOUT_SECONDS = 1.0
"""Real seconds that a check always gets: five simulated seconds at speed 20 would fail on a busy laptop by chance."""
_BEAT_SECONDS = 0.02
_BROKEN = CheckResult(
    passed=False, reason="Target.ResponseCodeMismatch", description="Health checks failed with these codes: [503]"
)


class HealthChecker:
    """Checks the targets of one region.

    Args:
        book: the targets.
        clock: simulated time.
        is_broken: whether every check of a task fails on demand, by the task's id.
    """

    def __init__(
        self, book: TargetBook, clock: SpeededClock, is_broken: Callable[[str], bool] = lambda _task_id: False
    ) -> None:
        self._book = book
        self._clock = clock
        self._is_broken = is_broken
        self._running: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Check until cancelled."""
        connector = aiohttp.TCPConnector(limit=0, force_close=True)
        async with aiohttp.ClientSession(connector=connector, auto_decompress=False) as session:
            while True:
                for target, group in self._book.due(self._clock.now()):
                    task = asyncio.create_task(self._check(session, target, group))
                    self._running.add(task)
                    task.add_done_callback(self._running.discard)
                await asyncio.sleep(_BEAT_SECONDS)

    async def _check(self, session: aiohttp.ClientSession, target: Target, group: TargetGroup) -> None:
        self._book.checked(target, group, await self._result(session, target, group))

    async def _result(self, session: aiohttp.ClientSession, target: Target, group: TargetGroup) -> CheckResult:
        failed = CheckResult(passed=False, reason="Target.FailedHealthChecks")
        if self._is_broken(target.task_id):
            return _BROKEN
        if target.address is None:
            return failed
        host, traffic_port = target.address
        port = traffic_port if group.check_port is None else group.check_port
        timeout = max(self._clock.wall_seconds(group.timeout), SHORTEST_TIMEOUT_SECONDS)
        try:
            async with session.get(
                f"{group.check_protocol.lower()}://{host}:{port}{group.check_path}",
                ssl=False,
                timeout=aiohttp.ClientTimeout(total=timeout),
                allow_redirects=False,
                headers={"Host": f"{target.target_id}:{target.port}", "User-Agent": "ELB-HealthChecker/2.0"},
            ) as response:
                if group.passes(response.status):
                    return CheckResult(passed=True)
                return CheckResult(
                    passed=False,
                    reason="Target.ResponseCodeMismatch",
                    description=f"Health checks failed with these codes: [{response.status}]",
                )
        except TimeoutError:
            return CheckResult(passed=False, reason="Target.Timeout")
        except (aiohttp.ClientError, OSError, ValueError):
            return failed
