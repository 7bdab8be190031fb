"""One thread that runs an asyncio loop: balancers, health checks and simulated tasks share it."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping
    from concurrent.futures import Future

T = TypeVar("T")

_CALL_TIMEOUT_SECONDS = 10.0
_SETTLING_TURNS = 10
"""A transport that was closed is freed some turns of the loop later; one below TLS takes the most."""


class LoopThread:
    """An asyncio loop in a thread of its own.

    Args:
        name: name of the thread.
    """

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def call(self, coroutine: Coroutine[Any, Any, T], *, timeout_seconds: float = _CALL_TIMEOUT_SECONDS) -> T:
        """Run a coroutine in the loop and wait for what it gives; not to be used inside the loop itself."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(timeout_seconds)

    def spawn(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        """Run a coroutine in the loop without waiting."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def stop(self) -> None:
        """Cancel what runs and end the thread."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(_CALL_TIMEOUT_SECONDS)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
        finally:
            left = asyncio.all_tasks(self._loop)
            for task in left:
                task.cancel()
            self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.run_until_complete(_settle())
            self._abort_connections()
            self._loop.run_until_complete(_settle())
            self._loop.close()

    def _abort_connections(self) -> None:
        """Close what was accepted last: its task was cancelled before it began, so nobody else does."""
        # asyncio tells its open transports by no public name; without this one they are left to the garbage collector.
        left: Mapping[int, asyncio.Transport] = getattr(self._loop, "_transports", {})
        for transport in list(left.values()):
            transport.abort()


async def _settle() -> None:
    for _ in range(_SETTLING_TURNS):
        await asyncio.sleep(0)
