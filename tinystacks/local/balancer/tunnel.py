"""Connections that switched protocols: bytes pass both ways until one side ends.

Source: Application Load Balancer user guide, load-balancer-listeners (WebSockets); the idle timeout counts here too.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from tinystacks.local.balancer.bodies import PIECE_BYTES

if TYPE_CHECKING:
    from tinystacks.local.balancer.links import Link
    from tinystacks.local.balancer.listening import Client

_LAST_WORDS_SECONDS = 1.0
"""What one side still has to say after the other ended."""


class _Flow:
    """One direction."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.size = 0
        self.passed_at = asyncio.get_running_loop().time()

    async def run(self) -> None:
        while piece := await self._reader.read(PIECE_BYTES):
            self._writer.write(piece)
            await self._writer.drain()
            self.size += len(piece)
            self.passed_at = asyncio.get_running_loop().time()


async def tunnel(client: Client, link: Link, idle_seconds: float) -> tuple[int, int]:
    """Pass bytes until one side ends or nothing passes for too long.

    Returns:
        Bytes sent to the client, bytes received from it.
    """
    there, back = _Flow(client.reader, link.writer), _Flow(link.reader, client.writer)
    tasks = [asyncio.create_task(there.run()), asyncio.create_task(back.run())]
    now = asyncio.get_running_loop().time
    try:
        while (waits := max(there.passed_at, back.passed_at) + idle_seconds - now()) > 0:
            done, left = await asyncio.wait(tasks, timeout=waits, return_when=asyncio.FIRST_COMPLETED)
            if done:
                await asyncio.wait(left, timeout=_LAST_WORDS_SECONDS) if left else None
                break
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with contextlib.suppress(asyncio.CancelledError, OSError):
                await task
        link.abort()
    return back.size, there.size
