"""Forwarding a port of this machine into a task of the local AWS: each connection is a session of its own."""

from __future__ import annotations

import asyncio
import signal
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from tinystacks.errors import AccessError, TinystacksError
from tinystacks.local.listening_port import ListeningPort
from tinystacks.local.sessions.client import opened
from tinystacks.local.sessions.messages import Flag, Payload, flag, flag_of

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncGenerator, Callable, Mapping

    from tinystacks.local.sessions.channel import DataChannel

_PIECE = 16 * 1024


def forward(
    open_session: Callable[[], Mapping[str, str]], *, local_port: int | None, say: Callable[[str], None]
) -> None:
    """Forward connections until Ctrl-C, or until a connection finds that the task is gone.

    Args:
        open_session: asks for a session with the port; gives `StreamUrl` and `TokenValue`; an `AccessError` of it says
            that there will be none any more.
        local_port: port of 127.0.0.1 to listen on; any free one when none is given.
        say: is told where it listens, and of connections that failed.

    Raises:
        AccessError: the local port is taken, or the task is gone.
    """
    asyncio.run(_forward(open_session, local_port, say))


async def _forward(
    open_session: Callable[[], Mapping[str, str]], local_port: int | None, say: Callable[[str], None]
) -> None:
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[AccessError | None] = loop.create_future()

    def end(error: AccessError | None = None) -> None:
        if not ended.done():
            ended.set_result(error)

    for sign in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sign, end)
    async with connections(open_session, local_port=local_port, say=say, lost=end) as port:
        say(f"127.0.0.1:{port} leads into the task; Ctrl-C ends it.")
        error = await ended
    if error is not None:
        raise error


@asynccontextmanager
async def connections(
    open_session: Callable[[], Mapping[str, str]],
    *,
    local_port: int | None,
    say: Callable[[str], None],
    lost: Callable[[AccessError], None],
) -> AsyncGenerator[int]:
    """Forward connections while the block runs, and give the port that listens.

    Args:
        open_session: as of `forward`.
        local_port: as of `forward`.
        say: is told of connections that failed.
        lost: is told when no connection can succeed any more.

    Raises:
        AccessError: the local port is taken.
    """
    listening = ListeningPort(lambda connection, _client: _connection(open_session, connection, say, lost))
    try:
        port = listening.open(local_port or 0)
    except OSError as error:
        raise AccessError(
            f"port {local_port} of this machine cannot be had: {error.strerror or error}",
            hint="Name another with --local-port, or none for any free one.",
        ) from error
    try:
        yield port
    finally:
        await listening.close()


async def _connection(
    open_session: Callable[[], Mapping[str, str]],
    connection: socket.socket,
    say: Callable[[str], None],
    lost: Callable[[AccessError], None],
) -> None:
    reader, writer = await asyncio.open_connection(sock=connection)
    try:
        try:
            session = await asyncio.to_thread(open_session)
        except AccessError as error:
            lost(error)
            return
        async with opened(session["StreamUrl"], session["TokenValue"]) as channel:
            await _carry(channel, reader, writer, say)
    except (TinystacksError, ConnectionError) as error:
        say(str(error))
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def _carry(
    channel: DataChannel, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, say: Callable[[str], None]
) -> None:
    sending = asyncio.ensure_future(_send(channel, reader))
    try:
        while (message := await channel.take()) is not None:
            if message.payload_type == Payload.OUTPUT:
                writer.write(message.payload)
                await writer.drain()
            elif message.payload_type == Payload.FLAG and flag_of(message.payload) == Flag.CONNECT_TO_PORT_ERROR:
                say("Nothing answers at that port of the task.")
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)


async def _send(channel: DataChannel, reader: asyncio.StreamReader) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(_PIECE):
            await channel.send(Payload.OUTPUT, data)
        await channel.send(Payload.FLAG, flag(Flag.DISCONNECT_TO_PORT))
