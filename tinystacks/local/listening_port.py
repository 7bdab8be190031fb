"""Ports of 127.0.0.1 inside an asyncio loop, for balancers, simulated tasks and forwarded ports.

asyncio's own server, as of Python 3.11, neither answers nor closes a connection that comes while the server closes
(https://github.com/python/cpython/issues/109564): its client would wait for ever.
"""

from __future__ import annotations

import asyncio
import functools
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

BACKLOG = 1024
_EXHAUSTED_SECONDS = 0.1


class ListeningPort:
    """One port, and the connections that it took.

    Args:
        serve: takes a connection and the client's address over, and closes it in the end; cancelled when the port
            closes.
    """

    def __init__(self, serve: Callable[[socket.socket, tuple[str, int]], Awaitable[None]]) -> None:
        self._serve = serve
        self._socket: socket.socket | None = None
        self._running: set[asyncio.Task[None]] = set()
        self._waiting: dict[socket.socket, asyncio.Task[None]] = {}
        self._pause: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        """How many connections it has."""
        return len(self._running)

    def open(self, port: int = 0) -> int:
        """Listen, from inside the loop.

        Args:
            port: wanted; 0 for any free one.

        Returns:
            The port.

        Raises:
            OSError: the port is taken.
        """
        made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.setblocking(False)  # noqa: FBT003 - the name of the method says it
            made.bind(("127.0.0.1", port))
            made.listen(BACKLOG)
        except OSError:
            made.close()
            raise
        self._socket = made
        self._listen()
        return int(made.getsockname()[1])

    def shut(self) -> None:
        """Close the port at once, and its connections in the loop's next turns."""
        if self._pause is not None:
            self._pause.cancel()
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None
        for task in list(self._running):
            task.cancel()

    async def close(self) -> None:
        """Close the port, and wait for the end of its connections."""
        self.shut()
        await asyncio.gather(*self._running, return_exceptions=True)

    def _listen(self) -> None:
        if self._socket is not None:
            asyncio.get_running_loop().add_reader(self._socket, functools.partial(self._accept, self._socket))

    def _accept(self, listening: socket.socket) -> None:
        try:
            connection, address = listening.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return
        except OSError:
            # No more file descriptors; connections wait in the kernel.
            loop = asyncio.get_running_loop()
            loop.remove_reader(listening)
            self._pause = loop.call_later(_EXHAUSTED_SECONDS, self._listen)
            return
        connection.setblocking(False)  # noqa: FBT003 - the name of the method says it
        task = asyncio.create_task(self._take(connection, address))
        self._running.add(task)
        self._waiting[connection] = task
        task.add_done_callback(functools.partial(self._ended, connection))

    async def _take(self, connection: socket.socket, address: tuple[str, int]) -> None:
        del self._waiting[connection]
        await self._serve(connection, address)

    def _ended(self, connection: socket.socket, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if self._waiting.pop(connection, None) is not None:
            # Cancelled before its first step: nobody else knows of it.
            connection.close()
