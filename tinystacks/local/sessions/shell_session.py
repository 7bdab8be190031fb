"""A session with a program in a container."""

from __future__ import annotations

import asyncio
import shlex
from contextlib import suppress
from typing import TYPE_CHECKING

from tinystacks.local.sessions.messages import Flag, Message, MessageError, Payload, flag_of
from tinystacks.local.sessions.process import EnterError

if TYPE_CHECKING:
    from tinystacks.local.sessions.book import ShellOrder
    from tinystacks.local.sessions.channel import DataChannel
    from tinystacks.local.sessions.process import Containers, Process

NOT_STARTED = 127
"""Exit code of a program that could not be started, as shells give it."""
_MOST_CELLS = 10_000


async def shell_session(
    channel: DataChannel, order: ShellOrder, containers: Containers, *, tells_exit_code: bool
) -> str:
    """Run a session to its end.

    Args:
        channel: to the client, after the handshake.
        order: what to run.
        containers: where.
        tells_exit_code: the client wants the exit code; the plugin would print it.

    Returns:
        What the client is told at the end.
    """
    code, said = NOT_STARTED, ""
    try:
        process = await containers.enter(order.runtime_id, _words(order.command))
        typing = asyncio.ensure_future(_type(channel, process))
        try:
            code = await _show(channel, process, typing)
        finally:
            typing.cancel()
            await asyncio.gather(typing, return_exceptions=True)
            await process.close()
    except EnterError as error:
        said = f"\n----------ERROR-------\nUnable to start command: {error}"
    if tells_exit_code:
        await channel.send(Payload.EXIT_CODE, str(code).encode())
    return said


def _words(command: str) -> tuple[str, ...]:
    """Split a command line as the agent does."""
    try:
        words = tuple(shlex.split(command))
    except ValueError as error:
        raise EnterError(f"{error} in {command!r}") from None
    if not words:
        raise EnterError("the command is empty")
    return words


async def _show(channel: DataChannel, process: Process, typing: asyncio.Task[None]) -> int:
    """Pass on what the program writes, until it ends or its client has gone."""
    reading = asyncio.ensure_future(process.read())
    try:
        while True:
            await asyncio.wait({reading, typing}, return_when=asyncio.FIRST_COMPLETED)
            if not reading.done():
                return NOT_STARTED
            data = reading.result()
            if not data:
                return await process.exit_code()
            await channel.send(Payload.OUTPUT, data)
            reading = asyncio.ensure_future(process.read())
    finally:
        reading.cancel()
        with suppress(asyncio.CancelledError, OSError):
            await reading


async def _type(channel: DataChannel, process: Process) -> None:
    """Pass on what the client types; ends when it has gone or asks to end."""
    while (message := await channel.take()) is not None:
        if message.payload_type == Payload.OUTPUT:
            await process.write(message.payload)
        elif message.payload_type == Payload.SIZE:
            columns, rows = _size(message)
            await process.resize(columns, rows)
        elif message.payload_type == Payload.FLAG and flag_of(message.payload) == Flag.TERMINATE_SESSION:
            return


def _size(message: Message) -> tuple[int, int]:
    document = message.document()
    columns, rows = document.get("cols"), document.get("rows")
    if not isinstance(columns, int) or not isinstance(rows, int):
        raise MessageError("a size without columns and rows")
    return min(max(columns, 1), _MOST_CELLS), min(max(rows, 1), _MOST_CELLS)
