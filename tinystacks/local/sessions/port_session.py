"""A session with a port of a container.

The plugin carries many connections in one session, by the frames of smux (version 1); the client of this package has a
session for each.
Source: session-manager-plugin, src/sessionmanagerplugin/session/portsession; https://github.com/xtaci/smux, frame.go.
"""

from __future__ import annotations

import asyncio
import struct
from contextlib import suppress
from typing import TYPE_CHECKING

from tinystacks.local.sessions.messages import Flag, MessageError, Payload, flag, flag_of
from tinystacks.local.sessions.process import EnterError

if TYPE_CHECKING:
    from tinystacks.local.sessions.book import PortOrder
    from tinystacks.local.sessions.channel import DataChannel
    from tinystacks.local.sessions.process import Containers

_PIECE = 16 * 1024
_FRAME = struct.Struct("<BBHI")
_VERSION = 1
_OPEN, _END, _DATA, _NOTHING = range(4)
_MOST_CONNECTIONS = 1000


async def port_session(channel: DataChannel, order: PortOrder, containers: Containers, *, many: bool) -> str:
    """Run a session to its end.

    Args:
        channel: to the client, after the handshake.
        order: which port.
        containers: where.
        many: the client puts many connections into the session, in frames.

    Returns:
        What the client is told at the end.
    """
    if many:
        await _Connections(channel, order, containers).run()
        return ""
    try:
        reader, writer = await _connect(order, containers)
    except (EnterError, OSError) as error:
        await channel.send(Payload.FLAG, flag(Flag.CONNECT_TO_PORT_ERROR))
        return f"Connection to port {order.port} failed: {error}"
    sending = asyncio.ensure_future(_send_on(channel, writer))
    try:
        while data := await _read(reader):
            await channel.send(Payload.OUTPUT, data)
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        await _hang_up(writer)
    return ""


async def _connect(order: PortOrder, containers: Containers) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, port = await containers.port_address(order.runtime_id, order.port)
    return await asyncio.open_connection(host, port)


async def _read(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read(_PIECE)
    except ConnectionError:
        return b""


async def _hang_up(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


async def _send_on(channel: DataChannel, writer: asyncio.StreamWriter) -> None:
    while (message := await channel.take()) is not None:
        if message.payload_type == Payload.OUTPUT:
            writer.write(message.payload)
            await writer.drain()
        elif message.payload_type == Payload.FLAG:
            if flag_of(message.payload) == Flag.DISCONNECT_TO_PORT and writer.can_write_eof():
                writer.write_eof()
            else:
                break
    if not writer.is_closing() and message is None:
        writer.close()


class _Connections:
    """Connections of one session by their number; the client opens them."""

    def __init__(self, channel: DataChannel, order: PortOrder, containers: Containers) -> None:
        self._channel = channel
        self._order = order
        self._containers = containers
        self._inbox: dict[int, asyncio.Queue[bytes]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._rest = b""

    async def run(self) -> None:
        """Carry connections until the client has gone or ends the session."""
        try:
            while (message := await self._channel.take()) is not None:
                if message.payload_type == Payload.OUTPUT:
                    self._frames(message.payload)
                elif message.payload_type == Payload.FLAG and flag_of(message.payload) == Flag.TERMINATE_SESSION:
                    return
        finally:
            for one in self._tasks:
                one.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _frames(self, data: bytes) -> None:
        self._rest += data
        while len(self._rest) >= _FRAME.size:
            version, command, length, number = _FRAME.unpack_from(self._rest)
            if version != _VERSION or command > _NOTHING:
                raise MessageError(f"a frame of smux version {version}, command {command}")
            if len(self._rest) < _FRAME.size + length:
                return
            body = self._rest[_FRAME.size : _FRAME.size + length]
            self._rest = self._rest[_FRAME.size + length :]
            self._frame(command, number, body)

    def _frame(self, command: int, number: int, body: bytes) -> None:
        if command == _OPEN and number not in self._inbox and len(self._inbox) < _MOST_CONNECTIONS:
            self._inbox[number] = asyncio.Queue()
            task = asyncio.ensure_future(self._carry(number))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        elif number in self._inbox and command in {_DATA, _END}:
            self._inbox[number].put_nowait(body if command == _DATA else b"")

    async def _carry(self, number: int) -> None:
        """Carry one connection; its end is told to the client."""
        try:
            reader, writer = await _connect(self._order, self._containers)
        except (EnterError, OSError):
            await self._channel.send(Payload.FLAG, flag(Flag.CONNECT_TO_PORT_ERROR))
            await self._say(_END, number)
            del self._inbox[number]
            return
        sending = asyncio.ensure_future(self._send_on(number, writer))
        try:
            while data := await _read(reader):
                await self._say(_DATA, number, data)
            await self._say(_END, number)
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            del self._inbox[number]
            await _hang_up(writer)

    async def _send_on(self, number: int, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await self._inbox[number].get():
                writer.write(data)
                await writer.drain()
        writer.close()

    async def _say(self, command: int, number: int, body: bytes = b"") -> None:
        with suppress(ConnectionError):
            await self._channel.send(Payload.OUTPUT, _FRAME.pack(_VERSION, command, len(body), number) + body)
